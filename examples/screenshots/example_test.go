package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/poactortest"
)

// The program, with browsers that follow a script: one worker, so that the order is the list's.
func Example() {
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	browsers := &poactortest.Browsers{Dir: dir, Site: poactortest.Site{
		"https://example.com/":      {Texts: map[string]string{"title": "Example Domain"}},
		"https://example.com/about": {Texts: map[string]string{"title": "About us"}},
		"https://example.com/old":   {Status: 410, Texts: map[string]string{"title": "Gone"}},
		"https://example.com/down":  {Status: 503},
	}}
	cfg := poactor.Config{Out: filepath.Join(dir, "out"), Browsers: browsers, Workers: 1, Attempts: 1}
	fmt.Println(run(context.Background(), cfg, []string{
		"https://example.com/", "https://example.com/about", "https://example.com/old", "https://example.com/down"}))
	// Output:
	// https://example.com/: 200 "Example Domain" https%3A%2F%2Fexample.com%2F/page.png
	// https://example.com/about: 200 "About us" https%3A%2F%2Fexample.com%2Fabout/page.png
	// https://example.com/old: 410 "Gone" https%3A%2F%2Fexample.com%2Fold/page.png
	// https://example.com/down: HTTP 503
	// <nil>
}
