package progress_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// samples has every event with all of its fields set, and once more without any.
func samples() []any {
	w := messages.Worker{Name: "worker-1", Incarnation: 7}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	trace := po.Trace{Pages: []string{"https://x.example/page"}, Evidence: "evidence/1"}
	file := po.File{ID: "id-" + secret, Name: "a.pdf", Original: "A.pdf", Bytes: 3, SHA256: "ab",
		URL: "https://x.example/a?sig=" + secret, Lane: po.LaneHTTP, Empty: true, Time: at}
	lost := po.Missing{ID: "id-" + secret, Name: "b.pdf", URL: "https://x.example/b", Cause: po.Throttled,
		Detail: "429", Answer: "HTTP 429 Too Many Requests: busy", Evidence: ".poactor/evidence/1/x",
		RetryAfter: time.Second, Browser: true}
	failure := po.Failure{Cause: po.Timeout, Detail: "slow", Missing: []po.Missing{lost}, Trace: trace}
	outcome := po.Outcome{Key: "1", RawNumber: "PO1", Status: po.Partial, Cause: po.Throttled,
		Detail: "b.pdf: 429", Supplier: "Acme",
		Found: 2, Files: []po.File{file}, Missing: []po.Missing{lost}, Folder: "Acme/PO_1_PARTIAL",
		URL:      "https://x.example/1",
		Attempts: 3, Time: at, Trace: trace}
	reading := po.Reading{Sign: po.SignAttachments, URL: "https://x.example/1", Supplier: "Acme",
		Attachments: []po.Attachment{{ID: "id-" + secret, URL: "https://x.example/a?sig=" + secret}},
		Credentials: po.Credentials{Referer: secret}, Trace: trace}
	return []any{
		messages.BatchMerged{Start: 2, New: 3, Returned: 4, Removed: 5, Settled: 6, Reopened: 7, Open: 8,
			Deferred: 9},
		messages.OutputAudited{Orders: 1, Saved: 2, Missing: 3, Opened: 4, Finished: 5, Unknown: 6,
			Paths: []string{"a/b"}},
		messages.Warning{Workers: 2, LimitedBy: messages.LimitedByMemory, Text: "little memory"},
		messages.FaultInjected{Fault: "disk_full", At: 4, Profile: "p1"},
		messages.LeftoversRemoved{Profiles: 1, Processes: 2, Bytes: 3},
		messages.ResultsWarning{File: "results.csv", Text: "it was edited"},
		messages.RunCleaned{Leftovers: []string{"/tmp/x"}},
		messages.RunStarted{Portal: "coupa", Workers: 2, Sequential: true},
		messages.RunEnded{Counts: map[po.Status]int{po.Completed: 1, po.Failed: 2}, Open: 3, Deferred: 4,
			Cause: po.SignedOut, Detail: "gone"},
		messages.WorkerStarted{Worker: "worker-1", Isolated: true},
		messages.WorkerReady{Worker: w, Profile: "p1", Took: messages.Duration(1999999 * time.Microsecond),
			Worn: "old"},
		messages.WorkerLost{Worker: "worker-1", Cause: po.BrowserDied, Detail: "killed",
			RestartAfter: messages.Duration(time.Second), GaveUp: true},
		messages.WorkerRecycled{Worker: "worker-1", Reason: "worn"},
		messages.WorkerDismissed{Worker: "worker-1"},
		messages.PoolResized{From: 2, To: 1, Sequential: true, LimitedBy: messages.LimitedByCPU, Reason: "busy"},
		messages.PortalPaced{Reading: 2, Hold: messages.Duration(3 * time.Second),
			LimitedBy: messages.LimitedByPortal, Reason: "slow"},
		messages.JobStuck{Worker: "worker-1", RawNumber: "PO1", For: messages.Duration(4 * time.Second)},
		messages.JobReturned{Worker: "worker-1", RawNumber: "PO1", After: messages.Duration(5 * time.Second)},
		messages.OrderQuarantined{Key: "1", RawNumber: "PO1", Deaths: 2, Worker: "alone-2"},
		messages.OrderStarted{Worker: w, Key: "1", RawNumber: "PO1", Attempt: 2, ByBrowser: 1, Reason: "an earlier try has failed"},
		messages.OrderRead{Worker: w, Token: secret, Key: "1", RawNumber: "PO1", Reading: reading,
			Took: messages.Duration(time.Second),
			Failure: po.ReadFailure{Cause: po.Timeout, Detail: "slow", Status: 200,
				URL: "https://x.example/?" + secret, Trace: trace}},
		messages.FileProgress{Key: "1", RawNumber: "PO1",
			FileProgress: po.FileProgress{Name: "a.pdf", Bytes: 3, Size: 4, Whole: 1, Files: 2}},
		messages.RunPaused{}, messages.RunResumed{}, messages.WorkersRequested{From: 2, To: 3},
		messages.FilesFetched{Token: secret, Key: "1", RawNumber: "PO1", Failure: po.DiskFull, Detail: "full",
			Took: messages.Duration(time.Second),
			Result: po.FetchResult{Saved: po.Saved{Folder: "work", Files: []po.File{file}},
				Missing: []po.Missing{lost}}},
		messages.PageRead{Token: secret, Key: "1", RawNumber: "PO1", Page: po.PageReading{Reading: reading, Doubt: "in doubt"},
			Took: messages.Duration(time.Second)},
		messages.PageRead{Key: "2", RawNumber: "PO2", Reason: "chosen at random, to be compared", Took: messages.Duration(time.Second)},
		messages.PageRequested{Key: "1", RawNumber: "PO1"},
		messages.FastLane{Way: po.ReadByPage, Trusted: true, Off: "order 1 differs", Learned: 20, Needed: 20, Compared: 33, Agreed: 32,
			ReadAgain: 4, Ended: true},
		messages.OrderRetried{Key: "1", RawNumber: "PO1", Attempt: 1, Worker: "worker-1", Failure: failure,
			After: messages.Duration(2 * time.Second)},
		messages.OrderReleased{Key: "1", RawNumber: "PO1", Cause: po.Timeout, Detail: "slow"},
		messages.OrderSettled{Outcome: outcome, Worker: "worker-1",
			Took: messages.Duration(1840 * time.Millisecond)},
		messages.OrdersReopened{Outcomes: []po.Outcome{outcome}, Reason: "the session is over"},
		messages.SessionProbed{Worker: "worker-1", Key: "1", RawNumber: "PO1", Sign: po.SignEmpty,
			Cause: po.Timeout, Detail: "slow",
			Took: messages.Duration(time.Second)},

		messages.BatchMerged{}, messages.OutputAudited{}, messages.Warning{}, messages.FaultInjected{},
		messages.LeftoversRemoved{},
		messages.RunCleaned{Leftovers: []string{}}, messages.RunStarted{}, messages.RunEnded{},
		messages.WorkerReady{}, messages.WorkerLost{},
		messages.WorkerRecycled{}, messages.WorkerDismissed{}, messages.PoolResized{},
		messages.PortalPaced{LimitedBy: messages.LimitedByPortal}, messages.JobStuck{},
		messages.JobReturned{}, messages.OrderQuarantined{}, messages.OrderStarted{}, messages.OrderRead{},
		messages.FilesFetched{},
		messages.OrderRetried{}, messages.OrderReleased{}, messages.OrderSettled{}, messages.OrdersReopened{},
		messages.SessionProbed{},
	}
}

// The JSON of every event is a promise: what is read here today is read tomorrow.
func TestJSONGolden(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	view := progress.NewJSON(&out, func() time.Time { return time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC) })
	for _, event := range samples() {
		view.Event(event)
	}
	if strings.Contains(out.String(), secret) {
		t.Errorf("a secret got out:\n%s", out.String())
	}
	name := filepath.Join("testdata", "events.jsonl")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(name, []byte(out.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
		t.Error(diff)
	}
}
