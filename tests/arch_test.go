package tests

import (
	"encoding/json"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/poactor/poactor"

// leaves may be imported by every package.
var leaves = []string{"internal/fault", "internal/outdir", "internal/process", "internal/shell"}

// house is the import table: what each package may import of this module, beside
// the leaves. Arrows point down only.
var house = map[string][]string{
	"po":                      {},
	"messages":                {"po"},
	"portal":                  {"po"},
	"profilestore":            {"po", "internal/preferences"},
	"actors":                  {"messages", "po", "internal/schedule"},
	"internal/schedule":       {"messages", "po"},
	"internal/batch":          {"po", "internal/xlsx"},
	"internal/xlsx":           {},
	"internal/results":        {"po", "internal/batch"},
	"internal/report":         {"messages", "po"},
	"internal/ledger":         {"po"},
	"internal/download":       {"po"},
	"internal/browser":        {"portal", "po", "internal/browser/launch", "internal/listing", "internal/storagestate"},
	"internal/fastlane":       {"portal", "po", "internal/listing"},
	"internal/listing":        {"portal", "po"},
	"internal/browser/launch": {"po", "internal/preferences"},
	"internal/fault":          {},
	"internal/fault/faulty":   {"actors", "messages", "po"},
	"internal/preferences":    {},
	"internal/process":        {},
	"internal/outdir":         {"po"},
	"internal/shell":          {},
	"internal/resource":       {"po"},
	"internal/doctor":         {"", "po", "profilestore", "internal/browser/launch", "internal/resource"},
	"internal/testdisplay":    {},
	"internal/testportal":     {"po", "portal"},
	"internal/progress":       {"messages", "po"},
	"internal/progress/live":  {"messages", "po", "internal/progress"},
	"internal/config":         {"", "portal", "po"},
	"internal/storagestate":   {"po"},
	"internal/telemetry":      {"messages", "po"},
	"internal/signin":         {"po", "profilestore", "internal/account", "internal/browser", "internal/storagestate"},
	"internal/vault":          {"po"},
	"internal/account":        {"po", "profilestore", "internal/storagestate", "internal/vault"},
	"internal/chaos": {"", "po", "portal", "profilestore", "internal/batch", "internal/browser", "internal/ledger",
		"internal/results", "internal/testportal"},
	"": {"actors", "messages", "po", "portal", "profilestore", "internal/batch",
		"internal/browser", "internal/ledger", "internal/download", "internal/resource",
		"internal/fastlane", "internal/fault/faulty", "internal/progress", "internal/report", "internal/results", "internal/schedule",
		"internal/storagestate",
		"internal/telemetry"},
	"poactortest": {"", "actors", "messages", "po", "portal", "profilestore", "internal/chaos", "internal/testportal"},
	"examples":    {"", "actors", "messages", "po", "portal", "poactortest"}, // as for any other program
	"cmd/poactor": {"*"},
	"bench":       {"*"},
	"tests":       {"*"},
}

// doors names the only package that may import a library.
var doors = map[string][]string{
	"github.com/go-rod/rod":              {"internal/browser", "internal/browser/launch"},
	"github.com/asynkron/protoactor-go":  {"actors", "examples/actorsystem"},
	"github.com/spf13/cobra":             {"cmd/poactor"},
	"modernc.org/sqlite":                 {"internal/ledger"},
	"database/sql":                       {"internal/ledger"},
	"go.yaml.in/yaml":                    {"portal", "internal/config", "internal/fault"},
	"github.com/ysmood/leakless":         {},
	"github.com/go-rod/rod/lib/launcher": {},
	"github.com/go-rod/rod/lib/cdp":      {}, // its defaults register a flag
	"github.com/go-rod/rod/lib/defaults": {},
	"golang.org/x/text/encoding/charmap": {"internal/batch"},
	"golang.org/x/net/html":              {"internal/download", "internal/fastlane"},
	"github.com/xuri/excelize":           {"internal/xlsx"},
	"github.com/gabriel-vasile/mimetype": {"internal/download"},
	"github.com/andybalholm/brotli":      {"internal/download"},
	"github.com/klauspost/compress":      {"internal/download"},
	"filippo.io/age":                     {"internal/vault"},
	"charm.land":                         {"internal/progress/live"},
	"github.com/charmbracelet":           {"internal/progress/live"},
	"github.com/zalando/go-keyring":      {"internal/vault"},
	"go.opentelemetry.io/otel":           {"", "internal/telemetry", "internal/telemetry/export"},
	"go.opentelemetry.io/proto":          {"internal/telemetry/export"},
	"github.com/prometheus":              {"internal/telemetry/export"},
	"golang.org/x/sys/windows":           {"internal/outdir", "internal/browser/launch", "internal/process", "profilestore"},
}

// pure names what a package that decides may import of the standard library; of others
// it imports none. The time package is for durations: what the time is, it is told.
var pure = map[string][]string{
	"internal/schedule": {"cmp", "fmt", "maps", "math", "slices", "strings", "time"},
	"internal/storagestate": {"bytes", "encoding/json", "errors", "fmt", "maps", "math", "net/url", "slices", "strconv", "strings", "time",
		"unicode/utf8", "golang.org/x/text/encoding/unicode", "golang.org/x/text/transform"},
}

type listed struct {
	ImportPath string
	Imports    []string
	Standard   bool
}

// packages lists this module's packages for one system.
func packages(t *testing.T, goos string) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"/...")
	cmd.Env = append(cmd.Environ(), "GOOS="+goos, "CGO_ENABLED=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var list []listed
	for d := json.NewDecoder(out); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	return list
}

// place is a package's path below the module's root; false if it is not ours.
func place(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

func TestHouse(t *testing.T) {
	t.Parallel()
	for _, goos := range []string{"linux", "darwin", "windows"} {
		t.Run(goos, func(t *testing.T) {
			t.Parallel()
			seen := 0
			for _, p := range packages(t, goos) {
				from, _ := place(p.ImportPath)
				allowed, known := allowedFor(from)
				if !known {
					t.Errorf("package %q has no row in the table", from)
					continue
				}
				for _, path := range p.Imports {
					seen++
					checkImport(t, from, path, allowed)
				}
			}
			if seen == 0 {
				t.Error("no import seen")
			}
		})
	}
}

// allowedFor finds a package's row; a package below one in the table may import
// what that one may, and that one.
func allowedFor(from string) ([]string, bool) {
	if row, ok := house[from]; ok {
		return row, true
	}
	for up := from; strings.Contains(up, "/"); {
		up = up[:strings.LastIndex(up, "/")]
		if row, ok := house[up]; ok {
			return append(slices.Clone(row), up), true
		}
	}
	return nil, false
}

func checkImport(t *testing.T, from, path string, allowed []string) {
	t.Helper()
	if to, ours := place(path); ours {
		if !slices.Contains(allowed, "*") && !slices.Contains(allowed, to) && !slices.Contains(leaves, to) &&
			!strings.HasPrefix(to, from+"/internal") {
			t.Errorf("%q imports %q, which the house does not allow", from, to)
		}
		return
	}
	if allowed, ok := pure[from]; ok && !slices.Contains(allowed, path) {
		t.Errorf("%q imports %s, and is to be pure", from, path)
	}
	for library, rooms := range doors {
		if (path == library || strings.HasPrefix(path, library+"/")) && !slices.Contains(rooms, from) {
			t.Errorf("%q imports %s, which only %v may", from, path, rooms)
		}
	}
	if from == "po" && strings.Contains(strings.SplitN(path, "/", 2)[0], ".") {
		t.Errorf("po imports %s, which is not of the standard library", path)
	}
}
