package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/poactortest"
)

// download, with browsers that follow a script and the built-in portal.
func Example() {
	p, err := poactortest.StartPortal(poactortest.PortalOptions{Orders: 12, Plain: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	list := filepath.Join(dir, "orders.csv")
	if err := p.WriteList(list); err != nil {
		fmt.Println(err)
		return
	}
	cfg := poactor.Config{Portal: p.Definition(), Out: filepath.Join(dir, "out"), Browsers: &poactortest.Browsers{Read: p.Read}}
	fmt.Println(download(context.Background(), cfg, list))
	fmt.Println(download(context.Background(), cfg, list)) // nothing is left to do
	// Output:
	// 12 completed, 0 failed, 0 open
	// <nil>
	// 0 completed, 0 failed, 0 open
	// <nil>
}

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
