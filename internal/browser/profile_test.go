package browser

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// A profile of somebody is used whole: it is signed in by cookies that end with
// their session too, and asks for pages in its own languages. An empty one asks for
// English, in any browser.
func TestProfileOfSomebody(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	asked := make(chan string, 10)
	p := testPortal(serve(t, site{"/orders/1": func(w http.ResponseWriter, r *http.Request) {
		language, _, _ := strings.Cut(r.Header.Get("Accept-Language"), ";") // browsers differ in the weights
		asked <- language
		if _, err := r.Cookie("sid"); err != nil {
			http.SetCookie(w, &http.Cookie{Name: "sid", Value: "1", Path: "/"})
			page("<input type=password>")(w, r)
			return
		}
		page("<a class=att href=/f/a.pdf>a</a>")(w, r)
	}}))
	dir := filepath.Join(t.TempDir(), "base")
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("Default/Preferences", `{"intl":{"accept_languages":"fr-FR,fr","selected_languages":"fr-FR,fr"}}`)
	read := func(cloned bool) (*Session, po.Sign) {
		t.Helper()
		lease := leaser(t, nil)
		if cloned {
			temp := t.TempDir()
			lease = func(context.Context) (Profile, error) { return Profile{ID: "base", Dir: dir, TempDir: temp}, nil }
		}
		s, err := New(Config{
			Portal: p, BrowserPath: *browserPath, NoSandbox: os.Geteuid() == 0, Lease: lease, Cloned: cloned, Downloads: t.TempDir(),
		}).Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		r, err := s.Read(t.Context(), order("1"), nil)
		if err != nil {
			t.Fatal(err)
		}
		return s, r.Sign
	}
	if _, sign := read(false); sign != po.SignSignedOut {
		t.Errorf("an empty profile: %q", sign)
	}
	s, sign := read(true)
	if sign != po.SignSignedOut {
		t.Errorf("before the sign-in: %q", sign)
	}
	if err := quit(s.browser(t.Context()), s.proc); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "Default", "Sessions")); err != nil { // as a clone has none: the tabs would open again
		t.Fatal(err)
	}
	if _, sign := read(true); sign != po.SignAttachments {
		t.Errorf("after the sign-in: %q", sign)
	}
	close(asked)
	var languages []string
	for language := range asked {
		languages = append(languages, language)
	}
	if diff := cmp.Diff([]string{"en-US,en", "fr-FR,fr", "fr-FR,fr"}, languages); diff != "" {
		t.Error(diff)
	}
}
