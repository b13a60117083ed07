package schedule

import (
	"testing"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// answered is a reading of an order that failed.
func answered(key po.Key, f po.ReadFailure) messages.OrderRead {
	return messages.OrderRead{Key: key, Failure: f}
}

// shown is a reading of an order whose page was read.
func shown(key po.Key, sign po.Sign) messages.OrderRead {
	return messages.OrderRead{Key: key, Reading: po.Reading{Sign: sign}}
}

func TestRefusalReason(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		m    messages.OrderRead
		want string
	}{
		{shown("K", po.SignAttachments), ""},
		{shown("K", po.SignNotFound), ""},
		{shown("K", po.SignForbidden), "it refuses this user"},
		{answered("K", po.ReadFailure{Cause: po.PortalError, Status: 503}), "it answers 503"},
		{answered("K", po.ReadFailure{Cause: po.Forbidden, Status: 403}), "it answers 403"},
		{answered("K", po.ReadFailure{Cause: po.Throttled, Status: 429}), ""},
		{answered("K", po.ReadFailure{Cause: po.PortalError, Status: 404}), ""},
		{answered("K", po.ReadFailure{Cause: po.Timeout}), "it gives no answer in time"},
		{answered("K", po.ReadFailure{Cause: po.Timeout, Answered: true}), ""},
		{answered("K", po.ReadFailure{Cause: po.PortalError, PortalWide: true}), "it shows everybody the same page"},
	} {
		if got := refusalReason(c.m); got != c.want {
			t.Errorf("%+v: %q, want %q", c.m, got, c.want)
		}
	}
}

// Three refusals in a row, of three orders, make an outage; an answer in between, whatever
// it says, does not.
func TestOutageRefusals(t *testing.T) {
	t.Parallel()
	refuse := func(key po.Key) messages.OrderRead {
		return answered(key, po.ReadFailure{Cause: po.PortalError, Status: 503})
	}
	throttled := answered("T", po.ReadFailure{Cause: po.Throttled, Status: 429})
	portalWide := answered("A", po.ReadFailure{Cause: po.PortalError, PortalWide: true})
	for _, c := range []struct {
		name    string
		answers []messages.OrderRead
		open    int
		want    bool
	}{
		{"two", []messages.OrderRead{refuse("A"), refuse("B")}, 9, false},
		{"three", []messages.OrderRead{refuse("A"), refuse("B"), refuse("C")}, 9, true},
		{"of one order", []messages.OrderRead{refuse("A"), refuse("A"), refuse("A")}, 9, false},
		{"an answer between", []messages.OrderRead{
			refuse("A"), shown("B", po.SignNotFound), refuse("C"), refuse("D")}, 9, false},
		{"a throttled one between", []messages.OrderRead{refuse("A"), throttled, refuse("C"), refuse("D")}, 9, true},
		{"a page for everybody, of the last order", []messages.OrderRead{portalWide}, 1, true},
		{"a page for everybody, of one of many", []messages.OrderRead{portalWide}, 9, false},
	} {
		o, got := newOutage(), false
		for _, m := range c.answers {
			got = o.record(m, c.open)
		}
		if got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// What has failed while the portal refused everybody is not the orders' own.
func TestOutageFailed(t *testing.T) {
	t.Parallel()
	o := newOutage()
	o.record(answered("A", po.ReadFailure{Cause: po.PortalError, Status: 503}), 9)
	for _, out := range []po.Outcome{
		{Key: "A", Status: po.Failed}, {Key: "B", Status: po.Failed}, {Key: "A", Status: po.NotFound},
		{Key: "A", Status: po.Failed, Files: make([]po.File, 1)},
	} {
		o.recordFailed(out)
	}
	if keys := o.takeFailed(); len(keys) != 1 || keys[0] != "A" || len(o.takeFailed()) > 0 {
		t.Errorf("failed: %v", keys)
	}
	o.suspect()
	if !o.suspected() {
		t.Error("not suspected")
	}
	if o.over(); o.suspected() {
		t.Error("suspected after it was over")
	}
}

// An order that is not answered is the portal's trouble, until others are answered and it
// is not.
func TestOutageNoAnswer(t *testing.T) {
	t.Parallel()
	o := newOutage()
	for _, key := range []po.Key{"A", "A", "B"} {
		if o.noAnswer(key) {
			t.Errorf("%s: nobody was answered", key)
		}
	}
	o.record(shown("C", po.SignAttachments), 9)
	if !o.noAnswer("A") || o.noAnswer("D") {
		t.Error("others were answered since A was not; D was never asked for")
	}
	o.record(shown("A", po.SignAttachments), 9)
	if o.noAnswer("A") {
		t.Error("A was answered since")
	}
}

// The pause grows with each round, obeys what the portal asks for, and ends in giving up.
func TestOutageWait(t *testing.T) {
	t.Parallel()
	silent := po.ReadFailure{Unreachable: true, Detail: "refused"}
	for _, c := range []struct {
		name    string
		failure po.ReadFailure
		answers int
		pauses  []time.Duration // before it is given up
		reason  string
	}{
		{"never answered", silent, 0, []time.Duration{time.Second, 2 * time.Second}, "the portal does not answer: refused"},
		{"answered before", silent, 1, []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9}, "the portal does not answer: refused"},
		{"refuses everybody", po.ReadFailure{Detail: "it answers 503", RetryAfter: time.Minute}, 0,
			[]time.Duration{time.Minute, time.Minute, time.Minute}, "the portal is not there for anybody: it answers 503"},
	} {
		o, now := newOutage(), time.Unix(0, 0)
		o.answers = c.answers
		for i, want := range c.pauses {
			pause, _, giveUp := o.wait(c.failure, now)
			if pause != want || giveUp || !o.pausedUntil.Equal(now.Add(pause)) {
				t.Errorf("%s: round %d: %v, %v", c.name, i+1, pause, giveUp)
			}
			now = now.Add(pause)
		}
		if _, reason, giveUp := o.wait(c.failure, now); !giveUp || reason != c.reason {
			t.Errorf("%s: after %v: %q, %v", c.name, now.Sub(time.Unix(0, 0)), reason, giveUp)
		}
		o.over()
		if pause, _, giveUp := o.wait(silent, now); giveUp || pause != time.Second {
			t.Errorf("%s: a new outage begins with %v, %v", c.name, pause, giveUp)
		}
	}
}
