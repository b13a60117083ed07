package poactor

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// keptSession is a Session in memory.
type keptSession struct {
	mu    sync.Mutex
	state []byte
	n     int // of its version
	saved int // by the run
}

func (k *keptSession) Load(context.Context) ([]byte, string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.state, strconv.Itoa(k.n), nil
}

func (k *keptSession) Save(_ context.Context, state []byte, instead string) (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if instead == strconv.Itoa(k.n) {
		k.state, k.n, k.saved = state, k.n+1, k.saved+1
	}
	return strconv.Itoa(k.n), nil
}

func (k *keptSession) Version() (string, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return strconv.Itoa(k.n), nil
}

// store is what poactor login does.
func (k *keptSession) store(t *testing.T, state storagestate.State) {
	t.Helper()
	data, err := state.Marshal()
	must(t, err)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.state, k.n = data, k.n+1
}

// stateOf makes a state of cookies by the addresses that they are for.
func stateOf(t *testing.T, cookies map[string]*http.Cookie) storagestate.State {
	t.Helper()
	var state storagestate.State
	for address, c := range cookies {
		u, err := url.Parse(address)
		must(t, err)
		state.Cookies = append(state.Cookies, storagestate.Cookie{Name: c.Name, Value: c.Value, Domain: u.Hostname(), Path: c.Path,
			Expires: time.Now().Add(time.Duration(c.MaxAge) * time.Second), HTTPOnly: c.HttpOnly, SameSite: storagestate.SameSiteLax})
	}
	return state
}

// newSessionTrial is a trial at a portal that wants a sign-in, with a stored session.
func newSessionTrial(t *testing.T, sessions testportal.Sessions) (*trial, *keptSession) {
	t.Helper()
	opts := quick
	opts.Sessions, opts.MaxFile = sessions, 64<<10
	opts.Mix, opts.Orders, opts.Gone = testportal.Plain, 30, 0.4
	return newSessionTrialOf(t, opts)
}

func newSessionTrialOf(t *testing.T, opts testportal.Options) (*trial, *keptSession) {
	t.Helper()
	opts.SignIn = true
	r := newTrial(t, opts)
	return r, r.signIn(t)
}

// signIn gives a trial a stored session.
func (r *trial) signIn(t *testing.T) *keptSession {
	t.Helper()
	var err error
	r.cfg.Portal, err = r.portal.Definition(r.cfg.Portal)
	must(t, err)
	kept := &keptSession{}
	cookies := map[string]*http.Cookie{r.portal.URL(): r.portal.SessionCookieFor("ada")}
	if r.portal.ProviderURL() != "" {
		cookies[r.portal.ProviderURL()] = r.portal.ProviderCookieFor("ada")
	}
	kept.store(t, stateOf(t, cookies))
	r.cfg.Session = kept
	return kept
}

// A session that ends in mid-run is renewed by the identity provider's, or by one that is
// stored meanwhile; however the portal shows its end, every order is right.
func TestFaultsSessionEnds(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		sessions testportal.Sessions
		stores   bool // somebody stores another session
		silently int  // sign-ins by the identity provider's session
	}{
		"pages lead away, renewed": {testportal.Sessions{Provider: testportal.ProviderPosts, SignedOut: testportal.ToTimeout}, false, 1},
		"sign-in page, stored":     {testportal.Sessions{}, true, 0},
		"files lead away, renewed": {testportal.Sessions{Provider: testportal.ProviderLeads, Files: testportal.ElsewhereNamed,
			Counted: testportal.RequestFile}, false, 1},
	} {
		t.Run(name, func(t *testing.T) {
			row.sessions.Requests, row.sessions.Endings = 12, 1
			if row.sessions.Counted == "" {
				row.sessions.Counted = testportal.RequestPage
			}
			r, kept := newSessionTrial(t, row.sessions)
			if row.stores {
				r.cfg.LoginWait = 5 * time.Minute // a hang guard
				r.hooks = append(r.hooks, func(e any) {
					if _, ok := e.(messages.SessionLost); ok {
						kept.store(t, stateOf(t, map[string]*http.Cookie{r.portal.URL(): r.portal.SessionCookieFor("ada")}))
					}
				})
			}
			r.runCounted(t)
			restored := all[messages.SessionRestored](r)
			if len(restored) != 1 || restored[0].Failure != "" {
				t.Errorf("restored: %+v", restored)
			}
			silently := 0
			for _, s := range r.portal.SignIns() {
				if s.Way == testportal.Silently {
					silently++
				}
			}
			if silently != row.silently {
				t.Errorf("%d silent sign-ins, want %d: %+v", silently, row.silently, r.portal.SignIns())
			}
		})
	}
}

// runCounted is run, where outcomes may have been put back.
func (r *trial) runCounted(t *testing.T) {
	t.Helper()
	summary, err := Run(t.Context(), r.cfg, Orders(slices.Values(r.orders(t))))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range r.portal.Verify(r.cfg.Out, r.counted()) {
		t.Error(line)
	}
	r.nothingLeft(t, summary)
}

// counted are the outcomes that count.
func (r *trial) counted() []po.Outcome {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []po.Outcome
	for _, e := range r.events {
		switch e := e.(type) {
		case messages.OrderSettled: // a second one takes the first one's place
			list = slices.DeleteFunc(list, func(o po.Outcome) bool { return o.Key == e.Outcome.Key })
			list = append(list, e.Outcome)
		case messages.OrdersReopened:
			for _, gone := range e.Outcomes {
				list = slices.DeleteFunc(list, func(o po.Outcome) bool { return o.Key == gone.Key })
			}
		}
	}
	return list
}

// Where nobody signs in again, the run ends with its cause and nothing wrong; the same
// run goes on when somebody has.
func TestFaultsSessionEndsForGood(t *testing.T) {
	t.Parallel()
	r, kept := newSessionTrial(t, testportal.Sessions{SignedOut: testportal.MaskedGone, Requests: 12, Endings: 1, Counted: testportal.RequestPage})
	summary, err := Run(t.Context(), r.cfg, Orders(slices.Values(r.orders(t))))
	if po.CauseOf(err) != po.SignedOut || summary.Open == 0 {
		t.Fatalf("%+v, %v", summary, err)
	}
	r.nothingLeft(t, summary)
	r.mu.Lock()
	r.events = slices.DeleteFunc(r.events, func(e any) bool { _, ok := e.(messages.RunCleaned); return ok })
	r.mu.Unlock()
	kept.store(t, stateOf(t, map[string]*http.Cookie{r.portal.URL(): r.portal.SessionCookieFor("ada")}))
	r.runCounted(t)
}

// Nobody works who is not known to be signed in, or is another.
func TestFaultsNobodyIsSignedIn(t *testing.T) {
	t.Parallel()
	r, kept := newSessionTrial(t, testportal.Sessions{Requests: 12, Endings: 1, Counted: testportal.RequestPage})
	r.cfg.LoginWait = time.Second
	r.hooks = append(r.hooks, func(e any) {
		if _, ok := e.(messages.SessionLost); ok {
			kept.store(t, stateOf(t, map[string]*http.Cookie{r.portal.URL(): r.portal.SessionCookieFor("mallory")}))
		}
	})
	summary, err := Run(t.Context(), r.cfg, Orders(slices.Values(r.orders(t))))
	if po.CauseOf(err) != po.SignedOut || summary.Open == 0 {
		t.Errorf("another user: %+v, %v", summary, err)
	}
	r.cfg.Out = t.TempDir()
	kept.store(t, stateOf(t, map[string]*http.Cookie{r.portal.URL(): {Name: "stale", Value: "x", Path: "/", MaxAge: 60}}))
	r.hooks = nil
	begun := len(all[messages.OrderSettled](r))
	_, err = Run(t.Context(), r.cfg, Orders(slices.Values(r.orders(t))))
	if e, ok := errors.AsType[*po.Error](err); !ok || e.Cause != po.SignedOut || e.Hint == "" || len(all[messages.OrderSettled](r)) != begun {
		t.Errorf("nobody: %v", err)
	}
}

// A user whose cookie does not bear several browsers is not signed in again and again: the
// run ends, says why, and files nothing wrong. Where it is the browser that may be only
// one, all have its cookies after the first sign-in.
func TestFaultsOneSessionOnly(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		sessions testportal.Sessions
		ends     bool
	}{
		"one browser":     {testportal.Sessions{Provider: testportal.ProviderLeads, Limit: testportal.OneBrowser}, false},
		"rotating cookie": {testportal.Sessions{Provider: testportal.ProviderLeads, RotateEvery: 8, RotateGrace: time.Millisecond}, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := newSessionTrial(t, row.sessions)
			r.cfg.Workers = 2
			if !row.ends {
				r.runCounted(t)
				return
			}
			_, err := Run(t.Context(), r.cfg, Orders(slices.Values(r.orders(t))))
			e, ok := errors.AsType[*po.Error](err)
			if !ok || e.Cause != po.SignedOut || !strings.Contains(e.Msg, "--workers 1") {
				t.Errorf("ended: %v", err)
			}
			for _, o := range r.counted() {
				truth, ok := r.portal.Order(o.RawNumber)
				if !ok || truth.Status != o.Status {
					t.Errorf("order %s counts as %s, %s; it is %s", o.RawNumber, o.Status, o.Cause, truth.Status)
				}
			}
			if n := len(all[messages.SessionRestored](r)); n > 3 {
				t.Errorf("restored %d times", n)
			}
		})
	}
}

// A run whose stored session is over from the start is signed in by the identity
// provider's.
func TestFaultsStaleAtTheStart(t *testing.T) {
	t.Parallel()
	r, _ := newSessionTrial(t, testportal.Sessions{Provider: testportal.ProviderPosts})
	r.portal.EndSessions()
	r.runCounted(t)
	if n := len(all[messages.SessionRestored](r)); n != 1 {
		t.Errorf("restored %d times", n)
	}
}

// What a browser makes of an older session is not stored over one that somebody has
// signed in with since; nor is what it cannot see lost.
func TestSessionIsKept(t *testing.T) {
	t.Parallel()
	cookie := func(value string) storagestate.State {
		return storagestate.State{Cookies: []storagestate.Cookie{{Name: "session", Value: value, Domain: "acme.example", Path: "/"}}}
	}
	kept := &keptSession{}
	b := &signedInBrowsers{session: kept}
	first := cookie("first")
	first.Origins = []storagestate.Origin{{Origin: "https://acme.example", LocalStorage: []storagestate.Item{{Name: "k", Value: "v"}}}}
	kept.store(t, first)
	from, err := b.load(t.Context())
	must(t, err)
	must(t, b.keep(t.Context(), cookie("first"), from))
	if kept.saved != 0 {
		t.Error("what is as it was is stored again")
	}
	must(t, b.keep(t.Context(), cookie("rotated"), from))
	now, err := b.load(t.Context())
	must(t, err)
	if kept.saved != 1 || now.state.Cookies[0].Value != "rotated" || len(now.state.Origins) != 1 {
		t.Errorf("%d stored: %v, origins %v", kept.saved, now.state.Cookies, now.state.Origins)
	}
	kept.store(t, cookie("signed in since"))
	must(t, b.keep(t.Context(), cookie("of the older"), now))
	if now, err := b.load(t.Context()); err != nil || now.state.Cookies[0].Value != "signed in since" {
		t.Errorf("%v, %v", now.state.Cookies, err)
	}
}

// A browser whose last look at a page finds the session over does not keep that session.
func TestFaultsSessionFoundOverIsNotKept(t *testing.T) {
	t.Parallel()
	r, kept := newSessionTrial(t, testportal.Sessions{RotateEvery: 1, RotateGrace: time.Hour})
	orders := r.orders(t)
	out, err := openResources(t.Context(), r.cfg.withDefaults(), Orders(slices.Values(orders)))
	must(t, err)
	defer out.close()
	shown := slices.IndexFunc(orders, func(o po.Order) bool {
		truth, ok := r.portal.Order(o.RawNumber)
		return ok && truth.Status == po.Completed
	})
	for name, over := range map[string]bool{"lives": false, "is over": true} {
		before := kept.saved
		s, err := out.browsers.Open(t.Context())
		must(t, err)
		if seen, err := s.Read(t.Context(), orders[shown], nil); err != nil || seen.Sign != po.SignAttachments {
			t.Fatalf("%s: %+v, %v", name, seen.Sign, err)
		}
		if over {
			r.portal.EndSessions()
		}
		_, _ = s.Look(t.Context(), orders[shown], po.Failure{Cause: po.DownloadRejected})
		must(t, s.Close())
		if got := kept.saved > before; got == over {
			t.Errorf("the session %s: kept %v", name, got)
		}
		if over { // whatever comes first
			kept.store(t, stateOf(t, map[string]*http.Cookie{r.portal.URL(): r.portal.SessionCookieFor("ada")}))
		}
	}
}

// A session that somebody has stored while the portal is in trouble is not taken for one
// that lives; it is tried again.
func TestFaultsStoredInTrouble(t *testing.T) {
	t.Parallel()
	r, _ := newSessionTrial(t, testportal.Sessions{})
	r.cfg.Portal.Probe.Path = "/order_headers/" + r.orders(t)[1].Number // which a fault of the portal meets
	out, err := openResources(t.Context(), r.cfg.withDefaults(), Orders(slices.Values(r.orders(t))))
	must(t, err)
	defer out.close()
	r.portal.SetFault(testportal.Error500)
	if out.signIn.proved(t.Context()) {
		t.Error("the portal answers 500, and the session counts as seen to live")
	}
	r.portal.SetFault(testportal.NoFault)
	if !out.signIn.proved(t.Context()) {
		t.Error("the session lives, and is not tried again")
	}
}
