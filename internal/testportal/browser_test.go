package testportal

import (
	"context"
	"html"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestChromiumFillsPages lets a real browser run the page's script, where
// there is one.
func TestChromiumFillsPages(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not installed")
	}
	p := swift(t, Options{})
	for _, kind := range []string{"hostile names", "hostile supplier", "none in Portuguese", "on requisition"} {
		t.Run(kind, func(t *testing.T) {
			o := ofKind(t, p, kind)
			dom := dump(t, chromium, p.URL()+"/order_headers/"+o.number)
			if strings.Contains(dom, "<title>owned") {
				t.Error("a name became markup")
			}
			if !strings.Contains(html.UnescapeString(dom), o.supplier) {
				t.Errorf("supplier %q is not shown", o.supplier)
			}
			for _, f := range o.files {
				if !strings.Contains(dom, `="`+f.path()+`"`) {
					t.Errorf("no link to %s, %q", f.path(), f.name)
				}
			}
			if empty := strings.Contains(dom, `class="no_attachments"`); empty != (len(o.files) == 0) {
				t.Errorf("says that there are none: %t", empty)
			}
			if o.requisition != "" && !strings.Contains(dom, `href="/requisition_headers/`+o.requisition+`"`) {
				t.Error("no link to the requisition")
			}
			if t.Failed() {
				t.Log(dom)
			}
		})
	}
}

// dump is a page's document as it is some time after its scripts ran.
func dump(t *testing.T, chromium, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+t.TempDir(),
		"--virtual-time-budget=5000", "--dump-dom", address).Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(out)
}
