package live

import (
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// request has an order's page asked for without a browser.
func (p *tape) request(order int) {
	key, raw := number(order)
	p.after(0, messages.PageRequested{Key: key, RawNumber: raw})
}

// page brings it; why is why a browser has to read the order.
func (p *tape) page(order, files int, why string) {
	key, raw := number(order)
	p.after(0, messages.PageRead{Key: key, RawNumber: raw, Reason: why, Took: messages.Duration(100 * time.Millisecond),
		Page: po.PageReading{Reading: po.Reading{Sign: po.SignAttachments, Attachments: make([]po.Attachment, files)}}})
}

// settleBy ends an order that was read in some way.
func (p *tape) settleBy(order int, way po.ReadBy) {
	key, raw := number(order)
	p.after(0, messages.FilesFetched{Key: key, RawNumber: raw, Took: messages.Duration(300 * time.Millisecond)},
		messages.OrderSettled{Worker: po.PageReader,
			Outcome: po.Outcome{Key: key, RawNumber: raw, Status: po.Completed, ReadBy: way, Files: []po.File{{Bytes: 1e6}}}})
}

func (p *tape) laneLine() string {
	for line := range strings.SplitSeq(ansi.Strip(p.state.View(Size{140, 24}, true, p.now)), "\n") {
		if strings.Contains(line, po.PageReader) {
			return strings.Join(strings.Fields(line), " ")
		}
	}
	return ""
}

// The reading without a browser has a line: what it has in hand, how far it is believed, and
// when something hangs.
func TestLane(t *testing.T) {
	t.Parallel()
	p := newTape()
	want := func(step, want string) {
		t.Helper()
		if got := p.laneLine(); got != want {
			t.Errorf("%s:\n%q, want\n%q", step, got, want)
		}
	}
	p.up(100, 2)
	want("nothing of it", "")
	p.request(1)
	p.after(time.Second)
	want("asked", "page-reader reading 1 page 1.0s learning")
	p.page(1, 2, "0 of the 20 comparisons have agreed that are needed first")
	p.after(0, messages.FastLane{Way: po.ReadByPage, Learned: 7, Needed: 20, Compared: 7, Agreed: 7})
	want("learning", "page-reader idle 0.0s learning: 7 of 20 comparisons")
	for n := 2; n < 5; n++ {
		p.settleBy(n, po.ReadByBoth)
	}
	p.after(0, messages.FastLane{Way: po.ReadByPage, Trusted: true, Learned: 20, Needed: 20, Compared: 20, Agreed: 20})
	for n := 5; n < 15; n++ {
		p.request(n)
		p.page(n, 1, "")
		p.settleBy(n, po.ReadByPage)
	}
	p.request(20)
	p.page(20, 3, "")
	p.request(21)
	p.request(22)
	p.after(500 * time.Millisecond)
	want("trusted", "page-reader reading 2 pages 0.5s trusted, 20 compared; 10 by page, 3 by browser; files of 1 order")
	p.page(21, 1, "")
	p.settleBy(21, "call")
	p.after(2 * time.Second)
	want("hangs", "! page-reader reading 1 page 2.5s slow: usually 0.1s; NO BYTES for 2.5s, PO15262920: 0 of 3 files; "+
		"trusted, 20 compared; 1 by call, 1…")
	p.page(22, 0, "the page lists no attachments")
	p.settleBy(20, po.ReadByPage)
	key, raw := number(5)
	p.after(0, messages.OrdersReopened{Outcomes: []po.Outcome{{Key: key, RawNumber: raw, ReadBy: po.ReadByPage}}},
		messages.FastLane{Way: po.ReadByPage, Off: "order 5 differs: the supplier", Compared: 21, Agreed: 20, ReadAgain: 1})
	want("off", "page-reader off 0.0s off, 1 order read again: order 5 differs: the supplier")
}

// A page that is asked for is an order under way, until it is put back.
func TestPagesAreUnderWay(t *testing.T) {
	t.Parallel()
	p := newTape()
	p.up(10, 1)
	p.request(1)
	p.after(0, messages.RunPaused{})
	if text, _ := p.state.limit(p.now); text != "you: PAUSED, 1 order under way" {
		t.Error(text)
	}
	key, _ := number(1)
	p.after(0, messages.OrderReleased{Key: key, Cause: po.Interrupted})
	if text, _ := p.state.limit(p.now); text != "you: PAUSED, nothing is under way" {
		t.Error(text)
	}
	if len(p.state.lane.pages) != 0 {
		t.Error("it is still asked for")
	}
}
