package schedule

import (
	"cmp"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// stage says where a task is.
type stage int

const (
	waiting   stage = iota // for a worker, or for a probe
	paging                 // its page is being read without a browser
	reading                // at a worker
	fetching               // at the file fetcher
	recording              // at the ledger; nothing else may happen to it
)

// task is one order in hand. It is claimed, read, fetched, perhaps read again by a
// browser for what HTTP could not get, and recorded.
type task struct {
	number       int // in the order of claiming
	lease        po.Lease
	stage        stage
	worker       messages.Worker // who has it, or had it last
	reading      po.Reading
	kept         po.Saved
	missing      []po.Missing // of the last fetch
	trace        po.Trace     // of its last reading
	byBrowser    []string     // attachments to be saved by a browser
	browserTried bool         // the browser lane was tried in this attempt
	started      time.Time
	isolated     bool // in quarantine: for a throw-away worker
	end          *end // it is known how it ends, but for evidence of its page

	// Where pages are read without a browser:
	pageRead  bool // its own was
	page      po.PageReading
	pageAt    int        // which of the pages it was
	pageAsked time.Time  // when it was asked for
	back      po.Failure // why it goes back when its page has come; without a cause: it does not
	believed  bool       // it needs no browser, and waits for its files to be fetched
	byPage    bool       // reading is of that page
	why       string     // a browser reads it all the same
	checked   bool       // it was compared with what a browser has read
	agreed    bool       // and was the same
	replaces  bool       // its files are of a list that may be wrong
}

// end is how an order is about to end.
type end struct {
	status po.Status
	cause  po.Cause
	detail string
}

// lookFor is what a browser is to keep evidence for; without a cause, it is to read.
func (t *task) lookFor() po.Failure {
	if t.end == nil {
		return po.Failure{}
	}
	return po.Failure{Cause: t.end.cause, Detail: t.end.detail}
}

// begun says that the order was read in this attempt. A page that is not believed yet is none.
func (t *task) begun() bool { return t.reading.Sign != "" }

// key is the order's.
func (t *task) key() po.Key { return t.lease.Order.Key }

// fetch asks for the files that the last reading lists.
func (t *task) fetch() Fetch {
	return Fetch{Token: t.lease.Token, Job: po.FetchJob{
		Order: t.lease.Order, Supplier: t.reading.Supplier, Saved: t.kept,
		Attachments: t.reading.Attachments, Credentials: t.reading.Credentials, Replace: t.replaces,
	}}
}

// stillMissing lists the files that are still missing: those of the page, each with
// its own cause, or that of the whole fetch. Where this attempt has not read the
// page, they are those that an earlier one could not get.
func (t *task) stillMissing(cause po.Cause, detail string) []po.Missing {
	seen := map[string]bool{}
	for _, f := range t.kept.Files {
		seen[f.ID] = true
	}
	var list []po.Missing
	add := func(m po.Missing) {
		if !seen[m.ID] {
			seen[m.ID] = true
			list = append(list, m)
		}
	}
	if t.reading.Sign == "" {
		for _, m := range t.lease.Missing {
			add(m)
		}
		return list
	}
	fetched := map[string]po.Missing{}
	for _, m := range t.missing {
		fetched[m.ID] = m
	}
	for _, a := range t.reading.Attachments {
		m, ok := fetched[a.ID]
		if !ok {
			m = po.NewMissing(a, cause, detail)
		}
		m.Evidence = cmp.Or(m.Evidence, t.trace.Evidence)
		add(m)
	}
	return list
}

// outcome is how the order ends.
func (t *task) outcome(status po.Status, cause po.Cause, detail string) po.Outcome {
	o := po.Outcome{
		Key: t.key(), RawNumber: t.lease.Order.RawNumber, Status: status, Cause: cause, Detail: detail,
		Supplier: t.reading.Supplier, Files: t.kept.Files,
		URL: po.PublicURL(t.reading.URL), Attempts: t.lease.Attempt, Trace: t.trace,
	}
	if status == po.Completed {
		o.Result = t.reading.Result
	}
	if !status.Settled() {
		o.Missing = t.stillMissing(cause, detail)
	} else if cause == "" {
		o.Trace.Evidence = "" // what had gone wrong on the way has been mended
	}
	o.Found = max(len(t.reading.Attachments), len(t.kept.Files)+len(o.Missing))
	if cause == po.InvalidNumber { // nobody has tried
		o.Attempts = 0
	}
	return o
}

// readBy is how the order's page was read.
func (t *task) readBy(status po.Status) po.ReadBy {
	switch {
	case t.byPage && status == po.Completed:
		return cmp.Or(t.page.By, po.ReadByPage)
	case t.agreed && t.page.By == po.ReadByCall:
		return po.ReadByBothCall
	case t.agreed:
		return po.ReadByBoth
	}
	return po.ReadByBrowser
}

// failedStatus is how the order ends where some of its files are missing for sure.
func (t *task) failedStatus() po.Status {
	if t.lease.Order.IsTask() { // which has all of its files, or none
		return po.Failed
	}
	return statusOf(len(t.kept.Files)+1, len(t.kept.Files))
}

// queue holds the orders in hand, and what is known of those that are still at the
// ledger.
type queue struct {
	tasks   map[string]*task // all in hand, by token
	waiting []*task          // for a worker: fresh, or for the browser lane
	count   int              // tasks so far

	open        int  // orders not settled; -1 until the ledger has told
	auditing    bool // the ledger may open more, as the last claim said
	claiming    bool // a claim is under way
	moreInvalid bool // the ledger has more orders that need no worker
	exhausted   bool // the last claim gave nothing; until something changes
	reopening   int  // writes under way that open orders again
}

func newQueue() queue { return queue{tasks: map[string]*task{}, open: -1} }

// claim asks the ledger for more.
func (q *queue) claim(n int) Claim {
	q.claiming, q.moreInvalid = true, false
	return Claim{n}
}

// claimed takes the answer to a claim of n, but for its leases.
func (q *queue) claimed(n int, c po.Claim) {
	q.claiming, q.open, q.auditing = false, c.Open, c.Auditing
	q.exhausted = n > 0 && len(c.Leases) == 0
	q.moreInvalid = len(c.Invalid) > 0
}

// add takes an order in hand.
func (q *queue) add(l po.Lease, now time.Time) *task {
	q.count++
	t := &task{number: q.count, lease: l, kept: l.Saved, started: now, replaces: l.ReadBy.WithoutBrowser()}
	q.tasks[l.Token] = t
	return t
}

// in returns the task with a token if it is in the stage given, else nil.
func (q *queue) in(s stage, token string) *task {
	if t, ok := q.tasks[token]; ok && t.stage == s {
		return t
	}
	return nil
}

// push puts a task at the end of those that wait for a worker.
func (q *queue) push(t *task) { q.waiting = append(q.waiting, t) }

// pushFront puts it before them: what is begun comes first.
func (q *queue) pushFront(t *task) { q.waiting = slices.Insert(q.waiting, 0, t) }

// pull takes a task from those that wait for a worker, if it is among them.
func (q *queue) pull(t *task) {
	q.waiting = slices.DeleteFunc(q.waiting, func(o *task) bool { return o == t })
}

// remove lets go of a task.
func (q *queue) remove(t *task) {
	q.pull(t)
	delete(q.tasks, t.lease.Token)
}

// inHand lists the tasks in the order of claiming.
func (q *queue) inHand() []*task {
	list := make([]*task, 0, len(q.tasks))
	for _, t := range q.tasks {
		list = append(list, t)
	}
	slices.SortFunc(list, func(x, y *task) int { return x.number - y.number })
	return list
}

// inFlight counts the tasks that somebody works on, or has begun.
func (q *queue) inFlight() int {
	n := 0
	for _, t := range q.tasks {
		if t.stage != waiting || t.begun() {
			n++
		}
	}
	return n
}

// settled says that no order is open, and none will be opened by an audit.
func (q *queue) settled() bool { return q.open == 0 && !q.auditing }

// quiet says that nothing is in hand and no answer of the ledger can change that.
func (q *queue) quiet() bool { return len(q.tasks) == 0 && !q.claiming && q.reopening == 0 }

// anyIsolated says whether an order waits for a throw-away browser, or has it.
func (q *queue) anyIsolated() bool {
	for _, t := range q.tasks {
		if t.isolated && t.stage != recording {
			return true
		}
	}
	return false
}
