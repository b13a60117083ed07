package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

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
