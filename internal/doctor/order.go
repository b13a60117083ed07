package doctor

import (
	"context"
	"errors"
	"fmt"

	"github.com/poactor/poactor/po"
)

// reader reads a page once more, to be measured.
type reader = func(ctx context.Context) error

// orderPage is the page of an order that a browser has read.
type orderPage struct {
	order   po.Order
	reading po.Reading
}

// order reads the page of one order, and says by which sign it was known; nil: it was not read.
func (d *doctor) order(ctx context.Context) *orderPage {
	switch {
	case d.Order == "":
		d.add(Finding{Check: CheckOrder, State: Skipped, Text: "none is read",
			Hint: "give the number of one that you know: --order NUMBER"})
		return nil
	case d.Run.Portal.BaseURL == "":
		d.skip("no portal is given", CheckOrder)
		return nil
	case d.pageFailed:
		d.skip("the portal's page could not be read", CheckOrder)
		return nil
	case d.trial == nil:
		d.skip("no browser is signed in", CheckOrder)
		return nil
	}
	f, page := timed(ctx, orderWithin, d.readOrder)
	f.Check = CheckOrder
	d.add(f)
	if t := d.trial; page != nil {
		d.ordered, d.reads = true, func(ctx context.Context) error {
			_, err := t.Read(ctx, page.order)
			return err
		}
	}
	return page
}

func (d *doctor) readOrder(ctx context.Context) (Finding, *orderPage) {
	key, number, err := d.Run.Portal.Parse(d.Order)
	if err != nil {
		f := failed(errors.New(po.DetailOf(err)))
		f.Hint = "numbers must match order.number of the portal's definition: " + d.Run.Portal.Order.Number
		return f, nil
	}
	order := po.Order{Key: key, Number: number, RawNumber: d.Order}
	reading, err := d.trial.Read(ctx, order)
	if err != nil {
		return unread(err), nil
	}
	return readAs(d.Order, reading), &orderPage{order, reading}
}

// fastLane reads an order's page without a browser as well, and says whether --fast suits.
func (d *doctor) fastLane(ctx context.Context, page *orderPage) {
	switch {
	case page == nil:
		d.skip("no order was read", CheckFastLane)
		return
	case page.reading.Sign != po.SignAttachments:
		d.skip("the order lists no attachments, and such orders are always read by a browser", CheckFastLane)
		return
	}
	t := d.trial
	f, _ := timed(ctx, pageWithin, func(ctx context.Context) (Finding, struct{}) {
		why, differs, err := t.ReadFast(ctx, page.order, page.reading)
		if err != nil {
			why = po.FirstLine(err)
		}
		return suits(why, differs, len(page.reading.Requests)), struct{}{}
	})
	f.Check = CheckFastLane
	d.add(f)
}

// suits says whether --fast suits a portal, by an order that was read in both ways. requests is
// how many the page's scripts have sent.
func suits(why, differs string, requests int) Finding {
	f := Finding{State: OK, Facts: map[string]any{"suits": why == "" && differs == ""}}
	switch {
	case differs != "":
		f.State, f.Text = Warn, "--fast does not suit: the page without a browser and the browser differ: "+differs
		f.Hint = "leave --fast out; a run with it would notice the difference, too, and read every order by a browser"
		f.Facts["reason"] = differs
	case why != "":
		f.Text = "--fast cannot read this order from its page alone: " + why +
			"; a run learns how the page's scripts ask for the list, where that can be, else browsers read such orders"
		f.Facts["reason"] = why
	case requests > 0:
		f.Text = fmt.Sprintf("--fast may suit: both ways tell the same of this order; its scripts ask the portal for %d things "+
			"more, and where those are of one order alone, a run leaves it to a browser", requests)
	default:
		f.Text = "--fast suits, as far as one order shows: both ways tell the same"
	}
	return f
}

// readAs says as what an order's page was recognised, and by what.
func readAs(number string, r po.Reading) Finding {
	what := map[po.Sign]string{
		po.SignAttachments: "it lists " + attachments(len(r.Attachments)),
		po.SignEmpty:       "it has no attachments", po.SignNotFound: "the portal knows no such order",
		po.SignForbidden: "it is not for this user", po.SignSignedOut: "the portal asks for a sign-in",
	}[r.Sign]
	f := Finding{State: OK, Text: fmt.Sprintf("%s: %s; recognised as %s", po.Clip(number, 60), what, r.Sign),
		Facts: map[string]any{"sign": string(r.Sign), "attachments": len(r.Attachments), "supplier": r.Supplier, "url": r.URL}}
	if r.Rule.Place != "" {
		f.Text += fmt.Sprintf(" by %s: %s", r.Rule.Place, po.Clip(r.Rule.Value, 200))
		f.Facts["rule"] = r.Rule
	}
	switch r.Sign {
	case po.SignSignedOut:
		f.State, f.signIn, f.Hint = Fail, true, "sign in with: poactor login (--import FILE where there is no display)"
	case po.SignForbidden:
		f.State, f.Hint = Warn, "sign in as somebody who may see it, or give another --order"
	case po.SignNotFound:
		f.State, f.Hint = Warn, "give the number of an order that is there; if this one is, the portal hides it from this user"
	}
	return f
}

func attachments(n int) string {
	if n == 1 {
		return "1 attachment"
	}
	return fmt.Sprintf("%d attachments", n)
}

// unread is why an order's page was not read.
func unread(err error) Finding {
	f := failed(err)
	failure, ok := errors.AsType[*po.ReadFailure](err)
	if ok && failure.Cause == po.UnrecognisedPage && !failure.Definition {
		f.Hint = "open the page in a browser of yours; where it is the order's, its signs are to be described: docs/portals.md"
	}
	return f
}
