package browser

import (
	"context"

	"github.com/poactor/poactor/po"
)

// signInForFile judges a file that has led to a sign-in. Where the order's own page
// still shows its list, the session lives: the file is on another company's site, or
// asks for more than this user has, and the others can be had. Else the session is
// over, whatever the page shows now.
func (s *Session) signInForFile(ctx context.Context, at *listPage, a *po.Attachment, signedOut *po.ReadFailure) error {
	at.fresh, s.tab.stale = false, true
	if err := s.freshTab(ctx); err != nil {
		return err
	}
	seen, err := s.visit(ctx, at.seen.address)
	switch {
	case err != nil:
		return err
	case seen.Sign != string(po.SignAttachments):
		return signedOut
	}
	at.seen, at.fresh, at.ready, at.loaded = seen, true, false, false
	at.opened++
	a.Cause, a.Detail = po.Forbidden, "the file asks for a sign-in of its own: the portal shows the order's page all the same"
	if !allowed(s.config.Portal, signedOut.URL) {
		a.Cause, a.Detail = po.BlockedHost, "the link leads to a sign-in on "+hostOf(signedOut.URL)+", which is not one of the portal's hosts"
	}
	return nil
}

// signInBehindOrder judges an order whose own page is there, and the page behind it asks
// for a sign-in: the session's end, unless the order's page is there still.
func (s *Session) signInBehindOrder(ctx context.Context, order, signedOut observation) (observation, error) {
	seen, err := s.visit(ctx, order.address)
	if err != nil || seen.Sign != order.Sign {
		return signedOut, err
	}
	return observation{}, &po.ReadFailure{Cause: po.Forbidden, Detail: "the page behind the order asks for a sign-in of its own", URL: signedOut.URL}
}
