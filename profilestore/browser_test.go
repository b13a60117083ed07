package profilestore

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// A cookie that a browser has kept in the base is sent by a browser on a
// clone, and the sockets fit into the clone's TempDir.
func TestCloneIsSignedIn(t *testing.T) {
	t.Parallel()
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here")
	}
	var mu sync.Mutex
	var sent []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			mu.Lock()
			sent = append(sent, r.Header.Get("Cookie"))
			mu.Unlock()
			http.SetCookie(w, &http.Cookie{Name: "session", Value: "s3cret", Path: "/", MaxAge: 3600})
		}
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte("<!DOCTYPE html><title>t</title><p>hello"))
	}))
	defer server.Close()

	empty := openStore(t, Config{})
	base := lease(t, empty)
	visit(t, chromium, base, server.URL+"/")
	clone := lease(t, openStore(t, Config{Base: base.Dir}))
	if files := read(t, clone.Dir); len(files) < 5 || len(files) >= len(read(t, base.Dir)) {
		t.Errorf("the clone has %d files, the base %d", len(files), len(read(t, base.Dir)))
	}
	visit(t, chromium, clone, server.URL+"/")

	mu.Lock()
	defer mu.Unlock()
	if len(sent) != 2 || sent[0] != "" || !strings.Contains(sent[1], "session=s3cret") {
		t.Errorf("cookies sent: %q, want none and then the session", sent)
	}
}

// visit opens url and closes the browser cleanly.
func visit(t *testing.T, chromium string, p *Profile, url string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, chromium, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--password-store=basic", "--use-mock-keychain",
		"--user-data-dir="+p.Dir, "--dump-dom", url)
	cmd.Env = append(os.Environ(), "TMPDIR="+p.TempDir)
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "hello") {
		t.Fatalf("chromium: %v\n%s", err, out)
	}
}
