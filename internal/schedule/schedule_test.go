package schedule

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// TestNoOrderIsLost drives a Scheduler through random interleavings.
func TestNoOrderIsLost(t *testing.T) {
	t.Parallel()
	failures := []po.ReadFailure{
		{Cause: po.Timeout}, {Cause: po.Throttled, RetryAfter: time.Second}, {Cause: po.Forbidden},
		{Cause: po.PortalError}, {Cause: po.UnrecognisedPage}, {Cause: po.Interrupted},
		{Cause: po.PortalError, Status: 503}, {Cause: po.PortalError, Status: 500}, {Cause: po.PortalError, PortalWide: true},
	}
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.IntRange(0, 12).Draw(t, "orders")
		workers := rapid.IntRange(1, 4).Draw(t, "workers")
		sim := newSimulatorOf(t, orders, Config{Workers: workers,
			Fast:   rapid.Bool().Draw(t, "fast"),
			Proves: rapid.Bool().Draw(t, "proves"), Restores: rapid.Bool().Draw(t, "restores")})
		rare := func(t *rapid.T, name string) bool { return rapid.IntRange(0, 19).Draw(t, name) == 0 }
		t.Repeat(map[string]func(*rapid.T){
			"claim": func(*rapid.T) { sim.claim() },
			"write": func(t *rapid.T) { sim.write(rare(t, "lease expires")) },
			"read": func(t *rapid.T) {
				if len(sim.reads) == 0 {
					return
				}
				i := rapid.IntRange(0, len(sim.reads)-1).Draw(t, "which")
				if rapid.Bool().Draw(t, "fails") {
					sim.read(i, "", rapid.SampledFrom(failures).Draw(t, "failure"))
					return
				}
				sim.read(i, rapid.SampledFrom(po.Signs()[:4]).Draw(t, "sign"), po.ReadFailure{})
			},
			"page": func(t *rapid.T) {
				if len(sim.pages) == 0 {
					return
				}
				list := po.Reading{Sign: po.SignAttachments, Attachments: []po.Attachment{{ID: "a"}, {ID: "b"}}}
				another := po.Reading{Sign: po.SignAttachments, Attachments: []po.Attachment{{ID: "c"}}}
				i := rapid.IntRange(0, len(sim.pages)-1).Draw(t, "which")
				switch rapid.IntRange(0, 9).Draw(t, "page") {
				case 0:
					sim.page(i, po.PageReading{Doubt: "in doubt"}, po.ReadFailure{})
				case 1:
					sim.page(i, po.PageReading{}, po.ReadFailure{Cause: po.Throttled, RetryAfter: time.Second})
				case 2:
					sim.page(i, po.PageReading{Reading: po.Reading{Sign: po.SignSignedOut}, Doubt: "signed out"}, po.ReadFailure{})
				case 3:
					sim.page(i, po.PageReading{Reading: another}, po.ReadFailure{})
				default:
					sim.page(i, po.PageReading{Reading: list}, po.ReadFailure{})
				}
			},
			"sign out": func(t *rapid.T) {
				if len(sim.reads) > 0 && rare(t, "does") {
					sim.read(0, po.SignSignedOut, po.ReadFailure{})
				}
			},
			"leads away": func(t *rapid.T) {
				if len(sim.reads) > 0 && rare(t, "does") {
					sim.read(0, "", po.ReadFailure{Cause: po.BlockedHost, LeftPortal: true, Detail: "it leads away"})
				}
			},
			"prove": func(t *rapid.T) {
				if len(sim.proofs) == 0 {
					return
				}
				i := rapid.IntRange(0, len(sim.proofs)-1).Draw(t, "which")
				switch rapid.IntRange(0, 9).Draw(t, "proof") {
				case 0:
					sim.prove(i, po.Proof{Detail: "nobody"}, po.ReadFailure{})
				case 1:
					sim.prove(i, po.Proof{}, po.ReadFailure{Cause: po.Timeout, Detail: "slow"})
				default:
					sim.prove(i, po.Proof{SignedIn: true}, po.ReadFailure{})
				}
			},
			"restored": func(t *rapid.T) {
				switch {
				case !sim.restoring:
				case rare(t, "fails"):
					sim.restored("nobody came")
				default:
					sim.now = sim.now.Add(rapid.SampledFrom([]time.Duration{time.Second, 10 * time.Minute}).Draw(t, "after"))
					sim.restored("")
				}
			},
			"a clone is signed out": func(t *rapid.T) {
				if list := sim.without(); len(list) > 0 && rare(t, "does") {
					sim.mayStop = true
					sim.do(sim.scheduler.Lost(messages.WorkerLost{Worker: list[0], Cause: po.SignedOut, Detail: "nobody"}, sim.now))
				}
			},
			"portal away": func(t *rapid.T) {
				if len(sim.reads) > 0 && rare(t, "does") {
					sim.read(0, "", po.ReadFailure{Cause: po.PortalError, Unreachable: true})
				}
			},
			"fetch": func(t *rapid.T) {
				if len(sim.fetches) == 0 {
					return
				}
				i := rapid.IntRange(0, len(sim.fetches)-1).Draw(t, "which")
				cause := rapid.SampledFrom([]po.Cause{"", po.DownloadRejected, po.PortalError, po.Forbidden}).Draw(t, "cause")
				if cause == "" {
					sim.fetch(i, nil, "")
					return
				}
				sim.fetch(i, []po.Missing{{ID: "b", Cause: cause, Browser: rapid.Bool().Draw(t, "browser")}}, "")
			},
			"disk full": func(t *rapid.T) {
				if len(sim.fetches) > 0 && rare(t, "does") {
					sim.fetch(0, nil, po.DiskFull)
				}
			},
			"kill": func(t *rapid.T) {
				if list := sim.with(); len(list) > 0 {
					sim.kill(rapid.SampledFrom(list).Draw(t, "which"), rapid.Bool().Draw(t, "silent"), rare(t, "given up"))
				}
			},
			"does not start": func(t *rapid.T) {
				if list := sim.without(); len(list) > 0 {
					sim.kill(rapid.SampledFrom(list).Draw(t, "which"), true, rare(t, "given up"))
				}
			},
			"browser up": func(t *rapid.T) {
				if list := sim.without(); len(list) > 0 {
					sim.browserUp(rapid.SampledFrom(list).Draw(t, "which"), sim.recycleReason)
				}
			},
			"unnoticed restart": func(t *rapid.T) {
				if list := sim.with(); len(list) > 0 && rare(t, "does") {
					sim.browserUp(rapid.SampledFrom(list).Draw(t, "which"), sim.recycleReason)
				}
			},
			"replaced": func(*rapid.T) {
				if len(sim.replaced) > 0 {
					sim.kill(sim.replaced[0], true, false)
				}
			},
			"recycle reason": func(t *rapid.T) {
				sim.recycleReason = rapid.SampledFrom([]string{"", "", "old"}).Draw(t, "recycle reason")
			},
			"resize": func(t *rapid.T) {
				hold := rapid.SampledFrom([]time.Duration{0, 0, 0, 5 * time.Second}).Draw(t, "hold")
				sim.do(sim.scheduler.Resize(messages.Resize{Workers: rapid.IntRange(1, 5).Draw(t, "n"),
					Reading: rapid.IntRange(0, 5).Draw(t, "reading"), Hold: hold, LimitedBy: messages.LimitedByCPU}, sim.now))
			},
			"pause":  func(*rapid.T) { sim.pause() },
			"resume": func(*rapid.T) { sim.resume() },
			"set workers": func(t *rapid.T) {
				sim.do(sim.scheduler.SetWorkers(rapid.IntRange(-1, 6).Draw(t, "wish"), sim.now))
			},
			"fence": func(t *rapid.T) {
				if list := sim.inFlight(); len(list) > 0 && rare(t, "does") {
					sim.fence(rapid.SampledFrom(list).Draw(t, "token"))
				}
			},
			"portal": func(t *rapid.T) {
				sim.portal = rapid.SampledFrom([]string{"", "masked", "down", "closed"}).Draw(t, "portal")
			},
			"writes fail": func(t *rapid.T) {
				if rare(t, "does") {
					sim.failWrites()
				}
			},
			"answer": func(*rapid.T) {
				if len(sim.reads) > 0 {
					sim.answer(0)
				}
			},
			"wake": func(*rapid.T) { sim.now = sim.now.Add(time.Second); sim.do(sim.scheduler.Wake(sim.now)) },
			"drain": func(t *rapid.T) {
				if rare(t, "does") {
					sim.drained = true
					sim.do(sim.scheduler.Drain(po.Interrupted, "test", sim.now))
				}
			},
			"stop": func(t *rapid.T) {
				if rare(t, "does") {
					sim.stopped = true
					sim.do(sim.scheduler.Stop(po.SignedOut, "test", sim.now))
				}
			},
			"": func(t *rapid.T) {
				if len(sim.free)+len(sim.held) != len(sim.open) {
					t.Fatalf("an order is lost: %d open, %d free, %d held", len(sim.open), len(sim.free), len(sim.held))
				}
			},
		})
		sim.finish()
	})
}

// TestSequential checks that with one in work nothing overlaps: the files
// of an order are fetched before the next is read.
func TestSequential(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sim := newSimulator(t, 5, 1)
		for sim.ends == 0 {
			if n := len(sim.reads) + len(sim.fetches); n > 1 {
				t.Fatalf("%d things at once", n)
			}
			switch {
			case sim.claim(), sim.write(false):
			case len(sim.reads) > 0:
				sim.read(0, po.SignAttachments, po.ReadFailure{})
			case len(sim.fetches) > 0:
				sim.fetch(0, nil, "")
			default:
				t.Fatal("stuck")
			}
		}
		if len(sim.settled) != 5 {
			t.Fatalf("%d settled", len(sim.settled))
		}
	})
}

// TestUnconfirmedAnswers drives a Scheduler through runs in which the portal changes: a
// session that is lost in disguise, trouble for everybody, and all well again. What
// counts at the end was told to a browser that was signed in, as far as that can be
// known.
func TestUnconfirmedAnswers(t *testing.T) {
	t.Parallel()
	portals := []string{"", "", "masked", "down", "closed", "mixed"}
	var acts []string // as often as they shall come
	for act, n := range map[string]int{"portal": 3, "kill": 1, "browser up": 3, "read": 25, "fetch": 15, "wait": 5,
		"write": 30, "claim": 18, "audit": 2} {
		acts = append(acts, slices.Repeat([]string{act}, n)...)
	}
	slices.Sort(acts)
	rapid.Check(t, func(t *rapid.T) {
		orders := rapid.SampledFrom([]int{1, 3, 10, 40}).Draw(t, "orders")
		sim := newSimulator(t, orders, rapid.IntRange(1, 4).Draw(t, "workers"))
		for range rapid.SampledFrom([]int{20, 60, 200}).Draw(t, "steps") {
			switch act := rapid.SampledFrom(acts).Draw(t, "act"); {
			case act == "portal":
				sim.portal = rapid.SampledFrom(portals).Draw(t, "portal")
			case act == "kill" && len(sim.with()) > 0:
				sim.kill(rapid.SampledFrom(sim.with()).Draw(t, "which"), rapid.Bool().Draw(t, "silent"), false)
			case act == "browser up" && len(sim.without()) > 0 && sim.ends == 0:
				sim.browserUp(sim.without()[0], "")
			case act == "read" && len(sim.reads) > 0:
				i := rapid.IntRange(0, len(sim.reads)-1).Draw(t, "which")
				if sim.portal == "mixed" && sim.reads[i].Lease.Token != "" {
					sim.read(i, rapid.SampledFrom(po.Signs()).Draw(t, "sign"), po.ReadFailure{})
				} else {
					sim.answer(i)
				}
			case act == "fetch" && len(sim.fetches) > 0:
				sim.fetch(0, nil, "")
			case act == "wait":
				sim.now = sim.now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "seconds")) * time.Second)
				sim.do(sim.scheduler.Wake(sim.now))
			case act == "write":
				sim.write(false)
			case act == "claim":
				sim.claim()
			case act == "audit":
				sim.audit()
			}
		}
		if sim.portal == "mixed" {
			sim.portal = ""
		}
		sim.finish()
	})
}
