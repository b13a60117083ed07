package progress

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// fastLane says when orders are read without a browser, and when no more.
func (l *Lines) fastLane(e messages.FastLane) string {
	was := l.trusted
	l.trusted = e.Trusted
	switch {
	case e.Ended:
		return ""
	case e.Off != "":
		return "fast lane: " + laneOff(e)
	case e.Trusted && !was:
		return fmt.Sprintf("fast lane: %d orders were the same without a browser; most need none from now on", e.Agreed)
	}
	return ""
}

// laneOff says why no order is read without a browser any more, and what follows.
func laneOff(e messages.FastLane) string {
	text := "every order is read by a browser: " + Clean(e.Off)
	if e.ReadAgain > 0 {
		text += fmt.Sprintf("; %s since the last comparison that agreed %s read again", Count(e.ReadAgain, "order"), be(e.ReadAgain))
	}
	return text
}

func be(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// ReadBy says in one line how the pages of orders were read: "412 orders: 371 by page, 41 by
// browser". It is empty where nothing is known of it: in a run that only browsers read for.
func ReadBy(counts map[po.ReadBy]int) string {
	sum := 0
	for _, n := range counts {
		sum += n
	}
	if sum == 0 {
		return ""
	}
	return Count(sum, "order") + ": " + Ways(counts)
}

// Ways says how many orders were read how: "371 by page, 41 by browser".
func Ways(counts map[po.ReadBy]int) string {
	browser := 0
	var parts []string
	for _, way := range slices.Sorted(maps.Keys(counts)) {
		if !way.WithoutBrowser() {
			browser += counts[way]
		} else {
			parts = append(parts, fmt.Sprintf("%d by %s", counts[way], Clean(string(way))))
		}
	}
	return strings.Join(append(parts, fmt.Sprintf("%d by browser", browser)), ", ")
}

// Compared says what the comparisons of a start have shown, and what followed from it.
func Compared(e messages.FastLane) string {
	text := fmt.Sprintf("%d compared", e.Compared)
	switch different := e.Compared - e.Agreed; {
	case e.Compared > 0 && different == 0:
		text += ", all equal"
	case different > 0:
		text += fmt.Sprintf(", %d different", different)
	}
	if e.Off != "" {
		text += "; fast lane off: " + laneOff(e)
	}
	return text
}
