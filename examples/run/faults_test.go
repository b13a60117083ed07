package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/poactortest"
)

// download is put to the test: browsers die, and workers panic. It is begun again until all is
// done, as whoever starts it would; then everything must be right.
func TestDownloadUnderFaults(t *testing.T) {
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 32, Plain: true})
	underFaults(t, p, poactor.Config{Browsers: &poactortest.Browsers{Read: p.Read}},
		poactortest.Faults{"browser_kill": 8, "cdp_cut": 10, "worker_panic": 11})
}

// The same with real browsers, whose profiles are damaged besides.
func TestFaultsDownloadUnderFaults(t *testing.T) {
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 16, Plain: true})
	underFaults(t, p, poactor.Config{NoSandbox: os.Geteuid() == 0},
		poactortest.Faults{"browser_kill": 7, "renderer_crash": 8, "profile_damaged": 5})
}

func underFaults(t *testing.T, p *poactortest.Portal, cfg poactor.Config, faults poactortest.Faults) {
	t.Helper()
	dir, events := t.TempDir(), &poactortest.Recorder{}
	cfg.Portal, cfg.Out, cfg.OnEvent = p.Definition(), filepath.Join(dir, "out"), events.Event
	poactortest.NothingLeft(t, cfg.Out)
	list := filepath.Join(dir, "orders.csv")
	if err := p.WriteList(list); err != nil {
		t.Fatal(err)
	}
	for seed := range uint64(20) {
		cfg.Faults = faults.Plan(seed)
		if err := download(t.Context(), cfg, list); err == nil {
			break
		}
	}
	cfg.Faults = "" // what they have made fail is tried again without them
	if err := download(t.Context(), cfg, list); err != nil {
		t.Fatal(err)
	}
	if err := events.CheckFaults(faults); err != nil {
		t.Error(err)
	}
	if broken, err := poactortest.CheckInvariants(t.Context(), cfg, p); err != nil || len(broken) > 0 {
		t.Error(broken, err)
	}
}
