package schedule

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// The browser lane is used once in an attempt, for what HTTP could not get.
func TestBrowserLaneOnce(t *testing.T) {
	t.Parallel()
	s := idleScheduler([]string{"a"}, po.Lease{})
	s.Claimed(1, po.Claim{Open: 1, Leases: []po.Lease{{Token: "1", Attempt: 1}}}, time.Time{})
	w := messages.Worker{Name: "a", Incarnation: 1}
	reading := po.Reading{Sign: po.SignAttachments, Attachments: []po.Attachment{{ID: "x"}, {ID: "y"}}}
	s.Read(messages.OrderRead{Worker: w, Token: "1", Reading: reading}, time.Time{})
	s.Ready(messages.WorkerReady{Worker: w}, time.Time{})
	odd := messages.FilesFetched{Token: "1", Result: po.FetchResult{
		Missing: []po.Missing{{ID: "x", Cause: po.DownloadRejected, Browser: true}, {ID: "y", Cause: po.Timeout}}}}
	fx := s.Fetched(odd, time.Time{})
	r, ok := fx[0].(Assign)
	if !ok || len(fx) != 1 || !cmp.Equal(r.ByBrowser, []string{"x"}) {
		t.Fatalf("effects %+v", fx)
	}
	s.Read(messages.OrderRead{Worker: w, Token: "1", Reading: reading}, time.Time{})
	fx = s.Fetched(odd, time.Time{})
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
	x := po.Attachment{ID: "x", Name: "x.pdf", URL: "https://u:p@h/x?sig=1#f"}
	attachments := []po.Attachment{x, {ID: "y", URL: "https://h/files/y.pdf?sig=1"}, x,
		{ID: "kept", Name: "kept.pdf"}, {ID: "click"}}
	saved := po.Saved{Folder: "f", Files: []po.File{{ID: "kept"}}}
	earlier := []po.Missing{{ID: "x", Name: "x.pdf", Cause: po.Timeout}, {ID: "kept", Name: "kept.pdf", Cause: po.Timeout}}
	for name, tt := range map[string]struct {
		read    messages.OrderRead
		fetched messages.FilesFetched
		want    []po.Missing
		found   int
	}{
		"files": {
			read: messages.OrderRead{Reading: po.Reading{Sign: po.SignAttachments, Attachments: attachments[:4]}},
			fetched: messages.FilesFetched{Result: po.FetchResult{Saved: saved, Missing: []po.Missing{
				{ID: "x", Cause: po.Forbidden, Detail: "no"}, {ID: "y", Cause: po.PortalError}}}},
			want: []po.Missing{{ID: "x", Name: "x.pdf", URL: "https://h/x", Cause: po.Forbidden, Detail: "no"},
				{ID: "y", Name: "y.pdf", URL: "https://h/files/y.pdf", Cause: po.PortalError}},
			found: 4,
		},
		"the whole fetch": {
			read:    messages.OrderRead{Reading: po.Reading{Sign: po.SignAttachments, Attachments: attachments}},
			fetched: messages.FilesFetched{Result: po.FetchResult{Saved: saved}, Failure: po.Timeout, Detail: "slow"},
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
			s := idleScheduler([]string{"a"}, po.Lease{})
			s.attempts = 1
			lease := po.Lease{Token: "1", Attempt: 1, Saved: saved, Missing: earlier}
			s.Claimed(1, po.Claim{Open: 1, Leases: []po.Lease{lease}}, time.Time{})
			tt.read.Worker, tt.read.Token, tt.fetched.Token = w, "1", "1"
			fx := s.Read(tt.read, time.Time{})
			if tt.read.Failure.Cause == "" {
				for i := range tt.fetched.Result.Missing { // the fetcher names them
					m := &tt.fetched.Result.Missing[i]
					for _, a := range attachments {
						if a.ID == m.ID {
							m.Of(a)
						}
					}
				}
				fx = s.Fetched(tt.fetched, time.Time{})
				look := messages.OrderRead{Worker: w, Token: "1", Reading: po.Reading{Trace: po.Trace{Evidence: "e/1"}}}
				s.Ready(messages.WorkerReady{Worker: w}, time.Time{})
				fx = append(fx, s.Read(look, time.Time{})...)
				for i := range tt.want {
					tt.want[i].Evidence = "e/1"
				}
			}
			for _, e := range fx {
				if e, ok := e.(Settle); ok {
					if tt.read.Failure.Cause == "" && e.Outcome.Trace.Evidence != "e/1" {
						t.Errorf("the outcome has no evidence: %+v", e.Outcome)
					}
					if diff := cmp.Diff(tt.want, e.Outcome.Missing); diff != "" || e.Outcome.Found != tt.found {
						t.Errorf("found %d, missing (-want +got):\n%s", e.Outcome.Found, diff)
					}
					return
				}
			}
			t.Errorf("not settled: %+v", fx)
		})
	}
}
