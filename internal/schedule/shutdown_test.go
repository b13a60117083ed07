package schedule

import (
	"slices"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// With no order open a run goes on as long as an audit may open some; drained, it ends, and says that
// it was cut short.
func TestAuditKeepsARunOpen(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		goOn  func(s *Scheduler) []Effect
		cause po.Cause
	}{
		"audited": {func(s *Scheduler) []Effect { return s.Claimed(1, po.Claim{}, time.Time{}) }, ""},
		"drained": {func(s *Scheduler) []Effect {
			return append(s.Drain(po.Interrupted, "test", time.Time{}), s.Claimed(1, po.Claim{Auditing: true}, time.Time{})...)
		}, po.Interrupted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := func(fx []Effect) bool { return slices.Contains(fx, Effect(End{})) }
			s := idleScheduler([]string{"a"}, po.Lease{})
			if ended(s.Claimed(1, po.Claim{Auditing: true, Wait: time.Second}, time.Time{})) {
				t.Fatal("it ends while the audit goes on")
			}
			s.Wake(time.Time{})
			if !ended(c.goOn(s)) || s.Open() != 0 || s.Cause() != c.cause {
				t.Errorf("not ended, or %d open, %q", s.Open(), s.Cause())
			}
		})
	}
}
