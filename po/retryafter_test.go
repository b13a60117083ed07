package po_test

import (
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)
	for field, want := range map[string]time.Duration{
		"": 0, "0": 0, "5": 5 * time.Second, " 120 ": 2 * time.Minute, "-5": 0, "soon": 0, "1.5": 0,
		"99999999": 24 * time.Hour, "99999999999999999999": 0,
		"Mon, 24 Nov 2025 12:00:30 GMT": 30 * time.Second, "Mon, 24 Nov 2025 11:00:00 GMT": 0,
		"Mon, 24 Nov 2099 12:00:00 GMT": 24 * time.Hour,
	} {
		if got := po.RetryAfter(field, now); got != want {
			t.Errorf("RetryAfter(%q) = %v, want %v", field, got, want)
		}
	}
}
