package actors

import (
	"cmp"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// judge decides what a reading leads to.
func (b *board) judge(t *task, m messages.OrderRead, now time.Time) []any {
	t.trace = m.Reading.Trace
	if m.Failure.Cause != "" {
		t.trace = m.Failure.Trace
	}
	switch {
	case m.Failure.PortalWide && b.canAsk(t):
		return b.ask(t, m.Failure)
	case m.Failure.Unreachable:
		return b.miss(t, m.Failure, now)
	case m.Failure.Definition: // no order is to suffer for it
		return append(b.release(t, po.Failure{Cause: m.Failure.Cause, Detail: m.Failure.Detail}), b.stop(m.Failure.Cause, m.Failure.Detail)...)
	case b.noteAnswer(m):
		return b.refuseAll(t, m, now)
	case m.Failure.Cause != "" && b.refusing() && b.canAsk(t):
		return b.ask(t, m.Failure)
	case m.Failure.Cause != "":
		return b.fail(t, m.Failure.Cause, m.Failure.Detail, m.Failure.RetryAfter, m.Failure.URL)
	}
	if gone := m.Reading.Sign == po.SignEmpty || m.Reading.Sign == po.SignNotFound; gone && (t.tried || len(t.kept.Files) > 0) {
		return b.fail(t, po.UnrecognisedPage, "the page no longer lists the attachments that it listed before", 0, m.Reading.URL)
	}
	t.reading = m.Reading
	if t.reading.Supplier == "" {
		t.reading.Supplier = t.lease.Supplier
	}
	switch m.Reading.Sign {
	case po.SignAttachments:
		b.noteProof(m.Worker)
		t.stage = fetching
		return []any{t.fetch()}
	case po.SignEmpty:
		return b.settle(t, po.NoAttachments, "", "")
	case po.SignNotFound:
		return b.settle(t, po.NotFound, po.CauseNotFound, "the portal has no such order")
	case po.SignForbidden:
		return b.fail(t, po.Forbidden, "the portal refuses this user", 0, m.Reading.URL)
	case po.SignSignedOut:
		return b.signedOut(t, m)
	}
	return b.fail(t, po.Internal, "unknown sign "+string(m.Reading.Sign), 0, m.Reading.URL)
}

// miss handles a reading to which the portal gave no answer at all: the order goes
// back, and the portal is waited for. Where the portal has answered others since this
// order's last miss, the trouble is the order's own.
func (b *board) miss(t *task, f po.ReadFailure, now time.Time) []any {
	key := t.lease.Order.Key
	if before, again := b.missedBy[key]; again && b.answers > before {
		return b.fail(t, f.Cause, f.Detail, f.RetryAfter, f.URL)
	}
	b.missedBy[key] = b.answers
	fx := b.release(t, po.Failure{Cause: f.Cause, Detail: f.Detail})
	return append(fx, b.away(f, now)...)
}

// refuseAll handles a refusal of a portal that refuses everybody: what has failed
// for that goes back, and the portal is waited for.
func (b *board) refuseAll(t *task, m messages.OrderRead, now time.Time) []any {
	f := m.Failure
	f.Cause, f.Detail = po.PortalError, refusal(m)
	return slices.Concat(b.release(t, po.Failure{Cause: f.Cause, Detail: f.Detail}), b.reopenFaulted(), b.away(f, now))
}

// away waits for a portal that is not there for anybody: everyone pauses, longer with
// each wave of orders that miss it, and after a while the run stops.
func (b *board) away(f po.ReadFailure, now time.Time) []any {
	if b.pausing(now) { // of this wave
		return nil
	}
	if b.misses == 0 {
		b.missed, b.silent = now, true
	}
	b.misses++
	b.silent = b.silent && f.Unreachable
	why, gone := "the portal does not answer: "+f.Detail, unreachable(b.misses, now.Sub(b.missed), b.answers > 0)
	if !b.silent {
		why, gone = "the portal is not there for anybody: "+f.Detail, closed(b.misses, now.Sub(b.missed))
	}
	if gone {
		return b.stop(po.PortalError, why)
	}
	d := max(backoff(b.misses, retryBase, retryLongest), min(f.RetryAfter, awayLongest))
	b.paused = now.Add(d)
	return []any{doTell{messages.PortalPaced{Reading: cmp.Or(b.limit, b.size), Hold: d, Reason: why}}}
}

// fail applies the table of causes to an order.
func (b *board) fail(t *task, cause po.Cause, detail string, asked time.Duration, url string) []any {
	if t.reading.URL == "" {
		t.reading.URL = url
	}
	switch decide(cause, t.lease.Attempt, b.attempts) {
	case stopRun:
		return append(b.release(t, po.Failure{Cause: cause, Detail: detail}), b.stop(cause, detail)...)
	case putBack:
		return b.release(t, po.Failure{Cause: cause, Detail: detail})
	case retry:
		t.stage = recording
		return []any{doRetry{
			token: t.lease.Token, order: t.lease.Order, attempt: t.lease.Attempt, worker: t.worker.Name,
			failure: po.Failure{Cause: cause, Detail: detail, Missing: t.lost(cause, detail), Trace: t.trace}, after: retryDelay(t.lease.Attempt, asked, b.random()),
		}}
	}
	return b.settle(t, statusOf(len(t.kept.Files)+1, len(t.kept.Files)), cause, detail)
}

// fetch asks for the files that the last reading lists.
func (t *task) fetch() doFetch {
	return doFetch{token: t.lease.Token, job: po.FetchJob{
		Order: t.lease.Order, Supplier: t.reading.Supplier, Kept: t.kept,
		Attachments: t.reading.Attachments, Credentials: t.reading.Credentials,
	}}
}

// fetched brings the file fetcher's answer.
func (b *board) fetched(m messages.FilesFetched, now time.Time) []any {
	t, ok := b.tasks[m.Token]
	if !ok || t.stage != fetching {
		return nil
	}
	t.missing = m.Result.Missing
	var fx []any
	if m.Result.Kept.Folder != "" {
		t.kept = m.Result.Kept
		fx = append(fx, doSave{token: m.Token, supplier: t.reading.Supplier, kept: t.kept})
	}
	switch {
	case b.stopped != "":
		fx = append(fx, b.release(t, b.putBack())...)
	case m.Failure != "":
		fx = append(fx, b.fail(t, m.Failure, m.Detail, 0, "")...)
	case len(m.Result.Missing) == 0:
		fx = append(fx, b.settle(t, po.Completed, "", "")...)
	default:
		fx = append(fx, b.missing(t, m.Result.Missing)...)
	}
	return append(fx, b.next(now)...)
}

// missing decides what becomes of an order of which some files did not come:
// what HTTP could not get goes to a browser, once in an attempt; else the
// table of causes applies.
func (b *board) missing(t *task, missing []po.Missing) []any {
	t.byBrowser = nil
	w, v := worst(missing, t.lease.Attempt, b.attempts)
	for _, m := range missing {
		// not while the portal asks for a pause and another try will come
		if m.Browser && !t.tried && (w.RetryAfter == 0 || v == settle) {
			t.byBrowser = append(t.byBrowser, m.ID)
		}
	}
	if len(t.byBrowser) > 0 {
		t.tried, t.stage = true, waiting
		b.stock = slices.Insert(b.stock, 0, t) // what is begun comes first
		return nil
	}
	if v == settle {
		found := len(t.reading.Attachments)
		return b.settle(t, statusOf(found, found-len(missing)), w.Cause, w.Detail)
	}
	return b.fail(t, w.Cause, w.Detail, w.RetryAfter, "")
}

// lost lists the files that are still missing: those of the page, each with its
// own cause, or that of the whole fetch. Where this attempt has not read the page,
// they are those that an earlier one could not get.
func (t *task) lost(cause po.Cause, detail string) []po.Missing {
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
	if !t.begun() {
		for _, m := range t.lease.Missing {
			add(m)
		}
		return list
	}
	known := map[string]po.Missing{}
	for _, m := range t.missing {
		known[m.ID] = m
	}
	for _, a := range t.reading.Attachments {
		m, ok := known[a.ID]
		if !ok {
			m = po.NewMissing(a, cause, detail)
		}
		add(m)
	}
	return list
}

// settle ends an order.
func (b *board) settle(t *task, status po.Status, cause po.Cause, detail string) []any {
	t.stage = recording
	o := po.Outcome{
		Key: t.lease.Order.Key, Written: t.lease.Order.Written, Status: status, Cause: cause, Detail: detail,
		Supplier: t.reading.Supplier, Files: t.kept.Files,
		URL: po.PublicURL(t.reading.URL), Attempts: t.lease.Attempt, Trace: t.trace,
	}
	if !status.Settled() {
		o.Missing = t.lost(cause, detail)
	}
	o.Found = max(len(t.reading.Attachments), len(t.kept.Files)+len(o.Missing))
	if cause == po.InvalidNumber { // nobody has tried
		o.Attempts = 0
	}
	b.noteOutcome(t, o)
	return []any{doSettle{
		token: t.lease.Token, order: t.lease.Order, outcome: o, kept: t.kept, worker: t.worker.Name, started: t.started,
	}}
}

// release puts an order back without counting the try.
func (b *board) release(t *task, f po.Failure) []any {
	b.stock = slices.DeleteFunc(b.stock, func(o *task) bool { return o == t })
	t.stage = recording
	f.Trace = t.trace
	return []any{doRelease{token: t.lease.Token, order: t.lease.Order, failure: f}}
}
