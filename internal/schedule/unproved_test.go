package schedule

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// unlucky is a run in which no order is ever chosen at random to be compared.
func unlucky(orders int) *portalRun {
	r := newPortalRun(orders, rand.New(rand.NewPCG(1, 2)))
	r.scheduler = New(Config{Attempts: 3, Workers: 4, Random: func() float64 { return 0.9 }, Fast: true})
	return r
}

// lies drops a file of the pages from one to another.
func (r *portalRun) lies(from, to int, by po.ReadBy) {
	r.page = func(order, at int) po.PageReading {
		p := listOf(order)
		if from <= at && at < to {
			p = drop1(func(p po.PageReading) po.PageReading { p.Attachments = p.Attachments[1:]; return p })(order)
		}
		p.By = by
		return p
	}
}

// What no comparison has confirmed counts no more, whatever has kept the last one from being made.
func TestUnprovedIsReadAgain(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(r *portalRun){
		"the way is given up as useless": func(r *portalRun) {
			lying := r.page
			r.page = func(order, at int) po.PageReading {
				if at >= 110 {
					return po.PageReading{Doubt: "it is no HTML page"}
				}
				return lying(order, at)
			}
		},
		"the last order cannot be read": func(r *portalRun) {
			r.check = func(m *messages.OrderRead) { m.Failure = po.ReadFailure{Cause: po.PortalError} }
		},
		"the last order's document cannot be got by a click": func(r *portalRun) { r.check = failClick },
		"the last order's page asks for more": func(r *portalRun) {
			r.check = func(m *messages.OrderRead) { m.Reading.Requests = []string{"lines"} }
		},
		"the session ends": func(r *portalRun) {
			r.onPage = func() {
				if r.pagesRead == 110 {
					s := r.scheduler
					s.restores = true
					r.later(func() []Effect { return append(s.sessionOver("gone"), s.advance(r.now)...) })
				}
			}
		},
		"the run is drained at its end": func(r *portalRun) {
			r.onSettle = func() {
				if len(r.settledBy) == r.orders-1 {
					r.later(func() []Effect { return r.scheduler.Drain(po.Interrupted, "enough", r.now) })
				}
			}
		},
	} {
		for _, by := range po.Ways() {
			t.Run(fmt.Sprint(name, ", by ", by), func(t *testing.T) {
				t.Parallel()
				r := unlucky(200)
				r.lies(95, 110, by)
				prepare(r)
				r.run(t)
				if r.wrong() > 0 && r.scheduler.Cause() == "" { // of a run that was ended the next start does the rest
					t.Errorf("%d orders are wrong; off %q", r.wrong(), r.off)
				}
				if r.reopened == 0 && r.scheduler.Cause() == "" {
					t.Error("nothing was read again")
				}
			})
		}
	}
}

// failClick has the browser fail to get what only a click leads to.
func failClick(m *messages.OrderRead) {
	for i := range m.Reading.Attachments {
		a := &m.Reading.Attachments[i]
		a.ID, a.URL, a.Cause = "- label="+a.Name, "", po.Timeout
	}
}

// A click that fails once while the last order is compared is tried again, and nothing is read again for it.
func TestLastClickFailsOnce(t *testing.T) {
	t.Parallel()
	r := unlucky(200)
	checks := 0
	r.check = func(m *messages.OrderRead) {
		if checks++; checks == 1 {
			failClick(m)
		}
	}
	r.run(t)
	if r.reopened > 0 || r.off != "" || checks != 2 {
		t.Errorf("%d orders were read again, off %q, %d checks", r.reopened, r.off, checks)
	}
}

// Where scripts of some pages ask for more of the order, and nothing in the pages tells which, none is believed, also
// where those that were compared had nothing more.
func TestNothingShowsWhichAskForMore(t *testing.T) {
	t.Parallel()
	r := unlucky(400)
	r.requests = func(order int) []string {
		if order%4 == 0 {
			return []string{fmt.Sprint("lines of ", order)}
		}
		return nil
	}
	r.page = func(order, _ int) po.PageReading {
		if order > 100 && order%20 == 0 {
			return drop1(func(p po.PageReading) po.PageReading { p.Attachments = p.Attachments[1:]; return p })(order)
		}
		return listOf(order)
	}
	r.run(t)
	if n := r.wrong(); n > 0 || r.off == "" || len(r.settledBy) != 400 {
		t.Errorf("%d orders are wrong, %d settled, off %q", n, len(r.settledBy), r.off)
	}
}

// A page that was read long before it is believed, as in a pause, may have had another list.
func TestPagesGetOld(t *testing.T) {
	t.Parallel()
	r := unlucky(200)
	r.slowness = 20
	const changes = 38
	resumed := false
	r.page = func(order, _ int) po.PageReading {
		if order == changes && !resumed {
			return drop1(func(p po.PageReading) po.PageReading { p.Attachments = p.Attachments[1:]; return p })(order)
		}
		return listOf(order)
	}
	r.onPage = func() {
		if r.pagesRead == 40 {
			r.later(func() []Effect { return r.scheduler.Pause(r.now) })
			r.after(100, func() []Effect {
				r.now, resumed = r.now.Add(time.Hour), true
				return r.scheduler.Resume(r.now)
			})
		}
	}
	r.run(t)
	if r.listed[changes] != changes || r.settledBy[changes] != po.ReadByPage || r.off != "" {
		t.Errorf("the list of %d, settled by %s; off %q", r.listed[changes], r.settledBy[changes], r.off)
	}
}

// What is asked for to the letter for other orders, too, is no list of one: that its first page is a known one
// makes no difference.
func TestLateSharedRequests(t *testing.T) {
	t.Parallel()
	r := unlucky(200)
	r.requests = func(order int) []string {
		if order > 0 && order%2 == 0 {
			return []string{fmt.Sprint("part ", order/4)}
		}
		return nil
	}
	r.run(t)
	if n := r.count(po.ReadByPage); n < 100 || r.off != "" {
		t.Errorf("%d orders by page, off %q", n, r.off)
	}
}

// An order that a browser reads in vain says nothing of how pages can be read: others are handed out all the same.
func TestLaterIsNotNever(t *testing.T) {
	t.Parallel()
	r := unlucky(30)
	r.page = func(int, int) po.PageReading {
		return po.PageReading{By: po.ReadByCall, Later: true, Doubt: "how it is asked for is not known yet"}
	}
	r.reads = func(order int, m *messages.OrderRead) {
		if order >= 4 {
			m.Reading = po.Reading{Sign: po.SignEmpty}
		}
	}
	r.run(t)
	if len(r.settledBy) != 30 {
		t.Errorf("%d settled", len(r.settledBy))
	}
}

// Once pages are believed, one that a browser has to read first, to show how it can be read, sends no
// other order to a browser.
func TestUnknownClicksSendNoOthersToBrowsers(t *testing.T) {
	t.Parallel()
	r := newPortalRun(400, rand.New(rand.NewPCG(1, 2)))
	r.slowness = 20
	unknown := func(order int) bool { return order%10 == 9 }
	r.page = func(order, _ int) po.PageReading {
		if unknown(order) && r.ahead > 0 { // trusted
			return po.PageReading{By: po.ReadByCall, Doubt: "a click that leads nobody knows where", Later: true}
		}
		return listOf(order)
	}
	r.run(t)
	for order, by := range r.settledBy {
		if by == po.ReadByBrowser && !unknown(order) && order >= 4 { // the first are read before any page is
			t.Errorf("order %d was read by a browser alone", order)
		}
	}
	if len(r.settledBy) != 400 || r.wrong() != 0 || r.off != "" {
		t.Errorf("%d settled, %d wrong, off %q", len(r.settledBy), r.wrong(), r.off)
	}
}

// A page counts as useless when its browser has shown nothing: many are read ahead whose browsers
// are still to show how.
func TestLearningTakesItsTime(t *testing.T) {
	t.Parallel()
	r := newPortalRun(400, rand.New(rand.NewPCG(1, 2)))
	r.slowness = 50
	const known, learnedBy = 20, 30 // orders whose pages are read from the beginning; readings of others until they are
	shown := map[int]bool{}
	r.reads = func(order int, _ *messages.OrderRead) { shown[order] = order >= known }
	r.page = func(order, _ int) po.PageReading {
		n := 0
		for _, other := range shown {
			if other {
				n++
			}
		}
		if order >= known && n < learnedBy {
			return po.PageReading{By: po.ReadByCall, Doubt: "it is not known how it is asked for", Later: true}
		}
		return listOf(order)
	}
	r.run(t)
	if r.off != "" || r.count(po.ReadByPage) < 200 || len(r.settledBy) != 400 || r.wrong() != 0 {
		t.Errorf("%d by page of %d, %d wrong, off %q", r.count(po.ReadByPage), len(r.settledBy), r.wrong(), r.off)
	}
}

// Where many pages wait for browsers to show how they are read, there are more browsers.
func TestPoolGrowsToShow(t *testing.T) {
	t.Parallel()
	r := newPortalRun(600, rand.New(rand.NewPCG(1, 2)))
	r.scheduler = New(Config{Attempts: 3, Workers: 8, Random: rand.New(rand.NewPCG(1, 2)).Float64, Fast: true})
	r.slowness = 50
	r.page = func(order, _ int) po.PageReading {
		if r.ahead > 0 && order%3 == 0 {
			return po.PageReading{By: po.ReadByCall, Doubt: "a click that leads nobody knows where", Later: true}
		}
		return listOf(order)
	}
	with := map[int]int{} // orders settled while there were so many browsers, since pages are believed
	r.onSettle = func() {
		if r.ahead > 0 {
			with[r.scheduler.workers.active()]++
		}
	}
	r.run(t)
	if with[8] < 400 {
		t.Errorf("orders by number of browsers: %v", with)
	}
}

// An order whose page is to be shown by its browser counts as useless once, however often it is read,
// and not where the session was lost.
func TestUselessOnce(t *testing.T) {
	t.Parallel()
	for sign, want := range map[po.Sign]int{po.SignAttachments: 1, po.SignSignedOut: 0} {
		s := New(Config{Attempts: 3, Workers: 1, Random: rand.New(rand.NewPCG(1, 2)).Float64, Fast: true})
		order := &task{pageRead: true, page: po.PageReading{By: po.ReadByCall, Doubt: "not known yet", Later: true}}
		for range 2 {
			s.byBrowserRead(order, messages.OrderRead{Reading: po.Reading{Sign: sign}})
		}
		for _, by := range po.Ways() {
			if n := s.lane.ways[by].useless; n != want {
				t.Errorf("%s: %d useless by %s, want %d", sign, n, by, want)
			}
		}
	}
}
