package browser

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/poactor/poactor/internal/listing"
	"github.com/poactor/poactor/po"
)

// listPage is the page with an order's list, while the browser works on it.
type listPage struct {
	seen     observation
	fresh    bool          // it is still what was seen: nothing of an earlier click goes on
	ready    bool          // the scripts that it has deferred have run
	loaded   bool          // and all else has come, scripts that come in their own time among it
	named    bool          // what is clicked is called like one file
	click    func() error  // what is clicked is clicked again
	opened   int           // how often it was opened anew
	last     bool          // it is the last click
	nextFile time.Duration // that a click is given for another file; 0: all of it
	single   int           // how many clicks in a row have given one file
}

// findItem says which item of the list an attachment is, on a page that is fresh and
// whose scripts have run; -1 if the page lists it no more. A list that was drawn
// anew is read anew, and a page that lacks the attachment is opened once more.
// sure says that nothing else could be meant.
func (s *Session) findItem(ctx context.Context, at *listPage, id string) (index int, sure bool, err error) {
	for again := at.fresh; ; again = false {
		if err := s.reopen(ctx, at); err != nil {
			return 0, false, err
		}
		index, sure := s.lister.Find(at.seen.Items, id)
		if index >= 0 && at.ready && s.itemPresent(ctx, at, index) {
			return index, sure || at.opened == 0, nil
		}
		if !at.ready {
			return max(index, 0), false, nil
		}
		if index, sure = s.relist(ctx, at, id); index >= 0 {
			return index, sure, nil
		}
		if ctx.Err() != nil {
			return 0, false, ctx.Err()
		}
		if !again {
			return -1, false, nil
		}
		at.fresh = false
	}
}

// reopen makes the place fresh, and waits until the page's scripts have run.
func (s *Session) reopen(ctx context.Context, at *listPage) error {
	if !at.fresh || s.tab.stale {
		if err := s.freshTab(ctx); err != nil {
			return err
		}
		seen, err := s.visit(ctx, at.seen.address)
		if err != nil {
			return err
		}
		if seen.Sign == string(po.SignSignedOut) {
			return &po.ReadFailure{Cause: po.SignedOut, Detail: "the session ended while files were fetched", URL: seen.URL}
		}
		at.seen, at.fresh, at.ready, at.loaded = seen, true, false, false
		at.opened++
	}
	if at.ready {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click+scriptGrace)
	defer cancel()
	err := s.page(ctx).evaluate(at.seen.world, fmt.Sprintf(readyJS, s.config.Times.Click.Milliseconds()), &at.ready)
	if err != nil && (isProtocolError(err) || errors.Is(err, context.DeadlineExceeded)) {
		return nil // not ready
	}
	return err
}

// readyJS waits until the scripts that a page has deferred have run.
const readyJS = `((limit) => new Promise((resolve) => {
  const begun = performance.now();
  const look = () => {
    const parsed = performance.getEntriesByType('navigation').some((n) => n.domContentLoadedEventEnd > 0);
    if (parsed) setTimeout(() => resolve(true), 0);
    else if (performance.now() - begun > limit) resolve(false);
    else setTimeout(look, 30);
  };
  look();
}))(%d)`

// itemPresent reports whether an item's element is there as it was seen.
func (s *Session) itemPresent(ctx context.Context, at *listPage, index int) bool {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click)
	defer cancel()
	var there bool
	err := s.page(ctx).evaluate(at.seen.world, fmt.Sprintf("poactorStill(%d)", index), &there)
	return err == nil && there
}

// relist reads a list that was drawn anew, for a moment in which it may be under
// way.
func (s *Session) relist(ctx context.Context, at *listPage, id string) (index int, sure bool) {
	ctx, cancel := context.WithTimeout(ctx, relistWithin)
	defer cancel()
	for {
		var items []listing.Item
		if err := s.page(ctx).evaluate(at.seen.world, "poactorList()", &items); err != nil {
			return -1, false
		}
		if index, sure := s.lister.Find(items, id); index >= 0 {
			at.seen.Items = items
			return index, sure
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return -1, false
		}
	}
}

// relistWithin bounds the wait for a list that is drawn anew.
const relistWithin = 2 * time.Second
