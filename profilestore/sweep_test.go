package profilestore

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/outdir"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	dir := dead(t, map[string]string{"1/p/Default/Cookies": "four", "2/t/x": "x", "2/p/x": "", ".trash-3/p/x": "x"})
	before := read(t, dir)
	want := Leftovers{For: "/data/orders", Profiles: 3, Bytes: 6}
	if got, err := Sweep(dir, true); got != want || err != nil {
		t.Errorf("dry: %+v, %v; want %+v", got, err, want)
	}
	if diff := cmp.Diff(before, read(t, dir)); diff != "" {
		t.Errorf("a dry run has changed something (-before +after):\n%s", diff)
	}
	if got, err := Sweep(dir, false); got != want || err != nil {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if !gone(dir) {
		t.Error("the directory is still there")
	}
	if _, err := Sweep(dir, false); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("once more: %v", err)
	}
}

// What a home or a work directory holds that no store has put there stays.
func TestSweepLeavesWhatIsNotOurs(t *testing.T) {
	t.Parallel()
	dir := dead(t, map[string]string{"1/p/x": "x", "1/p-mine/x": "mine", "note": "mine"})
	got, err := Sweep(dir, false)
	if got.Profiles != 0 || err == nil || !strings.Contains(err.Error(), filepath.Join(dir, "1")) {
		t.Errorf("%+v, %v", got, err)
	}
	left := read(t, dir)
	if left[markerName] == "" {
		t.Error("the marker is gone, and something is left")
	}
	delete(left, markerName)
	if diff := cmp.Diff(map[string]string{"1/p-mine/x": "mine", "note": "mine"}, left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
}

// Whatever only looks like a dead store's directory is as it was before.
func TestSweepTouchesNothingElse(t *testing.T) {
	t.Parallel()
	live := openStore(t, Config{})
	write(t, live.dir, map[string]string{"9/p/x": "x"})
	t.Cleanup(func() { os.RemoveAll(filepath.Join(live.dir, "9")) })
	rows := map[string]struct {
		dir  string
		want error
	}{
		"a live store": {live.dir, ErrInUse},
		"no marker":    {withMarker(t, ""), ErrNotOurs},
		"other marker": {withMarker(t, `{"program":"another","format":1,"dir":"$DIR"}`), ErrNotOurs},
		"newer marker": {withMarker(t, `{"program":"poactor profilestore","format":2,"dir":"$DIR"}`), ErrNotOurs},
		"no JSON":      {withMarker(t, `poactor`), ErrNotOurs},
		"a copy":       {withMarker(t, `{"program":"poactor profilestore","format":1,"dir":"/tmp"}`), ErrNotOurs},
		"a lost copy":  {withMarker(t, `{"program":"poactor profilestore","format":1,"dir":"/nonexistent"}`), ErrNotOurs},
		"a file":       {filepath.Join(withMarker(t, ""), "1", "p", "x"), ErrNotOurs},
	}
	if runtime.GOOS != "windows" {
		target := dead(t, map[string]string{"1/p/x": "x"})
		link := workDir(t)
		linked := withMarker(t, "")
		for name, to := range map[string]string{link: target, filepath.Join(linked, markerName): filepath.Join(target, markerName)} {
			if err := os.Symlink(to, name); err != nil {
				t.Fatal(err)
			}
		}
		rows["a link"] = struct {
			dir  string
			want error
		}{link, ErrNotOurs}
		rows["a linked marker"] = struct {
			dir  string
			want error
		}{linked, ErrNotOurs}
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			look := func() map[string]string {
				if info, err := os.Stat(row.dir); err != nil || !info.IsDir() {
					return nil
				}
				return read(t, row.dir)
			}
			before := look()
			if got, err := Sweep(row.dir, false); !errors.Is(err, row.want) || got.Profiles != 0 {
				t.Errorf("%+v, %v; want %v", got, err, row.want)
			}
			if diff := cmp.Diff(before, look()); diff != "" {
				t.Errorf("it was touched (-before +after):\n%s", diff)
			}
		})
	}
}

// withMarker is a directory that looks like a work directory and has such a
// marker; none if it is empty.
func withMarker(t *testing.T, text string) string {
	t.Helper()
	dir := workDir(t)
	write(t, dir, map[string]string{"1/p/x": "x", lockName: ""})
	if text != "" {
		write(t, dir, map[string]string{markerName: strings.ReplaceAll(text, "$DIR", dir)})
	}
	return dir
}

// A process that was killed before its marker was whole leaves a directory that
// the next one takes.
func TestOpenAfterAKillBeforeTheMarker(t *testing.T) {
	t.Parallel()
	for name, files := range map[string]map[string]string{
		"a lock":        {lockName: ""},
		"half a marker": {lockName: "", outdir.TempName(markerName): `{"pro`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := workDir(t)
			write(t, dir, files)
			openStore(t, Config{Dir: dir})
		})
	}
	dir := withMarker(t, "")
	if _, err := Open(Config{Dir: dir}); !errors.Is(err, ErrNotOurs) || !strings.Contains(err.Error(), "it has 1; remove or move it") {
		t.Errorf("a directory that is somebody's: %v", err)
	}
	if diff := cmp.Diff(map[string]string{"1/p/x": "x"}, read(t, dir)); diff != "" {
		t.Errorf("it was touched (-want +got):\n%s", diff)
	}
}

func TestRunsIn(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "w")
	for arg, want := range map[string]bool{
		userDataDir + filepath.Join(dir, "1", "p"):        true,
		userDataDir + filepath.Join(dir, "17", "p"):       true,
		userDataDir + filepath.Join(dir, "1", "p-mine"):   false,
		userDataDir + filepath.Join(dir, "1", "p", "x"):   false,
		userDataDir + filepath.Join(dir, "1", "p") + "/.": false,
		userDataDir + filepath.Join(dir, "mine", "p"):     false,
		userDataDir + filepath.Join(dir, "01", "p"):       false,
		userDataDir + filepath.Join(dir+"2", "1", "p"):    false,
		"--other=" + filepath.Join(dir, "1", "p"):         false,
		filepath.Join(dir, "1", "p"):                      false,
		userDataDir:                                       false,
	} {
		if got := runsIn(dir)(arg); got != want {
			t.Errorf("%s: %v, want %v", arg, got, want)
		}
	}
}
