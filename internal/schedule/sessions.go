package schedule

import (
	"slices"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// A portal whose session is over does not always ask for a sign-in: some say of
// every order that there is none, or that it has no attachments, or lead to a page of
// another site. And one that is in trouble may refuse everybody, whatever the order. An
// order cannot tell by itself. Of the session the page tells that shows who is signed
// in, where the portal's definition has one; of both an order whose attachments were
// seen before: it is read once more, as a probe. That is done where a browser has had
// only unconfirmed answers for long, at the end of a run for those that nothing has
// confirmed, where the portal has refused several times in a row, and where it asks for
// a sign-in or leads away: one order may do so alone.
const (
	probeAfter     = 20 // unconfirmed answers of one browser in a row, before a probe
	maxKnownGood   = 16 // orders that are kept for probes: no two browsers read one at once
	maxSignInsHeld = 3  // orders of a run that may ask for a sign-in by themselves
	lostAfter      = 3  // known good orders that must be found changed, before the session counts as lost
	awayAfter      = 3  // orders in a row that lead off the portal, where nothing else can tell: it is lost
)

// sessions knows which answers are not confirmed yet, and what could confirm them.
// Each browser has a session of its own.
type sessions struct {
	proves bool // a page of the portal shows who is signed in

	unconfirmed   map[messages.Worker][]po.Key // orders by their browser, since it last saw attachments
	unconfirmable []po.Key                     // their answers count: nothing but a sign-out puts them back
	askedAgain    map[po.Key]bool              // were put back for want of a confirmation; not twice

	knownGood []po.Order                   // have been completed, the latest first
	changed   map[messages.Worker][]po.Key // of those, the ones whose attachments a browser has not seen again
	probes    map[string]probe             // under way, by the worker's name

	away []po.Key // orders in a row that have led off the portal

	held        map[string]heldOrder // for a probe of the worker named
	signInsHeld int                  // orders of this run that have asked for a sign-in, and were held
}

// probe is what a browser reads to see how its session is: a known good order once more.
type probe struct {
	worker messages.Worker
	key    po.Key    // empty: the page that shows who is signed in
	check  po.ReadBy // the way in which the order was completed without a browser, to be compared; empty: it was not
}

// heldOrder is an order whose answer may be everybody's: it waits until a probe of the
// browser that had it has told. If it is not, the order fails for its own cause.
type heldOrder struct {
	task    *task
	own     po.ReadFailure
	session bool // it is the session that is in doubt, and not the portal
}

func newSessions(proves bool) sessions {
	return sessions{proves: proves, unconfirmed: map[messages.Worker][]po.Key{}, askedAgain: map[po.Key]bool{},
		changed: map[messages.Worker][]po.Key{}, probes: map[string]probe{}, held: map[string]heldOrder{}}
}

// needsConfirmation reports whether a lost session could have faked an outcome. Of a task that
// is any failure: what its pages have shown, and what it makes of that, the work alone knows.
func needsConfirmation(order po.Order, o po.Outcome) bool {
	switch {
	case order.IsTask():
		return o.Status == po.Failed && o.Cause != po.Quarantined
	case len(o.Files) > 0:
		return false
	case o.Status == po.NotFound, o.Status == po.NoAttachments:
		return true
	}
	faked := []po.Cause{po.Forbidden, po.UnrecognisedPage, po.BlockedHost}
	return o.Status == po.Failed && slices.Contains(faked, o.Cause)
}

// record takes an outcome that is about to be recorded. An order that is completed is
// a good one to be read again, the more if that needs no click.
func (s *sessions) record(t *task, o po.Outcome) {
	switch {
	case o.Status == po.Completed && t.lease.Order.IsTask(): // no work is done twice to see how the session is
	case o.Status == po.Completed:
		byClick := func(a po.Attachment) bool { return a.URL == "" || a.Saved != "" }
		clicked := slices.ContainsFunc(t.reading.Attachments, byClick)
		if !clicked || len(s.knownGood) < lostAfter {
			s.knownGood = slices.Insert(s.knownGood, 0, t.lease.Order)
			s.knownGood = s.knownGood[:min(len(s.knownGood), maxKnownGood)]
		}
	case !needsConfirmation(t.lease.Order, o) || t.worker.Name == "":
	case t.isolated || s.askedAgain[o.Key]:
		s.unconfirmable = append(s.unconfirmable, o.Key)
	default:
		s.unconfirmed[t.worker] = append(s.unconfirmed[t.worker], o.Key)
	}
}

// confirm takes it that a browser has seen an order's attachments: it is signed in,
// and was so when it had its answers before.
func (s *sessions) confirm(w messages.Worker) {
	delete(s.unconfirmed, w)
	delete(s.changed, w)
}

// remember takes what earlier starts know of good orders, if this one knows none.
func (s *sessions) remember(orders []po.Order) {
	if len(s.knownGood) == 0 {
		s.knownGood = slices.Clone(orders[:min(len(orders), maxKnownGood)])
	}
}

// forget forgets a known good order: its files are missing now.
func (s *sessions) forget(key po.Key) {
	s.knownGood = slices.DeleteFunc(s.knownGood, func(o po.Order) bool { return o.Key == key })
}

// askLast has a known good order read after the others: it may be refused by itself.
func (s *sessions) askLast(key po.Key) {
	if i := slices.IndexFunc(s.knownGood, func(o po.Order) bool { return o.Key == key }); i >= 0 {
		o := s.knownGood[i]
		s.knownGood = append(slices.Delete(s.knownGood, i, i+1), o)
	}
}

// canProbe says that there is an order that can tell how portal and session are.
func (s *sessions) canProbe() bool { return len(s.knownGood) > 0 }

// canConfirm says that something can tell how the session is.
func (s *sessions) canConfirm() bool { return s.proves || s.canProbe() }

// leadsAway takes an order whose page has led off the portal; enough is how many in a row
// say that the session is over. It reports whether there are so many.
func (s *sessions) leadsAway(key po.Key, enough int) bool {
	if !slices.Contains(s.away, key) {
		s.away = append(s.away, key)
	}
	return len(s.away) >= enough
}

// pick chooses a known good order for a browser: none that it has found changed, and
// none that another reads.
func (s *sessions) pick(w messages.Worker) (po.Order, bool) {
	for _, o := range s.knownGood {
		if !s.isProbed(o.Key) && !slices.Contains(s.changed[w], o.Key) {
			return o, true
		}
	}
	return po.Order{}, false
}

// isProbed says whether an order is being read as a probe.
func (s *sessions) isProbed(key po.Key) bool {
	for _, p := range s.probes {
		if p.key == key {
			return true
		}
	}
	return false
}

// probing says whether a worker reads a known good order.
func (s *sessions) probing(name string) bool { return s.probes[name] != probe{} }

// isLost says that a browser has found too many of the known good orders changed.
func (s *sessions) isLost(w messages.Worker) bool {
	n := len(s.changed[w])
	return n > 0 && n >= min(lostAfter, len(s.knownGood))
}

// pending says that some answer can still be confirmed.
func (s *sessions) pending() bool {
	return s.canConfirm() && (len(s.unconfirmed) > 0 || len(s.probes) > 0)
}

// takeOrphans returns the orders whose answers no probe can confirm any more, since
// their browsers are gone, and has them asked for again.
func (s *sessions) takeOrphans(live func(messages.Worker) bool) []po.Key {
	var keys []po.Key
	for w, list := range s.unconfirmed {
		if live(w) {
			continue
		}
		delete(s.unconfirmed, w)
		keys = append(keys, list...)
		for _, key := range list {
			s.askedAgain[key] = true
		}
	}
	slices.Sort(keys)
	return keys
}

// takeUnconfirmed returns the orders whose answers nothing has confirmed, at a run's
// early end. Where the session is lost that is all of them; where nothing could have
// confirmed them, none.
func (s *sessions) takeUnconfirmed(sessionLost bool) []po.Key {
	if !sessionLost && !s.canConfirm() {
		return nil
	}
	var keys []po.Key
	for _, list := range s.unconfirmed {
		keys = append(keys, list...)
	}
	if sessionLost {
		keys = append(keys, s.unconfirmable...)
		s.unconfirmable = nil
	}
	clear(s.unconfirmed)
	slices.Sort(keys)
	return keys
}
