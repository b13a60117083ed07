package tests

import (
	"os"
	"slices"
	"testing"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// needBrowser skips a test where there is no browser to run.
func needBrowser(t *testing.T) {
	t.Helper()
	if _, err := launch.Find("", false); err != nil {
		t.Skip(err)
	}
}

// A portal unlike Coupa, described by a YAML file only.
func TestPortalFromFile(t *testing.T) {
	needBrowser(t)
	site, err := testportal.StartOther(testportal.Options{
		Orders: 24, PageLatency: 50 * time.Millisecond, FileLatency: 20 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	papers, err := portal.Load("testdata/papers.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if papers, err = papers.WithBaseURL(site.URL()); err != nil {
		t.Fatal(err)
	}
	var orders []po.Order
	for _, truth := range site.Truth() {
		key, number, err := papers.Parse(truth.Number)
		if err != nil {
			t.Fatal(err)
		}
		orders = append(orders, po.Order{Key: key, Number: number, RawNumber: truth.Number})
	}
	var outcomes []po.Outcome
	cfg := poactor.Config{
		Portal: papers, Out: t.TempDir(), Workers: 2, NoSandbox: os.Geteuid() == 0,
		OnEvent: func(e any) {
			if e, ok := e.(messages.OrderSettled); ok {
				outcomes = append(outcomes, e.Outcome)
			}
		},
	}
	summary, err := poactor.Run(t.Context(), cfg, poactor.Orders(slices.Values(orders)))
	if err != nil {
		t.Fatal(err)
	}
	if len(summary.Leftovers) > 0 {
		t.Errorf("left: %v", summary.Leftovers)
	}
	for _, line := range site.Verify(cfg.Out, outcomes) {
		t.Error(line)
	}
	lanes := map[po.Lane]int{}
	for _, o := range outcomes {
		for _, f := range o.Files {
			lanes[f.Lane]++
		}
	}
	if lanes[po.LaneBrowser] == 0 || lanes[po.LaneHTTP] > 0 {
		t.Errorf("lanes %v: what a form posts for only a browser can get", lanes)
	}
}
