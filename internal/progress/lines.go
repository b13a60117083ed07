package progress

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// Lines shows a run as plain lines with their time: what there is to do, one for each
// settled order, and one for what happens to the workers. It is not safe for concurrent
// use; a run gives its events from one goroutine.
type Lines struct {
	out     io.Writer
	into    string // where the result will be
	now     func() time.Time
	total   int
	settled int
	lost    map[string]bool // workers whose next browser is awaited
	trusted bool            // orders are read without a browser
}

// NewLines shows on out a run into the output directory into. now is the clock, like
// time.Now.
func NewLines(out io.Writer, into string, now func() time.Time) *Lines {
	return &Lines{out: out, into: into, now: now, lost: map[string]bool{}}
}

// Event shows one event, if it is worth a line. A write that fails is not an
// error of the run: nobody is looking.
func (l *Lines) Event(event any) {
	if line := l.Text(event); line != "" {
		l.Note(line)
	}
}

// Note shows a line that is no event's, with its time.
func (l *Lines) Note(line string) {
	fmt.Fprintln(l.out, l.now().Format(time.DateTime), line)
}

// Text is one event in words, safe for a terminal; empty if it is not worth a line. It
// counts: each event is to come once.
func (l *Lines) Text(event any) string {
	switch e := event.(type) {
	case messages.BatchMerged:
		l.total = e.Open
		return merged(e)
	case messages.OutputAudited:
		l.total += e.Opened
		return audited(e)
	case messages.LeftoversRemoved:
		return "cleaned: " + Leftovers(e.Profiles, e.Processes, e.Bytes) + " left by a killed run"
	case messages.RunStarted:
		return l.started(e)
	case messages.OrderSettled:
		l.settled++
		width := len(fmt.Sprint(l.total))
		return fmt.Sprintf("[%*d/%d] %s", width, l.settled, l.total, l.order(e))
	case messages.OrdersReopened:
		l.settled -= len(e.Outcomes)
		return reopened(e)
	case messages.OrderRetried:
		return fmt.Sprintf("%s: try %d failed (%s), next try in %s",
			Clean(e.RawNumber), e.Attempt, why(e.Failure.Cause, e.Failure.Detail), Short(time.Duration(e.After)))
	case messages.WorkerLost:
		l.lost[e.Worker] = !e.GaveUp
		return lost(e)
	case messages.WorkerReady:
		return l.ready(e)
	case messages.RunPaused:
		return "paused: orders under way are finished, no other is begun"
	case messages.RunResumed:
		return "the run goes on after the pause"
	case messages.Warning:
		return "advice: " + Clean(e.Text)
	case messages.FaultInjected:
		return "fault: " + e.Fault
	case messages.PoolResized:
		return resized(e)
	case messages.PortalPaced:
		return paced(e)
	case messages.FastLane:
		return l.fastLane(e)
	case messages.SessionLost:
		return "signed out (" + Clean(e.Detail) + "): every worker pauses until the session is restored"
	case messages.SessionRestored:
		return restored(e)
	case messages.OrderQuarantined:
		return fmt.Sprintf("%s: %d browsers died while reading it; one more try, alone in a throw-away browser",
			Clean(e.RawNumber), e.Deaths)
	case messages.JobStuck:
		return fmt.Sprintf("%s has been stuck for %s; another worker replaces it", e.Worker, Short(time.Duration(e.For)))
	}
	return ""
}

// merged says what a start finds that is not the first on its output directory;
// nothing where there is nothing to say.
func merged(e messages.BatchMerged) string {
	if e.Start == 1 {
		return ""
	}
	var parts []string
	for _, p := range []struct {
		n    int
		text string
	}{
		{e.Settled, "done"}, {e.Reopened, "to retry"}, {e.New, "new in the batch"},
		{e.Returned, "back in the batch"}, {e.Removed, "no longer in the batch"},
	} {
		if p.n > 0 && (p.text != "new in the batch" || e.Settled+e.Reopened+e.Removed > 0) {
			parts = append(parts, fmt.Sprintf("%d %s", p.n, p.text))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return "Resuming: " + strings.Join(parts, ", ")
}

// audited says what was found amiss on the disk.
func audited(e messages.OutputAudited) string {
	var parts []string
	if e.Missing > 0 {
		parts = append(parts, fmt.Sprintf("%s missing or damaged", Count(e.Missing, "file")))
	}
	if e.Opened > 0 {
		parts = append(parts, Count(e.Opened, "order")+" reopened")
	}
	if e.Finished > 0 {
		parts = append(parts, Count(e.Finished, "folder")+" repaired")
	}
	if e.Unknown > 0 {
		parts = append(parts, Count(e.Unknown, "work folder")+" of unknown orders left alone")
	}
	if len(parts) == 0 {
		return ""
	}
	return "output directory checked: " + strings.Join(parts, ", ")
}

// Leftovers says what killed runs have left: "2 profiles and 1 browser", or how
// much it is where there is neither.
func Leftovers(profiles, browsers int, bytes int64) string {
	var parts []string
	if profiles > 0 {
		parts = append(parts, Count(profiles, "profile"))
	}
	if browsers > 0 {
		parts = append(parts, Count(browsers, "browser"))
	}
	if len(parts) == 0 {
		return humanize.Bytes(uint64(bytes))
	}
	return strings.Join(parts, " and ")
}

// started says what a run is about to do.
func (l *Lines) started(e messages.RunStarted) string {
	if l.total == 0 {
		return ""
	}
	line := fmt.Sprintf("%s, %s", Count(l.total, "order"), Count(e.Workers, "worker"))
	if e.Sequential {
		line += ", one order at a time"
	}
	return Line(line + ", into " + l.into)
}

func lost(e messages.WorkerLost) string {
	if e.GaveUp {
		return fmt.Sprintf("%s will not restart (%s)", e.Worker, why(e.Cause, e.Detail))
	}
	when := "at once"
	if pause := time.Duration(e.RestartAfter); pause >= 500*time.Millisecond { // less is jitter
		when = "in " + Short(pause)
	}
	return fmt.Sprintf("%s is lost (%s), a new browser opens %s", e.Worker, why(e.Cause, e.Detail), when)
}

// resized says how the pool changes, and why.
func resized(e messages.PoolResized) string {
	line := fmt.Sprintf("%s instead of %d", Count(e.To, "worker"), e.From)
	if e.To == 1 {
		line += ", one order at a time"
	}
	return line + ": " + Clean(e.Reason)
}

// paced says how much the portal is asked for.
func paced(e messages.PortalPaced) string {
	line := fmt.Sprintf("%s read at once", Count(e.Reading, "order"))
	if e.Hold > 0 {
		line += ", after a pause of " + Short(time.Duration(e.Hold))
	}
	return line + ": " + Clean(e.Reason)
}

// restored says how the session was restored; why it was not the run's end says.
func restored(e messages.SessionRestored) string {
	if e.Failure != "" {
		return ""
	}
	return fmt.Sprintf("signed in again after %s: %s", Short(time.Duration(e.Took)), Clean(e.How))
}

// reopened says whose outcomes no longer count.
func reopened(e messages.OrdersReopened) string {
	const shown = 5
	var names []string
	for _, o := range e.Outcomes[:min(len(e.Outcomes), shown)] {
		names = append(names, Clean(o.RawNumber))
	}
	if len(e.Outcomes) > shown {
		names = append(names, "…")
	}
	return fmt.Sprintf("%s reopened (%s): %s", Count(len(e.Outcomes), "order"), strings.Join(names, ", "), Clean(e.Reason))
}

func (l *Lines) ready(e messages.WorkerReady) string {
	if !l.lost[e.Worker.Name] {
		return ""
	}
	delete(l.lost, e.Worker.Name)
	return fmt.Sprintf("%s is back", e.Worker.Name)
}

// order is the line of a settled order: number, status, files, who and how
// long, and what was wrong.
func (l *Lines) order(e messages.OrderSettled) string {
	o := e.Outcome
	line := fmt.Sprintf("%-14s %-14s %-10s", Clean(o.RawNumber), o.Status, files(o))
	if e.Worker != "" {
		line += fmt.Sprintf(" %-11s %6s", e.Worker, Short(time.Duration(e.Took)))
	}
	if o.Cause != "" && o.Status != po.NotFound {
		line += "  " + why(o.Cause, o.Detail)
	}
	if len(o.Missing) > 0 {
		line += "; missing: " + names(o.Missing)
	}
	return line
}

// Ended says in one line how an order ended: its number, status, and what was wrong.
func Ended(o po.Outcome) string {
	line := Clean(o.RawNumber) + " " + string(o.Status)
	if o.Cause != "" {
		line += ": " + why(o.Cause, o.Detail)
	}
	if len(o.Missing) > 0 {
		line += "; missing: " + names(o.Missing)
	}
	return line
}

// names are the first few of the missing files: results and explain have all.
func names(missing []po.Missing) string {
	const most = 3
	var list []string
	for i, m := range missing {
		if i == most {
			list = append(list, fmt.Sprintf("and %d more", len(missing)-most))
			break
		}
		list = append(list, Clean(m.Name))
	}
	return strings.Join(list, ", ")
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
