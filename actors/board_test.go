package actors

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// world is everything around a board: a ledger, workers and a fetcher that do
// what chance says, in any order. It checks the promise at every step: no order
// is lost, none is done twice.
type world struct {
	t     *rapid.T
	board *board
	now   time.Time

	open    map[string]po.Lease // key → last lease; not settled
	free    []string            // keys that may be claimed
	held    map[string]string   // token → key
	settled map[string]int      // key → how often
	tokens  int

	claims  []doClaim
	reads   []doRead // given to workers, not answered
	fetches []doFetch
	writes  []any
	workers map[string]messages.Worker // alive
	births  uint64
	ends    int
	stopped bool
	drained bool
}

func newWorld(t *rapid.T, orders, workers, most int) *world {
	w := &world{t: t, now: time.Unix(0, 0), open: map[string]po.Lease{}, held: map[string]string{},
		settled: map[string]int{}, workers: map[string]messages.Worker{}}
	for i := range orders {
		key := fmt.Sprint(i)
		w.free = append(w.free, key)
		w.open[key] = po.Lease{Order: po.Order{Key: po.Key(key)}, Attempt: 1}
	}
	w.board = newBoard(3, most, func() float64 { return 0.5 })
	w.do(w.board.begin())
	for i := range workers {
		w.birth(fmt.Sprintf("w%d", i))
	}
	return w
}

func (w *world) birth(name string) {
	w.births++
	w.workers[name] = messages.Worker{Name: name, Incarnation: w.births}
	w.do(w.board.ready(w.workers[name], w.now))
}

// do notes effects as things that will happen some time.
func (w *world) do(effects []any) {
	for _, effect := range effects {
		switch e := effect.(type) {
		case doClaim:
			w.claims = append(w.claims, e)
		case doRead, doFetch, doSettle, doRetry, doRelease:
			w.writes = append(w.writes, e)
		case doEnd:
			w.checkEnd()
		}
	}
}

func (w *world) checkRead(e doRead) {
	key := w.held[e.lease.Token]
	if key == "" {
		w.t.Fatalf("order %s is read without a lease", e.lease.Order.Key)
	}
	if w.workers[e.worker.Name] != e.worker {
		w.t.Fatalf("order %s goes to %v, which does not live", key, e.worker)
	}
	for _, r := range w.reads {
		if r.worker == e.worker {
			w.t.Fatalf("%v has two orders", e.worker)
		}
		if r.lease.Order.Key == e.lease.Order.Key && w.workers[r.worker.Name] == r.worker && w.held[r.lease.Token] != "" {
			w.t.Fatalf("order %s is read by %v and %v at once", key, r.worker, e.worker)
		}
	}
}

func (w *world) checkEnd() {
	if w.ends++; w.ends > 1 {
		w.t.Fatal("ended twice")
	}
	if len(w.claims) > 0 {
		w.t.Fatal("ended with a claim under way")
	}
	if len(w.held) > 0 {
		w.t.Fatalf("ended with orders in hand: %v", w.held)
	}
	if len(w.open) > 0 && !w.stopped && !w.drained {
		w.t.Fatalf("ended with %d orders open", len(w.open))
	}
}

// claim answers the oldest claim.
func (w *world) claim() bool {
	if len(w.claims) == 0 {
		return false
	}
	e := w.claims[0]
	w.claims = w.claims[1:]
	c := po.Claim{Open: len(w.open)}
	for len(c.Leases) < e.n && len(w.free) > 0 {
		w.tokens++
		l := w.open[w.free[0]]
		l.Token = fmt.Sprint("t", w.tokens)
		w.open[w.free[0]] = l
		w.held[l.Token] = w.free[0]
		w.free = w.free[1:]
		c.Leases = append(c.Leases, l)
	}
	w.do(w.board.claimed(e.n, c, w.now))
	return true
}

// write carries the oldest write out, or answers that it is fenced.
func (w *world) write(expire bool) bool {
	if len(w.writes) == 0 {
		return false
	}
	effect := w.writes[0]
	w.writes = w.writes[1:]
	token, settles := "", false
	switch e := effect.(type) {
	case doRead:
		w.handOut(e, expire)
		return true
	case doFetch:
		w.handOn(e, expire)
		return true
	case doSettle:
		token, settles = e.token, true
	case doRetry:
		token = e.token
		l := w.open[w.held[token]]
		if l.Attempt++; l.Attempt > 3 {
			w.t.Fatalf("order %s has a fourth attempt", e.order.Key)
		}
		l.Worker = e.worker
		w.open[w.held[token]] = l
	case doRelease:
		token = e.token
	}
	key := w.held[token]
	if key == "" {
		w.t.Fatalf("%T under a lease that is not held", effect)
	}
	delete(w.held, token)
	if settles && !expire {
		if w.settled[key]++; w.settled[key] > 1 {
			w.t.Fatalf("order %s is settled twice", key)
		}
		delete(w.open, key)
	} else {
		w.free = append(w.free, key)
	}
	w.do(w.board.recorded(token, settles && !expire, w.now))
	return true
}

// handOut is what the dispatcher does when it is recorded who reads an order.
func (w *world) handOut(e doRead, expire bool) {
	switch wanted := w.board.reads(e.worker, e.lease.Token); {
	case expire && wanted:
		w.fence(e.lease.Token)
		w.do(w.board.unread(e.worker, w.now))
	case !wanted:
		w.do(w.board.unread(e.worker, w.now))
	default:
		w.checkRead(e)
		w.reads = append(w.reads, e)
	}
}

// handOn is what it does when it is recorded where an order's files will be.
func (w *world) handOn(e doFetch, expire bool) {
	switch wanted := w.board.fetches(e.token); {
	case expire && wanted:
		w.fence(e.token)
	case wanted:
		w.fetches = append(w.fetches, e)
	default:
		w.do(w.board.fetched(messages.FilesFetched{Token: e.token, Failure: po.Interrupted}, w.now))
	}
}

// fence gives an order that is being read or fetched to somebody else.
func (w *world) fence(token string) {
	key := w.held[token]
	delete(w.held, token)
	w.free = append(w.free, key)
	w.do(w.board.fenced([]string{token}, w.now))
}

// inWork lists the tokens of what is being read or fetched.
func (w *world) inWork() []string {
	var list []string
	for _, r := range w.reads {
		if w.board.tasks[r.lease.Token] != nil && w.board.tasks[r.lease.Token].stage == reading {
			list = append(list, r.lease.Token)
		}
	}
	for _, f := range w.fetches {
		if w.board.tasks[f.token] != nil && w.board.tasks[f.token].stage == fetching {
			list = append(list, f.token)
		}
	}
	return list
}

// read answers some reading.
func (w *world) read(i int, sign po.Sign, f po.ReadFailure) {
	e := w.reads[i]
	w.reads = slices.Delete(w.reads, i, i+1)
	m := messages.OrderRead{Worker: e.worker, Token: e.lease.Token, Key: e.lease.Order.Key, Failure: f}
	if f.Cause == "" {
		m.Reading = po.Reading{Sign: sign}
		if sign == po.SignAttachments {
			m.Reading.Attachments = []po.Attachment{{ID: "a"}, {ID: "b"}}
		}
	}
	w.stopped = w.stopped || f.Cause == po.SignedOut || sign == po.SignSignedOut || f.Unreachable
	w.do(w.board.read(m, w.now))
	if w.workers[e.worker.Name] == e.worker { // the living go on, the dead spoke late
		w.do(w.board.ready(e.worker, w.now))
	}
}

// fetch answers some fetch.
func (w *world) fetch(i int, missing []po.Missing, failure po.Cause) {
	e := w.fetches[i]
	w.fetches = slices.Delete(w.fetches, i, i+1)
	w.stopped = w.stopped || failure == po.DiskFull
	w.do(w.board.fetched(messages.FilesFetched{Token: e.token, Failure: failure,
		Result: po.FetchResult{Kept: po.Kept{Folder: "f"}, Missing: missing}}, w.now))
}

// kill ends a worker; what it was reading is answered late or never.
func (w *world) kill(name string, silent bool) {
	if silent {
		w.reads = slices.DeleteFunc(w.reads, func(r doRead) bool { return r.worker == w.workers[name] })
	}
	delete(w.workers, name)
	w.do(w.board.lost(name, po.Failure{Cause: po.BrowserDied}, w.now))
}

// quieten lets everything come to its good end.
func (w *world) quieten(workers int) {
	for i := range workers {
		if name := fmt.Sprintf("w%d", i); w.workers[name].Name == "" {
			w.birth(name)
		}
	}
	for range 1000 {
		w.now = w.now.Add(time.Second)
		switch {
		case w.claim(), w.write(false):
		case len(w.reads) > 0:
			w.read(0, po.SignAttachments, po.ReadFailure{})
		case len(w.fetches) > 0:
			w.fetch(0, nil, "")
		case w.ends > 0:
			if len(w.held) > 0 {
				w.t.Fatalf("held after the end: %v", w.held)
			}
			return
		default:
			w.do(w.board.wake(w.now))
		}
	}
	w.t.Fatalf("never ends: %d open, %d held, %d free, idle %v", len(w.open), len(w.held), len(w.free), w.board.idle)
}

// TestBoardLosesNothing drives a board through random interleavings.
func TestBoardLosesNothing(t *testing.T) {
	t.Parallel()
	failures := []po.ReadFailure{
		{Cause: po.Timeout}, {Cause: po.Throttled, RetryAfter: time.Second}, {Cause: po.Forbidden},
		{Cause: po.PortalError}, {Cause: po.UnrecognisedPage}, {Cause: po.Interrupted},
	}
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.IntRange(0, 12).Draw(t, "orders")
		workers := rapid.IntRange(1, 4).Draw(t, "workers")
		w := newWorld(t, orders, workers, rapid.SampledFrom([]int{1, workers, 2 * workers}).Draw(t, "most"))
		rare := func(t *rapid.T, name string) bool { return rapid.IntRange(0, 19).Draw(t, name) == 0 }
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(*rapid.T) { w.claim() },
			"write": func(t *rapid.T) { w.write(rare(t, "lease expires")) },
			"read": func(t *rapid.T) {
				if len(w.reads) == 0 {
					return
				}
				i := rapid.IntRange(0, len(w.reads)-1).Draw(t, "which")
				if rapid.Bool().Draw(t, "fails") {
					w.read(i, "", rapid.SampledFrom(failures).Draw(t, "failure"))
					return
				}
				w.read(i, rapid.SampledFrom(po.Signs()[:4]).Draw(t, "sign"), po.ReadFailure{})
			},
			"sign out": func(t *rapid.T) {
				if len(w.reads) > 0 && rare(t, "does") {
					w.read(0, po.SignSignedOut, po.ReadFailure{})
				}
			},
			"portal away": func(t *rapid.T) {
				if len(w.reads) > 0 && rare(t, "does") {
					w.read(0, "", po.ReadFailure{Cause: po.PortalError, Unreachable: true})
				}
			},
			"fetch": func(t *rapid.T) {
				if len(w.fetches) == 0 {
					return
				}
				i := rapid.IntRange(0, len(w.fetches)-1).Draw(t, "which")
				cause := rapid.SampledFrom([]po.Cause{"", po.DownloadRejected, po.PortalError, po.Forbidden}).Draw(t, "cause")
				if cause == "" {
					w.fetch(i, nil, "")
					return
				}
				w.fetch(i, []po.Missing{{ID: "b", Cause: cause, Browser: rapid.Bool().Draw(t, "browser")}}, "")
			},
			"disk full": func(t *rapid.T) {
				if len(w.fetches) > 0 && rare(t, "does") {
					w.fetch(0, nil, po.DiskFull)
				}
			},
			"kill": func(t *rapid.T) {
				w.kill(fmt.Sprintf("w%d", rapid.IntRange(0, workers-1).Draw(t, "which")), rapid.Bool().Draw(t, "silent"))
			},
			"birth": func(t *rapid.T) {
				name := fmt.Sprintf("w%d", rapid.IntRange(0, workers-1).Draw(t, "which"))
				if w.workers[name].Name == "" || rare(t, "unnoticed restart") {
					w.birth(name)
				}
			},
			"fence": func(t *rapid.T) {
				if list := w.inWork(); len(list) > 0 && rare(t, "does") {
					w.fence(rapid.SampledFrom(list).Draw(t, "token"))
				}
			},
			"wake": func(*rapid.T) { w.now = w.now.Add(time.Second); w.do(w.board.wake(w.now)) },
			"drain": func(t *rapid.T) {
				if rare(t, "does") {
					w.drained = true
					w.do(w.board.drain(po.Interrupted, "test", w.now))
				}
			},
			"stop": func(t *rapid.T) {
				if rare(t, "does") {
					w.stopped = true
					w.do(w.board.halt(po.SignedOut, "test", w.now))
				}
			},
			"": func(t *rapid.T) {
				if len(w.free)+len(w.held) != len(w.open) {
					t.Fatalf("an order is lost: %d open, %d free, %d held", len(w.open), len(w.free), len(w.held))
				}
			},
		})
		w.quieten(workers)
	})
}

// TestBoardSequential checks that with one in work nothing overlaps: the files
// of an order are fetched before the next is read.
func TestBoardSequential(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, 5, 1, 1)
		for w.ends == 0 {
			if n := len(w.reads) + len(w.fetches); n > 1 {
				t.Fatalf("%d things at once", n)
			}
			switch {
			case w.claim(), w.write(false):
			case len(w.reads) > 0:
				w.read(0, po.SignAttachments, po.ReadFailure{})
			case len(w.fetches) > 0:
				w.fetch(0, nil, "")
			default:
				t.Fatal("stuck")
			}
		}
		if len(w.settled) != 5 {
			t.Fatalf("%d settled", len(w.settled))
		}
	})
}
