package profilestore

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// workDir is a work directory with a short path.
func workDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ps")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "w")
}

func openStore(t *testing.T, c Config) *Store {
	t.Helper()
	if c.Dir == "" {
		c.Dir = workDir(t)
	}
	s, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func lease(t *testing.T, s *Store) *Profile {
	t.Helper()
	p, err := s.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// write makes files, named relative to dir, with their content.
func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// read returns the regular files below dir with their content.
func read(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, name))
		files[name] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestLeaseEmpty(t *testing.T) {
	t.Parallel()
	s := openStore(t, Config{})
	p := lease(t, s)
	want := map[string]string{"Default/Preferences": `{"download":{"prompt_for_download":false},"plugins":{"always_open_pdf_externally":true}}`}
	if diff := cmp.Diff(want, read(t, p.Dir)); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
	if len(read(t, p.TempDir)) != 0 {
		t.Error("the temp directory is not empty")
	}
	if runtime.GOOS != "windows" {
		for _, dir := range []string{s.dir, p.Dir, p.TempDir, filepath.Dir(p.Dir), filepath.Join(p.Dir, "Default")} {
			info, err := os.Stat(dir)
			if err != nil {
				t.Fatal(err)
			}
			if info.Mode().Perm() != 0o700 {
				t.Errorf("%s has mode %v, want 0700", dir, info.Mode().Perm())
			}
		}
	}
}

func TestReleaseRemovesAndNeverReuses(t *testing.T) {
	t.Parallel()
	s := openStore(t, Config{Capacity: 1})
	seen := map[string]bool{}
	for range 5 {
		p := lease(t, s)
		for _, name := range []string{p.ID, p.Dir, p.TempDir} {
			if seen[name] {
				t.Errorf("%s was given before", name)
			}
			seen[name] = true
		}
		write(t, p.TempDir, map[string]string{"left/over": "x"})
		for range 2 { // idempotent
			if err := p.Release(); err != nil {
				t.Fatal(err)
			}
		}
		if !gone(p.Dir) || !gone(p.TempDir) {
			t.Error("the profile is still there")
		}
	}
	if len(s.slots) != 0 {
		t.Errorf("%d slots are taken after all releases", len(s.slots))
	}
}

func TestReleaseWaitsForLateWriters(t *testing.T) {
	t.Parallel()
	s := openStore(t, Config{})
	p := lease(t, s)
	dir, err := os.OpenRoot(p.Dir) // a writer that keeps its directory over the rename
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	stop := make(chan struct{})
	var writer sync.WaitGroup
	writer.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				dir.WriteFile("late", []byte("x"), 0o600)
			}
		}
	})
	time.AfterFunc(100*time.Millisecond, func() { close(stop) })
	if err := p.Release(); err != nil {
		t.Fatal(err)
	}
	writer.Wait()
	if !gone(p.Dir) {
		t.Error("the profile is still there")
	}
}

func TestCapacityBlocks(t *testing.T) {
	t.Parallel()
	s := openStore(t, Config{Capacity: 2})
	first := lease(t, s)
	lease(t, s)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.Lease(ctx); !errors.Is(err, po.ProfileFailed) {
		t.Errorf("beyond the capacity: %v, want profile_failed", err)
	}
	cancelled, stop := context.WithCancel(t.Context())
	stop()
	if _, err := s.Lease(cancelled); !errors.Is(err, po.Interrupted) {
		t.Errorf("cancelled: %v, want interrupted", err)
	}
	got := make(chan error)
	go func() {
		_, err := s.Lease(t.Context())
		got <- err
	}()
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Errorf("after a release: %v", err)
	}
}

func TestConcurrentLeases(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	write(t, base, map[string]string{"Local State": "{}", "Default/Cookies": "c"})
	s := openStore(t, Config{Base: base, Capacity: 4})
	var mu sync.Mutex
	ids := map[string]bool{}
	var group sync.WaitGroup
	for range 40 {
		group.Go(func() {
			p, err := s.Lease(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			ids[p.ID] = true
			mu.Unlock()
			if err := p.Release(); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(ids) != 40 {
		t.Errorf("%d ids for 40 leases", len(ids))
	}
}

func TestCloseReleasesAll(t *testing.T) {
	t.Parallel()
	s := openStore(t, Config{})
	a, b := lease(t, s), lease(t, s)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if !gone(a.Dir) || !gone(b.Dir) {
		t.Error("profiles are left after Close")
	}
	if err := a.Release(); err != nil {
		t.Errorf("Release after Close: %v", err)
	}
	if _, err := s.Lease(t.Context()); !errors.Is(err, po.ProfileFailed) {
		t.Errorf("Lease after Close: %v, want profile_failed", err)
	}
}

func TestCloseDuringLeases(t *testing.T) {
	t.Parallel()
	s := openStore(t, Config{Capacity: 3})
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if p, err := s.Lease(t.Context()); err == nil {
				p.Release()
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	group.Wait() // hangs where a slot was lost
}

func TestOpenSweepsWhatAKillLeft(t *testing.T) {
	t.Parallel()
	dir := dead(t, map[string]string{"1/p/x": "xx", "17/t/x": "x", ".trash-3/p/x": "x", "mine/x": "x", "007/x": "x", "note": "x"})
	s := openStore(t, Config{Dir: dir})
	if want := (Leftovers{For: "/data/orders", Profiles: 3, Bytes: 4}); s.Swept() != want {
		t.Errorf("swept %+v, want %+v", s.Swept(), want)
	}
	got := read(t, s.dir)
	delete(got, markerName)
	want := map[string]string{lockName: "", "mine/x": "x", "007/x": "x", "note": "x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("after the sweep (-want +got):\n%s", diff)
	}
}

// dead is a work directory as a killed process leaves it, with some files.
func dead(t *testing.T, files map[string]string) string {
	t.Helper()
	s, err := Open(Config{Dir: workDir(t), For: "/data/orders"})
	if err != nil {
		t.Fatal(err)
	}
	write(t, s.dir, files)
	if err := s.lock.Unlock(); err != nil { // as the system does
		t.Fatal(err)
	}
	return s.dir
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	write(t, filepath.Dir(file), map[string]string{"file": "x", "one/Preferences": "{}", "empty/x": ""})
	held := openStore(t, Config{})
	rows := map[string]struct {
		config Config
		want   string
	}{
		"no directory":       {Config{}, "a directory"},
		"directory is file":  {Config{Dir: file}, "file"},
		"negative capacity":  {Config{Dir: file, Capacity: -1}, "capacity"},
		"held by another":    {Config{Dir: held.dir}, "in use by another profile store"},
		"long path":          {Config{Dir: "/tmp/" + strings.Repeat("x", 60)}, "too long"},
		"base missing":       {Config{Dir: workDir(t), Base: file + "2"}, "does not exist"},
		"base is a file":     {Config{Dir: workDir(t), Base: file}, "not a directory"},
		"base is no profile": {Config{Dir: workDir(t), Base: filepath.Dir(file) + "/empty"}, "not a browser profile"},
		"base is Default":    {Config{Dir: workDir(t), Base: filepath.Dir(file) + "/one"}, "give the directory above"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && name == "long path" {
				t.Skip("Windows has no such limit")
			}
			_, err := Open(row.config)
			if !errors.Is(err, po.ProfileFailed) || !strings.Contains(err.Error(), row.want) {
				t.Errorf("Open: %v, want profile_failed with %q", err, row.want)
			}
			if err != nil && strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has more than one line: %v", err)
			}
		})
	}
}

// A store that closes leaves nothing, and a store that opens meanwhile holds
// the lock that counts.
func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	var group sync.WaitGroup
	var holders atomic.Int32
	for range 8 {
		group.Go(func() {
			for range 50 {
				s, err := Open(Config{Dir: dir})
				if errors.Is(err, ErrInUse) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if holders.Add(1) > 1 {
					t.Error("two stores hold one directory")
				}
				holders.Add(-1)
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is left: %v", err)
	}
}
