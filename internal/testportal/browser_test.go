package testportal

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/andybalholm/cascadia"
	"golang.org/x/net/html"
)

// Where Coupa's pages have been seen to show attachments and suppliers. The page must
// be readable by these.
const (
	attachmentSelectors = "a[href*='attachment'], a[href*='download'], a[download], [aria-label*='attachment'], [title*='attachment'], [role='button'][aria-label*='attachment'], [data-url*='attachment']"
	supplierSelectors   = "span[data-supplier-name], span[class*='supplier-name'], .supplier-info span, [data-testid*='supplier'] span, section div[class*='supplier'] span"
	requisitionSelector = "a[href*='/requisition_headers/']"
)

// TestChromiumFillsPages lets a real browser, where there is one, run the page's
// script, and reads what it shows by Coupa's selectors.
func TestChromiumFillsPages(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	p := swift(t, Options{MaxFile: 64 << 10})
	for _, o := range samples(p) {
		t.Run(fmt.Sprintf("%s %d", o.kind, o.markup()), func(t *testing.T) {
			page := dump(t, chromium, p.URL()+"/order_headers/"+o.number)
			if title := texts(page, "title"); len(title) != 1 || strings.Contains(title[0], "owned") {
				t.Errorf("the title is %q: a name became markup", title)
			}
			if got := texts(page, supplierSelectors); len(got) != 1 || got[0] != o.supplier {
				t.Errorf("supplier %q, want %q", got, o.supplier)
			}
			if got := texts(page, attachmentSelectors); len(got) != len(o.files) {
				t.Errorf("%d attachments %q, want %d", len(got), got, len(o.files))
			}
			if got := texts(page, ".no_attachments"); len(got) > 0 != (len(o.files) == 0) {
				t.Errorf("%d attachments, and the page says %q", len(o.files), got)
			}
			if got := texts(page, requisitionSelector); len(got) > 0 != (o.requisition != "") {
				t.Errorf("requisition %q, and the page says %q", o.requisition, got)
			}
		})
	}
}

func findChromium(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"chromium-headless-shell", "chromium"} { // the shell starts in half the time
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("chromium is not installed")
	return ""
}

// samples are one order for every way to show a supplier, most of them odd.
func samples(p *Portal) []*order {
	var some []*order
	seen := map[any]bool{}
	for _, kind := range []string{"twelve files", "hostile names by click", "hostile supplier", "covered links", "none in Portuguese", "on requisition", "ordinary"} {
		for _, o := range p.orders {
			if o.kind == kind && (!seen[kind] || !seen[o.markup()]) {
				seen[kind], seen[o.markup()] = true, true
				some = append(some, o)
			}
		}
	}
	return some
}

// texts are those of the elements that a selector matches.
func texts(page *html.Node, selector string) []string {
	var all []string
	for _, n := range cascadia.QueryAll(page, cascadia.MustCompile(selector)) {
		var b strings.Builder
		for d := range n.Descendants() {
			if d.Type == html.TextNode {
				b.WriteString(d.Data)
			}
		}
		all = append(all, b.String())
	}
	return all
}

// dump is a page's document as it is some time after its scripts ran.
func dump(t *testing.T, chromium, address string) *html.Node {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=5000", "--dump-dom", address).Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	page, err := html.Parse(strings.NewReader(string(out)))
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// TestChromiumIsRefused lets a browser that calls itself automated see the identity
// provider that has none of it.
func TestChromiumIsRefused(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	p := guarded(t, Sessions{Provider: ProviderRefuses})
	page := dump(t, chromium, p.URL()+"/order_headers/"+p.orders[0].number)
	if got := texts(page, "main p"); len(got) != 1 || !strings.Contains(got[0], "may not be secure") {
		t.Errorf("the page says %q", got)
	}
	until(t, func() bool { return p.Counts()[RequestRefusal] == 1 })
}
