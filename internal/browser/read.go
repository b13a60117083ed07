package browser

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"time"

	"github.com/poactor/poactor/po"
)

// Read opens an order's page, tells which page it is and lists the
// attachments. Those whose ID is in byBrowser are saved by the browser; so are
// those that have no URL, unless a click tells it. Where the page says that
// there are none, the portal's fallback link is followed once: the fallback's
// list becomes the order's, and where there is no such page or none of its
// documents, the order has no attachments.
//
// An error is a *po.ReadFailure; with the causes BrowserDied and BrowserHung
// the session is of no more use. One Read runs at a time.
func (s *Session) Read(ctx context.Context, order po.Order, byBrowser []string) (po.Reading, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer s.line.slow.Store(false)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()

	address := s.config.Portal.OrderURL(order.Number)
	s.pages, s.answered = nil, false
	reading, err := s.read(ctx, address, byBrowser)
	reading.Trace.Pages = s.pages
	after, done := context.WithTimeout(s.ctx, afterwards)
	defer done()
	if err == nil && reading.Sign == po.SignForbidden {
		reading.Trace.Evidence = s.evidence(after, order, po.Forbidden)
	}
	// What is still open of the clicks' windows would pile up. A browser that
	// cannot close them has died, which the next call tells.
	_ = s.closePopups(after)
	if err == nil {
		return reading, nil
	}
	failure := asFailure(ctx, err, address)
	if end, ok := errors.AsType[*gone](context.Cause(s.ctx)); ok { // it may be told apart by nothing else
		failure = &po.ReadFailure{Cause: end.cause, Detail: end.detail}
	}
	if failure.Cause == po.BrowserDied || failure.Cause == po.BrowserHung {
		s.fail(failure.Cause, failure.Detail) // a call may tell before listen does
		_ = s.proc.dies(goneWithin)           // one that lives may still ask the portal while the order's next worker begins
	}
	failure.Trace.Pages = s.pages
	failure.Answered = s.answered
	if worthKeeping(failure) {
		failure.Trace.Evidence = s.evidence(after, order, failure.Cause)
	}
	s.tab.stale = true
	if failure.Cause != po.Interrupted { // the session is about to be closed
		// What its page still asks of the portal ends: the order's next worker is about
		// to ask it too. What does not answer goes when the next Read comes.
		_ = s.freshTab(after)
	}
	if failure.URL == "" {
		failure.URL = address
	}
	return po.Reading{}, failure
}

// afterwards bounds what a reading does when all is known. The worker takes one for
// stuck that ends more than 5 s after its time.
const afterwards = 4500 * time.Millisecond

func (s *Session) read(ctx context.Context, address string, byBrowser []string) (po.Reading, error) {
	if err := s.freshTab(ctx); err != nil {
		return po.Reading{}, err
	}
	seen, err := s.visit(ctx, address)
	if err != nil {
		return po.Reading{}, err
	}
	if seen.Sign == string(po.SignEmpty) && seen.Fallback != "" {
		if seen, err = s.fallback(ctx, seen); err != nil {
			return po.Reading{}, err
		}
	}
	reading := po.Reading{Sign: po.Sign(seen.Sign), URL: seen.URL, Supplier: seen.Supplier}
	if reading.Sign != po.SignAttachments {
		return reading, nil
	}
	reading.Attachments, _ = s.lister.attachments(seen.Items)
	if err := s.resolve(ctx, seen, reading.Attachments, byBrowser); err != nil {
		return po.Reading{}, err
	}
	reading.Credentials, err = s.credentials(ctx, seen.URL)
	return reading, err
}

// fallback looks at the page behind an order that has no attachment of its
// own. A page that the user may not see cannot tell that there is none.
func (s *Session) fallback(ctx context.Context, order sighting) (sighting, error) {
	if !allowed(s.config.Portal, order.Fallback) {
		return sighting{}, &po.ReadFailure{Cause: po.BlockedHost, URL: order.URL,
			Detail: "the page behind the order is on " + hostOf(order.Fallback) + ", which is not one of the portal's hosts"}
	}
	seen, err := s.visit(ctx, order.Fallback)
	if err != nil {
		if failure, ok := errors.AsType[*po.ReadFailure](err); ok {
			failure.Detail = "the page behind the order: " + failure.Detail
			failure.Unreachable = false // the portal has just given the order's page
		}
		return sighting{}, err
	}
	if seen.Supplier == "" || order.Supplier != "" {
		seen.Supplier = order.Supplier
	}
	switch po.Sign(seen.Sign) {
	case po.SignForbidden:
		return sighting{}, &po.ReadFailure{Cause: po.Forbidden, Detail: "the page behind the order is not for this user", URL: seen.URL}
	case po.SignSignedOut:
		return s.signInBehind(ctx, order, seen)
	case po.SignNotFound:
		seen.Sign = string(po.SignEmpty)
	}
	return seen, nil
}

// resolve goes over the attachments that HTTP cannot get as they stand.
func (s *Session) resolve(ctx context.Context, seen sighting, list []po.Attachment, byBrowser []string) error {
	at := place{seen: seen, fresh: true}
	ctx, cancel, over := s.share(ctx)
	defer cancel()
	for i := range list {
		a := &list[i]
		var err error
		switch wanted := slices.Contains(byBrowser, a.ID); {
		case a.Cause != "", a.URL != "" && !wanted:
		case over():
			a.Cause, a.Detail = po.Timeout, "the order's time was over before the browser had the file"
		case a.URL != "":
			err = s.saveURL(ctx, &at, a)
		default:
			err = s.click(ctx, &at, a, wanted)
		}
		if failure, ok := errors.AsType[*po.ReadFailure](err); ok && failure.Cause == po.SignedOut && !over() {
			err = s.signInForFile(ctx, &at, a, failure)
		}
		if err != nil && over() {
			s.tab.stale = true
			a.Cause, a.Detail, err = po.Timeout, "the browser did not get the file in the order's time", nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// reserve is the part of a reading's time that is kept for what follows the
// clicks.
const reserve = 3 * time.Second

// share gives the clicks their part of a reading's time, so that one that hangs
// does not cost the order its other files. over reports whether that is used up
// while the reading goes on.
func (s *Session) share(ctx context.Context) (_ context.Context, _ context.CancelFunc, over func() bool) {
	end, bounded := ctx.Deadline()
	if !bounded {
		return ctx, func() {}, func() bool { return false }
	}
	part, cancel := context.WithDeadline(ctx, end.Add(-reserve))
	return part, cancel, func() bool { return part.Err() != nil && ctx.Err() == nil }
}

// hostOf is an address's host, for people.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "an address without a host"
	}
	return clip(u.Host, 100)
}

// withoutQuery drops what may be a secret.
func withoutQuery(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}
