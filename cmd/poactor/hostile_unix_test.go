//go:build unix

package main

import (
	"bytes"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/internal/testportal/plain"
)

// given is an output directory that somebody hands to a user: it has been a real
// one, and something was planted in it.
type given struct {
	t         *testing.T
	site      *testportal.Portal
	batch     string
	out       string
	elsewhere string            // must stay as it is
	env       map[string]string // of the user
}

func newGiven(t *testing.T) *given {
	t.Helper()
	site, err := testportal.Start(testportal.Options{Orders: 4, Mix: testportal.Plain})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	dir := t.TempDir()
	g := &given{t: t, site: site, batch: filepath.Join(dir, "orders.csv"), out: filepath.Join(dir, "orders"), elsewhere: t.TempDir(),
		env: map[string]string{"POACTOR_BASE_URL": site.URL(), "HOME": dir, "XDG_DATA_HOME": filepath.Join(dir, "data")}}
	var batch bytes.Buffer
	g.no(site.Batch(&batch))
	g.no(os.WriteFile(g.batch, batch.Bytes(), 0o600))
	g.no(os.WriteFile(filepath.Join(g.elsewhere, "file"), []byte("theirs"), 0o644))
	if code, said := g.poactor(g.batch); code != exitDone {
		t.Fatalf("exit code %d\n%s", code, said)
	}
	for path, what := range g.tree(g.state("")) {
		if !strings.HasPrefix(what, "drwx------") && !strings.HasPrefix(what, "-rw-------") {
			t.Errorf("for others to read: %s is %s", path, what[:10])
		}
	}
	return g
}

func (g *given) no(err error) {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
}

// poactor runs a command with sessions that need no browser.
func (g *given) poactor(args ...string) (code int, stderr string) {
	g.t.Helper()
	var said bytes.Buffer
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &said, configFile: os.DevNull,
		env:      func(name string) (string, bool) { v, ok := g.env[name]; return v, ok },
		browsers: plainBrowsers{&plain.Browsers{Base: g.site.URL(), Dir: g.t.TempDir()}}}
	g.no(os.WriteFile(filepath.Join(filepath.Dir(g.batch), "config.yaml"), nil, 0o600))
	code = a.main(append([]string{"--config", filepath.Join(filepath.Dir(g.batch), "config.yaml")}, args...))
	return code, said.String()
}

// tree is all that lies below a directory: modes, links and contents.
func (g *given) tree(dir string) map[string]string {
	g.t.Helper()
	all := map[string]string{}
	g.no(filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		text := info.Mode().String()
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %q", content)
		}
		rel, err := filepath.Rel(dir, path)
		all[rel] = text
		return err
	}))
	return all
}

func (g *given) state(name string) string { return outdir.StatePath(g.out, name) }

// moved moves a file of the state directory elsewhere, and leaves a link.
func (g *given) moved(name string) error {
	to := filepath.Join(g.elsewhere, filepath.Base(name))
	return errors.Join(os.Rename(g.state(name), to), os.Symlink(to, g.state(name)))
}

// Whatever of the state directory is a link, a FIFO or somebody else's: each
// command says so in one line, and touches nothing.
func TestGivenStateDirectory(t *testing.T) {
	t.Parallel()
	plants := map[string]func(g *given) error{
		"state directory a link": func(g *given) error {
			to := filepath.Join(g.elsewhere, "state")
			return errors.Join(os.Rename(g.state(""), to), os.Symlink(to, outdir.StatePath(g.out)))
		},
		"ledger a link":      func(g *given) error { return g.moved("ledger.db") },
		"ledger a hard link": func(g *given) error { return os.Link(g.state("ledger.db"), filepath.Join(g.elsewhere, "ledger.db")) },
		"ledger a FIFO": func(g *given) error {
			return errors.Join(os.Remove(g.state("ledger.db")), syscall.Mkfifo(g.state("ledger.db"), 0o600))
		},
		"journal a link": func(g *given) error {
			return os.Symlink(filepath.Join(g.elsewhere, "file"), g.state("ledger.db-journal"))
		},
		"log a link": func(g *given) error { return g.moved("run.log") },
		"log a FIFO": func(g *given) error {
			return errors.Join(os.Remove(g.state("run.log")), syscall.Mkfifo(g.state("run.log"), 0o600))
		},
		"lock a link": func(g *given) error { return g.moved("lock") },
		"lock a FIFO": func(g *given) error {
			return errors.Join(os.Remove(g.state("lock")), syscall.Mkfifo(g.state("lock"), 0o600))
		},
		"hashes a link":  func(g *given) error { return g.moved("results.json") },
		"batch a link":   func(g *given) error { return g.moved("batch.csv") },
		"owner a link":   func(g *given) error { return os.Symlink(filepath.Join(g.elsewhere, "file"), g.state("lock.owner")) },
		"evidence":       func(g *given) error { return os.Symlink(g.elsewhere, g.state("evidence")) },
		"incoming":       func(g *given) error { return os.Symlink(g.elsewhere, g.state("incoming")) },
		"state of other": func(g *given) error { return os.Chown(g.state(""), 12345, 12345) },
		"ledger of other": func(g *given) error {
			return os.Chown(g.state("ledger.db"), 12345, 12345)
		},
	}
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if strings.HasSuffix(name, "other") && os.Geteuid() != 0 {
				t.Skip("only root gives a file away")
			}
			g := newGiven(t)
			g.no(plant(g))
			before := g.tree(g.elsewhere)
			for _, args := range [][]string{{g.batch}, {"--fresh", g.batch}, {"--dry-run", g.batch}, {"retry", g.out}, {"retry", "--status", "COMPLETED", g.out},
				{"status", g.out}, {"explain", g.out, "1"}, {"verify", g.out}, {"clean", g.out}} {
				code, said := g.poactor(args...)
				lines := strings.Split(strings.TrimSpace(said), "\n")
				if code != exitUse || len(lines) != 2 || !strings.HasPrefix(lines[0], "poactor: error: "+g.out+"/.poactor") || !strings.HasPrefix(lines[1], "poactor: hint: ") {
					t.Errorf("%q: exit code %d\n%s", args, code, said)
				}
			}
			if diff := cmp.Diff(before, g.tree(g.elsewhere)); diff != "" {
				t.Errorf("what lies elsewhere was touched:\n%s", diff)
			}
		})
	}
}

// Retry knows what the user's own run worked with, and takes none of it from the
// directory.
func TestRetryTakesNoSettings(t *testing.T) {
	t.Parallel()
	g := newGiven(t)
	plant := func() {
		run := filepath.Join(g.elsewhere, "browser")
		g.no(os.WriteFile(run, []byte("#!/bin/sh\ntouch "+run+".ran\n"), 0o700))
		g.no(os.WriteFile(g.state("run.yaml"), []byte("browser: "+run+"\nno-sandbox: true\nlog-file: "+filepath.Join(g.elsewhere, "file")+
			"\nprofile: "+g.elsewhere+"\nportal: /nonexistent/evil.yaml\nbase-url: http://evil.example\n"), 0o600))
	}
	plant()
	delete(g.env, "POACTOR_BASE_URL") // it is remembered
	before := g.tree(g.elsewhere)
	if code, said := g.poactor("retry", "--status", "COMPLETED", g.out); code != exitDone || said != "" {
		t.Errorf("exit code %d\n%s", code, said)
	}
	plant()
	g.no(os.Rename(g.out, g.out+" given"))
	g.out += " given"
	code, said := g.poactor("retry", "--status", "COMPLETED", g.out)
	want := fmt.Sprintf("poactor: error: %s was not run from here by this user, and retry takes no portal, profile or browser from a directory: name them (its record is of %s)\n"+
		"poactor: hint: poactor retry --portal NAME|FILE --base-url URL --profile DIR %q\n", g.out, g.site.URL(), g.out)
	if code != exitUse || said != want {
		t.Errorf("moved: exit code %d\n%s", code, said)
	}
	// A portal that the user's surroundings name is taken if the record agrees.
	g.env["POACTOR_BASE_URL"] = "http://127.0.0.1:9"
	if code, said := g.poactor("retry", "--status", "COMPLETED", g.out); code != exitUse || said != want {
		t.Errorf("another portal: exit code %d\n%s", code, said)
	}
	g.env["POACTOR_BASE_URL"] = g.site.URL()
	if code, said := g.poactor("retry", "--dry-run", g.out); code != exitDone {
		t.Errorf("the same portal: exit code %d\n%s", code, said)
	}
	delete(g.env, "POACTOR_BASE_URL")
	if code, said := g.poactor("retry", "--base-url", g.site.URL(), "--status", "COMPLETED", g.out); code != exitDone {
		t.Errorf("named: exit code %d\n%s", code, said)
	}
	if code, said := g.poactor("retry", "--status", "COMPLETED", g.out); code != exitDone { // now it is remembered here
		t.Errorf("again: exit code %d\n%s", code, said)
	}
	if diff := cmp.Diff(before, g.tree(g.elsewhere)); diff != "" {
		t.Errorf("what lies elsewhere was touched:\n%s", diff)
	}
	for path, what := range g.tree(filepath.Join(g.env["XDG_DATA_HOME"], "poactor")) {
		if !strings.HasPrefix(what, "drwx------") && !strings.HasPrefix(what, "-rw-------") {
			t.Errorf("remembered for others to read: %s is %s", path, what)
		}
	}
	if _, err := os.Stat(g.state("run.yaml")); err != nil {
		t.Errorf("somebody's file is gone: %v", err)
	}
}

// A record that names places outside, and links in the places of folders, lead
// nowhere: nothing outside the output directory is removed, renamed or written.
func TestGivenRecord(t *testing.T) {
	t.Parallel()
	for name, plant := range map[string]func(g *given, order func(folder string)) error{
		"folder above": func(g *given, order func(string)) error {
			order("../elsewhere/PO_1_COMPLETED")
			return nil
		},
		"absolute folder": func(g *given, order func(string)) error {
			order(filepath.ToSlash(g.elsewhere) + "/PO_1_COMPLETED")
			return nil
		},
		"folder behind a link": func(g *given, order func(string)) error {
			order("link/PO_1_COMPLETED")
			return os.Symlink(g.elsewhere, filepath.Join(g.out, "link"))
		},
		"folder a link": func(g *given, order func(string)) error {
			order("here/PO_1_COMPLETED")
			return errors.Join(os.Mkdir(filepath.Join(g.out, "here"), 0o700), os.Symlink(g.elsewhere, filepath.Join(g.out, "here", "PO_1_COMPLETED")))
		},
		"work folder a link": func(g *given, order func(string)) error {
			order("here/PO_1__WORK")
			return errors.Join(os.Mkdir(filepath.Join(g.out, "here"), 0o700), os.Symlink(g.elsewhere, filepath.Join(g.out, "here", "PO_1__WORK")))
		},
		"supplier a link": func(g *given, order func(string)) error {
			return g.eachFolder(func(folder string) error {
				above := filepath.Dir(folder)
				to := filepath.Join(g.elsewhere, filepath.Base(above))
				if _, err := os.Lstat(to); err == nil {
					return nil
				}
				return errors.Join(os.Rename(above, to), os.Symlink(to, above))
			})
		},
		"order a link": func(g *given, order func(string)) error {
			return g.eachFolder(func(folder string) error {
				to := filepath.Join(g.elsewhere, filepath.Base(folder))
				return errors.Join(os.Rename(folder, to), os.Symlink(to, folder))
			})
		},
		"files links": func(g *given, order func(string)) error {
			return g.eachFolder(func(folder string) error {
				entries, err := os.ReadDir(folder)
				for _, e := range entries {
					path := filepath.Join(folder, e.Name())
					err = errors.Join(err, os.Remove(path), os.Symlink(filepath.Join(g.elsewhere, "file"), path))
				}
				return err
			})
		},
		"own temporary names": func(g *given, order func(string)) error {
			file := filepath.Join(g.elsewhere, "file")
			err := errors.Join(os.Symlink(file, filepath.Join(g.out, ".poactor-probe.part")), os.Symlink(file, filepath.Join(g.out, ".results.csv.tmp")))
			return errors.Join(err, g.eachFolder(func(folder string) error {
				return errors.Join(os.Symlink(file, filepath.Join(folder, ".poactor-found.json")), os.Symlink(file, filepath.Join(folder, ".poactor-0.part")))
			}))
		},
		"results": func(g *given, order func(string)) error {
			var err error
			for _, name := range []string{"results.csv", outdir.ManifestFile, outdir.SumsFile,
				"results.new.csv", "results.xlsx"} {
				path := filepath.Join(g.out, name)
				if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
					err = e
				}
				err = errors.Join(err, os.Symlink(filepath.Join(g.elsewhere, "file"), path))
			}
			return err
		},
		"results FIFOs": func(g *given, order func(string)) error {
			var err error
			for _, name := range []string{"results.csv", outdir.ManifestFile, outdir.SumsFile,
				".poactor-probe.part", ".results.csv.tmp"} {
				path := filepath.Join(g.out, name)
				if e := os.Remove(path); e != nil && !errors.Is(e, fs.ErrNotExist) {
					err = e
				}
				err = errors.Join(err, syscall.Mkfifo(path, 0o600))
			}
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGiven(t)
			g.no(os.MkdirAll(filepath.Join(g.elsewhere, "PO_1_COMPLETED"), 0o700))
			g.no(os.MkdirAll(filepath.Join(g.elsewhere, "PO_1__WORK"), 0o700))
			for _, path := range []string{"PO_1_COMPLETED/.poactor-1.part", "PO_1__WORK/file", "PO_1__WORK/.poactor-1.part", ".poactor-1.part"} {
				g.no(os.WriteFile(filepath.Join(g.elsewhere, path), []byte("theirs"), 0o600))
			}
			db, err := sql.Open("sqlite", g.state("ledger.db"))
			g.no(err)
			exec := func(query string, args ...any) {
				_, err := db.Exec(query, args...)
				g.no(err)
			}
			order := func(folder string) {
				key := "1"
				exec(`UPDATE orders SET key = ?, folder = ?, open = ? WHERE id = 1`, key, folder, strings.Contains(folder, "WORK"))
				exec(`UPDATE files SET name = '../file' WHERE order_id = 1 AND place = 0`)
				exec(`UPDATE files SET bytes = 999999`)
				exec(`INSERT INTO files(order_id, place, id, name, bytes, sha256, empty) VALUES (1, 90, 'a', '..', 7, '', 0), (1, 91, 'b', '.poactor-1.part', 999, '', 0), (1, 92, 'c', 'file', 999, '', 0), (1, 93, 'd', ?, 999, '', 0)`,
					filepath.Join(g.elsewhere, "file"))
			}
			g.no(plant(g, order))
			g.no(db.Close())
			before := g.tree(g.elsewhere)
			for _, args := range [][]string{{"verify", g.out}, {"clean", g.out}, {"--quiet", g.batch}, {"retry", "--quiet", "--status", "COMPLETED,FAILED,PARTIAL,NO_ATTACHMENTS", g.out}, {"verify", g.out}, {"clean", g.out}} {
				code, said := g.poactor(args...)
				if code == exitBug {
					t.Errorf("%q: exit code %d", args, code)
				}
				t.Logf("%q: exit code %d\n%s", args, code, said)
			}
			if diff := cmp.Diff(before, g.tree(g.elsewhere)); diff != "" {
				t.Errorf("what lies elsewhere was touched:\n%s", diff)
			}
		})
	}
}

// eachFolder calls do for each order's folder.
func (g *given) eachFolder(do func(folder string) error) error {
	folders, err := filepath.Glob(filepath.Join(g.out, "*", "PO_*"))
	if len(folders) == 0 {
		return errors.Join(err, errors.New("no order has a folder"))
	}
	for _, folder := range folders {
		err = errors.Join(err, do(folder))
	}
	return err
}
