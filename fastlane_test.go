package poactor

import (
	"net/http"
	"os"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// runFast runs the whole batch with Fast, and holds what is on record, and on disk, against the
// portal's truth: an order may have been settled twice.
func (r *trial) runFast(t *testing.T) (outcomes []po.Outcome, state messages.FastLane) {
	t.Helper()
	r.cfg.Fast = true
	summary, err := Run(t.Context(), r.cfg, Orders(slices.Values(r.orders(t))))
	if err != nil {
		t.Fatal(err)
	}
	record, err := ledger.OpenReadOnly(r.cfg.Out)
	if err != nil {
		t.Fatal(err)
	}
	defer record.Close()
	for o, err := range record.Outcomes(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, o)
	}
	for _, line := range r.portal.Verify(r.cfg.Out, outcomes) {
		t.Error(line)
	}
	for order, n := range r.portal.AtOnce() {
		if n > 1 {
			t.Errorf("order %s was fetched by %d at once", order, n)
		}
	}
	r.nothingLeft(t, summary)
	states := all[messages.FastLane](r)
	if len(states) == 0 || !states[len(states)-1].Ended {
		t.Fatalf("the fast lane says %+v", states)
	}
	return outcomes, states[len(states)-1]
}

// readBy counts outcomes by how the page was read.
func readBy(outcomes []po.Outcome) map[po.ReadBy]int {
	counts := map[po.ReadBy]int{}
	for _, o := range outcomes {
		counts[o.ReadBy]++
	}
	return counts
}

// everyLane is the environment variable that has all shapes of the built-in portal tried, with so many orders of
// each: EVERY_LANE=300 go test . -run TestFaultsFast -timeout 5h
const everyLane = "EVERY_LANE"

// laneOrders is how many orders each shape is tried with.
func laneOrders(t *testing.T) int {
	t.Helper()
	text := os.Getenv(everyLane)
	if text == "" {
		return 90
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 90 {
		t.Fatalf("%s: %q is no number of at least 90", everyLane, text)
	}
	return n
}

// seldom leaves a shape out that is much like another one.
func seldom(t *testing.T) {
	t.Helper()
	if os.Getenv(everyLane) == "" {
		t.Skip("tried where " + everyLane + " is set")
	}
}

// In whatever way lists come into pages, and whatever happens to that in the middle of a run: no
// order is wrong. Where the page has its list, most need no browser.
func TestFaultsFastLane(t *testing.T) {
	t.Parallel()
	for lists, row := range map[testportal.Lists]struct {
		by     po.ReadBy // the way in which orders may be read without a browser; empty: none may be
		some   int       // at least; a busy machine has browsers learn longer
		seldom bool
	}{
		testportal.ListsInPage:      {by: po.ReadByPage, some: 1},
		testportal.ListsLines:       {},
		testportal.ListsRights:      {by: po.ReadByPage, seldom: true},
		testportal.ListsRelease:     {by: po.ReadByPage},
		testportal.ListsStale:       {by: po.ReadByPage, seldom: true},
		testportal.ListsPaged:       {by: po.ReadByPage, seldom: true},
		testportal.ListsOneUse:      {seldom: true},
		testportal.ListsByScript:    {by: po.ReadByCall, some: 1, seldom: true},
		testportal.ListsToken:       {by: po.ReadByCall, some: 1},
		testportal.ListsTokenOnce:   {by: po.ReadByCall, some: 1, seldom: true},
		testportal.ListsTokenURL:    {by: po.ReadByCall, some: 1, seldom: true},
		testportal.ListsTokenBody:   {by: po.ReadByCall, some: 1},
		testportal.ListsGraphQL:     {by: po.ReadByCall, some: 1},
		testportal.ListsID:          {by: po.ReadByCall, some: 1, seldom: true},
		testportal.ListsLookup:      {by: po.ReadByCall, some: 1},
		testportal.ListsCallPages:   {by: po.ReadByCall, seldom: true},
		testportal.ListsCallOneUse:  {seldom: true},
		testportal.ListsCallLines:   {by: po.ReadByCall},
		testportal.ListsCallRelease: {by: po.ReadByCall},
		testportal.ListsCallClicks:  {by: po.ReadByCall, some: 1, seldom: true},
	} {
		t.Run("lists "+string(lists), func(t *testing.T) {
			t.Parallel()
			if row.seldom {
				seldom(t)
			}
			opts := ordinary()
			opts.Lists, opts.Orders = lists, laneOrders(t)
			r := newTrial(t, opts)
			outcomes, state := r.runFast(t)
			by := readBy(outcomes)
			t.Logf("%s: %+v; %v", lists, state, by)
			for _, way := range po.Ways() {
				if n := by[way]; way == row.by && n < row.some || way != row.by && n > 0 {
					t.Errorf("%d orders were read by %s", n, way)
				}
			}
		})
	}
}

// Every scenario of the built-in portal, faults included.
func TestFaultsFastLaneEverything(t *testing.T) {
	t.Parallel()
	for lists, way := range map[testportal.Lists]po.ReadBy{testportal.ListsInPage: po.ReadByPage, testportal.ListsByScript: po.ReadByCall} {
		t.Run("by "+string(way), func(t *testing.T) {
			t.Parallel()
			if way == po.ReadByCall {
				seldom(t)
			}
			opts := quick
			opts.Lists, opts.Orders = lists, 150
			r := newTrial(t, opts)
			r.cfg.TaskTimeout = 30 * time.Second
			outcomes, state := r.runFast(t)
			by := readBy(outcomes)
			t.Logf("%s: %+v; %v", way, state, by)
			for _, o := range outcomes {
				if o.ReadBy.WithoutBrowser() && (o.Status != po.Completed || o.Comparisons < 20) {
					t.Errorf("order %s is %s by %s, after %d comparisons", o.Key, o.Status, o.ReadBy, o.Comparisons)
				}
			}
			// Where documents have two links, pages call them otherwise than calls do, which ends the way.
			if way == po.ReadByPage && (by[way] == 0 || state.Off != "") {
				t.Errorf("no order was read without a browser: %+v", state)
			}
		})
	}
}

// A portal that has trouble now and then, with pages as with calls: no order is wrong for it.
func TestFaultsFastLaneTrouble(t *testing.T) {
	t.Parallel()
	for _, lists := range []testportal.Lists{testportal.ListsInPage, testportal.ListsToken, testportal.ListsGraphQL, testportal.ListsLookup} {
		t.Run("lists "+string(lists), func(t *testing.T) {
			t.Parallel()
			if lists == testportal.ListsToken || lists == testportal.ListsLookup {
				seldom(t)
			}
			opts := ordinary()
			opts.Lists, opts.Orders = lists, laneOrders(t)
			var requests atomic.Int64
			opts.Inject = func(kind testportal.RequestKind) testportal.Fault {
				n := requests.Add(1)
				if opts.Orders > 90 { // farther apart, and again and again
					if n%3 != 0 {
						return testportal.NoFault
					}
					n = n / 3 % 250
				}
				switch n {
				case 40, 90, 160, 230:
					return testportal.Error500
				case 60, 130, 200:
					return testportal.Throttle
				case 75, 180:
					return testportal.Error503
				case 110, 150, 210:
					return testportal.Slow
				case 50, 100, 140, 170, 190, 220:
					return testportal.Reset
				}
				return testportal.NoFault
			}
			r := newTrial(t, opts)
			r.cfg.TaskTimeout = 30 * time.Second
			outcomes, state := r.runFast(t)
			t.Logf("%s: %+v; %v", lists, state, readBy(outcomes))
		})
	}
}

// A session that ends in mid-run, however the portal shows that: no order is wrong for it, and the run goes
// on with another.
func TestFaultsFastCallSessionEnds(t *testing.T) {
	t.Parallel()
	for name, sessions := range map[string]testportal.Sessions{
		"sign-in page":        {Counted: testportal.RequestPage},
		"lists ask for it":    {Counted: testportal.RequestList},
		"as if it were empty": {Counted: testportal.RequestPage, SignedOut: testportal.MaskedEmpty},
		"as if it were gone":  {Counted: testportal.RequestList, SignedOut: testportal.MaskedGone},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if sessions.SignedOut != "" {
				seldom(t)
			}
			opts := ordinary()
			opts.Orders, opts.Sessions = laneOrders(t), sessions
			opts.Sessions.Requests, opts.Sessions.Endings = 75, 1
			r, kept := newSessionTrialOf(t, opts)
			r.cfg.LoginWait = 5 * time.Minute // a hang guard
			r.hooks = append(r.hooks, func(e any) {
				if _, ok := e.(messages.SessionLost); ok {
					kept.store(t, stateOf(t, map[string]*http.Cookie{r.portal.URL(): r.portal.SessionCookieFor("ada")}))
				}
			})
			outcomes, state := r.runFast(t)
			t.Logf("%s: %+v; %v", name, state, readBy(outcomes))
			if restored := all[messages.SessionRestored](r); len(restored) == 0 {
				t.Error("the session has not ended")
			}
		})
	}
}

// A session that ends while orders are read without a browser ends for all: the first answer that
// tells so stops the lane, nothing of what a lost session shows counts, and the run goes on with
// the session that is stored meanwhile.
func TestFaultsFastLaneStopsWithItsSession(t *testing.T) {
	t.Parallel()
	for _, row := range []testportal.Sessions{
		{},
		{SignedOut: testportal.MaskedGone},
		{Files: testportal.ElsewhereNamed},
	} {
		t.Run("shown as "+string(row.SignedOut)+string(row.Files), func(t *testing.T) {
			t.Parallel()
			opts := ordinary()
			opts.Lists, opts.Orders, opts.SignIn, opts.Sessions = testportal.ListsInPage, 90, true, row
			r := newTrial(t, opts)
			kept := r.signIn(t)
			r.cfg.LoginWait = 5 * time.Minute // a hang guard
			trusted, pages, ended := false, 0, false
			r.hooks = append(r.hooks, func(e any) { // one at a time
				switch e := e.(type) {
				case messages.FastLane:
					trusted = trusted || e.Trusted
				case messages.OrderSettled:
					if e.Outcome.ReadBy == po.ReadByPage && !ended {
						if pages++; pages == 10 {
							ended = true
							r.portal.EndSessions()
						}
					}
				case messages.SessionLost:
					kept.store(t, stateOf(t, map[string]*http.Cookie{r.portal.URL(): r.portal.SessionCookieFor("ada")}))
				}
			})
			outcomes, state := r.runFast(t)
			if !trusted || !ended {
				t.Fatalf("the session did not end: %+v", state)
			}
			signedOut := 0
			for _, e := range all[messages.PageRead](r) {
				if e.Page.Sign == po.SignSignedOut {
					signedOut++
				}
			}
			if lost := all[messages.SessionLost](r); len(lost) != 1 || signedOut > r.cfg.Workers {
				t.Errorf("the session was lost %d times; %d pages were asked for without it", len(lost), signedOut)
			}
			t.Logf("%+v; %v; %d pages were signed out", state, readBy(outcomes), signedOut)
		})
	}
}

// Where the flag is not given nothing of it runs.
func TestSlowLane(t *testing.T) {
	t.Parallel()
	opts := ordinary()
	opts.Lists, opts.Orders = testportal.ListsInPage, 3
	r := newTrial(t, opts)
	r.run(t)
	if len(all[messages.PageRead](r))+len(all[messages.FastLane](r)) > 0 {
		t.Error("pages were read")
	}
	for _, e := range all[messages.OrderSettled](r) {
		if e.ReadBy != "" || e.Comparisons != 0 {
			t.Errorf("order %s is read by %q", e.Key, e.ReadBy)
		}
	}
}
