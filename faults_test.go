package poactor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// alwaysPlan has one fault, in each operation that it strikes.
func alwaysPlan(k fault.Kind) FaultPlan {
	return FaultPlan{Seed: 1, Every: map[fault.Kind]int{k: 1}}
}

// tellingFaults are those of a plan, and what is told of them.
func tellingFaults(p FaultPlan) (*faults, *[]messages.FaultInjected) {
	f, told := newFaults(p), new([]messages.FaultInjected)
	f.told(func(e any) { *told = append(*told, e.(messages.FaultInjected)) })
	return f, told
}

// Whatever strikes a reading is made to happen by something.
func TestEveryFaultOfAReadingHasItsBrowserFault(t *testing.T) {
	t.Parallel()
	for _, k := range fault.Kinds() {
		if _, ok := browserFaults[k]; ok != (k.Op() == fault.OpRead && k != fault.WorkerPanic) {
			t.Errorf("%s: a browser fault: %v", k, ok)
		}
	}
}

// A profile that is held cannot be removed when its browser gives it back, each
// time; it goes with the store.
func TestStuckProfileIsStuck(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ps")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := profilestore.Open(profilestore.Config{Dir: filepath.Join(dir, "w")})
	must(t, err)
	o := &resources{profiles: s}
	var told *[]messages.FaultInjected
	o.faults, told = tellingFaults(alwaysPlan(fault.ProfileStuck))
	for n := 1; n <= 3; n++ {
		p, err := o.lease(t.Context())
		must(t, err)
		if len(*told) != n-1 {
			t.Errorf("told of a release before it: %v", *told)
		}
		must(t, p.Release())
		if left, err := profilestore.Left(filepath.Join(dir, "w")); len(left) != n || err != nil {
			t.Errorf("left of %d stuck profiles: %v (%v)", n, left, err)
		}
		if len(*told) != n || (*told)[n-1].Profile != p.ID || (*told)[n-1].At != n-1 {
			t.Errorf("told: %v, want one for %s", *told, p.ID)
		}
	}
	must(t, s.Close())
	if left, err := profilestore.Left(filepath.Join(dir, "w")); len(left) > 0 || err != nil {
		t.Errorf("left: %v (%v)", left, err)
	}
}

// No browser starts on a profile that is damaged, and one that could not be
// damaged is not told of.
func TestDamagedProfileIsDamaged(t *testing.T) {
	t.Parallel()
	f, told := tellingFaults(alwaysPlan(fault.ProfileDamaged))
	f.profile(browser.Profile{ID: "gone", Dir: filepath.Join(t.TempDir(), "gone")}, nil)
	if len(*told) > 0 {
		t.Errorf("told of what did not happen: %v", *told)
	}
	r := newTrial(t, testportal.Options{Orders: 1})
	settings, err := r.cfg.browserConfig()
	must(t, err)
	dir, err := os.MkdirTemp("", "ps")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, damaged := range []bool{false, true} {
		home := filepath.Join(dir, map[bool]string{false: "1", true: "2"}[damaged])
		p := browser.Profile{ID: home, Dir: filepath.Join(home, "p"), TempDir: filepath.Join(home, "t"), Release: func() error { return nil }}
		must(t, os.MkdirAll(p.Dir, 0o700))
		must(t, os.MkdirAll(p.TempDir, 0o700))
		if damaged {
			p = f.profile(p, nil)
		}
		settings.Lease = func(context.Context) (browser.Profile, error) { return p, nil }
		s, err := browser.New(settings).Open(t.Context())
		if err == nil {
			s.Close()
		}
		if (err != nil) != damaged {
			t.Errorf("damaged: %v, the browser starts: %v", damaged, err)
		}
	}
	if len(*told) != 1 {
		t.Errorf("told: %v, want the one", *told)
	}
}

// A commit that fails by itself is no fault of the plan's; else the fault is told
// and nothing of the commit counts.
func TestLedgerErrorIsToldWhereItHappens(t *testing.T) {
	t.Parallel()
	record, err := ledger.NewMemory(func(func(po.Order) bool) {})
	must(t, err)
	f, told := tellingFaults(alwaysPlan(fault.LedgerError))
	l := f.ledger(record)
	own := errors.New("its own")
	if err := l.Commit(t.Context(), func(context.Context) error { return own }); err != own || len(*told) > 0 {
		t.Errorf("%v, told %v", err, *told)
	}
	if err := l.Commit(t.Context(), func(context.Context) error { return nil }); po.CauseOf(err) != po.DiskFull || len(*told) != 1 {
		t.Errorf("%v, told %v", err, *told)
	}
}

// A strike whose browser is dead already is not told of.
func TestStrikeOfADeadBrowserIsNotTold(t *testing.T) {
	t.Parallel()
	r := newTrial(t, testportal.Options{Orders: 1})
	settings, err := r.cfg.browserConfig()
	must(t, err)
	o := &resources{}
	dir, err := os.MkdirTemp("", "ps")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	o.profiles, err = profilestore.Open(profilestore.Config{Dir: filepath.Join(dir, "w")})
	must(t, err)
	defer o.closeProfiles()
	settings.Lease = o.lease
	for k := range browserFaults {
		f, told := tellingFaults(alwaysPlan(k))
		s, err := f.browsers(browsers{browser.New(settings)}).Open(t.Context())
		must(t, err)
		must(t, s.Close())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err = s.Read(ctx, r.orders(t)[0], nil)
		cancel()
		if err == nil || len(*told) > 0 {
			t.Errorf("%s: %v, told %v", k, err, *told)
		}
	}
}
