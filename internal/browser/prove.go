package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

//go:embed prove.js
var proveJS string

// Prove opens the portal's probe page, and says whether it shows that somebody is
// signed in: only the portal's own mark tells, neither a cookie nor a status. An error
// is a *po.ReadFailure, as of Read: the portal did not answer, or the browser died. One
// Read or Prove runs at a time.
func (s *Session) Prove(ctx context.Context) (po.Proof, error) {
	return s.proveAt(ctx, s.config.Portal.ProbeURL(), patience{page: min(s.config.Times.Signs, proofPatience)})
}

// patience is how long a page is waited for that shows who is signed in.
type patience struct {
	page time.Duration // until it shows that somebody is, or nobody
	asks time.Duration // for which it must ask for a sign-in until that counts
}

// proveAt opens an address and says whether the page that it leads to shows that somebody
// is signed in.
func (s *Session) proveAt(ctx context.Context, address string, p patience) (po.Proof, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()
	s.number, s.tab.stale = "", true // what an order's page still does is not this page's
	proof, err := s.prove(ctx, address, p)
	s.tab.stale, s.storage = true, "" // what the page changes there is not undone
	if err == nil {
		return proof, nil
	}
	failure := asFailure(ctx, err, address)
	if end, ok := errors.AsType[*browserGone](context.Cause(s.ctx)); ok {
		failure = &po.ReadFailure{Cause: end.cause, Detail: end.detail}
	}
	failure.Detail, failure.URL = po.MaskAddresses(failure.Detail), po.PublicURL(failure.URL)
	return po.Proof{}, failure
}

func (s *Session) prove(ctx context.Context, address string, p patience) (po.Proof, error) {
	if !s.config.Portal.Proves() {
		return po.Proof{}, &po.ReadFailure{Cause: po.Internal, Definition: true,
			Detail: "the portal's definition does not say what a signed-in user's page shows (signs.signed_in)"}
	}
	if err := s.freshTab(ctx); err != nil {
		return po.Proof{}, err
	}
	visit, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.interceptor.requests.startPage(address)
	s.files.pageOpened()
	s.interceptor.setMode(modeRead, func(url string) { cancel(&offPortalError{url: url}) })
	defer s.interceptor.setMode(modeRead, nil)
	proof, err := s.openProbe(visit, address, p)
	if off, ok := errors.AsType[*offPortalError](context.Cause(visit)); ok {
		elsewhere := nobody("the portal leads to " + hostOf(off.url))
		elsewhere.Asks = signOffPortal(s.config.Portal, off.url) != ""
		return elsewhere, nil
	}
	return proof, err
}

// openProbe opens the probe page and judges it.
func (s *Session) openProbe(ctx context.Context, address string, p patience) (po.Proof, error) {
	if err := s.navigate(ctx, address); err != nil {
		return po.Proof{}, err
	}
	if err := s.waitOutInterstitial(ctx); err != nil {
		return po.Proof{}, err
	}
	answer := s.interceptor.lastAnswer()
	if failure := serverFailure(answer, time.Now()); failure != nil {
		return po.Proof{}, failure
	}
	if sign := statusSign(s.config.Portal, answer.Status); sign != "" {
		refused := nobody(fmt.Sprintf("the portal answers %d to the page that shows who is signed in (probe.path)", answer.Status))
		refused.Asks = sign == po.SignSignedOut
		return refused, nil
	}
	asks := po.Proof{Asks: true, Detail: "the portal asks for a sign-in"}
	if p.asks == 0 && s.config.Portal.Signs.SignedOut.MatchesURL(answer.URL) {
		return asks, nil
	}
	seen, err := s.observeProbe(ctx, p)
	switch {
	case err != nil:
		return po.Proof{}, err
	case seen.Out || s.config.Portal.Signs.SignedOut.MatchesURL(seen.URL):
		return asks, nil
	case !seen.In || !allowed(s.config.Portal, seen.URL):
		return nobody("the page does not show that anybody is signed in (signs.signed_in)"), nil
	}
	return po.Proof{SignedIn: true, User: seen.User}, nil
}

func nobody(detail string) po.Proof { return po.Proof{Detail: detail} }

// probeSeen is what prove.js has seen.
type probeSeen struct {
	In, Out bool
	User    string
	URL     string
}

// proofPatience is how long a page is given to show who is signed in. Scripts draw it
// on some portals, whose pages were seen to take 10 s.
const proofPatience = 15 * time.Second

// observeProbe waits for what the probe page shows. A navigation of the page itself
// interrupts it; then the new page is looked at.
func (s *Session) observeProbe(ctx context.Context, patience patience) (probeSeen, error) {
	p := s.config.Portal
	spec := func() string { // anew for each page
		text, _ := json.Marshal(map[string]any{ // strings and numbers: it cannot fail
			"away":     s.config.Provider && !allowed(p, s.interceptor.lastAnswer().URL),
			"in":       markSpec{list(p.Signs.SignedIn.Selectors), list(p.Signs.SignedIn.Texts)},
			"out":      markSpec{list(p.Signs.SignedOut.Selectors), list(p.Signs.SignedOut.Texts)},
			"outAfter": patience.asks.Milliseconds(), "user": list(p.Probe.User), "userMax": maxUserChars,
		})
		return string(text)
	}
	deadline := time.Now().Add(patience.page)
	ctx, cancel := context.WithDeadline(ctx, deadline.Add(scriptGrace))
	defer cancel()
	for {
		var seen probeSeen
		w := s.page(ctx)
		world, err := w.isolatedWorld(proto.PageFrameID(s.tab.target))
		if err == nil {
			err = w.evaluate(world, fmt.Sprintf("(%s)(%s, %d)", proveJS, spec(), time.Until(deadline).Milliseconds()), &seen)
		}
		script, thrown := errors.AsType[*scriptError](err)
		switch {
		case err == nil:
			return seen, nil
		case thrown: // it does nothing of its own that could fail
			return probeSeen{}, &po.ReadFailure{Cause: po.UnrecognisedPage, Definition: true,
				Detail: "the browser does not take a selector of signs.signed_in or probe.user: " + po.Clip(script.text, 200)}
		case !isProtocolError(err):
			return probeSeen{}, err
		case time.Now().After(deadline):
			return probeSeen{}, nil // it never came to rest
		}
		if err := pause(ctx, retryPause); err != nil {
			return probeSeen{}, err
		}
	}
}

// maxUserChars bounds a user's name as a page shows it.
const maxUserChars = 200
