package schedule

import (
	"cmp"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Read brings a worker's answer. An answer that is not from the incarnation that has
// the order in hand changes nothing.
func (s *Scheduler) Read(m messages.OrderRead, now time.Time) []Effect {
	if !s.IsReading(m.Worker, m.Token) {
		return nil
	}
	t := s.queue.tasks[m.Token]
	delete(s.workers.busy, t.worker.Name) // idle again when it says so
	var fx []Effect
	if reason := s.workers.recordPage(m); reason != "" {
		fx = append(fx, Replace{m.Worker, reason})
	}
	fx = append(fx, s.byBrowserRead(t, m)...)
	fx = append(fx, s.applyReading(t, m, now)...)
	return append(fx, s.advance(now)...)
}

// applyReading decides what a reading leads to.
func (s *Scheduler) applyReading(t *task, m messages.OrderRead, now time.Time) []Effect {
	t.trace = m.Reading.Trace
	if m.Failure.Cause != "" {
		t.trace = m.Failure.Trace
	}
	if t.end != nil && !lostSession(m) { // whatever it was: it was for evidence
		return []Effect{s.settle(t, t.end.status, t.end.cause, t.end.detail)}
	}
	switch f := m.Failure; {
	case f.LeftPortal:
		return s.leftPortal(t, f)
	case f.PortalWide && s.canHold(t):
		return s.hold(t, f)
	case f.Unreachable:
		return s.noAnswer(t, f, now)
	case f.Definition: // no order is to suffer for it
		return append([]Effect{s.release(t, asFailure(f))}, s.stop(f.Cause, f.Detail)...)
	case s.portal.record(m, s.queue.open) && !s.sessions.canProbe():
		return s.refusesAll(t, m, now)
	case f.Cause != "" && s.portalSuspected() && s.canHold(t):
		return s.hold(t, f)
	case f.Cause != "":
		return s.failed(t, f)
	}
	s.sessions.away = nil
	hadAttachments := t.browserTried || len(t.kept.Files) > 0
	if hadAttachments && !t.replaces && (m.Reading.Sign == po.SignEmpty || m.Reading.Sign == po.SignNotFound) {
		return s.failed(t, po.ReadFailure{Cause: po.UnrecognisedPage, URL: m.Reading.URL,
			Detail: "the page no longer lists the attachments that it listed before"})
	}
	return s.applyPage(t, m)
}

// applyPage decides what a page that was read leads to.
func (s *Scheduler) applyPage(t *task, m messages.OrderRead) []Effect {
	t.reading = m.Reading
	t.reading.Supplier = cmp.Or(m.Reading.Supplier, t.lease.Supplier)
	failure := func(cause po.Cause, detail string) []Effect {
		return s.failed(t, po.ReadFailure{Cause: cause, Detail: detail, URL: m.Reading.URL})
	}
	switch m.Reading.Sign {
	case po.SignAttachments:
		s.sessions.confirm(m.Worker)
		t.stage = fetching
		return []Effect{t.fetch()}
	case po.SignDone:
		if len(t.reading.Attachments)+len(t.kept.Files) == 0 {
			return []Effect{s.settleRead(t)}
		}
		t.stage, t.replaces = fetching, true // it is what it has saved this time that counts
		return []Effect{t.fetch()}
	case po.SignEmpty, po.SignNotFound:
		if t.replaces && len(t.kept.Files) > 0 { // which are of another list: they go first
			t.stage = fetching
			return []Effect{t.fetch()}
		}
		return []Effect{s.settleRead(t)}
	case po.SignForbidden:
		return failure(po.Forbidden, "the portal refuses this user")
	case po.SignSignedOut:
		if s.mayHoldSignIn(t) {
			return s.holdSignIn(t, m)
		}
		return failure(po.SignedOut, wantsSignIn)
	}
	return failure(po.Internal, "unknown sign "+string(m.Reading.Sign))
}

// settleRead ends an order as its page was read, all of whose files are there.
func (s *Scheduler) settleRead(t *task) Effect {
	switch t.reading.Sign {
	case po.SignEmpty:
		return s.settle(t, po.NoAttachments, "", "")
	case po.SignNotFound:
		return s.settle(t, po.NotFound, po.CauseNotFound, "the portal has no such order")
	}
	return s.settle(t, po.Completed, "", "")
}

// noAnswer handles a reading to which the portal gave no answer at all: the order goes
// back, and the portal is waited for. Where the portal has answered others since this
// order's last reading without an answer, the trouble is the order's own.
func (s *Scheduler) noAnswer(t *task, f po.ReadFailure, now time.Time) []Effect {
	if s.portal.noAnswer(t.key()) {
		return s.failed(t, f)
	}
	released := s.release(t, asFailure(f))
	return append([]Effect{released}, s.waitForPortal(f, now)...)
}

// refusesAll handles a refusal of a portal that refuses everybody: what has failed for
// that goes back, and the portal is waited for.
func (s *Scheduler) refusesAll(t *task, m messages.OrderRead, now time.Time) []Effect {
	f := m.Failure
	f.Cause, f.Detail = po.PortalError, refusalReason(m)
	released := s.release(t, asFailure(f))
	return slices.Concat([]Effect{released}, s.reopenRefused(), s.waitForPortal(f, now))
}

// waitForPortal waits for a portal that is not there for anybody: everyone pauses,
// longer with each round, and the run stops when the patience is over.
func (s *Scheduler) waitForPortal(f po.ReadFailure, now time.Time) []Effect {
	if s.paused(now) { // of this round
		return nil
	}
	pause, reason, giveUp := s.portal.wait(f, now)
	if giveUp {
		return s.stop(po.PortalError, reason)
	}
	return []Effect{Notify{messages.PortalPaced{
		Reading: cmp.Or(s.maxReading, s.poolSize), Hold: messages.Duration(pause), LimitedBy: messages.LimitedByPortal, Reason: reason}}}
}

// Fetched brings the file fetcher's answer.
func (s *Scheduler) Fetched(m messages.FilesFetched, now time.Time) []Effect {
	t := s.queue.in(fetching, m.Token)
	if t == nil {
		return nil
	}
	t.missing = withAnswers(m.Result.Missing, t.missing)
	var fx []Effect
	if m.Result.Saved.Folder != "" {
		t.kept = m.Result.Saved
		fx = append(fx, Save{Token: m.Token, Supplier: t.reading.Supplier, Saved: t.kept})
	}
	switch {
	case s.stopCause != "":
		fx = append(fx, s.release(t, s.stopFailure()))
	case m.Failure != "":
		fx = append(fx, s.failed(t, po.ReadFailure{Cause: m.Failure, Detail: m.Detail})...)
	case t.byPage && s.lane.trust(t.page).off != "":
		fx = append(fx, s.toBrowser(t, s.lane.trust(t.page).off)...)
	case t.byPage && t.pageAt <= s.lane.lost:
		fx = append(fx, s.toBrowser(t, "its page was read within a session that has ended")...)
	case len(m.Result.Missing) == 0:
		fx = append(fx, s.settleRead(t))
	default:
		fx = append(fx, s.applyMissing(t, m.Result.Missing)...)
	}
	return append(fx, s.advance(now)...)
}

// applyMissing decides what becomes of an order of which some files did not come: what
// HTTP could not get goes to a browser, once in an attempt; else the table of causes
// applies.
func (s *Scheduler) applyMissing(t *task, missing []po.Missing) []Effect {
	t.byBrowser = nil
	m, next := decisiveMissing(missing, t.lease.Attempt, s.attempts)
	for _, f := range missing {
		// not while the portal asks for a pause and another try will come
		if f.Browser && !t.browserTried && (m.RetryAfter == 0 || next == settleOrder) {
			t.byBrowser = append(t.byBrowser, f.ID)
		}
	}
	if len(t.byBrowser) > 0 {
		t.browserTried, t.stage = true, waiting
		s.queue.pushFront(t)
		return nil
	}
	if next == settleOrder && t.byPage {
		return s.toBrowser(t, "some of its files did not come")
	}
	if next == settleOrder && !t.lease.Order.IsTask() {
		found := len(t.reading.Attachments)
		return s.endWith(t, end{statusOf(found, found-len(missing)), m.Cause, m.Detail})
	}
	return s.failed(t, po.ReadFailure{Cause: m.Cause, Detail: m.Detail, RetryAfter: m.RetryAfter})
}

// failed applies the table of causes to an order.
func (s *Scheduler) failed(t *task, f po.ReadFailure) []Effect {
	t.reading.URL = cmp.Or(t.reading.URL, f.URL)
	next := decide(f.Cause, t.lease.Attempt, s.attempts)
	if f.Final && next == retryOrder {
		next = settleOrder
	}
	switch next {
	case endSession:
		released := s.release(t, asFailure(f))
		if s.hasOldSession(t.worker) { // which is known to be over
			return []Effect{released}
		}
		return append([]Effect{released}, s.sessionOver(f.Detail)...)
	case stopRun:
		released := s.release(t, asFailure(f))
		return append([]Effect{released}, s.stop(f.Cause, f.Detail)...)
	case releaseOrder:
		return []Effect{s.release(t, asFailure(f))}
	case retryOrder:
		t.stage = recording
		failure := asFailure(f)
		failure.Missing, failure.Trace = t.stillMissing(f.Cause, f.Detail), t.trace
		return []Effect{Retry{
			Token: t.lease.Token, Order: t.lease.Order, Attempt: t.lease.Attempt, Worker: t.worker.Name,
			Failure: failure, After: retryDelay(t.lease.Attempt, max(f.RetryAfter, f.After), s.random()),
		}}
	}
	return s.endWith(t, end{t.failedStatus(), f.Cause, f.Detail})
}

// endWith ends an order. One whose files could not be had, and of which no browser has
// kept evidence in this attempt, is looked at by one first.
func (s *Scheduler) endWith(t *task, e end) []Effect {
	if t.stage != fetching || t.trace.Evidence != "" || t.lease.Order.IsTask() || s.shuttingDown() {
		return []Effect{s.settle(t, e.status, e.cause, e.detail)}
	}
	t.end, t.stage = &e, waiting
	s.queue.pushFront(t)
	return nil
}

// lostSession says of a look at a page whether it may have been for a lost session that
// its files could not be had.
func lostSession(m messages.OrderRead) bool {
	return m.Failure.Cause == po.SignedOut || m.Failure.LeftPortal || m.Reading.Sign == po.SignSignedOut
}

// withAnswers is a list of missing files in which those to which the portal says nothing
// have what it said to an earlier lane.
func withAnswers(missing, earlier []po.Missing) []po.Missing {
	said := map[string]string{}
	for _, m := range earlier {
		said[m.ID] = m.Answer
	}
	missing = slices.Clone(missing)
	for i, m := range missing {
		missing[i].Answer = cmp.Or(m.Answer, said[m.ID])
	}
	return missing
}

// asFailure is a reading's failure as the ledger has it.
func asFailure(f po.ReadFailure) po.Failure { return po.Failure{Cause: f.Cause, Detail: f.Detail} }

// settle ends an order.
func (s *Scheduler) settle(t *task, status po.Status, cause po.Cause, detail string) Effect {
	t.stage = recording
	o := t.outcome(status, cause, detail)
	if s.lane.on && o.Attempts > 0 {
		o.ReadBy, o.Comparisons = t.readBy(status), s.lane.trust(t.page).agreed
	}
	if t.byPage && status == po.Completed {
		s.settledPage(t)
	}
	s.sessions.record(t, o)
	s.portal.recordFailed(o)
	worker := t.worker.Name
	if t.byPage {
		worker = po.PageReader
	}
	return Settle{Token: t.lease.Token, Order: t.lease.Order, Outcome: o, Saved: t.kept, Worker: worker, Started: t.started}
}

// release puts an order back without counting the try.
func (s *Scheduler) release(t *task, f po.Failure) Effect {
	s.queue.pull(t)
	t.stage = recording
	f.Trace = t.trace
	return Release{Token: t.lease.Token, Order: t.lease.Order, Failure: f}
}
