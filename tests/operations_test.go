package tests

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

func readDoc(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}

// The units of docs/operations.md are what systemd takes without a word.
func TestUnits(t *testing.T) {
	t.Parallel()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	var paths []string
	units := regexp.MustCompile("(?s)```ini\n# (poactor[a-z.-]+)\n(.*?)```")
	for _, m := range units.FindAllStringSubmatch(readDoc(t, "operations.md"), -1) {
		// What is not installed here is stood in for by what is.
		unit := regexp.MustCompile(`(?m)^(ExecStart=)\S+`).ReplaceAllString(m[2], "${1}"+analyze)
		path := filepath.Join(dir, m[1])
		if err := os.WriteFile(path, []byte(unit), 0o600); err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	if len(paths) != 3 {
		t.Fatalf("units: %v", paths)
	}
	verify := exec.CommandContext(t.Context(), analyze, append([]string{"verify", "--man=no"}, paths...)...)
	out, err := verify.CombinedOutput()
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "poactor") { // not what is wrong with this machine's own units
			t.Error(strings.TrimSpace(line))
		}
	}
	if err != nil && !t.Failed() {
		t.Skipf("systemd-analyze does not work here: %v: %s", err, out)
	}
}

// docs/operations.md says what to do about each exit code and each alert.
func TestOperationsPage(t *testing.T) {
	t.Parallel()
	page := readDoc(t, "operations.md")
	first := func(pattern string) (list []string) {
		for _, m := range regexp.MustCompile(pattern).FindAllStringSubmatch(page, -1) {
			list = append(list, m[1])
		}
		return list
	}
	codes := []string{"0", "1", "2", "3", "4", "5", "6", "130"}
	if diff := cmp.Diff(codes, first(`(?m)^\| (\d+) \|`)); diff != "" {
		t.Errorf("exit codes: %s", diff)
	}
	var rules struct {
		Groups []struct{ Rules []struct{ Alert string } }
	}
	if err := yaml.Unmarshal([]byte(readDoc(t, "alerts.yaml")), &rules); err != nil {
		t.Fatal(err)
	}
	var alerts []string
	for _, g := range rules.Groups {
		for _, r := range g.Rules {
			alerts = append(alerts, r.Alert)
		}
	}
	if diff := cmp.Diff(alerts, first(`(?m)^\| (Poactor\w+) \|`)); diff != "" || len(alerts) == 0 {
		t.Errorf("alerts: %s", diff)
	}
}
