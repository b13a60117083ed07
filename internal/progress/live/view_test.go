package live

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

var begin = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

// tape plays events, each at its time.
type tape struct {
	state *State
	now   time.Time
}

func newTape() *tape { return &tape{NewState("orders"), begin} }

// after lets time pass, then plays.
func (p *tape) after(d time.Duration, events ...any) {
	p.now = p.now.Add(d)
	for _, e := range events {
		p.state.Apply(e, p.now)
	}
}

func named(n int) messages.Worker { return messages.Worker{Name: fmt.Sprintf("worker-%d", n)} }

func number(n int) (po.Key, string) {
	return po.Key(fmt.Sprint(15262900 + n)), fmt.Sprintf("PO%d", 15262900+n)
}

// up begins a run with workers whose browsers are open.
func (p *tape) up(orders, workers int) {
	p.after(0, messages.BatchMerged{Start: 1, New: orders, Open: orders}, messages.RunStarted{Portal: "coupa", Workers: workers})
	for n := range workers {
		p.after(0, messages.WorkerStarted{Worker: named(n + 1).Name})
	}
	for n := range workers {
		p.after(0, messages.WorkerReady{Worker: named(n + 1), Took: messages.Duration(700 * time.Millisecond)})
	}
}

// start has a worker read an order.
func (p *tape) start(worker, order int) {
	key, raw := number(order)
	p.after(0, messages.OrderStarted{Worker: named(worker), Key: key, RawNumber: raw, Attempt: 1})
}

// read ends that; its files are fetched then.
func (p *tape) read(worker, order, files int) {
	key, raw := number(order)
	p.after(0, messages.OrderRead{Worker: named(worker), Key: key, RawNumber: raw, Took: messages.Duration(time.Second),
		Reading: po.Reading{Sign: po.SignAttachments, Attachments: make([]po.Attachment, files)}})
}

// settle ends an order.
func (p *tape) settle(worker, order int, status po.Status, cause po.Cause) {
	key, raw := number(order)
	o := po.Outcome{Key: key, RawNumber: raw, Status: status, Cause: cause, Found: 2, Files: []po.File{{Bytes: 6e5}, {Bytes: 3e5}}}
	p.after(0, messages.FilesFetched{Key: key, RawNumber: raw, Took: messages.Duration(300 * time.Millisecond)},
		messages.OrderSettled{Outcome: o, Worker: named(worker).Name, Took: messages.Duration(2 * time.Second)})
}

// all has a worker do orders from the first to the last, one in two seconds.
func (p *tape) all(worker, first, last int) {
	for n := first; n <= last; n++ {
		p.start(worker, n)
		p.after(time.Second)
		p.read(worker, n, 2)
		p.after(time.Second)
		p.settle(worker, n, po.Completed, "")
	}
}

// middle is a run with everything in it.
func middle(p *tape) {
	p.up(412, 4)
	p.all(1, 1, 60)
	p.start(2, 70)
	p.read(2, 70, 7)
	key, raw := number(71)
	p.after(0, messages.OrderRetried{Key: key, RawNumber: raw, Attempt: 1, Worker: "worker-3",
		Failure: po.Failure{Cause: po.Throttled, Detail: "429"}, After: messages.Duration(1500 * time.Millisecond)})
	p.settle(3, 72, po.Partial, po.DownloadIncomplete)
	p.settle(3, 73, po.Failed, po.Timeout)
	p.settle(3, 74, po.NotFound, po.CauseNotFound)
	p.start(1, 61)
	p.start(2, 75)
	p.start(4, 76)
	p.after(3 * time.Second)
	p.after(0, messages.WorkerLost{Worker: "worker-3", Cause: po.BrowserDied, Detail: "signal: killed", RestartAfter: messages.Duration(4 * time.Second)})
	key, raw = number(70)
	p.after(time.Second, messages.FileProgress{Key: key, RawNumber: raw, FileProgress: po.FileProgress{
		Name: "drawing 0815.pdf", Bytes: 42e5, Size: 1e7, Whole: 3, Files: 7}})
	p.read(4, 76, 2)
	p.after(500 * time.Millisecond)
}

func TestView(t *testing.T) {
	t.Parallel()
	stories := map[string]func(p *tape){
		"start": func(p *tape) {
			p.after(0, messages.BatchMerged{Start: 1, New: 412, Open: 412}, messages.RunStarted{Portal: "coupa", Workers: 2},
				messages.WorkerStarted{Worker: "worker-1"}, messages.WorkerStarted{Worker: "worker-2"})
			p.after(time.Second)
		},
		"middle": middle,
		"paused": func(p *tape) {
			middle(p)
			p.after(time.Second, messages.RunPaused{})
		},
		"finishing": func(p *tape) {
			middle(p)
			p.state.Finish()
		},
		"portal": func(p *tape) {
			middle(p)
			p.after(0, messages.PortalPaced{Reading: 1, Hold: messages.Duration(20 * time.Second), LimitedBy: messages.LimitedByPortal,
				Reason: "the portal asked for a pause of 20 s"})
			p.after(time.Second)
		},
		"memory": func(p *tape) {
			middle(p)
			p.after(0, messages.PoolResized{From: 4, To: 3, LimitedBy: messages.LimitedByMemory,
				Reason: "memory is at 93 % of the container's 2.0 GB"}, messages.WorkerDismissed{Worker: "worker-4"})
		},
		"signed out": func(p *tape) {
			middle(p)
			key, raw := number(61)
			p.after(0, messages.SessionLost{Detail: "the portal asks for a sign-in"},
				messages.OrderReleased{Key: key, RawNumber: raw, Cause: po.SignedOut})
		},
		"many workers": func(p *tape) {
			p.up(900, 40)
			for n := range 40 {
				p.start(n+1, n)
			}
			p.after(8 * time.Second)
			for n := range 38 {
				p.read(n+1, n, 1)
			}
			p.after(0, messages.WorkerLost{Worker: "worker-33", Cause: po.BrowserHung, RestartAfter: messages.Duration(time.Second)})
		},
		"fast lane": func(p *tape) {
			middle(p)
			p.after(0, messages.FastLane{Way: po.ReadByPage, Trusted: true, Learned: 20, Needed: 20, Compared: 23, Agreed: 23})
			p.settleBy(80, po.ReadByBoth)
			for n := 81; n < 90; n++ {
				p.settleBy(n, po.ReadByPage)
			}
			p.request(90)
			p.request(91)
			p.after(100 * time.Millisecond)
		},
		"hostile": func(p *tape) {
			p.up(3, 1)
			p.after(0, messages.OrderStarted{Worker: named(1), Key: "1", RawNumber: "PO\x1b[2J\u202e日本語日本語日本語", Attempt: 2})
			p.after(0, messages.OrderRetried{Key: "2", RawNumber: "x\r\n\x1b]0;t\x07", Failure: po.Failure{Cause: po.Timeout, Detail: "\x9b31m"}})
		},
	}
	sizes := []Size{{80, 24}, {40, 20}, {140, 40}}
	for name, story := range stories {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newTape()
			story(p)
			var got strings.Builder
			for _, size := range sizes {
				view := p.state.View(size, true, p.now)
				checkSize(t, view, size)
				fmt.Fprintf(&got, "%dx%d\n", size.Width, size.Height)
				for line := range strings.SplitSeq(ansi.Strip(view), "\n") {
					fmt.Fprintln(&got, strings.TrimRight("|"+line, " "))
				}
			}
			golden(t, strings.ReplaceAll(name, " ", "-"), got.String())
		})
	}
}

// golden compares with a file, or writes it where UPDATE_GOLDEN is set.
func golden(t *testing.T, name, got string) {
	t.Helper()
	name = filepath.Join("testdata", name+".txt")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := errors.Join(os.MkdirAll("testdata", 0o750), os.WriteFile(name, []byte(got), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got, "\n")); diff != "" {
		t.Error(diff)
	}
}

// checkSize sees to it that a screen fits, and that nothing is in it that a terminal could
// take for a command but colours.
func checkSize(t *testing.T, view string, size Size) {
	t.Helper()
	lines := strings.Split(view, "\n")
	if len(lines) != max(size.Height, 1) {
		t.Errorf("%v: %d lines", size, len(lines))
	}
	for _, line := range lines {
		if ansi.StringWidth(line) > max(size.Width, 1) {
			t.Errorf("%v: %d wide: %q", size, ansi.StringWidth(line), line)
		}
		if strings.ContainsAny(ansi.Strip(line), "\x1b\x07\u009b\r\u202e") {
			t.Errorf("%v: not clean: %q", size, line)
		}
	}
}

// No size is too small or too large.
func TestViewAtAnySize(t *testing.T) {
	t.Parallel()
	p := newTape()
	middle(p)
	for w := 0; w < 100; w += 3 {
		for h := range 50 {
			size := Size{w, h}
			checkSize(t, p.state.View(size, w%2 == 0, p.now), size)
		}
	}
	checkSize(t, NewState("").View(Size{80, 24}, false, begin), Size{80, 24})
}

// A step that takes two seconds more than is usual is marked, as are files that stand still
// so long; both are told how long.
func TestHangIsSeen(t *testing.T) {
	t.Parallel()
	p := newTape()
	p.up(100, 2)
	p.all(1, 1, 10) // a page takes one second, files 300 ms
	marked := func() string {
		var list []string
		for line := range strings.SplitSeq(ansi.Strip(p.state.View(Size{120, 24}, true, p.now)), "\n") {
			if strings.HasPrefix(line, "! ") {
				list = append(list, strings.Join(strings.Fields(line), " "))
			}
		}
		return strings.Join(list, "\n")
	}
	want := func(step, want string) {
		t.Helper()
		if got := marked(); got != want {
			t.Errorf("%s: marked %q, want %q", step, got, want)
		}
	}
	p.start(1, 20)
	p.after(2900 * time.Millisecond)
	want("not yet", "")
	p.after(200 * time.Millisecond)
	want("page", "! worker-1 reading PO15262920 3.1s slow: usually 1.0s")
	p.read(1, 20, 3)
	want("read at last", "")
	p.after(2400 * time.Millisecond)
	want("files", "! worker-1 fetching PO15262920 2.4s NO BYTES for 2.4s, 0 of 3 files")
	key, raw := number(20)
	p.after(0, messages.FileProgress{Key: key, RawNumber: raw, FileProgress: po.FileProgress{Name: "a.pdf", Bytes: 5e6, Files: 3}})
	want("bytes", "")
	p.after(1900 * time.Millisecond)
	want("bytes, a while ago", "")
	p.after(200 * time.Millisecond)
	want("no more bytes", "! worker-1 fetching PO15262920 4.5s NO BYTES for 2.1s, 0 of 3 files, 5.0 MB of a.pdf")
	p.settle(1, 20, po.Completed, "")
	want("done", "")
	p.after(time.Hour)
	want("nothing to do", "")
}

// The rate is that of the last minutes, and of the time since a pause; what is left follows
// from it.
func TestRate(t *testing.T) {
	t.Parallel()
	p := newTape()
	p.up(120, 1)
	if rate, left := p.state.rate(p.now.Add(time.Minute)); rate != 0 || left != 0 {
		t.Errorf("of nothing: %v, %v", rate, left)
	}
	p.all(1, 1, 30) // 30 a minute
	if rate, left := p.state.rate(p.now); rate != 30 || left != 3*time.Minute {
		t.Errorf("%v a minute, %v left", rate, left)
	}
	p.after(0, messages.RunPaused{})
	p.after(time.Hour, messages.RunResumed{})
	if rate, _ := p.state.rate(p.now.Add(10 * time.Second)); rate != 0 {
		t.Errorf("after a pause: %v a minute", rate)
	}
	p.all(1, 31, 60)
	if rate, left := p.state.rate(p.now); rate != 30 || left != 2*time.Minute {
		t.Errorf("%v a minute, %v left", rate, left)
	}
}

// Until it is recorded how an order ends, it is under way.
func TestPausedWhileRecorded(t *testing.T) {
	t.Parallel()
	p := newTape()
	p.up(3, 1)
	p.start(1, 1)
	p.after(0, messages.RunPaused{})
	key, raw := number(1)
	read := messages.OrderRead{Worker: named(1), Key: key, RawNumber: raw,
		Reading: po.Reading{Sign: po.SignAttachments, Attachments: make([]po.Attachment, 1)}}
	settled := messages.OrderSettled{Outcome: po.Outcome{Key: key, RawNumber: raw, Status: po.Completed}}
	for _, step := range []struct {
		event any
		want  string
	}{
		{read, "you: PAUSED, 1 order under way"},
		{messages.FilesFetched{Key: key, RawNumber: raw}, "you: PAUSED, 1 order under way"},
		{settled, "you: PAUSED, nothing is under way"},
		{messages.FilesFetched{Key: key, RawNumber: raw}, "you: PAUSED, nothing is under way"}, // it comes late
	} {
		p.after(0, step.event)
		if got, _ := p.state.limit(p.now); got != step.want {
			t.Errorf("after %T: %q, want %q", step.event, got, step.want)
		}
	}
}
