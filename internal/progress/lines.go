package progress

import (
	"fmt"
	"io"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Lines shows a run as plain lines: one for each settled order, and one for
// what happens to the workers. It is not safe for concurrent use; a run gives
// its events from one goroutine.
type Lines struct {
	out     io.Writer
	name    Names
	total   int
	settled int
	lost    map[string]bool // workers whose next browser is awaited
}

// NewLines shows on out a run of total orders.
func NewLines(out io.Writer, total int, name Names) *Lines {
	return &Lines{out: out, name: name, total: total, lost: map[string]bool{}}
}

// Event shows one event, if it is worth a line. A write that fails is not an
// error of the run: nobody is looking.
func (l *Lines) Event(event any) {
	if line := l.line(event); line != "" {
		fmt.Fprintln(l.out, line)
	}
}

func (l *Lines) line(event any) string {
	switch e := event.(type) {
	case messages.RunStarted:
		return started(e)
	case messages.OrderSettled:
		l.settled++
		width := len(fmt.Sprint(l.total))
		return fmt.Sprintf("[%*d/%d] %s", width, l.settled, l.total, l.order(e))
	case messages.OrderRetried:
		return fmt.Sprintf("%s: try %d failed (%s), next try in %s",
			l.number(e.Key), e.Attempt, why(e.Cause, e.Detail), Short(e.After))
	case messages.WorkerLost:
		l.lost[e.Worker] = !e.GaveUp
		return lost(e)
	case messages.WorkerReady:
		return l.ready(e)
	}
	return ""
}

func started(e messages.RunStarted) string {
	line := fmt.Sprintf("portal %s, %s", Clean(e.Portal), Count(e.Workers, "worker"))
	if e.Sequential {
		line += ", one order at a time"
	}
	return line
}

func lost(e messages.WorkerLost) string {
	if e.GaveUp {
		return fmt.Sprintf("%s is given up (%s)", e.Worker, why(e.Cause, e.Detail))
	}
	return fmt.Sprintf("%s is lost (%s), a new browser opens in %s", e.Worker, why(e.Cause, e.Detail), Short(e.Again))
}

func (l *Lines) ready(e messages.WorkerReady) string {
	if !l.lost[e.Worker.Name] {
		return ""
	}
	delete(l.lost, e.Worker.Name)
	return fmt.Sprintf("%s is back", e.Worker.Name)
}

func (l *Lines) number(key po.Key) string { return Clean(l.name(key)) }

// order is the line of a settled order: number, status, files, who and how
// long, and what was wrong.
func (l *Lines) order(e messages.OrderSettled) string {
	o := e.Outcome
	line := fmt.Sprintf("%-14s %-14s %-10s", l.number(o.Key), o.Status, files(o))
	if e.Worker != "" {
		line += fmt.Sprintf(" %-9s %6s", e.Worker, Short(e.Took))
	}
	if o.Cause != "" && o.Status != po.NotFound {
		line += "  " + why(o.Cause, o.Detail)
	}
	return line
}

func files(o po.Outcome) string {
	switch {
	case o.Found == 0:
		return "-"
	case len(o.Files) < o.Found:
		return fmt.Sprintf("%d of %d", len(o.Files), o.Found)
	}
	return Count(len(o.Files), "file")
}
