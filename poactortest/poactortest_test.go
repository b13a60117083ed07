package poactortest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/poactortest"
)

// run runs all orders of a portal with scripted browsers.
func run(t *testing.T, p *poactortest.Portal, change func(*poactor.Config)) (poactor.Config, *poactortest.Recorder, poactor.Summary) {
	t.Helper()
	events := &poactortest.Recorder{}
	cfg := poactor.Config{Portal: p.Definition(), Out: filepath.Join(t.TempDir(), "out"),
		Browsers: &poactortest.Browsers{Read: p.Read}, OnEvent: events.Event}
	if change != nil {
		change(&cfg)
	}
	summary, err := poactor.Run(t.Context(), cfg, p.Orders())
	if err != nil {
		t.Fatal(err)
	}
	return cfg, events, summary
}

// Scripted browsers and the portal do the whole job, and its invariants hold.
func TestRunWithScriptedBrowsers(t *testing.T) {
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 20, Plain: true})
	cfg, _, summary := run(t, p, nil)
	if summary.Counts[po.Completed] != 20 || len(summary.Leftovers) > 0 {
		t.Errorf("%+v", summary)
	}
	broken, err := poactortest.CheckInvariants(t.Context(), cfg, p)
	if err != nil || len(broken) > 0 {
		t.Errorf("%v, %v", broken, err)
	}
	if len(p.Requests()) == 0 {
		t.Error("the portal was asked nothing")
	}
	for order := range p.Orders() {
		if want, ok := p.Expected(order.Key); !ok || want.Status != po.Completed || len(want.Files) == 0 {
			t.Errorf("order %s: %+v", order.Key, want)
		}
	}
}

// An invariant that does not hold is told.
func TestBrokenInvariants(t *testing.T) {
	t.Parallel()
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 3, Plain: true})
	cfg, _, _ := run(t, p, nil)
	files, err := filepath.Glob(filepath.Join(cfg.Out, "*", "PO_*", "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	if err := os.WriteFile(files[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	broken, err := poactortest.CheckInvariants(t.Context(), cfg, p)
	if err != nil || len(broken) == 0 {
		t.Errorf("%v, %v", broken, err)
	}
}

// Faults of scripted browsers happen, and do no harm that lasts: with this seed some readings apart, as an order that
// loses three browsers ends as quarantined.
func TestInjectedFaultsHappen(t *testing.T) {
	t.Parallel()
	for name, faults := range map[string]poactortest.Faults{
		"browsers": {"browser_kill": 18, "cdp_cut": 19, "worker_panic": 20},
		"hangs":    {"browser_stop": 10},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 36, Plain: true})
			cfg, events, _ := run(t, p, func(c *poactor.Config) { c.Faults = faults.Plan(18) })
			if err := events.CheckFaults(faults); err != nil {
				t.Error(err)
			}
			broken, err := poactortest.CheckInvariants(t.Context(), cfg, p)
			if err != nil || len(broken) > 0 {
				t.Errorf("%v, %v", broken, err)
			}
		})
	}
}

// What the portal answers wrongly is asked for again.
func TestPortalFaults(t *testing.T) {
	t.Parallel()
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 10, Plain: true,
		Faults: poactortest.Faults{"portal_truncated": 6}})
	cfg, _, summary := run(t, p, nil)
	if summary.Counts[po.Completed]+summary.Counts[po.Partial]+summary.Counts[po.Failed] != 10 {
		t.Errorf("%+v", summary)
	}
	cut := 0
	for _, r := range p.Requests() {
		if r.Kind == "file" {
			cut++
		}
	}
	files := 0
	for order := range p.Orders() {
		want, _ := p.Expected(order.Key)
		files += len(want.Files)
	}
	if cut <= files {
		t.Errorf("%d requests for %d files: none was asked for again", cut, files)
	}
	if broken, err := poactortest.CheckInvariants(t.Context(), cfg, nil); err != nil || len(broken) > 0 {
		t.Errorf("%v, %v", broken, err)
	}
}

// A fault that is not known, or cannot happen to what is run, is an error that says so.
func TestImpossibleFaults(t *testing.T) {
	t.Parallel()
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 1, Plain: true})
	for name, row := range map[string]struct {
		faults   poactortest.Faults
		browsers *poactortest.Browsers
		says     string
	}{
		"unknown":             {poactortest.Faults{"rain": 3}, &poactortest.Browsers{}, "browser_kill"},
		"of the portal":       {poactortest.Faults{"portal_500": 3}, &poactortest.Browsers{}, "comes from its portal"},
		"of a profile":        {poactortest.Faults{"profile_damaged": 3}, &poactortest.Browsers{}, "real browsers"},
		"slow, of a script":   {poactortest.Faults{"cdp_slow": 3}, &poactortest.Browsers{}, "real browsers"},
		"never":               {poactortest.Faults{"browser_kill": 0}, &poactortest.Browsers{}, "1 or more"},
		"of poactor's killer": {poactortest.Faults{"poactor_kill": 3}, &poactortest.Browsers{}, "from outside"},
	} {
		cfg := poactor.Config{Portal: p.Definition(), Out: t.TempDir(), Browsers: row.browsers, Faults: row.faults.Plan(1)}
		_, err := poactor.Start(t.Context(), cfg, p.Orders())
		if !errors.Is(err, poactor.ErrConfig) || !strings.Contains(err.Error(), row.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	run, portal := poactortest.FaultNames()
	if len(run) != 11 || len(portal) != 8 {
		t.Errorf("%v, %v", run, portal)
	}
}

// A fault that has not happened is told.
func TestFaultNeverHappened(t *testing.T) {
	t.Parallel()
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 2, Plain: true})
	faults := poactortest.Faults{"browser_kill": 1000}
	_, events, _ := run(t, p, func(c *poactor.Config) { c.Faults = faults.Plan(1) })
	if err := events.CheckFaults(faults); err == nil {
		t.Error("no error")
	}
}

// fakeT takes what would fail a test.
type fakeT struct {
	testing.TB
	cleanup []func()
	failed  []string
}

func (f *fakeT) Helper()             {}
func (f *fakeT) Cleanup(do func())   { f.cleanup = append(f.cleanup, do) }
func (f *fakeT) Error(args ...any)   { f.failed = append(f.failed, fmt.Sprint(args...)) }
func (f *fakeT) Fatal(args ...any)   { f.Error(args...); panic("fatal") }
func (f *fakeT) Name() string        { return "fake" }
func (f *fakeT) Logf(string, ...any) {}
func (f *fakeT) Errorf(format string, args ...any) {
	f.failed = append(f.failed, fmt.Sprintf(format, args...))
}

func (f *fakeT) end() string {
	for _, do := range f.cleanup {
		do()
	}
	return strings.Join(f.failed, "\n")
}

// What is left is told: here a work folder, and what was downloaded.
func TestSomethingIsLeft(t *testing.T) {
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 3, Plain: true})
	cfg, _, _ := run(t, p, nil)
	good := &fakeT{TB: t}
	poactortest.NothingLeft(good, cfg.Out)
	if said := good.end(); said != "" {
		t.Errorf("of a run that was right: %s", said)
	}
	for _, dir := range []string{"Acme/PO_1__WORK", ".poactor/incoming/left"} {
		if err := os.MkdirAll(filepath.Join(cfg.Out, dir), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	bad := &fakeT{TB: t}
	poactortest.NothingLeft(bad, cfg.Out)
	if said := bad.end(); !strings.Contains(said, "__WORK") || !strings.Contains(said, "incoming") {
		t.Errorf("said %q", said)
	}
}

// A scripted browser that dies ends its reading.
func TestScriptedBrowserDies(t *testing.T) {
	t.Parallel()
	b := &poactortest.Browsers{Read: func(ctx context.Context, _ po.Order, _ int) (po.Reading, error) {
		<-ctx.Done()
		return po.Reading{}, &po.ReadFailure{Cause: po.Interrupted}
	}}
	s, err := b.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(time.Millisecond, b.KillAll)
	if _, err = s.Read(t.Context(), po.Order{Key: "1"}, nil); !errors.Is(err, po.BrowserDied) {
		t.Errorf("%v", err)
	}
	if err := s.Close(); err != nil || b.Alive() != 0 || b.Opened() != 1 || b.Readings("1") != 1 {
		t.Errorf("%v, %d alive of %d", err, b.Alive(), b.Opened())
	}
}
