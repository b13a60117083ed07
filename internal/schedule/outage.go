package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// outageAfter is how many refusals in a row, with no other answer between them, make
// a portal suspect of refusing everybody.
const outageAfter = 3

// outage is what speaks for it that the portal is out of order for everybody,
// whatever the order: it gives no answer, or refuses several orders in a row. It is
// waited for then, and no order is blamed.
type outage struct {
	rounds      int       // in a row, each from a pause to the next, in which the portal was away
	since       time.Time // the first of them
	silent      bool      // in none of them it gave any answer
	pausedUntil time.Time // no order is handed out until then; zero: no pause

	answers    int            // readings that the portal has answered
	unanswered map[po.Key]int // orders that it did not answer: answers at that time

	refusals int      // in a row
	refused  []po.Key // their orders
	failed   []po.Key // of those, the ones that have ended as Failed
}

func newOutage() outage { return outage{unanswered: map[po.Key]int{}} }

// refusalReason says in words why an answer is one that a portal in trouble gives
// everybody: empty if it is none.
func refusalReason(m messages.OrderRead) string {
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

// record takes an answer of the portal, of which open orders are not settled yet. It
// reports whether the portal seems to refuse everybody: it has refused enough orders
// in a row.
func (o *outage) record(m messages.OrderRead, open int) bool {
	switch f := m.Failure; {
	case refusalReason(m) != "":
	case f.Cause != "" && (f.Status == 0 || f.Status == 429), m.Reading.Sign == po.SignSignedOut:
		return false // it says nothing of others
	default:
		o.answers++
		delete(o.unanswered, m.Key)
		o.end()
		return false
	}
	o.refusals++
	if !slices.Contains(o.refused, m.Key) {
		o.refused = append(o.refused, m.Key)
	}
	enough := outageAfter
	if m.Failure.PortalWide { // which needs no more orders than there are
		enough = max(1, min(enough, open))
	}
	return o.refusals >= enough && len(o.refused) >= enough
}

// recordFailed takes an outcome that is about to be recorded: it is not the order's
// own where the portal refuses everybody.
func (o *outage) recordFailed(out po.Outcome) {
	if out.Status == po.Failed && len(out.Files) == 0 && slices.Contains(o.refused, out.Key) {
		o.failed = append(o.failed, out.Key)
	}
}

// takeFailed returns the orders that have failed since the portal began to refuse
// everybody, and forgets them.
func (o *outage) takeFailed() []po.Key {
	keys := o.failed
	o.failed = nil
	return keys
}

// suspected says that the portal may refuse everybody.
func (o *outage) suspected() bool { return o.refusals >= outageAfter }

// suspect has it suspected until an answer tells better.
func (o *outage) suspect() { o.refusals = max(o.refusals, outageAfter) }

// answered takes it that the portal has answered, be it another page than an order's.
func (o *outage) answered() { o.answers++ }

// end takes it that the portal answers, and does not refuse everybody.
func (o *outage) end() { o.refused, o.refusals, o.failed, o.rounds = nil, 0, nil, 0 }

// noAnswer takes it that the portal has not answered an order at all. It reports
// whether that is the order's own trouble: others were answered since it was not
// answered before.
func (o *outage) noAnswer(key po.Key) (own bool) {
	if before, again := o.unanswered[key]; again && o.answers > before {
		return true
	}
	o.unanswered[key] = o.answers
	return false
}

// wait begins a pause, longer with each round, which is the caller's to keep. After
// too many, or too long, it gives the portal up instead.
func (o *outage) wait(f po.ReadFailure, now time.Time) (pause time.Duration, reason string, giveUp bool) {
	if o.rounds == 0 {
		o.since, o.silent = now, true
	}
	o.rounds++
	o.silent = o.silent && f.Unreachable
	if o.silent {
		reason, giveUp = "the portal does not answer: "+f.Detail, silentTooLong(o.rounds, now.Sub(o.since), o.answers > 0)
	} else {
		reason, giveUp = "the portal is not there for anybody: "+f.Detail, refusesTooLong(o.rounds, now.Sub(o.since))
	}
	if giveUp {
		return 0, reason, true
	}
	pause = max(backoff(o.rounds, retryBase, retryLongest), min(f.RetryAfter, patienceRefusing))
	o.pausedUntil = now.Add(pause)
	return pause, reason, false
}
