package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor"
)

// On real browsers, and a second time, when all is there.
func TestFaultsScreenshots(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<title>Page %s</title><h1>Hello", r.URL.Path)
	}))
	defer server.Close()
	cfg := poactor.Config{Out: t.TempDir(), Workers: 2, NoSandbox: os.Geteuid() == 0}
	var urls []string
	for i := range 6 {
		urls = append(urls, fmt.Sprintf("%s/%d", server.URL, i))
	}
	for range 2 {
		if err := run(t.Context(), cfg, urls); err != nil {
			t.Fatal(err)
		}
	}
	shots, err := filepath.Glob(filepath.Join(cfg.Out, "http*", "page.png"))
	if err != nil || len(shots) != len(urls) {
		t.Errorf("%d pictures, %v", len(shots), err)
	}
	text, err := os.ReadFile(filepath.Join(cfg.Out, "results.jsonl"))
	if err != nil || !strings.Contains(string(text), `"result":{"Status":200,"Title":"Page /5"}`) {
		t.Errorf("%s, %v", text, err)
	}
}
