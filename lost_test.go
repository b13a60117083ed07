package poactor

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// disguised are sessions that end, which the portal does not say at once.
type disguised struct {
	actors.Browsers
	read atomic.Int64 // orders so far
	lost int64        // from this one on there is nothing to see
	told int64        // from this one on the portal asks for a sign-in
}

func (d *disguised) Open(ctx context.Context) (actors.Session, error) {
	s, err := d.Browsers.Open(ctx)
	return disguisedSession{s, d}, err
}

type disguisedSession struct {
	actors.Session
	of *disguised
}

func (s disguisedSession) Read(ctx context.Context, o po.Order, byBrowser []string) (po.Reading, error) {
	r, err := s.Session.Read(ctx, o, byBrowser)
	switch n := s.of.read.Add(1); {
	case n > s.of.told:
		return po.Reading{Sign: po.SignSignedOut}, nil
	case n > s.of.lost && n%2 == 0:
		return po.Reading{Sign: po.SignNotFound}, nil
	case n > s.of.lost:
		return po.Reading{Sign: po.SignEmpty, Supplier: "Acme"}, nil
	}
	return r, err
}

// What a portal says of orders when the session has ended does not count: the next
// start, signed in, finds nothing of it, and asks again.
func TestLostSessionLeavesNoOutcome(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]*disguised{
		"a sign-out shows":  {lost: 5, told: 11},
		"no sign-out shows": {lost: 5, told: 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newPlainTrial(t, 16)
			r.cfg.Workers = 2
			list := r.orders(t)
			good := r.cfg.Browsers
			d.Browsers, r.cfg.Browsers = good, d
			summary, err := r.start(t, list)
			if po.CauseOf(err) != po.SignedOut || summary.Open == 0 {
				t.Fatalf("%+v, %v", summary, err)
			}
			l, err := ledger.OpenReadOnly(r.cfg.Out)
			must(t, err)
			for o, err := range l.Outcomes(t.Context()) {
				if must(t, err); o.Status == po.NotFound || o.Status == po.NoAttachments {
					t.Errorf("order %s still counts as %s", o.Key, o.Status)
				}
			}
			must(t, l.Close())
			if left := folders(t, r.cfg.Out, "NO_ATTACHMENTS"); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			r.cfg.Browsers = good
			if _, err := r.start(t, list); err != nil {
				t.Fatal(err)
			}
			r.ledgerIsRight(t)
		})
	}
}
