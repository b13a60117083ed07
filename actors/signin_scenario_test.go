package actors

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// idp is a portal's session for all browsers: those that are opened later than it was
// restored are signed in. Of 40 % of the orders it truly has none.
type idp struct {
	disguise string        // what a signed-out browser is shown: "sign-in", "not found", "away"
	diesAt   []int         // readings before which the session ends, counted over all browsers
	takes    time.Duration // to restore it
	fails    string        // why it cannot be restored
	crashes  bool

	mu       sync.Mutex
	asked    int
	epoch    int                  // of the session
	lost     bool                 // nobody's browser is signed in
	has      map[*fakeSession]int // epoch that a browser was opened in
	restores int
}

func (p *idp) opened(s *fakeSession) int {
	if p.has == nil {
		p.has = map[*fakeSession]int{}
	}
	if _, ok := p.has[s]; !ok {
		p.has[s] = p.epoch
	}
	return p.has[s]
}

func (p *idp) signedIn(s *fakeSession) bool { return p.opened(s) == p.epoch && !p.lost }

func (p *idp) read(ctx context.Context, s *fakeSession, key po.Key, _ int) (po.Reading, error) {
	p.mu.Lock()
	p.asked++
	for _, n := range p.diesAt {
		p.lost = p.lost || p.asked == n
	}
	in := p.signedIn(s)
	p.mu.Unlock()
	r, err := s.good(ctx)
	switch {
	case err != nil:
		return r, err
	case in && genuinelyMissing(key):
		return po.Reading{Sign: po.SignNotFound}, nil
	case in:
		return r, nil
	case p.disguise == "away":
		return po.Reading{}, &po.ReadFailure{Cause: po.BlockedHost, LeftPortal: true, Detail: "the page leads to idle.example"}
	case p.disguise == "not found":
		return po.Reading{Sign: po.SignNotFound}, nil
	}
	return po.Reading{Sign: po.SignSignedOut}, nil
}

func (p *idp) prove(s *fakeSession) (po.Proof, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.signedIn(s) {
		return po.Proof{SignedIn: true, User: "ada"}, nil
	}
	return po.Proof{Detail: "the portal asks for a sign-in"}, nil
}

func (p *idp) Restore(ctx context.Context, _ string) (string, error) {
	select {
	case <-time.After(p.takes):
	case <-ctx.Done():
		return "", ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.restores++
	if p.crashes {
		panic("boom")
	}
	if p.fails != "" {
		return "", errors.New(p.fails)
	}
	p.lost = false
	p.epoch++
	return "signed in again", nil
}

// genuinelyMissing is said of 40 % of the orders.
func genuinelyMissing(key po.Key) bool {
	n := 0
	fmt.Sscanf(string(key), "K%d", &n)
	return n%5 < 2
}

// A session that is lost in mid-run pauses the pool, is restored once for all, and no
// order counts for what a lost session has said.
func TestSessionIsRestored(t *testing.T) {
	t.Parallel()
	for _, disguise := range []string{"sign-in", "not found", "away"} {
		for _, proves := range []bool{true, false} {
			for _, workers := range []int{1, 4} {
				t.Run(fmt.Sprintf("%s/proves %v/%d", disguise, proves, workers), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						p := &idp{disguise: disguise, diesAt: []int{60}, takes: 20 * time.Second}
						s := &scenario{workers: workers, orders: 200, proves: proves, signIn: p,
							browsers: &fakeBrowsers{read: p.read, prove: p.prove}}
						s.start(t)
						s.result = s.handle.Wait()
						time.Sleep(2 * time.Second)
						s.want(t, "", 0, map[po.Status]int{po.Completed: 120, po.NotFound: 80})
						for key, status := range counted(s) {
							if want := genuinelyMissing(key); (status == po.NotFound) != want {
								t.Errorf("order %s counts as %s", key, status)
							}
						}
						if p.restores != 1 || len(all[messages.SessionRestored](s)) != 1 {
							t.Errorf("restored %d times", p.restores)
						}
						if n := len(s.browsers.sessions); n != 2*workers {
							t.Errorf("%d browsers for %d workers", n, workers)
						}
					})
				})
			}
		}
	}
}

// Where nobody restores it, the run ends with what is right, and says why.
func TestSessionIsNotRestored(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		p     *idp
		cause po.Cause
		says  string
	}{
		"nobody came":     {&idp{fails: "nobody has signed in within 5 minutes"}, po.SignedOut, "nobody has signed in"},
		"again at once":   {&idp{diesAt: []int{60, 130}}, po.SignedOut, "one session only"},
		"again and again": {&idp{diesAt: []int{60, 260, 460, 660}, takes: time.Minute}, po.SignedOut, "4 times"},
		"a bug":           {&idp{crashes: true}, po.Internal, "boom"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := row.p
				p.disguise = "not found"
				if p.diesAt == nil {
					p.diesAt = []int{60}
				}
				s := &scenario{workers: 2, orders: 1000, proves: true, signIn: p,
					browsers: &fakeBrowsers{read: p.read, prove: p.prove}}
				s.start(t)
				s.result = s.handle.Wait()
				time.Sleep(2 * time.Second)
				if s.result.Cause != row.cause || !strings.Contains(s.result.Detail, row.says) {
					t.Errorf("ended %+v", s.result)
				}
				list := counted(s)
				if row.cause == po.Internal { // the next start puts back what this one could not
					return
				}
				for key, status := range list {
					if want := genuinelyMissing(key); (status == po.NotFound) != want {
						t.Errorf("order %s counts as %s", key, status)
					}
				}
				if s.result.Open != 1000-len(list) {
					t.Errorf("%d count, %d are open", len(list), s.result.Open)
				}
			})
		})
	}
}

// A run can be stopped while somebody is to sign in.
func TestStopWhileSignedOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := &idp{disguise: "sign-in", diesAt: []int{10}, takes: 24 * time.Hour}
		s := &scenario{workers: 2, orders: 30, proves: true, signIn: p, browsers: &fakeBrowsers{read: p.read, prove: p.prove}}
		lost := make(chan struct{})
		s.onEvent = func(e any) {
			if _, ok := e.(messages.SessionLost); ok {
				close(lost)
			}
		}
		s.start(t)
		<-lost
		time.Sleep(time.Minute)
		s.handle.Drain("interrupted")
		s.finish(t)
		if s.result.Cause != po.Interrupted || s.took > 5*time.Minute || p.restores != 0 {
			t.Errorf("ended %+v after %v", s.result, s.took)
		}
	})
}

// A clone that is not signed in at its start, while the others are, or all of them.
func TestCloneIsSignedOut(t *testing.T) {
	t.Parallel()
	for name, out := range map[string]func(n int) bool{
		"one": func(n int) bool { return n == 2 }, "all at first": func(n int) bool { return n <= 3 },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &idp{takes: time.Second}
				s := &scenario{workers: 3, orders: 30, proves: true, signIn: p, browsers: &fakeBrowsers{read: p.read, prove: p.prove,
					open: func(n int) error {
						if out(n) {
							return &po.Error{Cause: po.SignedOut, Msg: "this browser's copy of the profile is signed out"}
						}
						return nil
					}}}
				s.start(t)
				s.result = s.handle.Wait()
				time.Sleep(2 * time.Second)
				s.want(t, "", 0, map[po.Status]int{po.Completed: 18, po.NotFound: 12})
				if p.restores != 1 {
					t.Errorf("restored %d times", p.restores)
				}
			})
		})
	}
}

// An order that leads off the portal by itself is blocked, and the others go on: where
// something can tell, and where nothing can.
func TestOneOrderLeadsAway(t *testing.T) {
	t.Parallel()
	for _, proves := range []bool{true, false} {
		for _, key := range []po.Key{"K0", "K7", "K19"} {
			t.Run(fmt.Sprint(proves, key), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := &scenario{workers: 2, orders: 20, proves: proves}
					s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, k po.Key, _ int) (po.Reading, error) {
						if k == key {
							return po.Reading{}, &po.ReadFailure{Cause: po.BlockedHost, LeftPortal: true, Detail: "the page leads away"}
						}
						return f.good(ctx)
					}}
					s.start(t)
					s.result = s.handle.Wait()
					time.Sleep(2 * time.Second)
					s.want(t, "", 0, map[po.Status]int{po.Completed: 19, po.Failed: 1})
					if got := s.outcome(key); got.Cause != po.BlockedHost {
						t.Errorf("%+v", got)
					}
				})
			})
		}
	}
}

// Orders that all lead away, of which nothing is known: the session is over.
func TestAllLeadAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := &scenario{workers: 2, orders: 20}
		s.browsers = &fakeBrowsers{read: func(ctx context.Context, f *fakeSession, k po.Key, _ int) (po.Reading, error) {
			return po.Reading{}, &po.ReadFailure{Cause: po.BlockedHost, LeftPortal: true, Detail: "the page leads away"}
		}}
		s.start(t)
		s.result = s.handle.Wait()
		time.Sleep(2 * time.Second)
		if s.result.Cause != po.SignedOut || s.result.Open != 20 {
			t.Errorf("ended %+v", s.result)
		}
		if diff := cmp.Diff(map[po.Key]po.Status{}, counted(s)); diff != "" {
			t.Error(diff)
		}
	})
}
