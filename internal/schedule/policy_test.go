package schedule

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	want := map[po.Cause][3]action{ // after attempt 1, 2, 3 of 3
		po.InvalidNumber:      {settleOrder, settleOrder, settleOrder},
		po.CauseNotFound:      {settleOrder, settleOrder, settleOrder},
		po.Forbidden:          {settleOrder, settleOrder, settleOrder},
		po.SignedOut:          {stopRun, stopRun, stopRun},
		po.Timeout:            {retryOrder, retryOrder, settleOrder},
		po.PortalError:        {retryOrder, retryOrder, settleOrder},
		po.Throttled:          {retryOrder, retryOrder, settleOrder},
		po.UnrecognisedPage:   {retryOrder, retryOrder, settleOrder},
		po.DownloadIncomplete: {retryOrder, retryOrder, settleOrder},
		po.DownloadRejected:   {retryOrder, retryOrder, settleOrder},
		po.BrowserDied:        {releaseOrder, releaseOrder, releaseOrder},
		po.BrowserHung:        {releaseOrder, releaseOrder, releaseOrder},
		po.Quarantined:        {settleOrder, settleOrder, settleOrder},
		po.ProfileFailed:      {releaseOrder, releaseOrder, releaseOrder},
		po.DiskFull:           {stopRun, stopRun, stopRun},
		po.BlockedHost:        {settleOrder, settleOrder, settleOrder},
		po.Interrupted:        {releaseOrder, releaseOrder, releaseOrder},
		po.Internal:           {retryOrder, retryOrder, settleOrder},
	}
	for _, cause := range po.Causes() {
		row, ok := want[cause]
		if !ok {
			t.Errorf("no row for %s", cause)
		}
		for i, v := range row {
			if got := decide(cause, i+1, 3); got != v {
				t.Errorf("decide(%s, %d, 3) = %v, want %v", cause, i+1, got, v)
			}
		}
	}
}

func TestRetryDelay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		attempt int
		asked   time.Duration
		random  float64
		want    time.Duration
	}{
		{"first", 1, 0, 0.5, 500 * time.Millisecond},
		{"doubles", 3, 0, 0.5, 2 * time.Second},
		{"is capped", 60, 0, 0.5, 30 * time.Second},
		{"obeys the portal", 1, 7 * time.Second, 0.5, 7 * time.Second},
		{"is not shortened by it", 3, time.Second, 0.5, 2 * time.Second},
		{"believes it up to a bound", 1, 24 * time.Hour, 0, 15 * time.Minute},
	} {
		if got := retryDelay(c.attempt, c.asked, c.random); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestRestartDelay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		failures int
		inRow    int
		lived    bool
		want     time.Duration
		giveUp   bool
	}{
		{"first", 1, 1, true, 0, false},
		{"second", 2, 2, true, 500 * time.Millisecond, false},
		{"doubles", 4, 4, true, 2 * time.Second, false},
		{"at the limit", 5, 5, true, 4 * time.Second, false},
		{"past it", 6, 6, true, 0, true},
		{"had worked meanwhile", 5, 1, true, 0, false},
		{"past it, had worked", 6, 1, true, 0, true},
		{"nothing ever lived", 1, 1, false, 0, false},
		{"nothing ever lived, twice", 2, 2, false, 0, true},
	} {
		got, giveUp := restartDelay(c.failures, c.inRow, c.lived, 0)
		if got != c.want || giveUp != c.giveUp {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, giveUp, c.want, c.giveUp)
		}
	}
	for inRow, longest := range map[int]time.Duration{1: restartBase / 2, 3: 2 * time.Second} {
		if d, _ := restartDelay(inRow, inRow, true, 0.999); d > longest || d < longest/3 {
			t.Errorf("jitter makes the pause after %d failures %v", inRow, d)
		}
	}
}

func TestSilentTooLong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		count    int
		since    time.Duration
		answered bool
		want     bool
	}{
		{"too few", 2, time.Hour, false, false},
		{"too soon", 9, time.Second, false, false},
		{"never answered", 3, 2 * time.Second, false, true},
		{"answered before", 3, 2 * time.Second, true, false},
		{"answered long before", 3, 30 * time.Second, true, true},
	} {
		if got := silentTooLong(c.count, c.since, c.answered); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestDecisiveMissing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		missing []po.Missing
		attempt int
		cause   po.Cause
		asked   time.Duration
		want    action
	}{
		{"one", []po.Missing{{Cause: po.Timeout}}, 1, po.Timeout, 0, retryOrder},
		{"hope outranks loss", []po.Missing{{Cause: po.Forbidden}, {Cause: po.Timeout}}, 1, po.Timeout, 0, retryOrder},
		{"no hope", []po.Missing{{Cause: po.Forbidden}, {Cause: po.Timeout}}, 3, po.Forbidden, 0, settleOrder},
		{"longest wish", []po.Missing{{Cause: po.Throttled, RetryAfter: 1}, {Cause: po.Throttled, RetryAfter: 2}}, 1, po.Throttled, 2, retryOrder},
		{"signed out", []po.Missing{{Cause: po.Timeout}, {Cause: po.SignedOut}}, 1, po.SignedOut, 0, stopRun},
	} {
		m, v := decisiveMissing(c.missing, c.attempt, 3)
		if m.Cause != c.cause || m.RetryAfter != c.asked || v != c.want {
			t.Errorf("%s: %+v, %v", c.name, m, v)
		}
	}
}

func TestStatusOf(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		found, saved int
		want         po.Status
	}{{2, 2, po.Completed}, {2, 1, po.Partial}, {2, 0, po.Failed}} {
		if got := statusOf(c.found, c.saved); got != c.want {
			t.Errorf("statusOf(%d, %d) = %s", c.found, c.saved, got)
		}
	}
}

// idleScheduler puts idle workers and fresh leases on a Scheduler.
func idleScheduler(workers []string, leases ...po.Lease) *Scheduler {
	b := New(3, len(workers), func() float64 { return 0 })
	b.Begin(time.Time{})
	b.Claimed(0, po.Claim{Open: len(leases)}, time.Time{})
	clear(b.workers.slots)
	for i, w := range workers {
		b.workers.slots[w] = &slot{}
		b.Ready(messages.WorkerReady{Worker: messages.Worker{Name: w, Incarnation: uint64(i + 1)}}, time.Time{})
	}
	return b
}

// reads lists who reads what among the effects.
func reads(effects []Effect) map[string]string {
	m := map[string]string{}
	for _, e := range effects {
		if r, ok := e.(Assign); ok {
			m[r.Lease.Token] = r.Worker.Name
		}
	}
	return m
}

// An order goes to another worker than the one that failed at it, where there
// is another; that holds nobody up.
func TestNextAssignment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		workers []string
		leases  []po.Lease
		want    map[string]string
	}{
		{"longest idle first", []string{"a", "b"}, []po.Lease{{Token: "1"}}, map[string]string{"1": "a"}},
		{"another worker", []string{"a", "b"}, []po.Lease{{Token: "1", Worker: "a"}}, map[string]string{"1": "b"}},
		{"no other", []string{"a"}, []po.Lease{{Token: "1", Worker: "a"}}, map[string]string{"1": "a"}},
		{"another order", []string{"a", "b"}, []po.Lease{{Token: "1", Worker: "a"}, {Token: "2", Worker: "a"}, {Token: "3"}}, map[string]string{"1": "b", "3": "a"}},
	} {
		b := idleScheduler(c.workers, c.leases...)
		got := reads(b.Claimed(len(c.leases), po.Claim{Leases: c.leases, Open: len(c.leases)}, time.Time{}))
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}

// The browser lane is used once in an attempt, for what HTTP could not get.
func TestBrowserLaneOnce(t *testing.T) {
	t.Parallel()
	b := idleScheduler([]string{"a"}, po.Lease{})
	b.Claimed(1, po.Claim{Open: 1, Leases: []po.Lease{{Token: "1", Attempt: 1}}}, time.Time{})
	w := messages.Worker{Name: "a", Incarnation: 1}
	reading := po.Reading{Sign: po.SignAttachments, Attachments: []po.Attachment{{ID: "x"}, {ID: "y"}}}
	b.Read(messages.OrderRead{Worker: w, Token: "1", Reading: reading}, time.Time{})
	b.Ready(messages.WorkerReady{Worker: w}, time.Time{})
	odd := messages.FilesFetched{Token: "1", Result: po.FetchResult{
		Missing: []po.Missing{{ID: "x", Cause: po.DownloadRejected, Browser: true}, {ID: "y", Cause: po.Timeout}}}}
	fx := b.Fetched(odd, time.Time{})
	r, ok := fx[0].(Assign)
	if !ok || len(fx) != 1 || !cmp.Equal(r.ByBrowser, []string{"x"}) {
		t.Fatalf("effects %+v", fx)
	}
	b.Read(messages.OrderRead{Worker: w, Token: "1", Reading: reading}, time.Time{})
	fx = b.Fetched(odd, time.Time{})
	if _, ok := fx[0].(Retry); !ok {
		t.Errorf("effects %+v", fx)
	}
}

// What is missing at an order's end is told file by file: those that the last
// fetch could not get with their own cause, the others with that of the fetch, and
// those of an earlier try where this one has not seen the page.
func TestOutcomeNamesMissing(t *testing.T) {
	t.Parallel()
	w := messages.Worker{Name: "a", Incarnation: 1}
	attachments := []po.Attachment{{ID: "x", Name: "x.pdf", URL: "https://u:p@h/x?sig=1#f"}, {ID: "y", URL: "https://h/files/y.pdf?sig=1"},
		{ID: "x", Name: "x.pdf", URL: "https://u:p@h/x?sig=1#f"}, {ID: "kept", Name: "kept.pdf"}, {ID: "click"}}
	kept := po.Kept{Folder: "f", Files: []po.File{{ID: "kept"}}}
	earlier := []po.Missing{{ID: "x", Name: "x.pdf", Cause: po.Timeout}, {ID: "kept", Name: "kept.pdf", Cause: po.Timeout}}
	for name, tt := range map[string]struct {
		read    messages.OrderRead
		fetched messages.FilesFetched
		want    []po.Missing
		found   int
	}{
		"files": {
			read:    messages.OrderRead{Reading: po.Reading{Sign: po.SignAttachments, Attachments: attachments[:4]}},
			fetched: messages.FilesFetched{Result: po.FetchResult{Kept: kept, Missing: []po.Missing{{ID: "x", Cause: po.Forbidden, Detail: "no"}, {ID: "y", Cause: po.PortalError}}}},
			want: []po.Missing{{ID: "x", Name: "x.pdf", URL: "https://h/x", Cause: po.Forbidden, Detail: "no"},
				{ID: "y", Name: "y.pdf", URL: "https://h/files/y.pdf", Cause: po.PortalError}},
			found: 4,
		},
		"the whole fetch": {
			read:    messages.OrderRead{Reading: po.Reading{Sign: po.SignAttachments, Attachments: attachments}},
			fetched: messages.FilesFetched{Result: po.FetchResult{Kept: kept}, Failure: po.Timeout, Detail: "slow"},
			want: []po.Missing{{ID: "x", Name: "x.pdf", URL: "https://h/x", Cause: po.Timeout, Detail: "slow"},
				{ID: "y", Name: "y.pdf", URL: "https://h/files/y.pdf", Cause: po.Timeout, Detail: "slow"},
				{ID: "click", Name: "a file without a name", Cause: po.Timeout, Detail: "slow"}},
			found: 5,
		},
		"the page": {
			read:  messages.OrderRead{Failure: po.ReadFailure{Cause: po.Timeout, Detail: "slow"}},
			want:  earlier[:1],
			found: 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := idleScheduler([]string{"a"}, po.Lease{})
			b.attempts = 1
			b.Claimed(1, po.Claim{Open: 1, Leases: []po.Lease{{Token: "1", Attempt: 1, Kept: kept, Missing: earlier}}}, time.Time{})
			tt.read.Worker, tt.read.Token, tt.fetched.Token = w, "1", "1"
			fx := b.Read(tt.read, time.Time{})
			if tt.read.Failure.Cause == "" {
				for i := range tt.fetched.Result.Missing { // the fetcher names them
					m := &tt.fetched.Result.Missing[i]
					for _, a := range attachments {
						if a.ID == m.ID {
							m.Of(a)
						}
					}
				}
				fx = b.Fetched(tt.fetched, time.Time{})
			}
			for _, e := range fx {
				if s, ok := e.(Settle); ok {
					if diff := cmp.Diff(tt.want, s.Outcome.Missing); diff != "" || s.Outcome.Found != tt.found {
						t.Errorf("found %d, missing (-want +got):\n%s", s.Outcome.Found, diff)
					}
					return
				}
			}
			t.Errorf("not settled: %+v", fx)
		})
	}
}
