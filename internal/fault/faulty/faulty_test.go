package faulty_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/fault/faulty"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// always has one fault, in each operation that it affects, and what is told of it.
func always(k fault.Kind) (*faulty.Ports, *[]messages.FaultInjected) {
	f, told := faulty.New(fault.Plan{Seed: 1, Every: map[fault.Kind]int{k: 1}}), new([]messages.FaultInjected)
	f.SetSink(func(e any) { *told = append(*told, e.(messages.FaultInjected)) })
	return f, told
}

// A plan without faults changes nothing.
func TestNoFaults(t *testing.T) {
	t.Parallel()
	f := faulty.New(fault.Plan{Seed: 1})
	if f != nil {
		t.Fatal("a plan without faults has some")
	}
	f.SetSink(func(any) { t.Error("told") })
	f.Leased("1", t.TempDir())
	must(t, f.Write())
	path := filepath.Join(t.TempDir(), "x")
	must(t, os.WriteFile(path, nil, 0o600))
	must(t, f.RemoveProfile("1", path))
	if _, err := os.Lstat(path); err == nil {
		t.Error("it was not removed")
	}
	if b := (plainBrowsers{}); f.Browsers(b) != actors.Browsers(b) {
		t.Error("browsers are decorated")
	}
}

// What happens before anybody listens is told later.
func TestFaultBeforeTheSink(t *testing.T) {
	t.Parallel()
	f := faulty.New(fault.Plan{Every: map[fault.Kind]int{fault.DiskFull: 1}})
	if err := f.Write(); err == nil {
		t.Error("it can be written")
	}
	told := 0
	f.SetSink(func(any) { told++ })
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// A profile that is held cannot be removed when its browser gives it back, each
// time; it goes with the store.
func TestStuckProfileIsStuck(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "ps")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	f, told := always(fault.ProfileStuck)
	s, err := profilestore.Open(profilestore.Config{Dir: filepath.Join(dir, "w"), Remove: f.RemoveProfile})
	must(t, err)
	for n := 1; n <= 3; n++ {
		p, err := s.Lease(t.Context())
		must(t, err)
		if len(*told) != n-1 {
			t.Errorf("told of a release before it: %v", *told)
		}
		must(t, p.Release())
		if left, err := profilestore.Remaining(filepath.Join(dir, "w")); len(left) != n || err != nil {
			t.Errorf("left of %d stuck profiles: %v (%v)", n, left, err)
		}
		if len(*told) != n || (*told)[n-1].Profile != p.ID || (*told)[n-1].At != n-1 {
			t.Errorf("told: %v, want one for %s", *told, p.ID)
		}
	}
	must(t, s.Close())
	if left, err := profilestore.Remaining(filepath.Join(dir, "w")); len(left) > 0 || err != nil {
		t.Errorf("left: %v (%v)", left, err)
	}
}

// A profile that could not be damaged is not told of.
func TestDamageThatDidNotHappenIsNotTold(t *testing.T) {
	t.Parallel()
	f, told := always(fault.ProfileDamaged)
	f.Leased("gone", filepath.Join(t.TempDir(), "gone"))
	if len(*told) > 0 {
		t.Errorf("told of what did not happen: %v", *told)
	}
	f.Leased("there", t.TempDir())
	if len(*told) != 1 || (*told)[0].Profile != "there" {
		t.Errorf("told: %v, want the one", *told)
	}
}

// A commit that fails by itself is no fault of the plan's; else the fault is told
// and nothing of the commit counts.
func TestLedgerErrorIsToldWhereItHappens(t *testing.T) {
	t.Parallel()
	record, err := ledger.NewMemory(func(func(po.Order) bool) {})
	must(t, err)
	f, told := always(fault.LedgerError)
	l := f.Ledger(record)
	own := errors.New("its own")
	if err := l.Commit(t.Context(), func(context.Context) error { return own }); err != own || len(*told) > 0 {
		t.Errorf("%v, told %v", err, *told)
	}
	err = l.Commit(t.Context(), func(context.Context) error { return nil })
	if po.CauseOf(err) != po.DiskFull || len(*told) != 1 {
		t.Errorf("%v, told %v", err, *told)
	}
}

// plainBrowsers opens sessions whose browsers cannot be made to fail.
type plainBrowsers struct{ closed *int }

func (b plainBrowsers) Open(context.Context) (actors.Session, error) { return plainSession(b), nil }

type plainSession struct{ closed *int }

func (plainSession) Profile() string { return "p" }
func (plainSession) Read(context.Context, po.Order, []string) (po.Reading, error) {
	return po.Reading{}, nil
}
func (plainSession) Look(context.Context, po.Order, po.Failure) (po.Reading, error) {
	return po.Reading{}, nil
}
func (plainSession) Prove(context.Context) (po.Proof, error) { return po.Proof{SignedIn: true}, nil }
func (plainSession) Memory() int64                           { return 0 }
func (plainSession) Done() <-chan struct{}                   { return nil }
func (s plainSession) Close() error                          { *s.closed++; return nil }

// injectable is a session whose browser can, or cannot as err says.
type injectable struct {
	plainSession
	err error
}

func (i injectable) InjectFault(context.Context, fault.Kind) error { return i.err }

type injectableBrowsers struct{ err error }

func (b injectableBrowsers) Open(context.Context) (actors.Session, error) {
	return injectable{plainSession{new(int)}, b.err}, nil
}

// Sessions that no fault can be injected into are an error, not silence.
func TestSessionsWithoutFaultsAreRefused(t *testing.T) {
	t.Parallel()
	f, _ := always(fault.BrowserKill)
	closed := 0
	_, err := f.Browsers(plainBrowsers{&closed}).Open(t.Context())
	if err == nil || !strings.Contains(err.Error(), "plainSession") || closed != 1 {
		t.Errorf("%v, closed %d times", err, closed)
	}
}

// A fault of a reading is told if the session says that it happened.
func TestFaultOfAReading(t *testing.T) {
	t.Parallel()
	for _, cannot := range []error{nil, errors.ErrUnsupported} {
		f, told := always(fault.CDPSlow)
		s, err := f.Browsers(injectableBrowsers{cannot}).Open(t.Context())
		must(t, err)
		_, err = s.Read(t.Context(), po.Order{}, nil)
		must(t, err)
		if want := map[bool]int{true: 1}[cannot == nil]; len(*told) != want {
			t.Errorf("%v: told %v", cannot, *told)
		}
	}
	f, told := always(fault.WorkerPanic)
	s, err := f.Browsers(injectableBrowsers{}).Open(t.Context())
	must(t, err)
	defer func() {
		if recover() == nil || len(*told) != 1 {
			t.Errorf("no panic, told %v", *told)
		}
	}()
	_, _ = s.Read(t.Context(), po.Order{}, nil)
}
