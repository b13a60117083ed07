package progress_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

const secret = "s3cret-cookie"

// story is a run with everything in it that a view must show.
func story() []any {
	w1, w2 := messages.Worker{Name: "worker-1", Incarnation: 1}, messages.Worker{Name: "worker-2", Incarnation: 2}
	file := po.File{Name: "a.pdf", Bytes: 3, SHA256: "ab", Lane: po.LaneHTTP, URL: "https://x.example/a?sig=" + secret}
	reading := po.Reading{Sign: po.SignAttachments, Supplier: "Acme", Attachments: make([]po.Attachment, 2),
		Credentials: po.Credentials{Header: http.Header{"X-Session": {secret}}}}
	return []any{
		messages.BatchMerged{Start: 2, New: 1, Removed: 2, Settled: 30, Reopened: 3, Open: 11},
		messages.OutputAudited{Orders: 30, Saved: 71, Missing: 2, Opened: 1, Finished: 1, Unknown: 1},
		messages.LeftoversRemoved{Profiles: 2, Processes: 1, Bytes: 35e6},
		messages.RunStarted{Portal: "coupa", Workers: 2},
		messages.WorkerReady{Worker: w1, Profile: "p1", Took: messages.Duration(700 * time.Millisecond)},
		messages.OrderStarted{Worker: w1, Key: "1", RawNumber: "PO1", Attempt: 1},
		messages.OrderRead{Worker: w1, Token: "t", Key: "1", RawNumber: "PO1", Reading: reading, Took: messages.Duration(time.Second)},
		messages.FilesFetched{Token: "t", Key: "1", RawNumber: "PO1", Result: po.FetchResult{Saved: po.Saved{Files: []po.File{file}},
			Missing: []po.Missing{{ID: "b", Cause: po.Throttled}}}, Took: messages.Duration(20 * time.Millisecond)},
		messages.OrderRetried{Key: "1", RawNumber: "PO1", Attempt: 1, Worker: "worker-1", Failure: po.Failure{Cause: po.Throttled, Detail: "429"}, After: messages.Duration(1500 * time.Millisecond)},
		messages.OrderSettled{Worker: "worker-1", Took: messages.Duration(1840 * time.Millisecond), Outcome: po.Outcome{
			Key: "1", RawNumber: "PO1", Status: po.Completed, Found: 1, Files: []po.File{file}, Supplier: "Acme", Attempts: 2,
			Folder: "Acme/PO_1_COMPLETED", URL: "https://x.example/1"}},
		messages.WorkerLost{Worker: "worker-2", Cause: po.BrowserDied, Detail: "signal: killed", RestartAfter: messages.Duration(time.Second)},
		messages.OrderReleased{Key: "2", RawNumber: "PO2", Cause: po.BrowserDied},
		messages.WorkerReady{Worker: w2, Profile: "p2", Took: messages.Duration(700 * time.Millisecond)},
		messages.OrderSettled{Worker: "worker-2", Took: messages.Duration(90 * time.Second), Outcome: po.Outcome{
			Key: "2", RawNumber: "PO2", Status: po.Partial, Cause: po.DownloadIncomplete, Detail: "b.pdf:\x1b[31m short\r\n", Found: 3, Files: []po.File{file},
			Missing: []po.Missing{{ID: "https://x.example/b?sig=" + secret, Name: "b.pdf", URL: "https://x.example/b", Cause: po.DownloadIncomplete, Detail: "short"}}}},
		messages.OrderSettled{Outcome: po.Outcome{Key: "X", RawNumber: "POX", Status: po.Failed, Cause: po.InvalidNumber}},
		messages.OrderSettled{Worker: "worker-2", Took: messages.Duration(time.Second), Outcome: po.Outcome{
			Key: "3", RawNumber: "PO3", Status: po.NotFound, Cause: po.CauseNotFound, Detail: "the page says so"}},
		messages.SessionProbed{Worker: "worker-2", Key: "1", RawNumber: "PO1", Sign: po.SignNotFound, Took: messages.Duration(time.Second)},
		messages.OrdersReopened{Outcomes: []po.Outcome{{Key: "3", RawNumber: "PO3", Status: po.NotFound}}, Reason: "the session seems to be over"},
		messages.WorkerLost{Worker: "worker-1", Cause: po.BrowserHung, GaveUp: true},
		messages.PoolResized{From: 2, To: 1, Sequential: true, LimitedBy: messages.LimitedByBrowsers, Reason: "a worker was given up: browser_hung"},
		messages.PortalPaced{Reading: 1, Hold: messages.Duration(20 * time.Second), LimitedBy: messages.LimitedByPortal, Reason: "the portal asked for a pause of 20 s"},
		messages.WorkersRequested{From: 2, To: 3},
		messages.RunPaused{},
		messages.RunResumed{},
		messages.OrderQuarantined{Key: "4", RawNumber: "PO4", Deaths: 2, Worker: "alone-3"},
		messages.WorkerDismissed{Worker: "alone-3"},
		messages.WorkerRecycled{Worker: "worker-2", Reason: "it has read 250 orders"},
		messages.JobStuck{Worker: "worker-2", RawNumber: "PO5", For: messages.Duration(35 * time.Second)},
		messages.JobReturned{Worker: "worker-2", RawNumber: "PO5", After: messages.Duration(time.Minute)},
		messages.RunEnded{Counts: map[po.Status]int{po.Completed: 1, po.Partial: 1}, Open: 8, Deferred: 5, Cause: po.SignedOut, Detail: "sign-in page"},
		messages.RunCleaned{Leftovers: []string{"/tmp/poactor-0-0123456789/.trash-1"}},
		struct{ Own string }{secret},
	}
}

// A pause is told where there is one, and not where there is only jitter.
func TestLinesOfAPause(t *testing.T) {
	t.Parallel()
	for pause, want := range map[time.Duration]string{0: "at once", 250 * time.Millisecond: "at once", 500 * time.Millisecond: "in 500ms", 8 * time.Second: "in 8s"} {
		var out strings.Builder
		progress.NewLines(&out, "orders", clock).Event(messages.WorkerLost{Worker: "worker-1", Cause: po.BrowserDied, RestartAfter: messages.Duration(pause)})
		if !strings.HasSuffix(out.String(), "a new browser opens "+want+"\n") {
			t.Errorf("%v: %q, want %q", pause, out.String(), want)
		}
	}
}

func TestLines(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	view := progress.NewLines(&out, "orders", clock)
	for _, event := range story() {
		view.Event(event)
	}
	want := `Resuming: 30 done, 3 to retry, 1 new in the batch, 2 no longer in the batch
output directory checked: 2 files missing or damaged, 1 order reopened, 1 folder repaired, 1 work folder of unknown orders left alone
cleaned: 2 profiles and 1 browser left by a killed run
12 orders, 2 workers, into orders
PO1: try 1 failed (throttled: 429), next try in 1.5s
[ 1/12] PO1            COMPLETED      1 file     worker-1      1.8s
worker-2 is lost (browser_died: signal: killed), a new browser opens in 1s
worker-2 is back
[ 2/12] PO2            PARTIAL        1 of 3     worker-2     1m30s  download_incomplete: b.pdf: [31m short; missing: b.pdf
[ 3/12] POX            FAILED         -           invalid_number
[ 4/12] PO3            NOT_FOUND      -          worker-2        1s
1 order reopened (PO3): the session seems to be over
worker-1 will not restart (browser_hung)
1 worker instead of 2, one order at a time: a worker was given up: browser_hung
1 order read at once, after a pause of 20s: the portal asked for a pause of 20 s
paused: orders under way are finished, no other is begun
the run goes on after the pause
PO4: 2 browsers died while reading it; one more try, alone in a throw-away browser
worker-2 has been stuck for 35s; another worker replaces it
`
	want = regexp.MustCompile("(?m)^(.)").ReplaceAllString(want, "2026-03-04 05:06:07 $1")
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func clock() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) }

func TestJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.FixedZone("", 3600))
	var out strings.Builder
	view := progress.NewJSON(&out, func() time.Time { return at })
	for _, event := range story() {
		view.Event(event)
	}
	if strings.Contains(out.String(), secret) {
		t.Errorf("a secret got out:\n%s", out.String())
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	var events []string
	for _, line := range lines {
		var r struct{ Event string }
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		events = append(events, r.Event)
	}
	want := []string{"batch_merged", "output_audited", "leftovers_removed", "run_started", "worker_ready", "order_started", "order_read", "files_fetched", "order_retried",
		"order_settled", "worker_lost", "order_released", "worker_ready", "order_settled", "order_settled",
		"order_settled", "session_probed", "orders_reopened", "worker_lost", "pool_resized", "portal_paced", "workers_requested", "run_paused", "run_resumed", "order_quarantined", "worker_dismissed", "worker_recycled",
		"job_stuck", "job_returned", "run_ended", "run_cleaned"}
	if diff := cmp.Diff(want, events); diff != "" {
		t.Error(diff)
	}
	for i, want := range map[int]string{
		0:  `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"batch_merged","open":11,"start":2,"new":1,"returned":0,"removed":2,"settled":30,"reopened":3,"deferred":0}`,
		2:  `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"leftovers_removed","profiles":2,"processes":1,"bytes":35000000}`,
		6:  `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"order_read","number":"PO1","key":"1","worker":"worker-1","took_ms":1000,"sign":"attachments","supplier":"Acme","found":2}`,
		9:  `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"order_settled","number":"PO1","key":"1","status":"COMPLETED","supplier":"Acme","attempt":2,"found":1,"files":[{"name":"a.pdf","bytes":3,"sha256":"ab","lane":"http"}],"folder":"Acme/PO_1_COMPLETED","url":"https://x.example/1","worker":"worker-1","took_ms":1840}`,
		16: `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"session_probed","number":"PO1","key":"1","worker":"worker-2","sign":"not_found","took_ms":1000}`,
		17: `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"orders_reopened","reason":"the session seems to be over","orders":1,"numbers":["PO3"]}`,
		10: `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"worker_lost","worker":"worker-2","cause":"browser_died","detail":"signal: killed","after_ms":1000}`,
		19: `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"pool_resized","from":2,"to":1,"limited_by":"browsers","reason":"a worker was given up: browser_hung","sequential":true}`,
		29: `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"run_ended","cause":"signed_out","detail":"sign-in page","counts":{"COMPLETED":1,"PARTIAL":1},"open":8,"deferred":5}`,
		30: `{"schema":1,"time":"2026-03-04T04:06:07Z","event":"run_cleaned","leftovers":["/tmp/poactor-0-0123456789/.trash-1"]}`,
	} {
		if diff := cmp.Diff(want, lines[i]); diff != "" {
			t.Error(diff)
		}
	}
}

// hostile is text that terminals act on: escape, the 8-bit CSI, delete, line
// ends, right-to-left override, a tag character beyond 16 bits, bad UTF-8.
const hostile = "a\x1b]0;x\x07b\u009b31mc\x7fd\r\ne\u202ef\U000E0041g\u2028h\xffi"

func TestHostileText(t *testing.T) {
	t.Parallel()
	if got, want := progress.Clean(hostile), "a ]0;x b 31mc d e f g h i"; got != want {
		t.Errorf("Clean = %q, want %q", got, want)
	}
	if got := progress.Clean(strings.Repeat("ä", 300)); len([]rune(got)) != 160 || !strings.HasSuffix(got, "…") {
		t.Errorf("long text became %q", got)
	}
	var out strings.Builder
	view := progress.NewJSON(&out, time.Now)
	view.Event(messages.OrderSettled{Outcome: po.Outcome{Key: "1", RawNumber: hostile, Supplier: hostile}})
	line := strings.TrimSuffix(out.String(), "\n")
	if strings.ContainsFunc(line, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) }) {
		t.Errorf("unsafe characters in %q", line)
	}
	var back struct{ Supplier string }
	if err := json.Unmarshal([]byte(line), &back); err != nil {
		t.Fatal(err)
	}
	if want := strings.ToValidUTF8(hostile, "\uFFFD"); back.Supplier != want {
		t.Errorf("supplier = %q, want %q", back.Supplier, want)
	}
}

func TestTotal(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		counts map[po.Status]int
		open   int
		want   string
	}{
		"none":     {nil, 0, "0 orders"},
		"one":      {map[po.Status]int{po.Completed: 1}, 0, "1 order: 1 COMPLETED"},
		"all open": {nil, 3, "3 orders: 3 open"},
		"mixed": {map[po.Status]int{po.Failed: 2, po.Completed: 5, po.Partial: 0}, 1,
			"8 orders: 5 COMPLETED, 2 FAILED, 1 open"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := progress.Total(tt.counts, tt.open); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
