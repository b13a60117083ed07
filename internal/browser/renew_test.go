package browser

import (
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/storagestate"
)

// What an identity provider shows of its own is no proof: only the portal's pages are.
func TestFaultsRenewStopsAtTheProvider(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	provider := strings.Replace(serve(t, site{
		"/choose": page(`<p>Choose an account</p><button>Ada</button><a href="/logout">Sign out of all</a>`),
		"/asks":   page(`<input type=email name=user><a href="/logout">Sign out of all</a>`),
	}), "127.0.0.1", "localhost", 1)
	for _, path := range []string{"/choose", "/asks"} {
		p := testPortal(serve(t, site{"/": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, provider+path, http.StatusFound)
		}}))
		p.Signs.SignedIn.Selectors = []string{"a[href*='/logout']"}
		p.SignIn.Hosts = []string{strings.TrimPrefix(provider, "http://")}
		proof, state, err := Renew(t.Context(), Config{
			Portal: p, BrowserPath: *browserPath, NoSandbox: os.Geteuid() == 0, Lease: leaser(t, nil), Downloads: t.TempDir(),
			Times: Times{Navigation: time.Minute},
		}, nil)
		if err != nil || proof.SignedIn || len(state.Cookies) > 0 {
			t.Errorf("%s: %+v, %v, %v", path, proof, state, err)
		}
	}
}

// A session is put into the browser once: what the page makes of it then stays.
func TestSeedIsNotRepeated(t *testing.T) {
	t.Parallel()
	base := serve(t, site{
		"/": page(`<script>localStorage.token === 'old' ? (localStorage.token = 'new', location = '/next') : 0</script>`),
		"/next": page(`<script>document.body.insertAdjacentHTML('beforeend',
			localStorage.token === 'new' ? '<a href=/logout>out</a>' : '<input type=password>')</script>`),
	})
	p := testPortal(base)
	p.Signs.SignedIn.Selectors = []string{"a[href='/logout']"}
	s := openSession(t, p)
	s.config.Times.Navigation, s.config.Times.Signs = time.Minute, time.Minute
	state := storagestate.State{Origins: []storagestate.Origin{{Origin: base, LocalStorage: []storagestate.Item{{Name: "token", Value: "old"}}}}}
	if err := s.Seed(t.Context(), state); err != nil {
		t.Fatal(err)
	}
	if proof, err := s.Prove(t.Context()); err != nil || !proof.SignedIn {
		t.Errorf("%+v, %v", proof, err)
	}
}
