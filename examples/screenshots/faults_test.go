package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/poactortest"
)

// Browsers die and workers panic under the program, which is begun again until every page has
// its picture, as whoever starts it would. Then everything must be there, whole and once.
func TestScreenshotsUnderFaults(t *testing.T) {
	dir, events, faults := t.TempDir(), &poactortest.Recorder{}, poactortest.Faults{"browser_kill": 7, "cdp_cut": 9, "worker_panic": 10}
	browsers := &poactortest.Browsers{Site: poactortest.Site{}, Dir: t.TempDir()}
	cfg := poactor.Config{Out: filepath.Join(dir, "out"), Workers: 4, Browsers: browsers, OnEvent: events.Event}
	poactortest.NothingLeft(t, cfg.Out)
	var urls []string
	for n := range 40 {
		url := fmt.Sprintf("https://example.com/%d", n)
		browsers.Site[url] = poactortest.SitePage{Texts: map[string]string{"title": fmt.Sprintf("Page %d", n)}}
		urls = append(urls, url)
	}
	taken := func() int {
		text, _ := os.ReadFile(filepath.Join(cfg.Out, "results.jsonl")) // not there before the first run
		return strings.Count(string(text), `"status":"COMPLETED"`)
	}
	for seed := uint64(0); taken() < len(urls) && seed < 20; seed++ {
		cfg.Faults = faults.Plan(seed)
		if err := run(t.Context(), cfg, urls); err != nil {
			t.Fatal(err)
		}
	}
	if err := events.CheckFaults(faults); err != nil {
		t.Error(err)
	}
	text, err := os.ReadFile(filepath.Join(cfg.Out, "results.jsonl"))
	if err != nil || taken() != len(urls) {
		t.Errorf("%d pictures of %d, %v", taken(), len(urls), err)
	}
	for n := range urls {
		if strings.Count(string(text), fmt.Sprintf(`"result":{"Status":200,"Title":"Page %d"}`, n)) != 1 {
			t.Errorf("page %d has not one result", n)
		}
	}
	if v, err := poactor.Verify(t.Context(), cfg.Out); err != nil || v.Files != len(urls) || len(v.Differences) > 0 {
		t.Errorf("files: %+v, %v", v, err)
	}
	if n := browsers.Alive(); n > 0 {
		t.Errorf("%d browsers are left", n)
	}
}
