package browser

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/listing"
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
	return s.attempt(ctx, order, func(ctx context.Context, address string) (po.Reading, error) {
		return s.read(ctx, order, address, byBrowser)
	})
}

// Look opens an order's page once more, of which files are missing that no browser has
// asked for, and keeps evidence of what it shows. An error is as of Read.
func (s *Session) Look(ctx context.Context, order po.Order, missing po.Failure) (po.Reading, error) {
	return s.attempt(ctx, order, func(ctx context.Context, address string) (po.Reading, error) {
		seen, err := s.openOrder(ctx, order, address)
		if err != nil {
			return po.Reading{}, err
		}
		reading := po.Reading{Sign: po.Sign(seen.Sign), URL: po.PublicURL(seen.URL), Supplier: seen.Supplier}
		reading.Attachments, _ = s.lister.Attachments(seen.Items)
		if reading.Sign != po.SignSignedOut {
			reading.Trace.Evidence = s.evidence(ctx,
				subject{order: order, cause: missing.Cause, detail: missing.Detail, page: true})
		}
		return reading, nil
	})
}

// attempt reads an order's page in some way, and makes the best of what goes wrong.
func (s *Session) attempt(
	ctx context.Context, order po.Order, read func(ctx context.Context, address string) (po.Reading, error),
) (po.Reading, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer s.conn.slow.Store(false)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()

	address := s.config.Portal.OrderURL(order.Number)
	s.pages, s.answered = nil, false
	s.interceptor.requests.startOrder()
	s.failures.reset()
	reading, err := read(ctx, address)
	reading.Trace.Pages = s.pages
	after, done := context.WithTimeout(s.ctx, afterwards)
	defer done()
	if err == nil && reading.Sign == po.SignForbidden {
		reading.Trace.Evidence = s.evidence(after,
			subject{order: order, cause: po.Forbidden, detail: "the portal refuses this user", page: true})
	}
	// What is still open of the clicks' windows would pile up. A browser that
	// cannot close them has died, which the next call tells.
	_ = s.closePopups(after)
	if err == nil {
		return reading, nil
	}
	failure := asFailure(ctx, err, address)
	if end, ok := errors.AsType[*browserGone](context.Cause(s.ctx)); ok { // it may be told apart by nothing else
		failure = &po.ReadFailure{Cause: end.cause, Detail: end.detail}
	}
	if failure.Cause == po.BrowserDied || failure.Cause == po.BrowserHung {
		s.fail(failure.Cause, failure.Detail) // a call may tell before listen does
		_ = s.proc.WaitGone()                 // one that lives may still ask the portal while the order's next worker begins
	}
	failure.Trace.Pages = s.pages
	failure.Answered = s.answered
	if failure.Cause != po.Interrupted && failure.Cause != po.DiskFull {
		gone := failure.Cause == po.BrowserDied || failure.Cause == po.BrowserHung || failure.Cause == po.ProfileFailed
		failure.Trace.Evidence = s.evidence(after,
			subject{order: order, cause: failure.Cause, detail: failure.Detail, page: !gone && s.ctx.Err() == nil})
	}
	s.tab.stale = true
	if failure.Cause != po.Interrupted { // the session is about to be closed
		// What its page still asks of the portal ends: the order's next worker is about
		// to ask it too. What does not answer goes when the next Read comes.
		_ = s.freshTab(after)
	}
	failure.URL = po.PublicURL(cmp.Or(failure.URL, address))
	failure.Detail = po.MaskAddresses(failure.Detail)
	return po.Reading{}, failure
}

// afterwards bounds what a reading does when all is known. The worker takes one for
// stuck that ends more than 5 s after its time.
const afterwards = 4500 * time.Millisecond

func (s *Session) read(ctx context.Context, order po.Order, address string, byBrowser []string) (po.Reading, error) {
	seen, err := s.openOrder(ctx, order, address)
	if err == nil {
		seen, err = s.verifyOrder(ctx, order, address, seen)
	}
	if err != nil {
		return po.Reading{}, err
	}
	s.lists[listHash(seen)] = order.Number
	reading := po.Reading{Sign: po.Sign(seen.Sign), URL: po.PublicURL(seen.URL), Supplier: seen.Supplier}
	if seen.Rule != nil {
		reading.Rule = *seen.Rule
	}
	reading.Requests = s.interceptor.requests.madeSince()
	if reading.Sign != po.SignAttachments {
		return reading, nil
	}
	reading.Attachments, _ = s.lister.Attachments(seen.Items)
	if seen.address == address { // not the page behind the order
		reading.Traffic = s.recordedTraffic(ctx)
	}
	reading.Attachments, err = s.resolve(ctx, order, seen, reading.Attachments, byBrowser)
	if err != nil {
		return po.Reading{}, err
	}
	for _, a := range reading.Attachments {
		reading.Trace.Evidence = cmp.Or(reading.Trace.Evidence, a.Evidence)
	}
	reading.Credentials, err = s.credentials(ctx, seen.URL)
	return reading, err
}

// openOrder opens an order's page, and the one behind it where it has no attachment
// of its own, and waits until it shows what it is.
func (s *Session) openOrder(ctx context.Context, order po.Order, address string) (observation, error) {
	if err := s.freshTab(ctx); err != nil {
		return observation{}, err
	}
	s.number = order.Number
	seen, err := s.visit(ctx, address)
	if err == nil && seen.Sign == string(po.SignEmpty) && seen.Fallback != "" {
		s.number = "" // it is another page
		seen, err = s.fallback(ctx, seen)
	}
	return seen, err
}

// verifyOrder reads a page once more, without caches, that may show another order: it lists
// what another one did, or a cache has answered what another one's page had asked for.
// Where the definition says what proves whose page it is, that is enough.
func (s *Session) verifyOrder(ctx context.Context, order po.Order, address string, seen observation) (observation, error) {
	keys := s.interceptor.requests.fromCache()
	if s.identified() || len(keys) == 0 && !s.listedBefore(order, seen) {
		return seen, nil
	}
	again, err := s.readUncached(ctx, order, address)
	if err == nil && len(seen.Items) > 0 && listHash(seen) == listHash(again) {
		s.interceptor.requests.sameWithoutCache(keys)
	}
	return again, err
}

// identified reports whether the definition says what proves whose page it is.
func (s *Session) identified() bool {
	id := s.config.Portal.Order.Identity
	return len(id.Selectors)+len(id.Texts) > 0
}

// listedBefore reports whether a page lists the very addresses that another order's
// did. It may be that order's page still.
func (s *Session) listedBefore(order po.Order, seen observation) bool {
	number, known := s.lists[listHash(seen)]
	return known && number != order.Number && slices.ContainsFunc(seen.Items, func(it listing.Item) bool { return it.URL != "" })
}

// listHash tells lists apart by their addresses.
func listHash(seen observation) (sum [sha256.Size]byte) {
	h := sha256.New()
	for _, it := range seen.Items {
		fmt.Fprintf(h, "%q\n", it.URL)
	}
	h.Sum(sum[:0])
	return sum
}

// readUncached reads an order's page once more, in a tab of its own and without what the
// browser has stored of the portal's pages.
func (s *Session) readUncached(ctx context.Context, order po.Order, address string) (observation, error) {
	s.tab.stale = true
	if err := s.freshTab(ctx); err != nil {
		return observation{}, err
	}
	s.suspect = true
	defer func() { s.suspect, s.tab.stale = false, true }() // the next page may use the cache again
	w := s.page(ctx)
	if err := errors.Join(proto.NetworkSetCacheDisabled{CacheDisabled: true}.Call(w), proto.NetworkSetBypassServiceWorker{Bypass: true}.Call(w)); err != nil {
		return observation{}, err
	}
	return s.openOrder(ctx, order, address)
}

// fallback looks at the page behind an order that has no attachment of its
// own. A page that the user may not see cannot tell that there is none.
func (s *Session) fallback(ctx context.Context, order observation) (observation, error) {
	if !allowed(s.config.Portal, order.Fallback) {
		return observation{}, &po.ReadFailure{Cause: po.BlockedHost, URL: order.URL,
			Detail: "the page behind the order is on " + hostOf(order.Fallback) + ", which is not one of the portal's hosts"}
	}
	seen, err := s.visit(ctx, order.Fallback)
	if err != nil {
		if failure, ok := errors.AsType[*po.ReadFailure](err); ok {
			failure.Detail = "the page behind the order: " + failure.Detail
			failure.Unreachable = false // the portal has just given the order's page
		}
		return observation{}, err
	}
	if seen.Supplier == "" || order.Supplier != "" {
		seen.Supplier = order.Supplier
	}
	switch po.Sign(seen.Sign) {
	case po.SignForbidden:
		return observation{}, &po.ReadFailure{Cause: po.Forbidden, Detail: "the page behind the order is not for this user", URL: seen.URL}
	case po.SignSignedOut:
		return s.signInBehindOrder(ctx, order, seen)
	case po.SignNotFound:
		seen.Sign = string(po.SignEmpty)
	}
	return seen, nil
}

// reserve is the part of a reading's time that is kept for what follows the
// clicks.
const reserve = 3 * time.Second

// clickBudget gives the clicks their part of a reading's time, so that one that hangs
// does not cost the order its other files. over reports whether that is used up
// while the reading goes on.
func (s *Session) clickBudget(ctx context.Context) (_ context.Context, _ context.CancelFunc, over func() bool) {
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
	return po.Clip(u.Host, 100)
}

// withoutQuery is an address as it is compared with others: as it may be shown, and
// whole where nothing of it may be.
func withoutQuery(address string) string { return cmp.Or(po.PublicURL(address), address) }
