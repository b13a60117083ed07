package report

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// findings are what testdata/exercise.js has seen.
type findings struct {
	Errors, Violations, Requests, Axe []string
	Wide                              int // how much wider than the window the page is
	Checks                            map[string]any
}

// TestFaultsPage uses the page in a browser: search, filter, sort, links to orders and
// accessibility, with what is hostile in it.
func TestFaultsPage(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	out := output(t)
	exercised := exercise(t, write(t, out, sample(300), false))
	for _, look := range []struct {
		name, scheme string
		width        int
	}{{"desktop, light", "1", 1440}, {"desktop, dark", "0", 1440}, {"phone, light", "1", 390}, {"phone, dark", "0", 390}} {
		t.Run(look.name, func(t *testing.T) {
			got := use(t, chromium, exercised, "--blink-settings=preferredColorScheme="+look.scheme, fmt.Sprintf("--window-size=%d,900", look.width))
			if len(got.Errors)+len(got.Violations)+len(got.Requests)+len(got.Axe) > 0 || got.Wide > 0 {
				t.Errorf("errors %q\nviolations %q\nrequests %q\naxe %q\ntoo wide by %d", got.Errors, got.Violations, got.Requests,
					strings.Join(got.Axe, "\n"), got.Wide)
			}
			checkUse(t, got.Checks)
		})
	}
}

// checkUse holds what came of using the page against the sample.
func checkUse(t *testing.T, got map[string]any) {
	t.Helper()
	want := map[string]any{
		"rows": 50.0, "found": "Orders 1 to 50 of 302.", "charts": 3.0,
		"search": []any{"PO00017", "PO00117", "PO00217"}, "search for nothing": "No order matches.",
		"filter by status": "Orders 1 to 15 of 15 that match, of 302.", "address of filter": "#status=FAILED",
		"filter by both": "Orders 1 to 15 of 15 that match, of 302.", "all again": "Orders 1 to 50 of 302.",
		"filter by way": "Orders 1 to 50 of 60 that match, of 302.", "address of way": "#read=call",
		"read by": []any{"", "page", "both", "browser", "call"},
		"sorted":  "PO00017", "aria-sort": "descending", "focus after sort": "files",
		"page 2": "Orders 51 to 100 of 302.", "address of page": "#sort=-files&page=2", "slash": "q",
		"story": "PO00017", "focus": "true", "closed": 0.0, "focus after closing": "false", "back": 1.0,
		"links":         []any{"https://portal.example/orders/PO00017", "./M%C3%BCller%20%26%20S%C3%B6hne%20GmbH/PO_PO00017", "#order=PO00017", "./M%C3%BCller%20%26%20S%C3%B6hne%20GmbH/PO_PO00017/Contract%2017.pdf", "./M%C3%BCller%20%26%20S%C3%B6hne%20GmbH/PO_PO00017/Contract%2017%20%232%20100%25.pdf", "./M%C3%BCller%20%26%20S%C3%B6hne%20GmbH/PO_PO00017/third.pdf"},
		"hostile links": []any{"#order=HOSTILE"}, "hostile hash": "Orders 1 to 50 of 302.", "owned": "undefined",
		"paper": map[string]any{"wide": []any{}, "cut": []any{}, "fixed": []any{}, "controls": []any{}, "dark": false, "small": []any{},
			"rows": 302.0, "shots": true}, "rows after printing": 50.0,
		"scripts": 3.0, "pictures": []any{"data:image/"}, "odd links": []any{}, "axe rules passed": true,
	}
	for name, texts := range map[string][]string{
		"tiles":      {"Orders302", "Did not end well31", "Open1"},
		"what to do": {"15 orders: the portal did not answer in time", "poactor retry ", " --cause timeout"},
		"what happened": {"worker-1 lost its browser: the browser crashed", "The session is restored: by hand", "Paused by the user",
			"Most orders need no browser from now on: 20 orders were the same without one", "Every order is read by a browser from now on: order PO00007"},
		"ways": {"By page, without a browser120", "By call, without a browser60", "By browser and without one: the same60", "By browser60",
			"22 orders compared, 1 different.", "on every order was read by a browser: order PO00007 differs: the supplier </script>",
			"3 orders since the last comparison that agreed were read again."},
		"story text": {"Contract 17.pdf", strings.Repeat("1e", 32), "worker-2", "By browser and without one: the same; 20 comparisons had agreed by then", "poactor explain ", " PO00017"},
		"hostile":    {`</script><img src=x onerror=owned()>`, "⟨U+202E⟩fdp.exe⟨U+2028⟩", "The portal said: "},
	} {
		text, _ := got[name].(string)
		for _, part := range texts {
			if !strings.Contains(text, part) {
				t.Errorf("%s lacks %q: %s", name, part, text)
			}
		}
		delete(got, name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("use of the page (-want +got):\n%s", diff)
	}
}

// TestFaultsPrint prints a page: it is as long as what it tells, and no longer where there are more
// orders than anybody reads.
func TestFaultsPrint(t *testing.T) {
	t.Parallel()
	chromium := findChromium(t)
	for orders, most := range map[int]int{300: 25, 5000: 75} {
		out := output(t)
		file := filepath.Join(out, "report.pdf")
		runChromium(t, chromium, write(t, out, sample(orders), false), "--no-pdf-header-footer", "--print-to-pdf="+file)
		pdf, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		pages := len(regexp.MustCompile(`/Type /Page\b`).FindAll(pdf, -1))
		if t.Logf("%d orders: %d pages", orders, pages); pages < 5 || pages > most {
			t.Errorf("%d orders are %d pages, want at most %d", orders, pages, most)
		}
	}
}

// exercise makes a page that uses itself.
func exercise(t *testing.T, path string) string {
	t.Helper()
	var scripts string
	for _, name := range []string{"axe.min.js", "exercise.js"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		scripts += string(text) + "\n"
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(page), "<head>", "<head><script>"+scripts+"</script>", 1)
	path = strings.TrimSuffix(path, ".html") + "-exercise.html"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// use opens a page that uses itself, and returns what it has found.
func use(t *testing.T, chromium, path string, flags ...string) findings {
	t.Helper()
	dom := runChromium(t, chromium, path, append(flags, "--virtual-time-budget=60000", "--dump-dom")...)
	_, rest, ok := strings.Cut(dom, `<pre id="findings">`)
	if !ok {
		t.Fatal("the page has found nothing")
	}
	text, _, _ := strings.Cut(rest, "</pre>")
	text, err := url.PathUnescape(text)
	if err != nil {
		t.Fatal(err)
	}
	var got findings
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	return got
}

// runChromium opens a page, and returns what Chromium says.
func runChromium(t *testing.T, chromium, path string, flags ...string) string {
	t.Helper()
	profile, err := os.MkdirTemp("", "poactor-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) }) // a child of the browser may write yet
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	flags = append(flags, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir="+profile,
		(&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String())
	said, err := exec.CommandContext(ctx, chromium, flags...).Output()
	if err != nil {
		t.Fatalf("chromium: %v", err)
	}
	return string(said)
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
