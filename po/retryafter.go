package po

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// longestRetryAfter is the most that RetryAfter tells: nobody waits for longer.
const longestRetryAfter = 24 * time.Hour

// RetryAfter is how long a portal asks to wait in the header field of that name:
// seconds, or a date as seen from now. It is 0 where the field says nothing, or
// nothing that can be read, and 24 hours at the most.
func RetryAfter(field string, now time.Time) time.Duration {
	field = strings.TrimSpace(field)
	wait := time.Duration(0)
	if seconds, err := strconv.ParseInt(field, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(field); err == nil {
		wait = date.Sub(now)
	}
	return min(max(0, wait), longestRetryAfter)
}
