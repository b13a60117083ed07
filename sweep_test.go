package poactor

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/profilestore"
)

// What a start cannot remove of another output's dead run is told in the log, by
// its path and why; what it could remove counts, and the run goes on.
func TestSweepTellsWhatItCannotRemove(t *testing.T) {
	temp, err := os.MkdirTemp("", "ps") // of its own, where no other start sweeps; short
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(temp) })
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, temp)
	}
	other := profilestore.WorkDir(incomingDir("/other"))
	if filepath.Dir(other) != temp {
		t.Skipf("%s is not short", temp)
	}
	marker, err := json.Marshal(map[string]any{"program": "poactor profilestore", "format": 1, "dir": other})
	must(t, err)
	notes := filepath.Join(other, "1", "notes") // not the store's, so that its home stays
	must(t, os.MkdirAll(filepath.Join(other, "2", "p"), 0o700))
	must(t, os.MkdirAll(filepath.Dir(notes), 0o700))
	write(t, notes, "mine")
	write(t, filepath.Join(other, ".profiles.json"), string(marker))
	foreign := profilestore.WorkDir(incomingDir("/foreign")) // has no marker
	must(t, os.Mkdir(foreign, 0o700))

	o := &resources{incoming: incomingDir(t.TempDir())}
	own := profilestore.WorkDir(o.incoming)
	o.profiles, err = profilestore.Open(profilestore.Config{Dir: own})
	must(t, err)
	defer o.closeProfiles()
	log, told := logtest.NewNullLogger()
	var removed messages.LeftoversRemoved
	if err := o.sweep(Config{Log: log, OnEvent: func(e any) { removed, _ = e.(messages.LeftoversRemoved) }}, o.profiles.Swept()); err != nil {
		t.Errorf("the run fails: %v", err)
	}
	warned := false
	for _, e := range told.AllEntries() {
		cause, _ := e.Data[logrus.ErrorKey].(error)
		switch e.Data["path"] {
		case other:
			warned = e.Level == logrus.WarnLevel && cause != nil && strings.Contains(cause.Error(), filepath.Dir(notes))
		case own, foreign:
			t.Errorf("told of %s: %s %v", e.Data["path"], e.Message, cause)
		}
	}
	if !warned {
		t.Errorf("no warning that names %s: %v", filepath.Dir(notes), told.AllEntries())
	}
	if _, err := os.Stat(notes); err != nil {
		t.Errorf("the notes: %v", err)
	}
	if removed.Profiles != 1 {
		t.Errorf("removed: %+v, want the other profile", removed)
	}
}

// A run that was killed when all its orders were settled has left its browsers'
// profiles all the same: the next start has nothing to do but to remove them.
func TestNothingToDoSweeps(t *testing.T) {
	temp, err := os.MkdirTemp("", "ps")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(temp) })
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, temp)
	}
	r := newPlainTrial(t, 3)
	list := r.orders(t)
	if _, err := r.start(t, list); err != nil {
		t.Fatal(err)
	}
	home := profilestore.WorkDir(incomingDir(r.cfg.Out))
	marker, err := json.Marshal(map[string]any{"program": "poactor profilestore", "format": 1, "dir": home})
	must(t, err)
	must(t, os.MkdirAll(filepath.Join(home, "1", "p"), 0o700))
	write(t, filepath.Join(home, ".profiles.json"), string(marker))
	half := filepath.Join(incomingDir(r.cfg.Out), "1", "half")
	write(t, half, "half")
	r.cfg.Browsers = nil
	if _, err := r.start(t, list); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{home, half} {
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", path, err)
		}
	}
}

// The directory for temporary files is everybody's: a name in it that somebody
// else has taken first costs only that name, and what a killed run has left under
// another one is found.
func TestFaultsTakenWorkDirectory(t *testing.T) {
	temp, err := os.MkdirTemp("", "ps")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(temp) })
	for _, name := range []string{"TMPDIR", "TMP", "TEMP"} {
		t.Setenv(name, temp)
	}
	downloads := incomingDir(t.TempDir())
	first := profilestore.WorkDir(downloads)
	if filepath.Dir(first) != temp {
		t.Skipf("%s is not short", temp)
	}
	elsewhere := t.TempDir()
	write(t, filepath.Join(elsewhere, "theirs"), "theirs")
	takers := map[string]func() error{
		"a file": func() error { return os.WriteFile(first, []byte("theirs"), 0o600) },
		"somebody's directory": func() error {
			return errors.Join(os.Mkdir(first, 0o777), os.WriteFile(filepath.Join(first, "theirs"), nil, 0o600))
		},
		"a link": func() error { return os.Symlink(elsewhere, first) },
	}
	if os.Geteuid() == 0 {
		takers["another user"] = func() error { return errors.Join(os.Mkdir(first, 0o777), os.Chown(first, 12345, 12345)) }
	}
	for name, take := range takers {
		must(t, os.RemoveAll(first))
		if err := take(); err != nil {
			t.Logf("%s: %v", name, err)
			continue
		}
		must(t, errors.Join(os.WriteFile(first+"-2", []byte("theirs too"), 0o600)))
		store, err := profilestore.OpenFor(downloads, profilestore.Config{})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if _, err := store.Lease(t.Context()); err != nil || store.Dir() != first+"-3" {
			t.Errorf("%s: it works in %s: %v", name, store.Dir(), err)
		}
		if name == "a file" { // it is waited for, a while
			if _, err := profilestore.OpenFor(downloads, profilestore.Config{}); !errors.Is(err, profilestore.ErrInUse) {
				t.Errorf("%s: two at once: %v", name, err)
			}
		}
		must(t, store.Close())
		if _, err := os.Lstat(first); err != nil {
			t.Errorf("%s: what was taken is gone: %v", name, err)
		}
		dead := first + "-4"
		marker, err := json.Marshal(map[string]any{"program": "poactor profilestore", "format": 1, "dir": dead})
		must(t, err)
		must(t, os.MkdirAll(filepath.Join(dead, "1", "p"), 0o700))
		write(t, filepath.Join(dead, ".profiles.json"), string(marker))
		if _, err := CleanProfiles(false); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := os.Stat(dead); !os.IsNotExist(err) {
			t.Errorf("%s: %s is left: %v", name, dead, err)
		}
	}
	if _, err := os.Stat(filepath.Join(elsewhere, "theirs")); err != nil {
		t.Error(err)
	}
}
