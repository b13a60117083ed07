package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

const missingPortal = `name: missing
base_url: %s
order: {path: "/orders/{number}"}
signs:
  empty: {texts: ["No attachments"]}
  not_found: {statuses: [404]}
  forbidden: {statuses: [403]}
  signed_out: {selectors: [".signin"]}
attachments:
  links: [".att"]
  name: [text]
  target: [href]
  click_wait_ms: 1500
`

// refusedFile is a file that cannot be had, and what is to be known of it.
type refusedFile struct {
	serve  http.HandlerFunc
	link   string // its element; empty: a link to what serve answers
	cause  po.Cause
	answer string // what the portal says
	noURL  bool   // only a click works
}

func page(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprintf(w, `<!doctype html><title>t</title><h1>%s</h1><p>token=s3cr3ts3cr3t</p><script>console.error("from the page", "token=s3cr3ts3cr3t")</script>`, text)
	}
}

// refusedFiles are all kinds of files that a portal does not give.
func refusedFiles(elsewhere string) map[string]refusedFile {
	const said = "token=[removed]"
	return map[string]refusedFile{
		"1": {serve: page(403, "Not for you"), cause: po.Forbidden, answer: "HTTP 403 Forbidden: Not for you " + said},
		"2": {serve: page(404, "No such file"), cause: po.DownloadRejected, answer: "HTTP 404 Not Found: No such file " + said},
		"3": {serve: page(500, "Out of order"), cause: po.PortalError, answer: "HTTP 500 Internal Server Error: Out of order " + said},
		"4": {serve: page(429, "Slow down"), cause: po.Throttled, answer: "HTTP 429 Too Many Requests: Slow down " + said},
		"5": {serve: page(408, "Too late"), cause: po.Timeout, answer: "HTTP 408 Request Timeout: Too late " + said},
		"6": {serve: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			fmt.Fprint(w, "<!doctype html><html><body><h1>Please wait</h1></body></html>")
		}, cause: po.DownloadRejected, answer: "HTTP 200 OK: Please wait"},
		"7": {serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			w.Header().Set("Content-Length", "100000")
			fmt.Fprint(w, "%PDF-1.7\n")
		}, cause: po.DownloadIncomplete, answer: "HTTP 200 OK"},
		"8": {serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			w.Header().Set("Content-Length", "9000000")
		}, cause: po.DownloadRejected, answer: "HTTP 200 OK"},
		"9": {serve: func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere+"/x?token=s3cr3ts3cr3t", http.StatusFound)
		}, cause: po.BlockedHost, answer: "HTTP 302 Found: leads to " + elsewhere + "/x"},
		"10": {link: `<a class=att href="#" onclick="return false">lost.pdf</a>`, cause: po.DownloadRejected, noURL: true},
		"11": {serve: func(w http.ResponseWriter, _ *http.Request) { w.(http.Flusher).Flush() }, cause: po.DownloadRejected,
			answer: "HTTP 200 OK"},
		"12": {serve: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, `<!doctype html><title>Sign in</title><form class=signin method=post><h1>Sign in</h1><input type=password></form>`)
		}, cause: po.Forbidden, answer: "HTTP 200 OK: Sign in"}, // as the portal shows the order's page all the same
	}
}

// Each file that is missing is known by name, address, cause and what the portal said, in
// the record, the results, explain, the log and the events, and there is evidence of it.
func TestFaultsMissingFilesAreKnown(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	elsewhere := "http://127.0.0.2:9"
	files := refusedFiles(elsewhere)
	mux := http.NewServeMux()
	mux.HandleFunc("/orders/{number}", func(w http.ResponseWriter, r *http.Request) {
		number := r.PathValue("number")
		link := files[number].link
		if link == "" {
			link = fmt.Sprintf(`<a class=att href="/files/%s/lost.pdf?sig=s3cr3ts3cr3t">lost.pdf</a>`, number)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><title>order</title><a class=att href="/good/%s.pdf">good.pdf</a> %s<script>console.log("order %[1]s")</script>`, number, link)
	})
	mux.HandleFunc("/good/", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/pdf")
		fmt.Fprintf(w, "%%PDF-1.7\n%s\n%%%%EOF\n", r.URL.Path)
	})
	mux.HandleFunc("/files/{number}/", func(w http.ResponseWriter, r *http.Request) { files[r.PathValue("number")].serve(w, r) })
	site := httptest.NewServer(mux)
	defer site.Close()

	dir := t.TempDir()
	out := filepath.Join(dir, "orders")
	numbers := slices.Sorted(maps.Keys(files))
	for name, text := range map[string]string{"portal.yaml": fmt.Sprintf(missingPortal, site.URL), "config.yaml": "",
		"orders.csv": "PO_NUMBER\n" + strings.Join(numbers, "\n") + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		var said, errs bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &said, stderr: &errs, env: func(name string) (string, bool) {
			v, ok := map[string]string{"HOME": dir, "XDG_DATA_HOME": filepath.Join(dir, "data")}[name]
			return v, ok
		}}
		args = append([]string{"--config", filepath.Join(dir, "config.yaml")}, args...)
		if code := a.main(args); code != exitDone && code != exitUnfinished {
			t.Errorf("%q: exit code %d\n%s", args, code, errs.String())
		}
		if slices.Contains(args, "--json") {
			if err := checkJSONLines(said.String()); err != nil {
				t.Error(err)
			}
		}
		return said.String()
	}
	flags := []string{"run", "--json", "--portal", filepath.Join(dir, "portal.yaml"), "--workers", "2", "--retries", "0",
		"--max-file", "1MB", "--profile", "none"}
	if os.Geteuid() == 0 {
		flags = append(flags, "--no-sandbox")
	}
	settled := map[string][]po.Missing{}
	for line := range strings.Lines(run(append(flags, filepath.Join(dir, "orders.csv"))...)) {
		var e struct {
			Event, Number string
			Missing       []po.Missing `json:"missing_files"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if e.Event == "order_settled" {
			settled[e.Number] = e.Missing
		}
	}
	results := readFile(t, outdir.ResultsPath(out))
	log := readFile(t, outdir.StatePath(out, outdir.LogFile))
	record, err := ledger.OpenReadOnly(out)
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	for _, number := range numbers {
		lost := files[number]
		history, err := record.History(t.Context(), po.Key(number))
		if err != nil {
			t.Fatal(err)
		}
		o := history.Outcome
		if o.Status != po.Partial || len(o.Missing) != 1 || len(o.Files) != 1 {
			t.Errorf("order %s: %+v", number, o)
			continue
		}
		m := o.Missing[0]
		address := site.URL + "/files/" + number + "/lost.pdf"
		if lost.noURL {
			address = ""
		}
		if m.Name != "lost.pdf" || m.URL != address || m.Cause != lost.cause || m.Answer != lost.answer {
			t.Errorf("order %s: the record has %+v, want %s, %q, %q", number, m, lost.cause, lost.answer, address)
		}
		checkEvidence(t, out, number, m)
		if len(settled[number]) != 1 || settled[number][0].Answer != m.Answer || settled[number][0].URL != m.URL ||
			settled[number][0].Cause != m.Cause || settled[number][0].Evidence != m.Evidence {
			t.Errorf("order %s: the event has %+v", number, settled[number])
		}
		row := ""
		for line := range strings.Lines(results) {
			if strings.HasPrefix(line, number+",") {
				row = line
			}
		}
		told := map[string]string{"results": row, "log": log, "explain": run("explain", out, number),
			"explain --json": run("explain", "--json", out, number)}
		for place, text := range told {
			for _, want := range []string{m.Name, m.URL, string(m.Cause), m.Answer} {
				if !strings.Contains(text, want) {
					t.Errorf("order %s: %s does not say %q:\n%s", number, place, want, text)
				}
			}
		}
		if !strings.Contains(told["explain"], m.Evidence) {
			t.Errorf("order %s: explain does not name the evidence:\n%s", number, told["explain"])
		}
	}
}

// checkEvidence wants all that there is to keep of a missing file's page.
func checkEvidence(t *testing.T, out, number string, m po.Missing) {
	t.Helper()
	if !strings.HasPrefix(m.Evidence, outdir.StateDir+"/"+outdir.EvidenceDir+"/"+number+"/") {
		t.Errorf("order %s: the evidence is in %q", number, m.Evidence)
		return
	}
	for _, name := range []string{"page.png", "page.html", "about.txt", "console.txt"} {
		text := readFile(t, filepath.Join(out, filepath.FromSlash(path.Join(m.Evidence, name))))
		if text == "" || strings.Contains(text, "s3cr3t") {
			t.Errorf("order %s: %s: %s", number, name, text)
		}
		if name == "about.txt" && (!strings.Contains(text, string(m.Cause)) || strings.Contains(text, "lacks")) {
			t.Errorf("order %s: about.txt: %s", number, text)
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
