package schedule

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// A portal whose session is over does not always ask for a sign-in: some say of
// every order that there is none, or that it has no attachments. And one that is
// in trouble may refuse everybody, whatever the order. An order cannot tell by
// itself. What can is an order whose attachments were seen before: it is read once
// more, as a probe. That is done where a browser has had only weak answers for long,
// at the end of a run for those that nothing has proved, where the portal has refused
// several times in a row, and where it asks for a sign-in: one order may do so alone.
const (
	weakInRow    = 20 // weak answers of one browser in a row, before a probe
	refusedInRow = 3  // refusals of the portal in a row, before it is held to be in trouble
	knownMost    = 16 // orders that are kept for probes: no two browsers read one at once
	signInsMost  = 3  // orders of a run that may ask for a sign-in by themselves
	changedMost  = 3  // known orders that must be found changed, before that is believed
)

// doubts is what is not proved yet.
type doubts struct {
	weak     map[messages.Worker][]po.Key // weak answers by the browser that had them, since it last saw attachments
	believed []po.Key                     // weak answers that nothing can prove any more: only a sign-out puts them back
	reasked  map[po.Key]bool              // put back for want of a proof; not twice
	known    []po.Order                   // have been completed, the latest first

	asking  map[string]asked             // orders that are held for a probe, by the worker that had them
	signIns int                          // orders of this run that have asked for a sign-in, and were held
	probes  map[string]probe             // under way, by the worker's name
	changed map[messages.Worker][]po.Key // known orders whose attachments a browser has not seen again
	opening int                          // writes under way that open orders again

	refused  []po.Key // orders of the refusals in a row
	refusals int      // how many those are
	faulted  []po.Key // of those, the ones that have ended as Failed
}

// probe is a known order that a browser reads once more.
type probe struct {
	worker messages.Worker
	key    po.Key
}

func newDoubts() doubts {
	return doubts{weak: map[messages.Worker][]po.Key{}, reasked: map[po.Key]bool{},
		asking: map[string]asked{}, probes: map[string]probe{}, changed: map[messages.Worker][]po.Key{}}
}

// weak reports whether a lost session could have faked an outcome.
func weak(o po.Outcome) bool {
	switch {
	case len(o.Files) > 0:
		return false
	case o.Status == po.NotFound, o.Status == po.NoAttachments:
		return true
	}
	return o.Status == po.Failed && (o.Cause == po.Forbidden || o.Cause == po.UnrecognisedPage)
}

// noteOutcome takes an outcome that is about to be recorded. An order that is
// completed is a good one to be read again, the more if that needs no click.
func (b *Scheduler) noteOutcome(t *task, o po.Outcome) {
	if o.Status == po.Completed {
		clicked := slices.ContainsFunc(t.reading.Attachments, func(a po.Attachment) bool { return a.URL == "" || a.Saved != "" })
		if !clicked || len(b.known) < changedMost {
			b.known = slices.Insert(b.known, 0, t.lease.Order)
			b.known = b.known[:min(len(b.known), knownMost)]
		}
		return
	}
	if o.Status == po.Failed && len(o.Files) == 0 && slices.Contains(b.refused, o.Key) {
		b.faulted = append(b.faulted, o.Key)
	}
	switch {
	case !weak(o) || t.worker.Name == "":
	case t.alone || b.reasked[o.Key]:
		b.believed = append(b.believed, o.Key)
	default:
		b.weak[t.worker] = append(b.weak[t.worker], o.Key)
	}
}

// noteProof takes it that a browser has seen an order's attachments: it is signed
// in, and was so when it had its weak answers before.
func (b *Scheduler) noteProof(w messages.Worker) {
	delete(b.weak, w)
	delete(b.changed, w)
}

// refusal says whether an answer is one that a portal in trouble gives everybody, in
// words.
func refusal(m messages.OrderRead) string {
	switch f := m.Failure; {
	case f.PortalWide:
		return cmp.Or(f.Detail, "it shows everybody the same page")
	case f.Cause == "" && m.Reading.Sign == po.SignForbidden:
		return "it refuses this user"
	case f.Status >= 500 || f.Status == 403:
		return fmt.Sprintf("it answers %d", f.Status)
	case f.Cause == po.Timeout && f.Status == 0 && !f.Answered:
		return "it gives no answer in time"
	}
	return ""
}

// noteAnswer takes an answer of the portal, and says whether with it the portal is
// in trouble: it has refused several orders in a row, and there is no order that
// could tell whether it would do so with others.
func (b *Scheduler) noteAnswer(m messages.OrderRead) (trouble bool) {
	switch f, refused := m.Failure, refusal(m) != ""; {
	case refused:
	case f.Cause != "" && (f.Status == 0 || f.Status == 429), m.Reading.Sign == po.SignSignedOut: // it says nothing of others
		return false
	default:
		b.answers++
		delete(b.missedBy, m.Key)
		b.answersAll()
		return false
	}
	b.refusals++
	if !slices.Contains(b.refused, m.Key) {
		b.refused = append(b.refused, m.Key)
	}
	orders := refusedInRow
	if m.Failure.PortalWide { // which needs no more orders than there are
		orders = max(1, min(orders, b.open))
	}
	return len(b.known) == 0 && b.refusals >= orders && len(b.refused) >= orders
}

// answersAll takes it that the portal does not refuse everybody.
func (b *Scheduler) answersAll() { b.refused, b.refusals, b.faulted, b.misses = nil, 0, nil, 0 }

// reopenFaulted puts back what has failed since the portal began to refuse everybody.
func (b *Scheduler) reopenFaulted() []any {
	keys := b.faulted
	b.faulted = nil
	return b.reopen(keys, "the portal refuses everybody")
}

// asked is an order whose answer may be everybody's: it is held until a probe of the
// browser that had it has told. It fails for its own cause if it is not.
type asked struct {
	task *task
	own  po.ReadFailure
}

// canAsk says whether a probe can tell what an order's answer is worth.
func (b *Scheduler) canAsk(t *task) bool { return len(b.known) > 0 && !t.alone }

// ask holds an order until a probe has told whether its answer is everybody's. No
// order is handed out meanwhile.
func (b *Scheduler) ask(t *task, own po.ReadFailure) []any {
	t.stage = waiting
	b.asking[t.worker.Name] = asked{t, own}
	return nil
}

// signedOut handles an order that asks for a sign-in. Two at once leave no doubt that
// the session is over, nor do many.
func (b *Scheduler) signedOut(t *task, m messages.OrderRead) []any {
	if !b.canAsk(t) || len(b.asking) > 0 || b.signIns >= signInsMost {
		return b.fail(t, po.SignedOut, "the portal asks for a sign-in", 0, m.Reading.URL)
	}
	b.signIns++
	return b.ask(t, po.ReadFailure{Cause: po.Forbidden, Detail: "the portal asks for a sign-in for this order, and shows others", URL: m.Reading.URL})
}

// answered takes what a probe has told of the order that is held for it: that the
// trouble is its own, or, for the cause given, not.
func (b *Scheduler) answered(name string, f po.Failure) []any {
	q, ok := b.asking[name]
	delete(b.asking, name)
	switch t := q.task; {
	case !ok || b.tasks[t.lease.Token] != t || t.stage != waiting: // stopped, or fenced
		return nil
	case f.Cause == "":
		return b.fail(t, q.own.Cause, q.own.Detail, q.own.RetryAfter, q.own.URL)
	default:
		return b.release(t, f)
	}
}

// refusing says that the portal may refuse everybody, and that a probe can tell.
func (b *Scheduler) refusing() bool { return b.refusals >= refusedInRow && len(b.known) > 0 }

// suspended says that no order is handed out until a probe has told what is wrong.
func (b *Scheduler) suspended() bool { return b.refusing() || len(b.asking) > 0 }

// probe has idle browsers read a known order where that must be.
func (b *Scheduler) probe(now time.Time) []any {
	if b.stopped != "" || b.pausing(now) {
		return nil
	}
	var fx []any
	for _, w := range slices.Clone(b.idle) {
		n := len(b.weak[w])
		switch {
		case b.isAlone(w):
			continue
		case b.asking[w.Name].task != nil, n >= weakInRow, n > 0 && b.through():
		case !b.refusing() || len(b.probes) > 0: // one tells for all
			continue
		}
		if b.disproved(w) { // known orders have been claimed since it was asked
			return append(fx, b.stop(po.SignedOut, "the session seems to be over: the portal does not show what it has shown before")...)
		}
		o, ok := b.toProbe(w)
		if !ok {
			continue
		}
		b.idle = slices.DeleteFunc(b.idle, func(o messages.Worker) bool { return o == w })
		b.probes[w.Name] = probe{w, o.Key}
		fx = append(fx, Probe{Worker: w, Order: o})
	}
	return fx
}

// unknow forgets the known orders that have been claimed: an audit has found files of
// theirs missing. Where none is left, nothing can tell what held orders are worth.
func (b *Scheduler) unknow(c po.Claim) []any {
	for _, l := range c.Leases {
		b.known = slices.DeleteFunc(b.known, func(o po.Order) bool { return o.Key == l.Order.Key })
	}
	if len(b.known) > 0 {
		return nil
	}
	var fx []any
	for _, name := range slices.Sorted(maps.Keys(b.asking)) {
		fx = append(fx, b.answered(name, po.Failure{Cause: po.Interrupted})...)
	}
	return fx
}

// toProbe picks a known order for a browser: none that it has found changed, and none
// that another reads.
func (b *Scheduler) toProbe(w messages.Worker) (po.Order, bool) {
	for _, o := range b.known {
		if !b.probing(o.Key) && !slices.Contains(b.changed[w], o.Key) {
			return o, true
		}
	}
	return po.Order{}, false
}

// probing says whether an order is being read as a probe.
func (b *Scheduler) probing(key po.Key) bool {
	for _, p := range b.probes {
		if p.key == key {
			return true
		}
	}
	return false
}

// unsure says that a doubt can still be cleared.
func (b *Scheduler) unsure() bool {
	return b.stopped == "" && len(b.known) > 0 && (len(b.weak) > 0 || len(b.probes) > 0)
}

// through says that all is done but for the doubts.
func (b *Scheduler) through() bool {
	return len(b.tasks) == 0 && !b.claiming && b.opening == 0 && (b.open == 0 || b.draining)
}

// probed brings the answer of a browser that has read a known order.
func (b *Scheduler) Probed(m messages.OrderRead, now time.Time) []any {
	if b.probes[m.Worker.Name].worker != m.Worker {
		return nil
	}
	delete(b.probes, m.Worker.Name)
	var fx []any
	switch why := refusal(m); {
	case b.stopped != "":
	case m.Failure.Cause == "" && m.Reading.Sign == po.SignAttachments:
		b.noteProof(m.Worker)
		b.answersAll()
		fx = b.answered(m.Worker.Name, po.Failure{})
	case m.Failure.Cause == "" && m.Reading.Sign == po.SignSignedOut:
		fx = b.stop(po.SignedOut, "the portal asks for a sign-in")
	case m.Failure.Unreachable || m.Failure.PortalWide || why != "":
		f := m.Failure
		f.Cause, f.Detail = cmp.Or(f.Cause, po.PortalError), cmp.Or(why, f.Detail)
		b.refusals = max(b.refusals, refusedInRow) // until a probe does better, of another order: this one may be refused by itself now
		if i := slices.IndexFunc(b.known, func(o po.Order) bool { return o.Key == m.Key }); i >= 0 {
			o := b.known[i]
			b.known = append(slices.Delete(b.known, i, i+1), o)
		}
		fx = slices.Concat(b.answered(m.Worker.Name, po.Failure{Cause: f.Cause, Detail: f.Detail}), b.reopenFaulted(), b.away(f, now))
	default:
		b.changed[m.Worker] = append(b.changed[m.Worker], m.Key)
		if b.disproved(m.Worker) { // else another is asked for
			fx = b.lose(m)
		}
	}
	return append(fx, b.next(now)...)
}

// disproved says that a browser has found too many of the known orders changed.
func (b *Scheduler) disproved(w messages.Worker) bool {
	n := len(b.changed[w])
	return n > 0 && n >= min(changedMost, len(b.known))
}

// lose ends the run: of the known orders none is to be seen any more.
func (b *Scheduler) lose(m messages.OrderRead) []any {
	order := fmt.Sprintf("order %s, of which it has shown the attachments before", m.Written)
	switch m.Reading.Sign {
	case po.SignNotFound:
		return b.stop(po.SignedOut, "the session seems to be over: the portal knows nothing of "+order)
	case po.SignEmpty:
		return b.stop(po.SignedOut, "the session seems to be over: the portal shows nothing for "+order)
	}
	if m.Failure.Cause == po.UnrecognisedPage {
		return b.stop(po.SignedOut, "the session seems to be over: the portal shows another page for "+order)
	}
	return b.stop(po.PortalError, "the portal does not show "+order+": "+m.Failure.Detail)
}

// unproved puts back the weak answers of browsers that are gone: no probe can prove
// them any more, and another browser asks again.
func (b *Scheduler) unproved() []any {
	if len(b.known) == 0 || b.stopped != "" {
		return nil
	}
	var keys []po.Key
	for w, list := range b.weak {
		if b.lives(w) {
			continue
		}
		delete(b.weak, w)
		keys = append(keys, list...)
		for _, key := range list {
			b.reasked[key] = true
		}
	}
	slices.Sort(keys)
	return b.reopen(keys, "the browser that was told so is gone before it could be seen that its session lived")
}

// lives says whether a browser can still be asked.
func (b *Scheduler) lives(w messages.Worker) bool {
	p := b.posts[w.Name]
	return p != nil && p.lives == w && p.ill != w
}

// doubtful puts back what nothing has proved, since the run ends early. Where the
// session is lost that is all of it; where nothing could have proved it, nothing.
func (b *Scheduler) doubtful(cause po.Cause, detail string) []any {
	if b.ended || cause != po.SignedOut && len(b.known) == 0 {
		return nil
	}
	var keys []po.Key
	for _, list := range b.weak {
		keys = append(keys, list...)
	}
	if cause == po.SignedOut {
		keys = append(keys, b.believed...)
		b.believed = nil
	}
	clear(b.weak)
	slices.Sort(keys)
	return b.reopen(keys, detail)
}

// reopen has the ledger open orders again.
func (b *Scheduler) reopen(keys []po.Key, why string) []any {
	if len(keys) == 0 {
		return nil
	}
	b.opening++
	return []any{Reopen{slices.Clone(keys), why}}
}

// reopened says that the ledger has opened so many orders again, or could not.
func (b *Scheduler) Reopened(n int, now time.Time) []any {
	b.opening--
	b.open += n
	b.dry = false
	return b.next(now)
}
