package poactortest_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/poactortest"
)

// Real browsers that are killed, hang and lose their profiles: every invariant holds, and
// nothing is left.
func TestFaultsOfRealBrowsers(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	poactortest.NothingLeft(t, out)
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 24, Plain: true})
	// An order that loses three browsers ends as quarantined: with this seed the faults happen some readings apart.
	faults := poactortest.Faults{"browser_kill": 20, "renderer_crash": 21, "profile_damaged": 6, "worker_panic": 22}
	events := &poactortest.Recorder{}
	cfg := poactor.Config{Portal: p.Definition(), Out: out, NoSandbox: os.Geteuid() == 0, Faults: faults.Plan(20), OnEvent: events.Event}
	if _, err := poactor.Run(t.Context(), cfg, p.Orders()); err != nil {
		t.Fatal(err)
	}
	if err := events.CheckFaults(faults); err != nil {
		t.Error(err)
	}
	broken, err := poactortest.CheckInvariants(t.Context(), cfg, p)
	if err != nil || len(broken) > 0 {
		t.Errorf("%v, %v", broken, err)
	}
}
