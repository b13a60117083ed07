package live

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"charm.land/lipgloss/v2"
	"github.com/charmbracelet/x/ansi"
	"github.com/dustin/go-humanize"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Size is that of a terminal, in characters.
type Size struct{ Width, Height int }

// Only the sixteen colours whose look is the user's choice are used: they suit a light
// terminal and a dark one. What they say the text says, too.
var (
	strong = lipgloss.NewStyle().Bold(true)
	weak   = lipgloss.NewStyle().Faint(true)
	good   = lipgloss.NewStyle().Foreground(lipgloss.Green)
	doubt  = lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	bad    = lipgloss.NewStyle().Foreground(lipgloss.Red)
)

// Below these heights there is no room for lines that only divide, or for the log.
const (
	heightOfGaps  = 16
	heightOfNotes = 12
	fewestNotes   = 4 // that are left room for, beside many workers
)

// View is the screen of a run: no line is longer than the width, and there are as many as
// the height. keys says that there is a keyboard.
func (s *State) View(size Size, keys bool, now time.Time) string {
	w, h := max(size.Width, 1), max(size.Height, 1)
	lines := s.head(w, now)
	if h < heightOfNotes { // the first and the last tell the most
		lines = slices.Concat(lines[:1], lines[1:min(len(lines), max(1, h/2))])
	}
	gap := h >= heightOfGaps
	room := h - len(lines) - 1
	if gap {
		lines = append(lines, "")
		room -= 2
	}
	notes := 0
	if h >= heightOfNotes {
		rows := len(s.workers)
		if s.lane.used {
			rows++
		}
		notes = min(len(s.notes), max(fewestNotes, room-rows))
	}
	rows := s.rows(w, max(0, room-notes), now)
	lines = append(lines, rows...)
	if gap {
		lines = append(lines, "")
	}
	below := 1 // lines that the log leaves: the keys, and a gap above them
	if gap {
		below++
	}
	if notes = min(notes, h-below-len(lines)); notes > 0 {
		for _, n := range s.notes[len(s.notes)-notes:] {
			style := lipgloss.NewStyle()
			if n.bad {
				style = doubt
			}
			lines = append(lines, weak.Render(n.at.Format(time.TimeOnly))+" "+style.Render(n.text))
		}
	}
	lines = lines[:min(len(lines), h-1)]
	for len(lines) < h-1 {
		lines = append(lines, "")
	}
	lines = append(lines, weak.Render(s.help(w, keys)))
	for i, line := range lines {
		lines[i] = ansi.Truncate(line, w, "…")
	}
	return strings.Join(lines, "\n")
}

// head is how the run stands.
func (s *State) head(w int, now time.Time) []string {
	title := fmt.Sprintf("%s into %s", progress.Count(s.total, "order"), progress.Line(s.into))
	took := clock(now.Sub(s.began))
	lines := []string{strong.Render(ansi.Truncate(title, max(1, w-len(took)-2), "…")) +
		strings.Repeat(" ", max(2, w-ansi.StringWidth(title)-len(took))) + took}
	lines = append(lines, s.bar(w, now))
	lines = append(lines, wrap(s.totals(), w)...)
	what, style := s.limit(now)
	return append(lines, weak.Render("limited by ")+style.Render(what))
}

// bar is how much is done, how fast, and how long the rest takes.
func (s *State) bar(w int, now time.Time) string {
	const shortest = 10
	text := fmt.Sprintf("%d/%d", s.settled, s.total)
	if rate, left := s.rate(now); rate > 0 && !s.paused {
		text += fmt.Sprintf("  %.1f/min", rate)
		if s.settled < s.total {
			text += "  " + span(left) + " left"
		}
	}
	length := w - ansi.StringWidth(text) - 2
	if length < shortest || s.total == 0 {
		return text
	}
	done := length * min(max(s.settled, 0), s.total) / s.total
	return good.Render(strings.Repeat("━", done)) + weak.Render(strings.Repeat("╌", length-done)) + "  " + text
}

// totals are the orders by status, and what has come of them.
func (s *State) totals() []string {
	styles := map[po.Status]lipgloss.Style{po.Completed: good, po.Partial: doubt, po.Failed: bad}
	var items []string
	for _, status := range po.Statuses() {
		if n := s.counts[status]; n > 0 {
			items = append(items, styles[status].Render(fmt.Sprintf("%d %s", n, status)))
		}
	}
	items = append(items, fmt.Sprintf("%s, %s", progress.Count(s.files, "file"), humanize.Bytes(uint64(s.bytes))))
	if s.retries == 1 {
		items = append(items, "1 retry")
	} else if s.retries > 1 {
		items = append(items, fmt.Sprintf("%d retries", s.retries))
	}
	if s.crashes > 0 {
		items = append(items, progress.Count(s.crashes, "browser")+" lost")
	}
	return items
}

// limit says what keeps the run from being faster.
func (s *State) limit(now time.Time) (text string, style lipgloss.Style) {
	inHand := len(s.inHand)
	workers := progress.Count(s.size, "worker")
	if s.size < s.wished {
		workers = fmt.Sprintf("%d of %d workers", s.size, s.wished)
	}
	switch {
	case s.signedOut != "":
		return "sign-in: every worker pauses until the session is restored: " + progress.Clean(s.signedOut), bad
	case s.finishing:
		return fmt.Sprintf("you: FINISHING, %s under way, no other is begun", progress.Count(inHand, "order")), doubt
	case s.paused && inHand > 0:
		return fmt.Sprintf("you: PAUSED, %s under way", progress.Count(inHand, "order")), doubt
	case s.paused:
		return "you: PAUSED, nothing is under way", doubt
	case s.heldUntil.Sub(now) > refresh: // less is over before it is read
		return fmt.Sprintf("portal: a pause of another %s: %s", span(s.heldUntil.Sub(now)), progress.Clean(s.paceText)), doubt
	case s.reading > 0:
		return fmt.Sprintf("portal: %s read at once: %s", progress.Count(s.reading, "order"), progress.Clean(s.paceText)), doubt
	case s.limitedBy == messages.LimitedByUser || s.limitedBy == "":
		return "you: " + workers + ", as many as asked for", weak
	}
	return fmt.Sprintf("%s: %s: %s", s.limitedBy, workers, progress.Clean(s.reason)), doubt
}

// help says which keys there are: as much of it as there is room for.
func (s *State) help(w int, keys bool) string {
	pause := "p pause"
	if s.paused {
		pause = "p go on"
	}
	list := []string{
		pause + "   + - workers   f finish what is under way   Ctrl-C twice: end now",
		pause + "  + - workers  f finish  ^C ^C end",
		"p + - f ^C",
	}
	switch {
	case s.finishing:
		list = []string{"Ctrl-C: end now, what is under way is put back", "Ctrl-C: end now"}
	case !keys:
		list = []string{"Ctrl-C: finish what is under way; twice: end now", "Ctrl-C: finish"}
	}
	for _, text := range list {
		if ansi.StringWidth(text) <= w {
			return text
		}
	}
	return ""
}

// wrap puts items into as few lines as they fit in.
func wrap(items []string, w int) []string {
	const between = "  "
	var lines []string
	for _, item := range items {
		last := len(lines) - 1
		if last >= 0 && ansi.StringWidth(lines[last]+between+item) <= w {
			lines[last] += between + item
		} else {
			lines = append(lines, item)
		}
	}
	return lines
}

// span is a duration in as few characters as say it: tenths below ten seconds.
func span(d time.Duration) string {
	switch d = max(d, 0); {
	case d < 10*time.Second:
		return fmt.Sprintf("%.1fs", d.Truncate(100*time.Millisecond).Seconds())
	case d < time.Minute:
		return fmt.Sprintf("%ds", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%dm%02ds", int(d.Minutes()), int(d.Seconds())%60)
	}
	return fmt.Sprintf("%dh%02dm", int(d.Hours()), int(d.Minutes())%60)
}

// clock is a duration as a clock shows it.
func clock(d time.Duration) string {
	d = max(d, 0)
	return fmt.Sprintf("%d:%02d:%02d", int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60)
}
