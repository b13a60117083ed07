package actors

import (
	"cmp"
	"fmt"
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
	wantMost     = 3  // orders of a run that may ask for a sign-in by themselves
	changedMost  = 3  // known orders that must be found changed, before that is believed
)

// doubts is what is not proved yet.
type doubts struct {
	weak     map[messages.Worker][]po.Key // weak answers by the browser that had them, since it last saw attachments
	believed []po.Key                     // weak answers that nothing can prove any more: only a sign-out puts them back
	reasked  map[po.Key]bool              // put back for want of a proof; not twice
	known    []po.Order                   // have been completed, the latest first

	wanting map[string]*task             // orders that ask for a sign-in, by the worker that is to see whether all do
	wanted  int                          // how many those have been
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
		wanting: map[string]*task{}, probes: map[string]probe{}, changed: map[messages.Worker][]po.Key{}}
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
func (b *board) noteOutcome(t *task, o po.Outcome) {
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
func (b *board) noteProof(w messages.Worker) {
	delete(b.weak, w)
	delete(b.changed, w)
}

// refusal says whether an answer is one that a portal in trouble gives everybody, in
// words.
func refusal(m messages.OrderRead) string {
	switch f := m.Failure; {
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
func (b *board) noteAnswer(m messages.OrderRead) (trouble bool) {
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
	return len(b.known) == 0 && b.refusals >= refusedInRow && len(b.refused) >= refusedInRow
}

// answersAll takes it that the portal does not refuse everybody.
func (b *board) answersAll() { b.refused, b.refusals, b.faulted, b.misses = nil, 0, nil, 0 }

// reopenFaulted puts back what has failed since the portal began to refuse everybody.
func (b *board) reopenFaulted() []any {
	keys := b.faulted
	b.faulted = nil
	return b.reopen(keys, "the portal refuses everybody")
}

// signedOut handles an order that asks for a sign-in. Where its browser can be asked
// whether all orders do, that comes first, and no order is handed out meanwhile. Two
// at once leave no doubt, nor do many.
func (b *board) signedOut(t *task, m messages.OrderRead) []any {
	if len(b.known) == 0 || t.alone || len(b.wanting) > 0 || b.wanted >= wantMost {
		return b.fail(t, po.SignedOut, "the portal asks for a sign-in", 0, m.Reading.URL)
	}
	t.stage = waiting
	b.wanted++
	b.wanting[m.Worker.Name] = t
	return nil
}

// settleWanting ends an order that asks for a sign-in although its browser is signed in.
func (b *board) settleWanting(name string) []any {
	t := b.wanting[name]
	delete(b.wanting, name)
	if t == nil || b.tasks[t.lease.Token] != t || t.stage != waiting {
		return nil
	}
	return b.fail(t, po.Forbidden, "the portal asks for a sign-in for this order, and shows others", 0, "")
}

// dropWanting puts an order back whose browser can no longer be asked.
func (b *board) dropWanting(name string, f po.Failure) []any {
	t := b.wanting[name]
	delete(b.wanting, name)
	if t == nil || b.tasks[t.lease.Token] != t || t.stage != waiting {
		return nil
	}
	return b.release(t, f)
}

// refusing says that the portal may refuse everybody, and that a probe can tell.
func (b *board) refusing() bool { return b.refusals >= refusedInRow && len(b.known) > 0 }

// suspended says that no order is handed out until a probe has told what is wrong.
func (b *board) suspended() bool { return b.refusing() || len(b.wanting) > 0 }

// probe has idle browsers read a known order where that must be.
func (b *board) probe(now time.Time) []any {
	if b.stopped != "" || b.pausing(now) {
		return nil
	}
	var fx []any
	for _, w := range slices.Clone(b.idle) {
		n := len(b.weak[w])
		switch {
		case b.isAlone(w):
			continue
		case b.wanting[w.Name] != nil, n >= weakInRow, n > 0 && b.through():
		case !b.refusing() || len(b.probes) > 0: // one tells for all
			continue
		}
		o, ok := b.toProbe(w)
		if !ok {
			continue
		}
		b.idle = slices.DeleteFunc(b.idle, func(o messages.Worker) bool { return o == w })
		b.probes[w.Name] = probe{w, o.Key}
		fx = append(fx, doProbe{worker: w, order: o})
	}
	return fx
}

// toProbe picks a known order for a browser: none that it has found changed, and none
// that another has in hand.
func (b *board) toProbe(w messages.Worker) (po.Order, bool) {
	inHand := map[po.Key]bool{}
	for _, t := range b.tasks {
		inHand[t.lease.Order.Key] = true
	}
	for _, o := range b.known {
		if !inHand[o.Key] && !b.probing(o.Key) && !slices.Contains(b.changed[w], o.Key) {
			return o, true
		}
	}
	return po.Order{}, false
}

// probing says whether an order is being read as a probe.
func (b *board) probing(key po.Key) bool {
	for _, p := range b.probes {
		if p.key == key {
			return true
		}
	}
	return false
}

// unsure says that a doubt can still be cleared.
func (b *board) unsure() bool {
	return b.stopped == "" && len(b.known) > 0 && (len(b.weak) > 0 || len(b.probes) > 0)
}

// through says that all is done but for the doubts.
func (b *board) through() bool {
	return len(b.tasks) == 0 && !b.claiming && b.opening == 0 && (b.open == 0 || b.draining)
}

// probed brings the answer of a browser that has read a known order.
func (b *board) probed(m messages.OrderRead, now time.Time) []any {
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
		fx = b.settleWanting(m.Worker.Name)
	case m.Failure.Cause == "" && m.Reading.Sign == po.SignSignedOut:
		fx = b.stop(po.SignedOut, "the portal asks for a sign-in")
	case m.Failure.Unreachable || m.Failure.PortalWide || why != "":
		f := m.Failure
		f.Detail = cmp.Or(why, f.Detail)
		b.refusals = max(b.refusals, refusedInRow) // until a probe does better
		fx = append(b.reopenFaulted(), b.away(f, now)...)
	default:
		b.changed[m.Worker] = append(b.changed[m.Worker], m.Key)
		if len(b.changed[m.Worker]) >= min(changedMost, len(b.known)) { // else another is asked for
			fx = b.disproved(m)
		}
	}
	return append(fx, b.next(now)...)
}

// disproved ends the run: of the known orders none is to be seen any more.
func (b *board) disproved(m messages.OrderRead) []any {
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
func (b *board) unproved() []any {
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
func (b *board) lives(w messages.Worker) bool {
	p := b.posts[w.Name]
	return p != nil && p.lives == w && p.ill != w
}

// doubtful puts back what nothing has proved, since the run ends early. Where the
// session is lost that is all of it; where nothing could have proved it, nothing.
func (b *board) doubtful(cause po.Cause, detail string) []any {
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
func (b *board) reopen(keys []po.Key, why string) []any {
	if len(keys) == 0 {
		return nil
	}
	b.opening++
	return []any{doReopen{slices.Clone(keys), why}}
}

// reopened says that the ledger has opened so many orders again, or could not.
func (b *board) reopened(n int, now time.Time) []any {
	b.opening--
	b.open += n
	b.dry = false
	return b.next(now)
}
