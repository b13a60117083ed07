package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/poactortest"
)

// The same with real browsers.
func TestFaultsRunBeside(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out")
	poactortest.NothingLeft(t, out)
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 6, Plain: true})
	cfg := poactor.Config{Portal: p.Definition(), Out: out, NoSandbox: os.Geteuid() == 0}
	system := quietSystem()
	defer system.Shutdown()
	summary, err := runBeside(t.Context(), system, cfg, p.Orders())
	if err != nil || summary.Counts[po.Completed] != 6 {
		t.Errorf("%+v, %v", summary, err)
	}
}
