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
)

// row is the line of one worker.
type row struct {
	name, step, number string
	took               time.Duration
	detail             string
	trouble            bool // it is slow, stands still, or has no browser
}

// rows has a line for the reading without a browser and one for each worker, or at most so many: those in trouble first, and one that
// sums up the rest.
func (s *State) rows(w, most int, now time.Time) []string {
	var list []row
	for _, worker := range s.list() {
		list = append(list, s.row(worker, now))
	}
	var first []row
	if s.lane.used && most > 0 {
		first, most = []row{s.laneRow(now)}, most-1
	}
	shown, rest := list, []row(nil)
	if len(list) > most {
		shown, rest = pick(list, max(0, most-1))
	}
	shown = append(first, shown...)
	names, numbers := 8, 8
	for _, r := range shown {
		names, numbers = max(names, len(r.name)), max(numbers, ansi.StringWidth(r.number))
	}
	numbers = min(numbers, 16)
	var lines []string
	for _, r := range shown {
		mark, style := "  ", lipgloss.NewStyle()
		if r.trouble {
			mark, style = "! ", doubt
		}
		line := fmt.Sprintf("%s%-*s %-8s %s %6s", mark, names, r.name, r.step, pad(r.number, numbers), span(r.took))
		if r.detail != "" {
			line += "  " + r.detail
		}
		lines = append(lines, style.Render(ansi.Truncate(line, w, "…")))
	}
	if len(rest) > 0 && most > 0 {
		lines = append(lines, weak.Render("  "+summary(rest)))
	}
	return lines
}

// pick chooses n rows, and leaves them in their order.
func pick(list []row, n int) (shown, rest []row) {
	take := map[string]bool{}
	for _, trouble := range []bool{true, false} {
		for _, r := range list {
			if r.trouble == trouble && len(take) < n {
				take[r.name] = true
			}
		}
	}
	for _, r := range list {
		if take[r.name] {
			shown = append(shown, r)
		} else {
			rest = append(rest, r)
		}
	}
	return shown, rest
}

// summary counts the workers that there is no room for, by their step.
func summary(rest []row) string {
	counts := map[string]int{}
	var steps []string
	for _, r := range rest {
		if counts[r.step]++; counts[r.step] == 1 {
			steps = append(steps, r.step)
		}
	}
	slices.Sort(steps)
	for i, step := range steps {
		steps[i] = fmt.Sprintf("%d %s", counts[step], step)
	}
	return fmt.Sprintf("and %s more: %s", progress.Count(len(rest), "worker"), strings.Join(steps, ", "))
}

// row says what a worker does. One that has nothing to read shows the files of its last
// order that are still on their way.
func (s *State) row(w *worker, now time.Time) row {
	r := row{name: w.name, step: string(w.step), number: progress.Clean(w.number), took: now.Sub(w.since)}
	var details []string
	if s.isSlow(w, now) {
		r.trouble = true
		details = append(details, "slow: usually "+span(s.usually(w.step)))
	}
	if w.attempt > 1 {
		details = append(details, fmt.Sprintf("try %d", w.attempt))
	}
	if w.step == restarts {
		r.trouble = true
		if now.Before(w.until) {
			details = append(details, "a new browser in "+span(w.until.Sub(now)))
		} else {
			details = append(details, "a new browser opens")
		}
	}
	fetches := s.fetchesOf(w.name)
	for i, f := range fetches {
		text := f.text()
		if s.isStalled(f, now) {
			r.trouble = true
			text = "NO BYTES for " + span(now.Sub(f.sign)) + ", " + text
		}
		if i == 0 && w.step == idle {
			r.step, r.number, r.took = string(fetching), progress.Clean(f.number), now.Sub(f.since)
		} else {
			text = progress.Clean(f.number) + ": " + text
		}
		details = append(details, text)
	}
	r.detail = strings.Join(details, "; ")
	return r
}

// text is how far an order's files are.
func (f *fetch) text() string {
	text := fmt.Sprintf("%d of %s", f.Whole, progress.Count(f.Files, "file"))
	if f.Name == "" {
		return text
	}
	text += ", " + humanize.Bytes(uint64(f.Bytes))
	if f.Size > 0 {
		text += " of " + humanize.Bytes(uint64(f.Size))
	}
	return text + " of " + progress.Clean(f.Name)
}

// pad brings text to a width, however wide its characters are.
func pad(text string, width int) string {
	text = ansi.Truncate(text, width, "…")
	return text + strings.Repeat(" ", max(0, width-ansi.StringWidth(text)))
}
