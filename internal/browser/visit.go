package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// Waits around scripts in a page.
const (
	scriptGrace = 2 * time.Second       // beyond the script's own limit, before a page counts as hung
	retryPause  = 20 * time.Millisecond // before a page that is just being left is asked again
)

// visit opens an address and waits until the page shows what it is. The error
// is a *po.ReadFailure, or that of a context.
func (s *Session) visit(ctx context.Context, address string) (observation, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s.pages = append(s.pages, po.PublicURL(address))
	if err := s.leaveDocument(ctx, address); err != nil {
		return observation{}, err
	}
	s.interceptor.requests.startPage(address)
	s.traffic.start()
	s.files.pageOpened()
	s.visited = time.Now()
	s.interceptor.setMode(modeRead, func(url string) { cancel(&offPortalError{url: url}) })
	defer s.interceptor.setMode(modeRead, nil)

	seen, err := s.navigateAndObserve(ctx, address)
	if failure, ok := errors.AsType[*po.ReadFailure](err); ok {
		failure.Status = s.interceptor.lastAnswer().Status
	}
	if off, ok := errors.AsType[*offPortalError](context.Cause(ctx)); ok {
		s.tab.stale = true // whatever it does next is not wanted
		return s.offPortal(off.url)
	}
	return seen, err
}

func (s *Session) navigateAndObserve(ctx context.Context, address string) (observation, error) {
	err := s.navigate(ctx, address)
	if err == nil {
		if err := s.waitOutInterstitial(ctx); err != nil {
			return observation{}, err
		}
	}
	answer := s.interceptor.lastAnswer()
	s.answered = s.answered || answer.Status != 0
	known := statusSign(s.config.Portal, answer.Status)
	if failure := serverFailure(answer, time.Now()); failure != nil && known == "" {
		return observation{}, failure
	}
	if _, failed := errors.AsType[*po.ReadFailure](err); failed && known != "" { // the browser shows no page, and none is needed
		return observation{Sign: string(known), URL: answer.URL, Rule: statusRule(known, answer.Status)}, nil
	}
	if err != nil {
		return observation{}, err
	}
	seen, err := s.observeAnswered(ctx, known)
	seen.address = address
	if seen.Rule != nil && seen.Rule.Value == "" {
		seen.Rule.Value = strconv.Itoa(answer.Status)
	}
	if err == nil {
		err = unrecognised(seen)
	}
	if err != nil {
		return observation{}, s.notAnOrder(ctx, err)
	}
	return seen, nil
}

// navigate opens an address in the tab and waits until its document has come,
// not until it is whole.
func (s *Session) navigate(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Navigation)
	defer cancel()
	answer, err := proto.PageNavigate{URL: address}.Call(s.page(ctx))
	if err == nil && answer.LoaderID == "" && answer.ErrorText == "" && address != blank {
		// The former document is still there, whatever its script makes of the address.
		if _, err = (proto.PageNavigate{URL: blank}).Call(s.page(ctx)); err == nil {
			answer, err = proto.PageNavigate{URL: address}.Call(s.page(ctx))
		}
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return &po.ReadFailure{Cause: po.Timeout, Detail: fmt.Sprintf("no answer from the portal within %v", s.config.Times.Navigation), URL: address}
	case err != nil:
		return err
	case answer.ErrorText != "":
		failure := navigationFailure(answer.ErrorText, address)
		failure.Unreachable = failure.Unreachable && !s.interceptor.leftFirstHost()
		return failure
	}
	return nil
}

// observe waits for a sign. A navigation of the page itself interrupts it;
// then the new page is observed.
func (s *Session) observe(ctx context.Context, spec string, known po.Sign, limit time.Duration) (observation, error) {
	deadline := time.Now().Add(limit)
	stepCtx, cancel := context.WithDeadline(ctx, deadline.Add(scriptGrace))
	defer cancel()
	for {
		seen, err := s.observeOnce(stepCtx, spec, known, time.Until(deadline))
		switch {
		case err == nil:
			return seen, nil
		case errors.Is(err, context.DeadlineExceeded):
			return observation{}, &po.ReadFailure{Cause: po.Timeout, Detail: "the page hangs"}
		case !isProtocolError(err):
			return observation{}, err
		case time.Now().After(deadline):
			return observation{}, &po.ReadFailure{Cause: po.UnrecognisedPage, Detail: "the page never came to rest: " + po.Clip(err.Error(), 100)}
		}
		if err := pause(stepCtx, retryPause); err != nil {
			continue // the context's end is told by the next call
		}
		if status := s.interceptor.lastAnswer().Status; status != 0 {
			known = statusSign(s.config.Portal, status)
		}
	}
}

func (s *Session) observeOnce(ctx context.Context, spec string, known po.Sign, limit time.Duration) (observation, error) {
	w := s.page(ctx)
	world, err := w.isolatedWorld(proto.PageFrameID(s.tab.target))
	if err != nil {
		return observation{}, err
	}
	var seen observation
	number, err := json.Marshal(s.number)
	if err != nil {
		return observation{}, err
	}
	err = w.evaluate(world, fmt.Sprintf("(%s)(%s, %q, %d, %s)", observeJS, spec, known, limit.Milliseconds(), number), &seen)
	seen.world = world
	return seen, err
}

// unrecognised says what is wrong where observe.js saw no sign.
func unrecognised(seen observation) error {
	fail := func(cause po.Cause, detail string) error {
		return &po.ReadFailure{Cause: cause, Detail: detail, URL: seen.URL}
	}
	switch {
	case seen.Sign == "selector":
		return &po.ReadFailure{Cause: po.UnrecognisedPage, Definition: true, URL: seen.URL,
			Detail: fmt.Sprintf("the browser does not take the selector %q of the portal's definition", po.Clip(seen.Detail, 200))}
	case seen.Sign == string(signError):
		return fail(po.PortalError, "the page says that it could not load its list")
	case seen.Doubt != "" && (seen.Sign != "timeout" || seen.Parsed):
		return fail(po.UnrecognisedPage, doubtText(seen.Doubt))
	case seen.Sign == "timeout" && !seen.Parsed:
		return fail(po.Timeout, "the page was not whole in its time")
	case seen.Sign == "timeout" && seen.Waiting != "":
		return fail(po.UnrecognisedPage, "the page kept changing its list")
	case seen.Sign == "timeout":
		return fail(po.UnrecognisedPage, "the page shows none of the portal's signs")
	case seen.Count > maxItems:
		return fail(po.UnrecognisedPage, fmt.Sprintf("the page lists %d attachments; more than %d are not believed", seen.Count, maxItems))
	}
	return nil
}

// doubtText says in words why a list is not believed.
func doubtText(doubt string) string {
	kind, rest, _ := strings.Cut(doubt, " ")
	n, what, _ := strings.Cut(rest, " ")
	switch kind {
	case "identity":
		return "the page does not show that it is the order's own (order.identity)"
	case "frame":
		return "a frame that lists attachments is of another host than the page, and cannot be looked into (attachments.frames)"
	case "moved":
		return "what was to bring up the rest of the list led to another page"
	case "incomplete":
		return "the page shows that its list is not whole (attachments.incomplete)"
	case "complete":
		return "the page does not show that its list is whole (attachments.complete)"
	case "count":
		if rest == "" {
			return "the page does not say how many attachments there are (attachments.count)"
		}
		return fmt.Sprintf("the page says that there are %s attachments, and lists %s", n, what)
	}
	return fmt.Sprintf("the page lists %s attachments, and says %q: how the rest is brought up must be described (attachments.more)", n, what)
}

// blank is the address of an empty document.
const blank = "about:blank"

// leaveDocument leaves a document that the browser would not load anew for an
// address, because only what is behind its # differs: its script would go on showing
// the former order until it has the next one.
func (s *Session) leaveDocument(ctx context.Context, address string) error {
	before, _, _ := strings.Cut(s.tab.address, "#")
	bare, _, fragment := strings.Cut(address, "#")
	s.tab.address = address
	if !fragment || before != bare {
		return nil
	}
	return s.navigate(ctx, blank)
}

// offPortal is the outcome of a visit that leads off the portal's hosts.
func (s *Session) offPortal(address string) (observation, error) {
	if sign := signOffPortal(s.config.Portal, address); sign != "" {
		return observation{Sign: string(sign), URL: po.PublicURL(address), Rule: urlRule(s.config.Portal, address)}, nil
	}
	return observation{}, &po.ReadFailure{Cause: po.BlockedHost, LeftPortal: true, URL: po.PublicURL(address),
		Detail: "the page leads to " + hostOf(address) + ", which is not one of the portal's hosts"}
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
