package testportal

import (
	"crypto/sha256"
	"encoding/hex"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

var otherRow = regexp.MustCompile(`name="doc" value="(\d+)"><input type="hidden" name="key" value="(\w+)"><button class="get" data-file="([^"]*)"`)

// TestOtherTruth reads the other portal as its description says and compares
// what it gets with the truth.
func TestOtherTruth(t *testing.T) {
	t.Parallel()
	p := served(t, StartOther, Options{Orders: 20})
	c := client(t)
	says := map[po.Status]string{
		po.Completed:     `<td class="vendor">`,
		po.NoAttachments: "There is nothing on file for this order",
		po.NotFound:      "Unknown order reference",
		po.Failed:        "This order is confidential",
	}
	seen := map[po.Status]int{}
	for _, o := range p.Truth() {
		seen[o.Status]++
		page := get(t, c, p.URL()+"/docs?po="+o.Number)
		if page.status != http.StatusOK || !strings.Contains(string(page.body), says[o.Status]) {
			t.Errorf("%s: %d\n%s", o.Kind, page.status, page.body)
		}
		if o.Supplier != "" && !strings.Contains(string(page.body), `<td class="vendor">`+html.EscapeString(o.Supplier)) {
			t.Errorf("%s: vendor is not %q", o.Number, o.Supplier)
		}
		var got []File
		for i, m := range otherRow.FindAllStringSubmatch(string(page.body), -1) {
			a := postForm(t, c, p.URL()+"/fetch", url.Values{"doc": {m[1]}, "key": {m[2]}})
			sum := sha256.Sum256(a.body)
			got = append(got, File{
				Name: html.UnescapeString(m[3]), Path: "/fetch", Kind: o.Files[i].Kind, Click: true,
				Bytes: int64(len(a.body)), SHA256: hex.EncodeToString(sum[:]),
			})
		}
		if diff := cmp.Diff(o.Files, got); diff != "" {
			t.Errorf("%s (-truth +served):\n%s", o.Number, diff)
		}
	}
	if len(seen) != 4 {
		t.Errorf("statuses %v", seen)
	}
	if a := postForm(t, c, p.URL()+"/fetch", url.Values{"doc": {"7001"}, "key": {"guess"}}); a.status != http.StatusBadRequest {
		t.Errorf("a wrong key is answered with %d", a.status)
	}
}

func TestOtherSignIn(t *testing.T) {
	t.Parallel()
	p := served(t, StartOther, Options{Orders: 1, SignIn: true})
	c := client(t)
	page := p.URL() + "/docs?po=" + p.orders[0].number
	a := get(t, c, page)
	if a.status != http.StatusFound || !strings.HasPrefix(a.head.Get("Location"), "/login?") {
		t.Errorf("signed out: %d, to %q", a.status, a.head.Get("Location"))
	}
	signIn(t, c, p.URL()+"/login", "keller", "secret", "")
	if a := get(t, c, page); a.status != http.StatusOK {
		t.Errorf("signed in: %d", a.status)
	}
}

func postForm(t *testing.T, c *http.Client, address string, form url.Values) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return do(c, req)
}
