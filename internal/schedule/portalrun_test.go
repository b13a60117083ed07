package schedule

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// portalRun is a run against a portal whose pages are read in both ways. What a browser reads is
// true; what the pages tell without one is up to the test.
type portalRun struct {
	scheduler *Scheduler
	now       time.Time
	orders    int
	page      func(order, at int) po.PageReading
	requests  func(order int) []string

	pagesRead int
	waiting   []int // orders that may be claimed
	settledBy map[int]po.ReadBy
	listed    map[int]int // order → the order whose list its files were fetched by
	browsers  int         // readings
	slowness  int         // turns that each of them takes
	drainAt   int         // pages after which the run is drained; 0: never
	onPage    func()      // when one more has been asked for
	onSettle  func()
	check     func(*messages.OrderRead)              // changes what the last check brings
	reads     func(order int, m *messages.OrderRead) // changes what a browser brings
	queue     []func()
	ended     bool
	off       string
	reopened  int
	released  int
	ahead     int // pages that had been read when the lane became trusted
}

func newPortalRun(orders int, random *rand.Rand) *portalRun {
	r := &portalRun{now: time.Unix(0, 0), orders: orders, settledBy: map[int]po.ReadBy{}, listed: map[int]int{}}
	for i := range orders {
		r.waiting = append(r.waiting, i)
	}
	r.page = func(order, _ int) po.PageReading { return listOf(order) }
	r.requests = func(int) []string { return nil }
	r.scheduler = New(Config{Attempts: 3, Workers: 4, Random: random.Float64, Fast: true})
	return r
}

// listOf is the true page of an order: its attachments are its alone.
func listOf(order int) po.PageReading {
	p := po.PageReading{Parts: []uint64{1, 2}, Edition: "e"}
	p.Sign, p.Supplier = po.SignAttachments, "supplier"
	for n := range 1 + order%3 {
		p.Attachments = append(p.Attachments, po.Attachment{ID: fmt.Sprintf("%d-%d", order, n), Name: fmt.Sprintf("%d.pdf", n), URL: "u"})
	}
	return p
}

func number(key po.Key) (n int) {
	_, _ = fmt.Sscan(string(key), &n)
	return n
}

// run carries the effects out, one after the other, until the end.
func (r *portalRun) run(t interface{ Fatal(...any) }) {
	r.do(r.scheduler.Begin(r.now))
	for steps := 0; !r.ended; steps++ {
		r.now = r.now.Add(time.Millisecond)
		switch {
		case steps > 200*r.orders+1000:
			t.Fatal("it has no end")
		case len(r.queue) > 0:
			next := r.queue[0]
			r.queue = r.queue[1:]
			next()
		default:
			r.now = r.now.Add(time.Minute)
			r.do(r.scheduler.Wake(r.now))
		}
	}
}

func (r *portalRun) later(do func() []Effect) { r.queue = append(r.queue, func() { r.do(do()) }) }

func (r *portalRun) do(effects []Effect) {
	s := r.scheduler
	for _, effect := range effects {
		switch e := effect.(type) {
		case Claim:
			r.later(func() []Effect {
				c := po.Claim{Open: r.orders - len(r.settledBy)}
				for len(c.Leases) < e.N && len(r.waiting) > 0 {
					key := po.Key(fmt.Sprint(r.waiting[0]))
					l := po.Lease{Token: fmt.Sprint(key, "/", rand.Uint64()), Order: po.Order{Key: key}, Attempt: 1}
					if _, before := r.listed[r.waiting[0]]; before {
						l.ReadBy, l.Saved = po.ReadByPage, po.Saved{Folder: "f", Files: []po.File{{ID: "x"}}}
					}
					r.waiting = r.waiting[1:]
					c.Leases = append(c.Leases, l)
				}
				return s.Claimed(e.N, c, r.now)
			})
		case Hire:
			w := messages.Worker{Name: e.Name, Incarnation: 1}
			r.later(func() []Effect { return s.Ready(messages.WorkerReady{Worker: w}, r.now) })
		case ReadPage:
			key := e.Lease.Order.Key
			if r.pagesRead++; r.pagesRead == r.drainAt {
				r.later(func() []Effect { return s.Drain(po.Interrupted, "enough", r.now) })
			}
			if r.onPage != nil {
				r.onPage()
			}
			m := messages.PageRead{Token: e.Lease.Token, Key: key, Page: r.page(number(key), r.pagesRead)}
			if by := cmp.Or(m.Page.By, po.ReadByPage); slices.Contains(e.Without, by) {
				m.Page = po.PageReading{By: po.ReadByCall, Doubt: "no other way fits"}
			}
			r.later(func() []Effect { return s.PageRead(m, r.now) })
		case Assign:
			r.readByBrowser(e.Worker, e.Lease.Order.Key, e.Lease.Token)
		case Probe:
			r.readByBrowser(e.Worker, e.Order.Key, "")
		case Fetch:
			key := number(e.Job.Order.Key)
			r.listed[key] = -1
			if want := listOf(key); DifferenceOf(po.Reading{Sign: want.Sign, Attachments: want.Attachments},
				po.Reading{Sign: want.Sign, Attachments: e.Job.Attachments}) == "" {
				r.listed[key] = key
			}
			r.later(func() []Effect {
				return s.Fetched(messages.FilesFetched{Token: e.Token, Result: po.FetchResult{Saved: po.Saved{Folder: "f"}}}, r.now)
			})
		case Settle:
			r.settledBy[number(e.Order.Key)] = e.Outcome.ReadBy
			r.later(func() []Effect { return s.Recorded(e.Token, true, r.now) })
			if r.onSettle != nil {
				r.onSettle()
			}
		case Release:
			r.released++
			if !s.shuttingDown() {
				r.waiting = append(r.waiting, number(e.Order.Key))
			}
			r.later(func() []Effect { return s.Recorded(e.Token, false, r.now) })
		case Reopen:
			for _, key := range e.Keys {
				delete(r.settledBy, number(key))
				r.waiting = append(r.waiting, number(key))
			}
			r.reopened += len(e.Keys)
			r.later(func() []Effect { return s.Reopened(len(e.Keys), r.now) })
		case Restore:
			r.later(func() []Effect { return s.Restored(messages.SessionRestored{}, r.now) })
		case Recycle:
			w := messages.Worker{Name: e.Worker.Name, Incarnation: e.Worker.Incarnation + 1}
			r.later(func() []Effect { return s.Ready(messages.WorkerReady{Worker: w}, r.now) })
		case Notify:
			if lane, ok := e.Event.(messages.FastLane); ok {
				if r.off = lane.Off; lane.Trusted && r.ahead == 0 {
					r.ahead = r.pagesRead
				}
			}
		case End:
			r.ended = true
		}
	}
}

func (r *portalRun) readByBrowser(w messages.Worker, key po.Key, token string) {
	r.browsers++
	m := messages.OrderRead{Worker: w, Token: token, Key: key, Reading: listOf(number(key)).Reading}
	m.Reading.Credentials.Cookies, m.Reading.Requests = jar{}, r.requests(number(key))
	if r.reads != nil {
		r.reads(number(key), &m)
	}
	r.after(r.slowness, func() []Effect {
		if token == "" {
			if r.check != nil {
				r.check(&m)
			}
			return append(r.scheduler.Probed(m, r.now), r.scheduler.Ready(messages.WorkerReady{Worker: w}, r.now)...)
		}
		return append(r.scheduler.Read(m, r.now), r.scheduler.Ready(messages.WorkerReady{Worker: w}, r.now)...)
	})
}

// after has something done when everything in the queue has had so many turns.
func (r *portalRun) after(turns int, do func() []Effect) {
	r.later(func() []Effect {
		if turns == 0 {
			return do()
		}
		r.after(turns-1, do)
		return nil
	})
}

// wrong counts the orders that are settled with files of a list that is not theirs.
func (r *portalRun) wrong() (n int) {
	for order, of := range r.listed {
		if _, settled := r.settledBy[order]; settled && of != order {
			n++
		}
	}
	return n
}

func (r *portalRun) count(by po.ReadBy) (n int) {
	for _, b := range r.settledBy {
		if b == by {
			n++
		}
	}
	return n
}
