package browser

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/fault"
)

// When a reading has failed, its page asks the portal for nothing more, though no
// other reading follows: neither for a document that never comes nor for a list.
func TestFailedReadingAsksNothingMore(t *testing.T) {
	t.Parallel()
	asked, left := make(chan struct{}, 10), make(chan struct{}, 10)
	never := func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	}
	base := serve(t, site{
		"/orders/document": never,
		"/orders/list":     page(`<script>fetch('/list')</script>`),
		"/list":            never,
	})
	for _, name := range []string{"document", "list"} {
		s := openSession(t, testPortal(base))
		s.config.Times.Navigation /= 2
		if _, err := s.Read(t.Context(), order(name), nil); err == nil {
			t.Errorf("%s: it was read", name)
		}
		<-asked
		select {
		case <-left:
		case <-time.After(20 * time.Second):
			t.Errorf("%s: the portal is still asked", name)
			s.Close()
			<-left
		}
	}
}

// A tab that could not be made ready in its time is not read in: it would not tell
// of the calls that its page waits for.
func TestHalfOpenTabIsNotUsed(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal(serve(t, site{
		"/orders/1": page(`<div id=d><a class=att href=/f/1>one</a></div><script>fetch('/rest').then(r=>r.text()).then(h=>d.innerHTML+=h)</script>`),
		"/rest": func(w http.ResponseWriter, _ *http.Request) {
			time.Sleep(500 * time.Millisecond)
			fmt.Fprint(w, `<a class=att href=/f/2>two</a>`)
		},
	})))
	half := 0
	for range 20 {
		if half == 3 {
			break
		}
		was := s.interceptor.tabTarget()
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			for s.interceptor.tabTarget() == was && ctx.Err() == nil {
			}
			cancel()
		}()
		s.tab.stale = true
		err := s.freshTab(ctx)
		cancel()
		<-done
		if err == nil || s.interceptor.tabTarget() == was {
			continue
		}
		half++
		if got := outcome(s.Read(t.Context(), order("1"), nil)); got != "attachments one two" {
			t.Fatalf("in a tab that was half open: %s", got)
		}
	}
	if half == 0 {
		t.Error("no tab was opened by half")
	}
}

// When a reading ends since its browser has died, no process of the browser is
// left that could still ask the portal.
func TestDeadBrowserAsksNothingMore(t *testing.T) {
	t.Parallel()
	for _, kind := range []fault.Kind{fault.BrowserKill, fault.CDPCut} {
		begun := make(chan struct{}, 10)
		s := openSession(t, testPortal(serve(t, site{
			"/orders/1": func(_ http.ResponseWriter, r *http.Request) { begun <- struct{}{}; <-r.Context().Done() },
		})))
		browser, read := groupOf(t, s.Process()), make(chan bool, 1)
		go func() {
			_, err := s.Read(t.Context(), order("1"), nil)
			read <- err != nil && !browser.Alive()
		}()
		<-begun
		injectFault(t, s, kind)
		if !<-read {
			t.Errorf("%s: the reading has ended, and a process lives", kind)
		}
	}
}
