package tests

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// noticesFile has the licences of all that is linked into poactor: whoever passes
// the program on must pass them on too.
const noticesFile = "THIRD-PARTY-NOTICES.txt"

var updateNotices = flag.Bool("notices", false, "write "+noticesFile+" anew")

const noticesHead = `Third-party notices

poactor is linked with the modules below, on one system or another. Their licences
ask that these texts go with it. Written by "make notices" from the modules
themselves; a test holds it against them.
`

// systems are those that poactor is built for.
var systems = []string{"linux", "darwin", "windows"}

// licensed is a module, or the Go library, with the directories of it that are
// linked.
type licensed struct {
	name string
	root string
	dirs map[string]bool
}

// TestNotices holds the notices against what is linked.
func TestNotices(t *testing.T) {
	if testing.Short() {
		t.Skip("it lists all packages three times")
	}
	want := notices(t)
	path := filepath.Join("..", noticesFile)
	if *updateNotices {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")), want) {
		t.Errorf("%s is not that of the modules that are linked now: run make notices", noticesFile)
	}
}

// notices writes the text of every licence once, with the modules that it is of.
func notices(t *testing.T) []byte {
	t.Helper()
	users := map[string][]string{} // by text
	var all []string
	for _, m := range linked(t) {
		all = append(all, m.name)
		texts := m.texts(t)
		if len(texts) == 0 {
			t.Errorf("%s has no licence", m.name)
		}
		for _, text := range texts {
			users[text] = append(users[text], m.name)
		}
	}
	var b bytes.Buffer
	b.WriteString(noticesHead + "\n")
	for _, name := range all {
		fmt.Fprintf(&b, "  %s\n", name)
	}
	texts := make([]string, 0, len(users))
	for text := range users {
		texts = append(texts, text)
	}
	slices.SortFunc(texts, func(x, y string) int { return cmp.Or(slices.Compare(users[x], users[y]), cmp.Compare(x, y)) })
	for _, text := range texts {
		fmt.Fprintf(&b, "\n%s\n", strings.Repeat("=", 80))
		for _, name := range users[text] {
			fmt.Fprintln(&b, name)
		}
		fmt.Fprintf(&b, "%s\n\n%s\n", strings.Repeat("-", 80), text)
	}
	return b.Bytes()
}

// linked lists what is linked into poactor on any system, sorted by name.
func linked(t *testing.T) []licensed {
	t.Helper()
	modules := map[string]licensed{}
	for _, goos := range systems {
		cmd := exec.Command("go", "list", "-deps", "-json=Dir,Standard,Root,Module", module+"/cmd/poactor")
		cmd.Env = append(cmd.Environ(), "GOOS="+goos, "GOARCH=amd64", "CGO_ENABLED=0", "GOFLAGS=-mod=readonly")
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatal(err)
		}
		for d := json.NewDecoder(bytes.NewReader(out)); ; {
			var p struct {
				Dir, Root string
				Standard  bool
				Module    *struct {
					Path, Version, Dir string
					Main               bool
				}
			}
			if err := d.Decode(&p); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
			m := licensed{name: "The Go standard library", root: p.Root}
			switch {
			case p.Standard:
			case p.Module == nil || p.Module.Main:
				continue
			default:
				m.name, m.root = p.Module.Path+" "+p.Module.Version, p.Module.Dir
			}
			if known, ok := modules[m.name]; ok {
				m = known
			} else {
				m.dirs = map[string]bool{}
				modules[m.name] = m
			}
			if !p.Standard {
				m.dirs[p.Dir] = true
			}
		}
	}
	var list []licensed
	for _, m := range modules {
		list = append(list, m)
	}
	slices.SortFunc(list, func(x, y licensed) int { return cmp.Compare(x.name, y.name) })
	return list
}

// notice are the names of files with licences and notices.
var notice = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|copyright|notice|patents)([-_.].*)?$`)

// texts are the licences of a module: in its root, and in the directories between
// that and its linked packages.
func (m licensed) texts(t *testing.T) []string {
	t.Helper()
	dirs := map[string]bool{m.root: true}
	for dir := range m.dirs {
		for ; len(dir) > len(m.root); dir = filepath.Dir(dir) {
			dirs[dir] = true
		}
	}
	texts := map[string]bool{}
	for dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if !e.Type().IsRegular() || !notice.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(dir, e.Name()))
			if err != nil {
				t.Fatal(err)
			}
			texts[tidied(string(text))] = true
		}
	}
	delete(texts, "")
	var list []string
	for text := range texts {
		list = append(list, text)
	}
	slices.Sort(list)
	return list
}

// tidied is a text with plain line ends.
func tidied(text string) string {
	lines := strings.Split(strings.TrimPrefix(text, "\ufeff"), "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " \t\r\f")
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}
