package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/outdir"
)

const secretsPortal = `name: secrets
base_url: %s
order:
  path: /orders/{number}?key=s3cr3t-template
signs:
  empty: {texts: ["No attachments"]}
  not_found: {statuses: [404]}
  forbidden: {statuses: [403], texts: ["Nothing for you"]}
  signed_out: {selectors: [".signin"]}
attachments:
  links: [".att"]
  name: [text, url]
  target: [href]
supplier: [".supplier"]
fallback:
  links: ["a.req"]
`

// What addresses have behind a question mark is often a key to what they lead to:
// it is in nothing that a run leaves behind or says, whatever the portal does.
func TestFaultsNoSecretsInWhatIsLeft(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	mux := http.NewServeMux()
	page := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "s3cr3t-cookie", Path: "/", HttpOnly: true})
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, "<!doctype html><title>o</title><span class=supplier>Acme</span>%s", body)
		})
	}
	file := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/pdf")
		fmt.Fprintf(w, "%%PDF-1.7\n%x\n%%%%EOF\n", r.URL.Path)
	}
	mux.HandleFunc("/files/", file)
	mux.HandleFunc("/hop/", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/files/hop?token=s3cr3t-hop#s3cr3t-fragment", http.StatusFound)
	})
	mux.HandleFunc("/bad", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.2:9/x?token=s3cr3t-away", http.StatusFound)
	})
	page("/orders/1", `<a class=att href="/files/1?sig=s3cr3t-signed#s3cr3t-fragment">one.pdf</a>
		<a class=att href="/hop/1?sig=s3cr3t-hop">two.pdf</a>
		<a class=att href="/files/3?sig=s3cr3t-named">http://files.example/three.pdf?sig=s3cr3t-named</a>
		<a class=att href="/files/named.pdf;jsessionid=s3cr3t-path"></a><a class=att href="#" onclick="location='/files/4?sig=s3cr3t-clicked';return false">four.pdf</a>`)
	page("/orders/2", `<a class=att href="/files/5?sig=s3cr3t-signed">five.pdf</a><a class=att href="/bad?sig=s3cr3t-bad">bad.pdf</a>
		<a class=att href="https://evil.example/x?sig=s3cr3t-foreign">foreign.pdf</a><a class=att href="http://u:s3cr3t-password@127.0.0.1/x">user.pdf</a>
		<a class=att href="/away?sig=s3cr3t-off">away.pdf</a>`)
	page("/orders/3/view", `<h1>Nothing for you</h1><p>you are s3cr3t-cookie</p><a href="/x?y=s3cr3t-link">x</a>`)
	mux.HandleFunc("/orders/3", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "/orders/3/view;jsessionid=s3cr3t-path?session=s3cr3t-session#s3cr3t-fragment", http.StatusFound)
	})
	mux.HandleFunc("/orders/3/{view}", func(w http.ResponseWriter, r *http.Request) { r.URL.Path = "/orders/3/view"; mux.ServeHTTP(w, r) })
	mux.HandleFunc("/orders/4", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://127.0.0.2:9/elsewhere?token=s3cr3t-away", http.StatusFound)
	})
	page("/orders/5", `No attachments <a class=req href="/orders/3?from=s3cr3t-fallback">r</a>`)
	mux.HandleFunc("/orders/6", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) })
	site := httptest.NewServer(mux)
	defer site.Close()

	dir := t.TempDir()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(filepath.Join(dir, "portal.yaml"), fmt.Appendf(nil, secretsPortal, site.URL), 0o600))
	must(os.WriteFile(filepath.Join(dir, "orders.csv"), []byte("PO_NUMBER\n1\n2\n3\n4\n5\n6\n"), 0o600))
	must(os.WriteFile(filepath.Join(dir, "config.yaml"), nil, 0o600))
	said := map[string]string{}
	out := filepath.Join(dir, "orders")
	run := func(args ...string) {
		t.Helper()
		var all bytes.Buffer
		a := &app{stdin: strings.NewReader(""), stdout: &all, stderr: &all, env: func(name string) (string, bool) {
			v, ok := map[string]string{"HOME": dir, "XDG_DATA_HOME": filepath.Join(dir, "data")}[name]
			return v, ok
		}}
		args = append([]string{"--config", filepath.Join(dir, "config.yaml")}, args...)
		if code := a.main(args); code == exitBug || code == exitUse {
			t.Errorf("%q: exit code %d\n%s", args, code, all.String())
		}
		said[strings.Join(args[2:], " ")] = all.String()
	}
	flags := []string{"--portal", filepath.Join(dir, "portal.yaml"), "--workers", "2", "--retries", "0", "--log-level", "trace"}
	if os.Geteuid() == 0 {
		flags = append(flags, "--no-sandbox")
	}
	run(append(append([]string{"run", "--json"}, flags...), filepath.Join(dir, "orders.csv"))...)
	run("retry", out)
	for _, n := range []string{"1", "2", "3", "4", "5", "6"} {
		run("explain", out, n)
		run("explain", "--json", out, n)
	}
	run("status", out)
	run("verify", out)
	if results, err := os.ReadFile(filepath.Join(out, "results.csv")); err != nil || !strings.Contains(string(results), "COMPLETED") || !strings.Contains(string(results), "PARTIAL") {
		t.Errorf("%v\n%s\n%s", err, results, said)
	}
	for what, text := range said {
		if i := strings.Index(text, "s3cr3t"); i >= 0 {
			t.Errorf("%s says …%q…", what, text[max(0, i-100):min(len(text), i+40)])
		}
	}
	must(filepath.WalkDir(out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, text := range []string{string(content), path} {
			if i := strings.Index(text, "s3cr3t"); i >= 0 {
				t.Errorf("%s has …%q…", path, text[max(0, i-100):min(len(text), i+40)])
			}
		}
		return err
	}))
	evidence, _ := filepath.Glob(outdir.StatePath(out, "evidence", "3", "*", "page.html"))
	if len(evidence) == 0 {
		t.Error("no evidence was kept")
	}
}
