package schedule

import (
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

func TestDecide(t *testing.T) {
	t.Parallel()
	want := map[po.Cause][3]action{ // after attempt 1, 2, 3 of 3
		po.InvalidNumber:      {settleOrder, settleOrder, settleOrder},
		po.CauseNotFound:      {settleOrder, settleOrder, settleOrder},
		po.Forbidden:          {settleOrder, settleOrder, settleOrder},
		po.SignedOut:          {endSession, endSession, endSession},
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
		po.TaskFailed:         {retryOrder, retryOrder, settleOrder},
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
		{"longest pause", []po.Missing{{Cause: po.Throttled, RetryAfter: 1}, {Cause: po.Throttled, RetryAfter: 2}}, 1,
			po.Throttled, 2, retryOrder},
		{"signed out", []po.Missing{{Cause: po.Timeout}, {Cause: po.SignedOut}}, 1, po.SignedOut, 0, endSession},
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
