package poactor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// orderTitle is work that needs a sign-in: the heading of an order's page. It takes the
// portal at its word, which says of every order that it is gone to who is not signed in.
func (r *trial) orderTitle(ctx context.Context, page Page, task Task[string]) (string, error) {
	status, err := page.Navigate(ctx, r.cfg.Portal.OrderURL(task.Data))
	switch {
	case err != nil:
		return "", err
	case status == http.StatusNotFound:
		return "", fmt.Errorf("%w: the portal has no order %s", po.CauseNotFound, task.Data)
	}
	return page.Text(ctx, "h1")
}

// titles does that work on every order of the portal. What it yields must be true, whatever the
// session does: one that is faked would be a doubt that counts. It returns how many tasks it
// has yielded of each status, and the run's error.
func (r *trial) titles(t *testing.T) (done, gone int, err error) {
	t.Helper()
	tasks := func(yield func(Task[string], error) bool) {
		for _, o := range r.orders(t) {
			if !yield(Task[string]{string(o.Key), o.Number}, nil) {
				return
			}
		}
	}
	seen := map[string]bool{}
	for got, err := range RunTasks(t.Context(), r.cfg, tasks, r.orderTitle) {
		if err != nil {
			return done, gone, err
		}
		truth, _ := r.portal.Order(got.Data)
		switch {
		case seen[got.Key]:
			t.Errorf("%s comes twice", got.Key)
		case got.Err == nil && truth.Status == po.Completed && got.Result != "":
			done++
		case errors.Is(got.Err, po.CauseNotFound) && truth.Cause == po.CauseNotFound:
			gone++
		default:
			t.Errorf("%s: %q, %v; the portal has it as %s %s", got.Key, got.Result, got.Err, truth.Status, truth.Cause)
		}
		seen[got.Key] = true
	}
	return done, gone, nil
}

// A session that ends in mid-run fakes no outcome of a task: where nobody signs in again the
// run ends, and yields nothing that is in doubt; the same run goes on when somebody has.
func TestFaultsTasksSessionEndsForGood(t *testing.T) {
	t.Parallel()
	r, kept := newSessionTrial(t, testportal.Sessions{SignedOut: testportal.MaskedGone, Requests: 12, Endings: 1, Counted: testportal.RequestPage})
	done, gone, err := r.titles(t)
	if po.CauseOf(err) != po.SignedOut || done+gone >= len(r.orders(t)) {
		t.Errorf("%d done and %d gone, %v", done, gone, err)
	}
	kept.store(t, stateOf(t, map[string]*http.Cookie{r.portal.URL(): r.portal.SessionCookieFor("ada")}))
	if done, gone, err = r.titles(t); err != nil || done+gone != len(r.orders(t)) || gone == 0 {
		t.Errorf("then %d done and %d gone, %v", done, gone, err)
	}
}

// Where the identity provider renews the session, nobody notices: with a record in memory, too,
// which gives up what it knows of a task when that is told.
func TestFaultsTasksSessionRenewed(t *testing.T) {
	t.Parallel()
	r, _ := newSessionTrial(t, testportal.Sessions{Provider: testportal.ProviderLeads, SignedOut: testportal.MaskedGone,
		Requests: 12, Endings: 1, Counted: testportal.RequestPage})
	r.cfg.InMemory = true
	if done, gone, err := r.titles(t); err != nil || done+gone != len(r.orders(t)) || gone == 0 {
		t.Errorf("%d done and %d gone, %v", done, gone, err)
	}
	restored := all[messages.SessionRestored](r)
	if len(restored) != 1 || restored[0].Failure != "" {
		t.Errorf("restored: %+v", restored)
	}
}
