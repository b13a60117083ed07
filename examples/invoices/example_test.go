package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/poactortest"
)

// The program, with browsers that follow a script and are signed in: one worker, so that the
// order is the list's.
func Example() {
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	invoice := func(number, supplier string, total float64) poactortest.SitePage {
		return poactortest.SitePage{
			Texts: map[string]string{"#total": fmt.Sprint(total)},
			Links: map[string]string{"#pdf": "https://portal.example/pdf/" + number},
			Eval:  func(string, []any) (any, error) { return Invoice{supplier, total}, nil },
		}
	}
	browsers := &poactortest.Browsers{Dir: dir, Site: poactortest.Site{
		"https://portal.example/invoices/2024-001": invoice("2024-001", "Acme", 12.5),
		"https://portal.example/invoices/2024-002": invoice("2024-002", "Umbrella", 99),
		"https://portal.example/pdf/2024-001":      {File: []byte(document)},
		"https://portal.example/pdf/2024-002":      {File: []byte(document)},
	}}
	cfg := poactor.Config{Out: filepath.Join(dir, "out"), Browsers: browsers, Workers: 1}
	p := portal{base: "https://portal.example"}
	fmt.Println(p.run(context.Background(), cfg, []string{"2024-001", "2024-002", "2023-001"}))
	// Output:
	// 2024-001 Acme 12.5 1 files <nil>
	// 2024-002 Umbrella 99 1 files <nil>
	// 2023-001  0 0 files no such invoice
	// <nil>
}
