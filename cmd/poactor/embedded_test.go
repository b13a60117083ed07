package main

import (
	"bytes"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/internal/testportal/plain"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// What a program that embeds poactor has left, verify and retry work on as on what
// the command has left: with a list and without one.
func TestVerifyAndRetryAfterAnEmbeddedRun(t *testing.T) {
	t.Parallel()
	site, err := testportal.Start(testportal.Options{Mix: testportal.Plain, Orders: 8, MaxFile: 64 << 10,
		PageLatency: -1, ListLatency: -1, FileLatency: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	coupa, _ := portal.Builtin("coupa")
	if coupa, err = coupa.WithBaseURL(site.URL()); err != nil {
		t.Fatal(err)
	}
	for name, withList := range map[string]bool{"with a list": true, "without a list": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, home := t.TempDir(), t.TempDir()
			path := filepath.Join(home, "orders.csv")
			var text bytes.Buffer
			if err := site.Batch(&text); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, text.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
			list, err := poactor.OpenBatch(path, coupa)
			if err != nil {
				t.Fatal(err)
			}
			browsers := plainBrowsers{&plain.Browsers{Base: site.URL(), Dir: home}}
			cfg := poactor.Config{Portal: coupa, Out: out, Browsers: browsers}
			var orders iter.Seq2[po.Order, error] = list.Orders()
			if withList {
				cfg.Batch = list
			} else {
				orders = keysOnly(orders)
			}
			if _, err := poactor.Run(t.Context(), cfg, orders); err != nil {
				t.Fatal(err)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			before := read(t, filepath.Join(out, "results.csv"))

			none := filepath.Join(home, "config.yaml") // whatever this machine's user has
			if err := os.WriteFile(none, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			env := func(name string) (string, bool) {
				value, ok := map[string]string{"XDG_DATA_HOME": home, config.EnvName("config"): none}[name]
				return value, ok
			}
			command := func(want int, args ...string) string {
				t.Helper()
				var stdout, stderr bytes.Buffer
				a := &app{stdin: strings.NewReader(""), stdout: &stdout, stderr: &stderr, env: env, browsers: browsers}
				if code := a.main(args); code != want {
					t.Errorf("%s: exit code %d, want %d\n%s%s", args, code, want, stdout.String(), stderr.String())
				}
				return stdout.String() + stderr.String()
			}
			command(0, "verify", out)
			lost := lostFile(t, out)
			if told := command(3, "verify", out); !strings.Contains(told, "is missing") {
				t.Errorf("verify says %s", told)
			}
			command(0, "retry", "--portal", "coupa", "--base-url", site.URL(), out)
			command(0, "verify", out)
			if _, err := os.Stat(lost); err != nil {
				t.Error(err)
			}
			after := read(t, filepath.Join(out, "results.csv"))
			if firstLineOf(after) != firstLineOf(before) || strings.Count(after, ",COMPLETED,") != 8 {
				t.Errorf("the results were\n%s\nand are\n%s", before, after)
			}
			if edited, _ := filepath.Glob(filepath.Join(out, "results.*.csv")); len(edited) > 0 {
				t.Errorf("left: %v", edited)
			}
		})
	}
}

// keysOnly are orders as a program may have them that knows of no list.
func keysOnly(orders iter.Seq2[po.Order, error]) iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for o, err := range orders {
			if !yield(po.Order{Key: o.Key, Number: o.Number}, err) {
				return
			}
		}
	}
}

// lostFile removes a file that SHA256SUMS has.
func lostFile(t *testing.T, out string) string {
	t.Helper()
	_, name, ok := strings.Cut(firstLineOf(read(t, filepath.Join(out, outdir.SumsFile))), "  ")
	if !ok {
		t.Fatal("there are no checksums")
	}
	path := filepath.Join(out, filepath.FromSlash(name))
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func firstLineOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}
