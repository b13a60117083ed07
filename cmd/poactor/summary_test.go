package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// What the summary shows for pasting does nothing else than what it says, whatever a list
// and its name have in them.
func TestShowUnfinished(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the shells are others")
	}
	for name, tt := range map[string]struct {
		dir, number string
		want        []string // the commands
	}{
		"plain":          {"orders", "PO1", []string{"retry orders --cause timeout", "explain orders PO1"}},
		"flag":           {"-x", "--json", []string{"retry ./-x --cause timeout", "explain ./-x -- --json"}},
		"substitution":   {"a b", "$(id)", []string{"retry 'a b' --cause timeout", "explain 'a b' '$(id)'"}},
		"quote":          {"d'", "`id`", []string{`retry 'd'\''' --cause timeout`, `explain 'd'\''' '` + "`id`'"}},
		"zsh":            {"=ls", "=ls", []string{"retry '=ls' --cause timeout", "explain '=ls' '=ls'"}},
		"escape, number": {"orders", "1\x1b]0;x\a", []string{"retry orders --cause timeout"}},
		"escape, dir":    {"o\x1b[31m", "1", nil},
		"no text":        {"o\x9b31m", "1", nil},
		"two lines":      {"orders", "1\nid", []string{"retry orders --cause timeout"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			a := &app{stdout: &out}
			a.showUnfinished(tt.dir, []unfinished{{cause: po.Timeout, orders: 1, first: tt.number}})
			var got []string
			for line := range strings.Lines(out.String()) {
				if command, ok := strings.CutPrefix(line, "  poactor "); ok {
					got = append(got, strings.TrimSuffix(command, "\n"))
				}
			}
			if strings.Join(got, "\n") != strings.Join(tt.want, "\n") {
				t.Errorf("%q, want %q", got, tt.want)
			}
			if strings.ContainsAny(out.String(), "\x1b\a") || strings.Contains(out.String(), "\x9b") {
				t.Errorf("a terminal would do something: %q", out.String())
			}
		})
	}
}

// A list's name, which is that of the directory, does nothing to a terminal.
func TestShowFiles(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	a := &app{stdout: &out}
	a.showFiles(&job{dir: filepath.Join("o\x1b]0;x\a", "p"), batch: listOf(t, "PO_NUMBER\n1\n")})
	if strings.ContainsAny(out.String(), "\x1b\a") {
		t.Errorf("%q", out.String())
	}
}

func listOf(t *testing.T, text string) *poactor.Batch {
	t.Helper()
	name := filepath.Join(t.TempDir(), "orders.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	coupa, _ := portal.Builtin("coupa")
	b, err := poactor.OpenBatch(name, coupa)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A demo cannot be resumed, and ends as its run does.
func TestNotResumed(t *testing.T) {
	t.Parallel()
	err := notResumed(interrupted(3))
	if got := userErrors(err)[0]; strings.Contains(got.Hint, "again") || got.Msg != interrupted(3).Error() ||
		exitCode(err) != exitInterrupted {
		t.Errorf("%q, %q, %d", got.Msg, got.Hint, exitCode(err))
	}
}
