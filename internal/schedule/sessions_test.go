package schedule

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

func TestNeedsConfirmation(t *testing.T) {
	t.Parallel()
	task := po.Order{Task: []byte("{}")}
	for _, c := range []struct {
		order po.Order
		o     po.Outcome
		want  bool
	}{
		{po.Order{}, po.Outcome{Status: po.Completed}, false},
		{po.Order{}, po.Outcome{Status: po.NotFound}, true},
		{po.Order{}, po.Outcome{Status: po.NoAttachments}, true},
		{po.Order{}, po.Outcome{Status: po.NoAttachments, Files: make([]po.File, 1)}, false},
		{po.Order{}, po.Outcome{Status: po.Failed, Cause: po.Forbidden}, true},
		{po.Order{}, po.Outcome{Status: po.Failed, Cause: po.UnrecognisedPage}, true},
		{po.Order{}, po.Outcome{Status: po.Failed, Cause: po.Timeout}, false},
		{task, po.Outcome{Status: po.Completed}, false},
		{task, po.Outcome{Status: po.Failed, Cause: po.CauseNotFound}, true},
		{task, po.Outcome{Status: po.Failed, Cause: po.Timeout}, true},
		{task, po.Outcome{Status: po.Failed, Cause: po.Quarantined}, false},
	} {
		if got := needsConfirmation(c.order, c.o); got != c.want {
			t.Errorf("%+v: %v", c.o, got)
		}
	}
}

// note records that a browser was told something of an order.
func note(s *sessions, w messages.Worker, key po.Key, status po.Status) {
	t := &task{worker: w, lease: po.Lease{Order: po.Order{Key: key}}}
	s.record(t, po.Outcome{Key: key, Status: status})
}

// Each browser confirms what it was told itself; what a browser that is gone was told is
// asked for again, once.
func TestSessionsConfirm(t *testing.T) {
	t.Parallel()
	s := newSessions(false)
	a, b := workerNamed("a"), workerNamed("b")
	note(&s, a, "good", po.Completed)
	note(&s, a, "1", po.NotFound)
	note(&s, b, "2", po.NoAttachments)
	note(&s, b, "3", po.NotFound)
	if !s.pending() {
		t.Error("nothing is pending")
	}
	s.confirm(a)
	orphans := s.takeOrphans(func(w messages.Worker) bool { return w == a })
	if diff := cmp.Diff([]po.Key{"2", "3"}, orphans); diff != "" || s.pending() {
		t.Errorf("orphans: %s", diff)
	}
	note(&s, a, "2", po.NotFound) // asked for again
	if len(s.unconfirmed) > 0 || len(s.unconfirmable) != 1 {
		t.Errorf("%+v", s)
	}
	note(&s, a, "4", po.NotFound)
	if got := s.takeUnconfirmed(false); !cmp.Equal(got, []po.Key{"4"}) {
		t.Errorf("put back at an early end: %v", got)
	}
	note(&s, a, "5", po.NotFound)
	if got := s.takeUnconfirmed(true); !cmp.Equal(got, []po.Key{"2", "5"}) {
		t.Errorf("put back at a sign-out: %v", got)
	}
}

// Where no order could confirm an answer, only a sign-out puts it back.
func TestSessionsWithoutKnownGood(t *testing.T) {
	t.Parallel()
	s := newSessions(false)
	note(&s, workerNamed("a"), "1", po.NotFound)
	if s.pending() || s.takeUnconfirmed(false) != nil {
		t.Error("put back without a reason")
	}
	if got := s.takeUnconfirmed(true); !cmp.Equal(got, []po.Key{"1"}) {
		t.Errorf("put back at a sign-out: %v", got)
	}
}

// No two browsers read one known good order at once, and none reads again what it has
// found changed. Too many changed ones mean a lost session.
func TestSessionsPick(t *testing.T) {
	t.Parallel()
	s := newSessions(false)
	a, b := workerNamed("a"), workerNamed("b")
	for _, key := range []po.Key{"1", "2", "3", "4"} {
		note(&s, a, key, po.Completed)
	}
	pick := func(w messages.Worker) po.Key {
		o, _ := s.pick(w)
		return o.Key
	}
	s.probes["a"] = probe{worker: a, key: pick(a)}
	if first, second := s.probes["a"].key, pick(b); first != "4" || second != "3" {
		t.Errorf("picked %s, %s", first, second)
	}
	if !s.probing("a") || s.probing("b") || !s.isProbed("4") || s.isProbed("3") {
		t.Error("who probes what")
	}
	delete(s.probes, "a")
	s.askLast("4")
	for i, want := range []po.Key{"3", "2", "1"} {
		if s.isLost(a) || pick(a) != want {
			t.Errorf("probe %d: %s, lost %v", i+1, pick(a), s.isLost(a))
		}
		s.changed[a] = append(s.changed[a], want)
	}
	if !s.isLost(a) || s.isLost(b) {
		t.Error("a's session is lost, b's is not")
	}
	s.forget("4")
	if _, ok := s.pick(a); ok || pick(b) != "3" {
		t.Error("a has seen them all")
	}
	s.confirm(a)
	if s.isLost(a) {
		t.Error("lost after it was confirmed")
	}
}

// Only so many known good orders are kept, the latest first; those that need a click only
// where there are few others.
func TestSessionsKnownGood(t *testing.T) {
	t.Parallel()
	s := newSessions(false)
	clicked := func(key po.Key) {
		o := &task{worker: workerNamed("a"), lease: po.Lease{Order: po.Order{Key: key}}}
		o.reading.Attachments = []po.Attachment{{ID: "x"}}
		s.record(o, po.Outcome{Key: key, Status: po.Completed})
	}
	clicked("click")
	for i := range lostAfter {
		note(&s, workerNamed("a"), po.Key(fmt.Sprint(i)), po.Completed)
	}
	clicked("late")
	s.remember([]po.Order{{Key: "earlier start"}}) // is not needed
	var keys []po.Key
	for _, o := range s.knownGood {
		keys = append(keys, o.Key)
	}
	if diff := cmp.Diff([]po.Key{"2", "1", "0", "click"}, keys); diff != "" {
		t.Error(diff)
	}
	for i := range 2 * maxKnownGood {
		note(&s, workerNamed("a"), po.Key(fmt.Sprint("more", i)), po.Completed)
	}
	if len(s.knownGood) != maxKnownGood {
		t.Errorf("%d are kept", len(s.knownGood))
	}
	fresh := newSessions(false)
	fresh.remember(make([]po.Order, 2*maxKnownGood))
	if len(fresh.knownGood) != maxKnownGood {
		t.Errorf("%d are remembered", len(fresh.knownGood))
	}
}
