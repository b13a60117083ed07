package schedule

import (
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

func TestHealth(t *testing.T) {
	t.Parallel()
	type reading struct {
		failure po.ReadFailure
		took    time.Duration
		others  int // pages that others have read well by then
	}
	repeat := func(n int, r reading, step int) []reading {
		var list []reading
		for range n {
			list = append(list, r)
			r.others += step
		}
		return list
	}
	instant := reading{failure: po.ReadFailure{Cause: po.Internal}}
	slow := reading{failure: po.ReadFailure{Cause: po.UnrecognisedPage}, took: time.Second}
	answered := reading{failure: po.ReadFailure{Cause: po.PortalError, Answered: true}}
	good := reading{took: time.Second}
	for _, c := range []struct {
		name     string
		readings []reading
		want     string
	}{
		{"good", repeat(99, good, 1), ""},
		{"at once, twice", repeat(2, instant, 0), ""},
		{"at once, three times", repeat(3, instant, 0), "3 orders in a row failed at once (internal)"},
		{"at once, a good one between", append(append(repeat(2, instant, 0), good), repeat(2, instant, 0)...), ""},
		{"at once, but the portal's answer", repeat(3, answered, 0), ""},
		{"alike, while others are read", repeat(6, slow, 1),
			"6 orders in a row failed alike (unrecognised_page), while others were read"},
		{"alike, as for everybody", repeat(99, slow, 0), ""},
		{"turned away", repeat(99, reading{failure: po.ReadFailure{Cause: po.Throttled}}, 1), ""},
	} {
		var h health
		got := ""
		for _, r := range c.readings {
			got = h.record(r.failure, r.took, r.others)
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}
