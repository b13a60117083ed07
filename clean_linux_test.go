package poactor

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/profilestore"
)

// A profile that cannot be removed is named at the end of the run, and the next
// start removes it and says so.
func TestFaultsUndeletableProfile(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("mounting takes root")
	}
	opts := quick
	opts.Orders = 6
	r := newTrial(t, opts)
	r.cfg.Workers = 2
	dir := profilestore.WorkDir(incomingDir(r.cfg.Out))
	trash := filepath.Join(dir, ".trash-1")
	t.Cleanup(func() { syscall.Unmount(filepath.Join(trash, "p", "held"), syscall.MNT_DETACH) })
	var once sync.Once
	r.hooks = append(r.hooks, func(e any) {
		if _, ok := e.(messages.OrderSettled); !ok {
			return
		}
		once.Do(func() {
			held := filepath.Join(dir, "1", "p", "held")
			if err := os.Mkdir(held, 0o700); err != nil {
				t.Error(err)
			}
			if err := syscall.Mount("tmpfs", held, "tmpfs", 0, "size=64k"); err != nil {
				t.Error(err)
			}
		})
	})
	orders := r.orders(t)
	summary, err := Run(t.Context(), r.cfg, Orders(slices.Values(orders[:3])))
	if told := all[messages.RunCleaned](r); err != nil || !slices.Equal(summary.Leftovers, []string{trash}) || !slices.Equal(told[0].Leftovers, summary.Leftovers) {
		t.Errorf("%v: left %v, told %v, want %s", err, summary.Leftovers, told, trash)
	}
	if err := syscall.Unmount(filepath.Join(trash, "p", "held"), 0); err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.events = nil
	r.mu.Unlock()
	summary, err = Run(t.Context(), r.cfg, Orders(slices.Values(orders)))
	if err != nil {
		t.Fatal(err)
	}
	r.nothingLeft(t, summary)
	if removed := all[messages.LeftoversRemoved](r); len(removed) != 1 || removed[0].Profiles < 1 {
		t.Errorf("removed: %+v", removed)
	}
}

// What could not be looked at, or lives on, does not pass for nothing.
func TestLeftIsHonest(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	o := &resources{incoming: incomingDir(out)}
	var err error
	if o.profiles, err = profilestore.Open(profilestore.Config{Dir: profilestore.WorkDir(o.incoming)}); err != nil {
		t.Fatal(err)
	}
	profile, err := o.profiles.Lease(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	browser := exec.Command("sh", "-c", "sleep 60; :", "sh", "--user-data-dir="+profile.Dir)
	browser.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := browser.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { syscall.Kill(-browser.Process.Pid, syscall.SIGKILL); browser.Wait() }()
	half := filepath.Join(o.incoming, "x")
	if err := os.MkdirAll(half, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := o.closeProfiles(); err != nil {
		t.Fatal(err)
	}
	left := o.left(t.Context())
	if len(left) < 2 || !slices.Contains(left, half) {
		t.Errorf("left: %v, want a process and %s", left, half)
	}
}
