package schedule

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// TestBoardLosesNothing drives a Scheduler through random interleavings.
func TestBoardLosesNothing(t *testing.T) {
	t.Parallel()
	failures := []po.ReadFailure{
		{Cause: po.Timeout}, {Cause: po.Throttled, RetryAfter: time.Second}, {Cause: po.Forbidden},
		{Cause: po.PortalError}, {Cause: po.UnrecognisedPage}, {Cause: po.Interrupted},
		{Cause: po.PortalError, Status: 503}, {Cause: po.PortalError, Status: 500}, {Cause: po.PortalError, PortalWide: true},
	}
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.IntRange(0, 12).Draw(t, "orders")
		workers := rapid.IntRange(1, 4).Draw(t, "workers")
		w := newWorld(t, orders, workers)
		rare := func(t *rapid.T, name string) bool { return rapid.IntRange(0, 19).Draw(t, name) == 0 }
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(*rapid.T) { w.claim() },
			"write": func(t *rapid.T) { w.write(rare(t, "lease expires")) },
			"read": func(t *rapid.T) {
				if len(w.reads) == 0 {
					return
				}
				i := rapid.IntRange(0, len(w.reads)-1).Draw(t, "which")
				if rapid.Bool().Draw(t, "fails") {
					w.read(i, "", rapid.SampledFrom(failures).Draw(t, "failure"))
					return
				}
				w.read(i, rapid.SampledFrom(po.Signs()[:4]).Draw(t, "sign"), po.ReadFailure{})
			},
			"sign out": func(t *rapid.T) {
				if len(w.reads) > 0 && rare(t, "does") {
					w.read(0, po.SignSignedOut, po.ReadFailure{})
				}
			},
			"portal away": func(t *rapid.T) {
				if len(w.reads) > 0 && rare(t, "does") {
					w.read(0, "", po.ReadFailure{Cause: po.PortalError, Unreachable: true})
				}
			},
			"fetch": func(t *rapid.T) {
				if len(w.fetches) == 0 {
					return
				}
				i := rapid.IntRange(0, len(w.fetches)-1).Draw(t, "which")
				cause := rapid.SampledFrom([]po.Cause{"", po.DownloadRejected, po.PortalError, po.Forbidden}).Draw(t, "cause")
				if cause == "" {
					w.fetch(i, nil, "")
					return
				}
				w.fetch(i, []po.Missing{{ID: "b", Cause: cause, Browser: rapid.Bool().Draw(t, "browser")}}, "")
			},
			"disk full": func(t *rapid.T) {
				if len(w.fetches) > 0 && rare(t, "does") {
					w.fetch(0, nil, po.DiskFull)
				}
			},
			"kill": func(t *rapid.T) {
				if list := w.with(); len(list) > 0 {
					w.kill(rapid.SampledFrom(list).Draw(t, "which"), rapid.Bool().Draw(t, "silent"), rare(t, "given up"))
				}
			},
			"does not start": func(t *rapid.T) {
				if list := w.without(); len(list) > 0 {
					w.kill(rapid.SampledFrom(list).Draw(t, "which"), true, rare(t, "given up"))
				}
			},
			"birth": func(t *rapid.T) {
				if list := w.without(); len(list) > 0 {
					w.birth(rapid.SampledFrom(list).Draw(t, "which"), w.worn)
				}
			},
			"unnoticed restart": func(t *rapid.T) {
				if list := w.with(); len(list) > 0 && rare(t, "does") {
					w.birth(rapid.SampledFrom(list).Draw(t, "which"), w.worn)
				}
			},
			"condemned": func(*rapid.T) {
				if len(w.condemned) > 0 {
					w.kill(w.condemned[0], true, false)
				}
			},
			"wear": func(t *rapid.T) { w.worn = rapid.SampledFrom([]string{"", "", "old"}).Draw(t, "worn") },
			"resize": func(t *rapid.T) {
				w.do(w.scheduler.Resize(messages.Resize{Workers: rapid.IntRange(1, 5).Draw(t, "n"), Binds: messages.BindsCPU}, w.now))
			},
			"fence": func(t *rapid.T) {
				if list := w.inWork(); len(list) > 0 && rare(t, "does") {
					w.fence(rapid.SampledFrom(list).Draw(t, "token"))
				}
			},
			"mood": func(t *rapid.T) { w.mood = rapid.SampledFrom([]string{"", "masked", "down", "closed"}).Draw(t, "mood") },
			"answer": func(*rapid.T) {
				if len(w.reads) > 0 {
					w.answer(0)
				}
			},
			"wake": func(*rapid.T) { w.now = w.now.Add(time.Second); w.do(w.scheduler.Wake(w.now)) },
			"drain": func(t *rapid.T) {
				if rare(t, "does") {
					w.drained = true
					w.do(w.scheduler.Drain(po.Interrupted, "test", w.now))
				}
			},
			"stop": func(t *rapid.T) {
				if rare(t, "does") {
					w.stopped = true
					w.do(w.scheduler.Stop(po.SignedOut, "test", w.now))
				}
			},
			"": func(t *rapid.T) {
				if len(w.free)+len(w.held) != len(w.open) {
					t.Fatalf("an order is lost: %d open, %d free, %d held", len(w.open), len(w.free), len(w.held))
				}
			},
		})
		w.quieten()
	})
}

// TestBoardSequential checks that with one in work nothing overlaps: the files
// of an order are fetched before the next is read.
func TestBoardSequential(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, 5, 1)
		for w.ends == 0 {
			if n := len(w.reads) + len(w.fetches); n > 1 {
				t.Fatalf("%d things at once", n)
			}
			switch {
			case w.claim(), w.write(false):
			case len(w.reads) > 0:
				w.read(0, po.SignAttachments, po.ReadFailure{})
			case len(w.fetches) > 0:
				w.fetch(0, nil, "")
			default:
				t.Fatal("stuck")
			}
		}
		if len(w.settled) != 5 {
			t.Fatalf("%d settled", len(w.settled))
		}
	})
}

// TestBoardDoubts drives a Scheduler through runs in which the portal's mood changes: a
// session that is lost in disguise, trouble for everybody, and all well again. What
// counts at the end was told to a browser that was signed in, as far as that can be
// known.
func TestBoardDoubts(t *testing.T) {
	t.Parallel()
	moods := []string{"", "", "masked", "down", "closed", "mixed"}
	var acts []string // as often as they shall come
	for act, n := range map[string]int{"mood": 3, "kill": 1, "birth": 3, "read": 25, "fetch": 15, "wait": 5, "write": 30, "claim": 18, "audit": 2} {
		acts = append(acts, slices.Repeat([]string{act}, n)...)
	}
	slices.Sort(acts)
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, rapid.SampledFrom([]int{1, 3, 10, 40}).Draw(t, "orders"), rapid.IntRange(1, 4).Draw(t, "workers"))
		for range rapid.SampledFrom([]int{20, 60, 200}).Draw(t, "steps") {
			switch act := rapid.SampledFrom(acts).Draw(t, "act"); {
			case act == "mood":
				w.mood = rapid.SampledFrom(moods).Draw(t, "mood")
			case act == "kill" && len(w.with()) > 0:
				w.kill(rapid.SampledFrom(w.with()).Draw(t, "which"), rapid.Bool().Draw(t, "silent"), false)
			case act == "birth" && len(w.without()) > 0 && w.ends == 0:
				w.birth(w.without()[0], "")
			case act == "read" && len(w.reads) > 0:
				i := rapid.IntRange(0, len(w.reads)-1).Draw(t, "which")
				if w.mood == "mixed" && w.reads[i].Lease.Token != "" {
					w.read(i, rapid.SampledFrom(po.Signs()).Draw(t, "sign"), po.ReadFailure{})
				} else {
					w.answer(i)
				}
			case act == "fetch" && len(w.fetches) > 0:
				w.fetch(0, nil, "")
			case act == "wait":
				w.now = w.now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
				w.do(w.scheduler.Wake(w.now))
			case act == "write":
				w.write(false)
			case act == "claim":
				w.claim()
			case act == "audit":
				w.audit()
			}
		}
		if w.mood == "mixed" {
			w.mood = ""
		}
		w.quieten()
	})
}
