package browser

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"golang.org/x/net/publicsuffix"

	"github.com/poactor/poactor/po"
)

const (
	// unreadAfter is how long after an answer began nothing of its content must have been
	// read before the page is asked whether it reads it at all.
	unreadAfter = 250 * time.Millisecond
	// repairGrace is how long a page is given to ask again for what the portal did not
	// answer as it should.
	repairGrace = time.Second
	// framePatience is how long the documents of visible frames are waited for.
	framePatience = 3 * time.Second
	// maxSteps bounds the clicks and scrolls that bring up the rest of a list. A
	// virtual list of maxItems takes some 400.
	maxSteps = 600
)

// observeAnswered waits for a sign, and brings up the rest of a list. What a page
// lists, or that it lists nothing, counts only when the page waits for no answer of
// the portal which may change that.
func (s *Session) observeAnswered(ctx context.Context, known po.Sign) (observation, error) {
	patience := s.config.Times.Pending
	look, deadline := s.spec.text, time.Now().Add(s.signsTime())
	if s.suspect {
		look = s.spec.suspicious
	}
	documents := s.documents.Load()
	looked := 0.0 // when a look began that had patience for what the last answers bring
	for steps := 0; ; {
		if look != s.spec.text {
			looked = float64(time.Now().UnixMilli())
		}
		seen, err := s.observe(ctx, look, known, time.Until(deadline))
		if err != nil || seen.Sign != string(po.SignAttachments) && seen.Sign != string(po.SignEmpty) {
			return seen, err
		}
		if steps > 0 && s.documents.Load() != documents {
			return observation{}, &po.ReadFailure{Cause: po.UnrecognisedPage, URL: seen.URL, Detail: doubtText("moved")}
		}
		if seen.Sign == string(po.SignEmpty) && s.mayShowPreviousOrder() && look != s.spec.suspicious {
			look = s.spec.suspicious
			continue
		}
		if seen.Sign == string(po.SignAttachments) && s.hasCompleteSign() {
			// The definition says by itself when the list is whole.
		} else if waited, err := s.waitForAnswers(ctx, seen.Frames, min(patience, time.Until(deadline))); err != nil {
			return observation{}, err
		} else if waited > 0 {
			patience -= waited
			look = s.spec.afterAnswer
			continue
		} else if s.interceptor.requests.lastEnded() > max(seen.Changed, looked) {
			look = s.spec.afterAnswer // it may not have been shown yet
			continue
		}
		switch {
		case seen.More == "":
			return seen, nil
		case steps == maxSteps:
			return observation{}, &po.ReadFailure{Cause: po.UnrecognisedPage, URL: seen.URL,
				Detail: fmt.Sprintf("the list has no end: %d attachments after %d steps", seen.Count, steps)}
		}
		steps++
		documents = s.documents.Load()
		if err := s.loadMore(ctx, seen); err != nil {
			return observation{}, err
		}
		look, deadline, patience = s.spec.text, time.Now().Add(s.signsTime()), s.config.Times.Pending
	}
}

// signsTime is how long a page is given to show a sign and settle.
func (s *Session) signsTime() time.Duration {
	settle := time.Duration(s.config.Portal.Attachments.Settle) * time.Millisecond
	if s.suspect || s.mayShowPreviousOrder() {
		settle = max(settle, suspectMS*time.Millisecond)
	}
	return s.config.Times.Signs + 2*settle
}

// mayShowPreviousOrder reports whether what a page says may still be said of the order before:
// its script decides what is shown, and nothing proves whose it is.
func (s *Session) mayShowPreviousOrder() bool {
	return strings.Contains(s.config.Portal.Order.Path, "#") && !s.identified()
}

// hasCompleteSign reports whether the definition has a sign that a list is whole.
func (s *Session) hasCompleteSign() bool {
	complete := s.config.Portal.Attachments.Complete
	return len(complete.Selectors)+len(complete.Texts) > 0
}

// loadMore does the next step to the rest of a list.
func (s *Session) loadMore(ctx context.Context, seen observation) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click)
	defer cancel()
	err := s.page(ctx).run(seen.world, "(() => { globalThis.poactorAdvance?.() })()", true, nil)
	if err != nil && (isProtocolError(err) || errors.Is(err, context.DeadlineExceeded)) {
		return nil // the page is being left or busy, which the next look finds
	}
	return err
}

// waitForAnswers waits, for at most d, until the page waits for no answer of the
// portal. It says for how long it did, 0 if there was nothing to wait for. The error
// is a *po.ReadFailure where that was in vain, or where the portal did not answer as
// it should; the list may not be whole then. The documents of frames that people see
// are previews more often than not, and get framePatience only; frames are the addresses
// of the others.
func (s *Session) waitForAnswers(ctx context.Context, frames []string, d time.Duration) (time.Duration, error) {
	p := &s.interceptor.requests
	begun := time.Now()
	late := time.NewTimer(max(d, 0))
	defer late.Stop()
	ask := unreadAfter // until the page is asked again what it reads
	waited, framesOver, framePatience := false, false, min(framePatience, d/2)
	for {
		now := time.Now()
		list, changed, next := p.pending(now)
		if len(list) == 0 {
			if p.failure() == "" || now.Sub(begun) >= repairGrace {
				break
			}
			next = begun.Add(repairGrace)
		}
		waited = true
		if now.Sub(begun) >= framePatience && !framesOver {
			framesOver = true
			p.ignoreFrames(frames)
			continue
		} else if !framesOver && (next.IsZero() || begun.Add(framePatience).Before(next)) {
			next = begun.Add(framePatience)
		}
		if slices.ContainsFunc(list, request.mayBeUnread) && (next.IsZero() || now.Add(ask).Before(next)) {
			next = now.Add(ask)
		}
		var wake <-chan time.Time
		if !next.IsZero() {
			timer := time.NewTimer(time.Until(next))
			defer timer.Stop()
			wake = timer.C
		}
		select {
		case <-changed:
			continue
		case <-ctx.Done():
			return time.Since(begun), nil // told by the next call
		case <-late.C:
			if address := p.giveUp(); address != "" {
				return 0, &po.ReadFailure{Cause: po.Timeout, Detail: "the page still waits for an answer of " + address + ": its list may not be whole"}
			}
			continue
		case <-wake:
			if time.Since(now) >= ask && s.endUnread(ctx) == nil {
				ask *= 2
			}
		}
	}
	if what := p.failure(); what != "" {
		return 0, &po.ReadFailure{Cause: po.PortalError, Detail: "the page's list may not be whole: " + what}
	}
	if !waited {
		return 0, nil
	}
	return max(time.Since(begun), 1), nil
}

// endUnread ends the requests whose answers have come whole and that the page has let
// go without reading them: the browser tells no end of those. The page's objects are
// counted, after those that nobody refers to any more are gone, which takes some 10 ms.
func (s *Session) endUnread(ctx context.Context) error {
	w := s.page(ctx)
	class, err := proto.RuntimeEvaluate{Expression: "Response.prototype"}.Call(w)
	if err != nil || class.Result == nil || class.Result.ObjectID == "" {
		return err
	}
	defer func() { _ = proto.RuntimeReleaseObject{ObjectID: class.Result.ObjectID}.Call(w) }()
	all, err := proto.RuntimeQueryObjects{PrototypeObjectID: class.Result.ObjectID}.Call(w)
	if err != nil || all.Objects == nil {
		return err
	}
	defer func() { _ = proto.RuntimeReleaseObject{ObjectID: all.Objects.ObjectID}.Call(w) }()
	answer, err := proto.RuntimeCallFunctionOn{ObjectID: all.Objects.ObjectID, ReturnByValue: true,
		FunctionDeclaration: "function() { return [...this].filter((r) => !r.bodyUsed).map((r) => r.url) }"}.Call(w)
	if err != nil || answer.ExceptionDetails != nil {
		return err
	}
	var kept []string
	if err := answer.Result.Value.Unmarshal(&kept); err != nil {
		return err
	}
	for i, address := range kept {
		kept[i] = withoutQuery(address)
	}
	s.interceptor.requests.endUnread(func(address string) bool { return slices.Contains(kept, address) })
	return nil
}

// sameSite reports whether two addresses belong to one registrable domain, or to the
// same host where it has none.
func sameSite(a, b string) bool {
	ua, err := url.Parse(a)
	if err != nil {
		return false
	}
	ub, err := url.Parse(b)
	if err != nil {
		return false
	}
	return ub.Hostname() != "" && registrableDomain(ua) == registrableDomain(ub)
}

func registrableDomain(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if _, err := netip.ParseAddr(host); err == nil {
		return host
	}
	if name, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return name
	}
	return host
}
