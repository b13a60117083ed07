package resource

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPick(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		how      Recycling
		browsers []Browser
		worker   string
		why      string
	}{
		{"none", Recycling{}, nil, "", ""},
		{"fresh", Recycling{}, []Browser{{Worker: "a", Orders: 499, Bytes: 1 << 30}}, "", ""},
		{"old", Recycling{}, []Browser{{Worker: "a", Orders: 499}, {Worker: "b", Orders: 500}}, "b", "its browser has read 500 orders"},
		{"the oldest first", Recycling{}, []Browser{{Worker: "a", Orders: 500}, {Worker: "b", Orders: 600}, {Worker: "c", Orders: 550}}, "b", "600"},
		{"of equals the first", Recycling{}, []Browser{{Worker: "a", Orders: 500}, {Worker: "b", Orders: 500}}, "a", ""},
		{"heavy", Recycling{}, []Browser{{Worker: "a", Orders: 20, Bytes: 1<<30 + 1<<29}}, "a", "its browser takes 1.5 GB, more than 1.0 GB"},
		{"the heaviest before the oldest", Recycling{}, []Browser{{Worker: "a", Orders: 900}, {Worker: "b", Orders: 20, Bytes: 2 << 30}, {Worker: "c", Orders: 20, Bytes: 3 << 30}}, "c", ""},
		{"heavy from its first pages on", Recycling{}, []Browser{{Worker: "a", Orders: 9, Bytes: 2 << 30}}, "", ""},
		{"another is away", Recycling{}, []Browser{{Worker: "a", Orders: 900}, {Worker: "b", Away: true}}, "", ""},
		{"is away itself", Recycling{}, []Browser{{Worker: "a", Orders: 900, Away: true}}, "", ""},
		{"bounds of one's own", Recycling{Orders: 30, Bytes: 1 << 28}, []Browser{{Worker: "a", Orders: 29, Bytes: 1 << 28}, {Worker: "b", Orders: 30}}, "b", ""},
	} {
		worker, why, ok := c.how.Pick(c.browsers)
		if worker != c.worker || ok != (c.worker != "") || !strings.Contains(why, c.why) || ok != (why != "") {
			t.Errorf("%s: %q, %q, %v", c.name, worker, why, ok)
		}
	}
}

// Over a long run of browsers that wear out at different paces and are away for
// a while when they are replaced, there is never more than one away, and none
// gets much older than it should: each waits at most for all the others.
func TestPickInTurns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "workers")
		how := Recycling{Orders: rapid.IntRange(20, 60).Draw(t, "bound"), Bytes: 1 << 30}
		restart := rapid.IntRange(1, 3).Draw(t, "restart")
		browsers, back := make([]Browser, n), make([]int, n)
		for i := range browsers {
			browsers[i] = Browser{Worker: string(rune('a' + i))}
		}
		for tick := range 500 {
			for i := range browsers {
				if b := &browsers[i]; b.Away && back[i] <= tick {
					*b = Browser{Worker: b.Worker}
				} else if !b.Away {
					b.Orders++
					b.Bytes += rapid.Uint64Range(0, 64<<20).Draw(t, "leak")
				}
			}
			if worker, _, ok := how.Pick(browsers); ok {
				i := slices.IndexFunc(browsers, func(b Browser) bool { return b.Worker == worker })
				browsers[i].Away, back[i] = true, tick+restart
			}
			away := 0
			for _, b := range browsers {
				if b.Away {
					away++
				}
				if b.Orders > how.Orders+n*(restart+1) {
					t.Fatalf("%s has read %d orders, bound %d", b.Worker, b.Orders, how.Orders)
				}
			}
			if away > 1 {
				t.Fatalf("%d browsers are away", away)
			}
		}
	})
}
