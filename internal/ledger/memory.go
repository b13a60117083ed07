package ledger

import (
	"container/heap"
	"context"
	"iter"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/poactor/poactor/po"
)

// Memory is a ledger that lives as long as its process. It satisfies the
// Ledger port of package actors and is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	ready   entries           // may be claimed, first of the batch first
	invalid entries           // may be claimed by nobody in particular
	later   entries           // held back until due
	leased  map[string]*entry // by token
	ended   map[string]po.Key // tokens under which an order was settled
	settled map[po.Key]settled
	open    int // not settled
	total   int
}

// entry is one order with what is known of it.
type entry struct {
	order    po.Order
	seq      int       // place in the batch
	due      time.Time // zero: at once
	expires  time.Time // of the lease
	attempts int       // that counted, without the current one
	deaths   int
	worker   string // who failed last
	assigned string // who works on it
	supplier string
	readBy   po.ReadBy
	kept     po.Saved
	missing  []po.Missing // of the last try that failed
	died     string       // what the last try said in which a browser died
	evidence string       // of that try
	token    string
}

// settled is an order with its outcome, without the files.
type settled struct {
	entry   *entry
	outcome po.Outcome
	task    *po.Outcome // of a task, as a whole; nil when it was taken
}

// TakeTask returns a task with what its work has returned, and forgets that: a second call
// has none. Status is empty where the task is open.
func (m *Memory) TakeTask(key po.Key) Task {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, ok := m.settled[key]
	if !ok {
		return Task{Outcome: po.Outcome{Key: key}}
	}
	t := Task{Order: s.entry.order, Outcome: s.outcome}
	if s.task != nil {
		t.Outcome = *s.task
	}
	s.task, s.entry.order.Task, s.entry.kept = nil, []byte("null"), po.Saved{}
	m.settled[key] = s
	return t
}

// NewMemory makes a ledger of the orders. A key that comes twice is an error.
func NewMemory(orders iter.Seq[po.Order]) (*Memory, error) {
	m := &Memory{
		ready:   entries{less: func(a, b *entry) bool { return a.seq < b.seq }},
		invalid: entries{less: func(a, b *entry) bool { return a.seq < b.seq }},
		later:   entries{less: func(a, b *entry) bool { return a.due.Before(b.due) }},
		leased:  map[string]*entry{},
		ended:   map[string]po.Key{},
		settled: map[po.Key]settled{},
	}
	seen, folded := map[po.Key]bool{}, map[string]po.Key{}
	for o := range orders {
		if seen[o.Key] {
			return nil, twiceError(o.IsTask(), string(o.Key))
		}
		seen[o.Key] = true
		if o.IsTask() {
			if other, ok := folded[strings.ToLower(string(o.Key))]; ok {
				return nil, sameFolderError(other, o.Key)
			}
			folded[strings.ToLower(string(o.Key))] = o.Key
		}
		m.free(&entry{order: o, seq: m.total})
		m.total++
	}
	m.open = m.total
	return m, nil
}

// Len returns the number of orders, settled or not.
func (m *Memory) Len() int { return m.total }

// Claim leases up to n orders that are due, in the order of the batch, then
// those whose lease has expired. Until somebody else has the order, a late
// holder may go on.
func (m *Memory) Claim(_ context.Context, n int, ttl time.Duration) (po.Claim, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	for m.later.Len() > 0 && !m.later.list[0].due.After(now) {
		heap.Push(&m.ready, heap.Pop(&m.later))
	}
	if m.ready.Len() < n {
		m.reclaim(now)
	}
	c := po.Claim{Open: m.open}
	for len(c.Invalid) < invalidAtOnce && m.invalid.Len() > 0 {
		c.Invalid = append(c.Invalid, m.lease(heap.Pop(&m.invalid).(*entry), now, ttl))
	}
	for len(c.Leases) < n && m.ready.Len() > 0 {
		c.Leases = append(c.Leases, m.lease(heap.Pop(&m.ready).(*entry), now, ttl))
	}
	c.Wait = m.wait(now)
	return c, nil
}

// reclaim takes back what its holder let expire.
func (m *Memory) reclaim(now time.Time) {
	for token, e := range m.leased {
		if !e.expires.After(now) {
			delete(m.leased, token)
			m.free(e)
		}
	}
}

// free makes an order one that may be claimed.
func (m *Memory) free(e *entry) {
	if e.order.Invalid != "" {
		heap.Push(&m.invalid, e)
		return
	}
	heap.Push(&m.ready, e)
}

func (m *Memory) lease(e *entry, now time.Time, ttl time.Duration) po.Lease {
	e.token, e.expires = uuid.NewString(), now.Add(ttl)
	m.leased[e.token] = e
	return po.Lease{
		Token: e.token, Order: e.order, TTL: ttl, Attempt: e.attempts + 1,
		Worker: e.worker, Deaths: e.deaths, Died: e.died, Saved: e.kept, Missing: e.missing, Evidence: e.evidence, Supplier: e.supplier, ReadBy: e.readBy,
	}
}

// wait is the time until the next order comes due, by its delay or by the end
// of a lease.
func (m *Memory) wait(now time.Time) time.Duration {
	var next time.Time
	if m.later.Len() > 0 {
		next = m.later.list[0].due
	}
	for _, e := range m.leased {
		if next.IsZero() || e.expires.Before(next) {
			next = e.expires
		}
	}
	if next.IsZero() {
		return 0
	}
	return max(next.Sub(now), time.Millisecond)
}

// Extend gives a lease its whole time to live again.
func (m *Memory) Extend(_ context.Context, token string, ttl time.Duration) error {
	return m.change(token, func(e *entry) { e.expires = time.Now().Add(ttl) })
}

// Save records the files that are whole on disk and where they are.
func (m *Memory) Save(_ context.Context, token, supplier string, saved po.Saved) error {
	return m.change(token, func(e *entry) { e.supplier, e.kept = supplier, saved })
}

// Settle records the outcome and ends the lease.
func (m *Memory) Settle(_ context.Context, token string, o po.Outcome) error {
	m.mu.Lock()
	_, done := m.ended[token]
	m.mu.Unlock()
	if done {
		return nil
	}
	return m.change(token, func(e *entry) {
		delete(m.leased, token)
		m.ended[token] = e.order.Key
		e.readBy = o.ReadBy
		is := settled{entry: e, outcome: po.Outcome{Key: e.order.Key, RawNumber: e.order.RawNumber, Status: o.Status,
			Cause: o.Cause, Folder: o.Folder, ReadBy: o.ReadBy}}
		if e.order.IsTask() { // until it is taken
			is.task = &o
		}
		m.settled[e.order.Key] = is
		m.open--
	})
}

// Reopen puts settled orders back whose outcomes are not to be believed, and
// returns those outcomes.
func (m *Memory) Reopen(_ context.Context, keys []po.Key) ([]po.Outcome, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var were []po.Outcome
	for _, key := range keys {
		s, ok := m.settled[key]
		if !ok {
			continue
		}
		delete(m.settled, key)
		e := s.entry
		e.attempts, e.deaths, e.worker, e.due = 0, 0, "", time.Time{}
		if len(e.kept.Files) == 0 {
			e.kept = po.Saved{}
		}
		m.free(e)
		m.open++
		were = append(were, s.outcome)
	}
	return were, nil
}

// Retry puts the order back for another try, not before the time given.
func (m *Memory) Retry(_ context.Context, token string, f po.Failure, after time.Duration) error {
	return m.change(token, func(e *entry) {
		delete(m.leased, token)
		e.attempts++
		if len(f.Missing) > 0 {
			e.missing = f.Missing
		}
		e.worker, e.due = e.assigned, time.Now().Add(after)
		heap.Push(&m.later, e)
	})
}

// Release puts the order back at once; the try does not count.
func (m *Memory) Release(_ context.Context, token string, f po.Failure) error {
	return m.change(token, func(e *entry) {
		delete(m.leased, token)
		if f.Cause.Deadly() {
			e.deaths, e.died, e.evidence = e.deaths+1, f.Detail, f.Trace.Evidence
		}
		m.free(e)
	})
}

// Assign notes who works on the order.
func (m *Memory) Assign(_ context.Context, token string, to po.Assignment) error {
	return m.change(token, func(e *entry) { e.assigned = to.Worker })
}

// Commit does what is asked of it: nothing can fail in memory.
func (m *Memory) Commit(ctx context.Context, do func(context.Context) error) error { return do(ctx) }

// change applies f to the order that is leased under the token.
func (m *Memory) change(token string, f func(*entry)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	e, ok := m.leased[token]
	if !ok {
		return po.ErrFenced
	}
	f(e)
	return nil
}

// entries is a heap of orders.
type entries struct {
	list []*entry
	less func(a, b *entry) bool
}

func (h *entries) Len() int           { return len(h.list) }
func (h *entries) Less(i, j int) bool { return h.less(h.list[i], h.list[j]) }
func (h *entries) Swap(i, j int)      { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *entries) Push(x any)         { h.list = append(h.list, x.(*entry)) }
func (h *entries) Pop() any {
	last := len(h.list) - 1
	e := h.list[last]
	h.list = h.list[:last]
	return e
}
