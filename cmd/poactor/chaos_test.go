package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A short run of chaos, with every fault in its plan: all invariants hold, and
// faults did happen. `make chaos` is the long one.
func TestFaultsChaos(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	program, err := exec.LookPath("poactor") // testscript has put it on the path
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "chaos")
	cmd := exec.Command(program, "chaos", "--seed", "2", "--orders", "9", "--workers", "3", "--out", dir)
	if os.Geteuid() == 0 {
		cmd.Args = append(cmd.Args, "--no-sandbox")
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "chaos.log"))
		t.Fatalf("%v\n%s\n%s", err, out, log)
	}
	if n := strings.Count(string(out), "\nholds "); n != 8 {
		t.Errorf("%d invariants hold, want 8\n%s", n, out)
	}
	if !regexp.MustCompile(`\n[1-9]\d* faults? in \d+ starts`).Match(out) {
		t.Errorf("hardly any fault\n%s", out)
	}
}
