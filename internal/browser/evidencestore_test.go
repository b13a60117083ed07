package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// Evidence is bounded: of an order to the latest, of an output directory by its size, beyond
// which words alone are kept, and by its number. What earlier starts have left counts.
func TestEvidenceIsBounded(t *testing.T) {
	t.Parallel()
	out := t.TempDir()
	picture := make([]byte, 1000)
	keep := func(e *evidenceStore, key string, n int) string {
		t.Helper()
		folder, err := e.keep(out, fmt.Sprintf("evidence/%s/2026-%03d", key, n), map[string][]byte{shotFile: picture, aboutFile: []byte("about\n")})
		if err != nil {
			t.Fatal(err)
		}
		return folder
	}
	has := func(folder, name string) bool {
		_, err := os.Stat(filepath.Join(out, ".poactor", filepath.FromSlash(folder), name))
		return err == nil
	}
	e := newEvidenceStore()
	for n := range 2 * evidenceKept {
		keep(e, "1", n)
	}
	if left, _ := os.ReadDir(filepath.Join(out, ".poactor/evidence/1")); len(left) != evidenceKept || left[0].Name() != fmt.Sprintf("2026-%03d", evidenceKept) {
		t.Errorf("%d are kept of an order: %v", len(left), left)
	}
	if same := keep(e, "1", 2*evidenceKept-1); same != fmt.Sprintf("evidence/1/2026-%03d-b", 2*evidenceKept-1) || !has(same, shotFile) {
		t.Errorf("of one moment: %q", same)
	}
	next := newEvidenceStore() // of the next start
	next.maxBytes = evidenceKept*1006 + 2000
	if f := keep(next, "2", 1); !has(f, shotFile) {
		t.Error("there was room for a picture")
	}
	f := keep(next, "3", 1)
	if text, err := os.ReadFile(filepath.Join(out, ".poactor", f, aboutFile)); has(f, shotFile) || err != nil || !strings.Contains(string(text), "largest size") {
		t.Errorf("beyond the size: %q, %v", text, err)
	}
	next.maxFolders = evidenceKept + 2
	if f := keep(next, "4", 1); f != "" {
		t.Errorf("beyond the number: %q", f)
	}
}

// Of a browser that died with an order in hand there is no page left: what was known is kept.
func TestFaultsEvidenceWithoutPage(t *testing.T) {
	t.Parallel()
	p := testPortal(serve(t, site{"/orders/slow": page(`<script>setTimeout(()=>{for(;;);},50)</script>`)}))
	s := openSession(t, p)
	s.config.Out = t.TempDir()
	go func() {
		for s.documents.Load() == 0 && s.ctx.Err() == nil {
			_ = pause(t.Context(), 1e6)
		}
		s.proc.Kill()
	}()
	_, err := s.Read(t.Context(), order("slow"), nil)
	failure, ok := err.(*po.ReadFailure)
	if !ok || failure.Cause != po.BrowserDied || failure.Trace.Evidence == "" {
		t.Fatalf("%v, %+v", err, failure)
	}
	dir := filepath.Join(s.config.Out, failure.Trace.Evidence)
	text, err := os.ReadFile(filepath.Join(dir, aboutFile))
	if err != nil || !strings.Contains(string(text), "no page is left") || !strings.Contains(string(text), p.BaseURL+"/orders/slow") {
		t.Errorf("%s%v", text, err)
	}
	if _, err := os.Stat(filepath.Join(dir, shotFile)); err == nil {
		t.Error("there is a picture of what is not there")
	}
}

// Beside its page a failure has what the page said to its console, and which of its
// requests failed, without secrets.
func TestFaultsEvidenceOfConsole(t *testing.T) {
	t.Parallel()
	p := testPortal(serve(t, site{
		"/orders/odd": page(`<script>document.cookie='sid=cookies3cr3t'</script><h1>Odd</h1><script>
console.warn('list failed', {a: 1}, 'sid cookies3cr3t', 'https://x.example/a?token=s3cr3t');
fetch('/list?token=s3cr3t'); fetch('http://127.0.0.1:9/dead?token=s3cr3t').catch(()=>{});
setTimeout(()=>{throw new Error('boom at line\n<b>\u202e')}, 10);</script>`),
		"/list": status(404),
	}))
	s := openSession(t, p)
	s.config.Out = t.TempDir()
	_, err := s.Read(t.Context(), order("odd"), nil)
	failure, ok := err.(*po.ReadFailure)
	if !ok || failure.Trace.Evidence == "" {
		t.Fatalf("%v", err)
	}
	for name, wants := range map[string][]string{
		consoleFile:  {"warning: list failed Object sid [removed] https://x.example/a", "exception: Uncaught Error: boom", p.BaseURL + "/orders/odd:"},
		requestsFile: {"GET " + p.BaseURL + "/list: HTTP 404 Not Found", "GET http://127.0.0.1:9/dead: net::ERR_"},
		aboutFile:    {"odd", string(failure.Cause), "HeadlessChrome/"},
	} {
		text, err := os.ReadFile(filepath.Join(s.config.Out, failure.Trace.Evidence, name))
		if err != nil || strings.Contains(string(text), "s3cr3t") || strings.ContainsRune(string(text), '\u202e') {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
		for _, want := range wants {
			if !strings.Contains(string(text), want) {
				t.Errorf("%s has no %q:\n%s", name, want, text)
			}
		}
	}
}
