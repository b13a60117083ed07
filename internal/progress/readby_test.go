package progress_test

import (
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

func TestReadBy(t *testing.T) {
	t.Parallel()
	for want, counts := range map[string]map[po.ReadBy]int{
		"":                                       nil,
		"412 orders: 371 by page, 41 by browser": {po.ReadByPage: 371, po.ReadByBoth: 38, po.ReadByBrowser: 3},
		"1 order: 0 by page, 1 by browser":       {po.ReadByPage: 0, po.ReadByBoth: 1},
		"6 orders: 1 by call, 2 by page, 3 by browser": {"call": 1, po.ReadByPage: 2, po.ReadByBrowser: 3},
		"2 orders: 2 by browser":                       {po.ReadByBrowser: 2},
	} {
		if got := progress.ReadBy(counts); got != want {
			t.Errorf("%v: %q, want %q", counts, got, want)
		}
	}
}

func TestCompared(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]messages.FastLane{
		"0 compared":             {},
		"38 compared, all equal": {Compared: 38, Agreed: 38, Trusted: true},
		"0 compared; fast lane off: every order is read by a browser: a selector is unknown": {Off: "a selector is unknown"},
		"38 compared, 1 different; fast lane off: every order is read by a browser: order 1 differs: the supplier; " +
			"17 orders since the last comparison that agreed are read again": {Compared: 38, Agreed: 37, ReadAgain: 17,
			Off: "order 1 differs: the supplier"},
	} {
		if got := progress.Compared(e); got != want {
			t.Errorf("%+v: %q, want %q", e, got, want)
		}
	}
}

// What changes is told once, however many comparisons follow; the numbers at the end are the
// summary's.
func TestFastLaneLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	lines := progress.NewLines(&out, "out", func() time.Time { return time.Time{} })
	for _, e := range []messages.FastLane{
		{Learned: 1, Needed: 20}, {Learned: 20, Needed: 20, Agreed: 20, Trusted: true}, {Agreed: 21, Trusted: true},
		{Off: "order 1 differs", ReadAgain: 1}, {Off: "order 1 differs", ReadAgain: 1, Ended: true},
	} {
		lines.Event(e)
	}
	want := "0001-01-01 00:00:00 fast lane: 20 orders were the same without a browser; most need none from now on\n" +
		"0001-01-01 00:00:00 fast lane: every order is read by a browser: order 1 differs; " +
		"1 order since the last comparison that agreed is read again\n"
	if got := out.String(); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
}
