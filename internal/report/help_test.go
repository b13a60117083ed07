package report

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// record is a ledger as it is at one moment.
type record struct {
	outcomes []po.Outcome
	open     map[po.Key]bool
	attempts []po.OrderAttempt
	starts   []po.Start
}

func (r *record) Changes() uint64 { return 1 }

func (r *record) View(ctx context.Context, do func(ctx context.Context) error) error { return do(ctx) }

func (r *record) Open(context.Context) (map[po.Key]bool, error) { return r.open, nil }

func (r *record) Starts(context.Context) ([]po.Start, error) { return r.starts, nil }

func (r *record) Counts(context.Context) (map[po.Status]int, int, error) {
	counts := map[po.Status]int{}
	for _, o := range r.outcomes {
		if !r.open[o.Key] {
			counts[o.Status]++
		}
	}
	return counts, len(r.open), nil
}

func (r *record) ReadBy(context.Context) (map[po.ReadBy]int, error) {
	counts := map[po.ReadBy]int{}
	for _, o := range r.outcomes {
		if o.ReadBy != "" {
			counts[o.ReadBy]++
		}
	}
	return counts, nil
}

func (r *record) Outcomes(context.Context) iter.Seq2[po.Outcome, error] { return each(r.outcomes) }

func (r *record) Attempts(context.Context) iter.Seq2[po.OrderAttempt, error] {
	return each(r.attempts)
}

func each[T any](list []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range list {
			if !yield(v, nil) {
				return
			}
		}
	}
}

// hostile is what a supplier could call itself, or a file, to do harm.
const hostile = `</script><img src=x onerror=owned()><!--<script>{{.}}` + "\u202efdp.exe\u2028" + `=HYPERLINK("http://evil.example")`

// morning is when the run of a sample began.
var morning = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// secret is nothing that a page may have.
const secret = "SECRET"

// evidence is the folder with the picture of a sample.
const evidence = ".poactor/evidence/PO00005/20261130T080100.000-timeout"

// sample is the record of a run of some orders, with a second start, and one that is hostile.
func sample(orders int) *record {
	r := &record{open: map[po.Key]bool{}}
	r.starts = []po.Start{
		{Number: 1, Began: morning, Portal: "acme", BaseURL: "https://portal.example/?t=" + secret, Workers: 4},
		{Number: 2, Began: morning.Add(2 * time.Hour), Ended: morning.Add(3 * time.Hour), Portal: "acme", BaseURL: "https://portal.example", Workers: 4},
	}
	for i := range orders {
		o := sampleOrder(i)
		worker := po.Assignment{Worker: fmt.Sprintf("worker-%d", i%4+1), Profile: fmt.Sprint("p-", i%4)}
		began := morning.Add(2*time.Hour + time.Duration(i)*time.Hour/time.Duration(orders))
		if i%9 == 0 {
			r.attempts = append(r.attempts, po.OrderAttempt{Key: o.Key, Attempt: po.Attempt{Try: 1, Start: 2, Assignment: worker, Began: began, Ended: began.Add(900 * time.Millisecond),
				Ending: po.EndRetried, Failure: po.Failure{Cause: po.PortalError, Detail: "HTTP 502 of https://portal.example/a?sig=" + secret}}})
			began = began.Add(2 * time.Second)
		}
		if o.ReadBy == po.ReadByBrowser {
			worker.Reason = "the page lists no attachments " + hostile
		}
		o.Time = began.Add(time.Duration(500+i%7*100) * time.Millisecond)
		r.attempts = append(r.attempts, po.OrderAttempt{Key: o.Key, Attempt: po.Attempt{Try: o.Attempts, Start: 2, Assignment: worker, Began: began, Ended: o.Time,
			Ending: po.EndSettled, Files: len(o.Files), Bytes: 4096, Failure: po.Failure{Cause: o.Cause, Detail: o.Detail, Trace: o.Trace}}})
		r.outcomes = append(r.outcomes, o)
	}
	r.outcomes = append(r.outcomes, po.Outcome{RawNumber: hostile, Key: "HOSTILE", Status: po.Partial, Cause: po.DownloadRejected, Detail: hostile, Supplier: hostile, Attempts: 1, Found: 2,
		Folder: hostile + "/../..", URL: "javascript:owned()", Files: []po.File{{Name: "javascript:owned()", SHA256: strings.Repeat("ab", 32)}},
		Missing: []po.Missing{{Name: hostile, URL: "data:text/html,x", Cause: po.DownloadRejected, Answer: hostile, Evidence: "../../etc"}}},
		po.Outcome{RawNumber: "PO99999", Key: "PO99999"})
	r.open["PO99999"] = true
	return r
}

func sampleOrder(i int) po.Outcome {
	number := fmt.Sprintf("PO%05d", i)
	o := po.Outcome{RawNumber: number, Key: po.Key(number), Status: po.Completed, Supplier: "Müller & Söhne GmbH", Attempts: 1 + i%9/8, Found: 2,
		Folder: "Müller & Söhne GmbH/PO_" + number, URL: "https://portal.example/orders/" + number + "?token=" + secret}
	for f := range 2 {
		o.Files = append(o.Files, po.File{Name: fmt.Sprintf("Contract %d%s.pdf", i, []string{"", " #2 100%"}[f]), Bytes: 2048, SHA256: strings.Repeat("0f", 32), Lane: po.LaneHTTP})
	}
	o.ReadBy, o.Comparisons = po.ReadBy([]string{"page", "call", "both", "browser", "page"}[i%5]), 20+i/20
	switch {
	case i == 17:
		o.Files, o.Found = append(o.Files, po.File{Name: "third.pdf", Bytes: 7, SHA256: strings.Repeat("1e", 32)}), 3
	case i%20 == 5:
		o.Status, o.Cause, o.Detail, o.Files, o.Folder = po.Failed, po.Timeout, "the page did not come within 2m0s", nil, ""
		o.Trace.Evidence = strings.Replace(evidence, "PO00005", number, 1)
	case i%20 == 7:
		o.Status, o.Cause, o.Detail, o.Files = po.Partial, po.DownloadIncomplete, "", o.Files[:1]
		o.Missing = []po.Missing{{Name: "Annex.pdf", URL: "https://portal.example/a?sig=" + secret, Cause: po.DownloadIncomplete, Answer: "HTTP 200 OK"}}
	case i%20 == 8:
		o.Status, o.Cause, o.Files, o.Folder = po.NotFound, po.CauseNotFound, nil, ""
	}
	return o
}

// output makes an output directory with a picture and some events.
func output(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	folder := filepath.Join(out, filepath.FromSlash(evidence))
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(folder, "page.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	shot := image.NewRGBA(image.Rect(0, 0, 1440, 900))
	for x := range 1440 {
		shot.Set(x, 100, color.White)
	}
	if err := png.Encode(file, shot); err != nil {
		t.Fatal(err)
	}
	writeEvents(t, out)
	return out
}

// writeEvents writes events as they were an hour into the second start.
func writeEvents(t *testing.T, out string) {
	t.Helper()
	events, err := OpenEvents(out, progress.WriteEvent)
	if err != nil {
		t.Fatal(err)
	}
	var late time.Duration
	events.now = func() time.Time { late += 4 * time.Minute; return morning.Add(2*time.Hour + late) }
	w := messages.Worker{Name: "worker-1"}
	for _, e := range []any{
		messages.RunStarted{Portal: "acme", Workers: 4}, messages.WorkerStarted{Worker: w.Name}, messages.WorkerReady{Worker: w},
		messages.OrderStarted{RawNumber: "PO00001"}, // not for this file
		messages.WorkerLost{Worker: w.Name, Cause: po.BrowserDied, Detail: hostile}, messages.WorkerReady{Worker: w},
		messages.PortalPaced{Reading: 2, LimitedBy: "portal", Reason: "throttled", Hold: messages.Duration(time.Minute)},
		messages.SessionLost{Detail: "a sign-in page"}, messages.SessionRestored{How: "by hand"},
		messages.RunPaused{}, messages.RunResumed{}, messages.PoolResized{From: 4, To: 3, LimitedBy: "memory", Reason: "little is left"},
		messages.FastLane{Way: po.ReadByPage, Learned: 3, Needed: 20, Compared: 3, Agreed: 3},
		messages.FastLane{Way: po.ReadByPage, Trusted: true, Learned: 20, Needed: 20, Compared: 20, Agreed: 20},
		messages.FastLane{Way: po.ReadByPage, Trusted: true, Learned: 20, Needed: 20, Compared: 21, Agreed: 21},
		messages.FastLane{Way: po.ReadByPage, Off: "order PO00007 differs: the supplier " + hostile, Compared: 22, Agreed: 21, ReadAgain: 3},
		messages.FastLane{Way: po.ReadByPage, Off: "order PO00007 differs: the supplier " + hostile, Compared: 22, Agreed: 21, ReadAgain: 3, Ended: true},
	} {
		events.Event(e)
	}
	if err := events.Close(); err != nil {
		t.Fatal(err)
	}
}

// write writes the report of a record and returns its path.
func write(t *testing.T, out string, from Ledger, running bool) string {
	t.Helper()
	if err := New(out, from).Save(t.Context(), running); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(out, outdir.ReportFile)
}

// eventNames are the names of events, in their order.
func eventNames(list []moment) []string {
	return slices.Collect(func(yield func(string) bool) {
		for _, m := range list {
			if !yield(m.Event) {
				return
			}
		}
	})
}
