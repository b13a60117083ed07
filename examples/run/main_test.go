package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/poactortest"
)

// The same with real browsers.
func TestFaultsDownload(t *testing.T) {
	dir := t.TempDir()
	cfg := poactor.Config{Out: filepath.Join(dir, "out"), NoSandbox: os.Geteuid() == 0}
	poactortest.NothingLeft(t, cfg.Out)
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 8, Plain: true})
	cfg.Portal = p.Definition()
	list := filepath.Join(dir, "orders.csv")
	if err := p.WriteList(list); err != nil {
		t.Fatal(err)
	}
	if err := download(t.Context(), cfg, list); err != nil {
		t.Error(err)
	}
	if broken, err := poactortest.CheckInvariants(t.Context(), cfg, p); err != nil || len(broken) > 0 {
		t.Error(broken, err)
	}
}
