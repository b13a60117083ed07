package resource

import (
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// A short run has no time for a full window of answers: after a refusal the limit
// comes up again when the portal has taken for a while what it gets.
func TestLimitComesBackInAShortRun(t *testing.T) {
	t.Parallel()
	const workers = 4
	now := time.Unix(1_800_000_000, 0)
	p := Portal{}.Answered(Answer{Took: time.Second, Cause: po.Throttled, RetryAfter: time.Second}, workers, now)
	if got := p.Limit(workers); got != workers-1 {
		t.Fatalf("after a refusal: %d", got)
	}
	answers := 0
	for p.Limit(workers) < workers && answers < windowSize/2 {
		now = now.Add(1500 * time.Millisecond)
		p = p.Answered(Answer{Took: time.Second, Sign: po.SignEmpty}, workers, now)
		answers++
	}
	if got := p.Limit(workers); got != workers || answers < 2*(workers-1) {
		t.Errorf("after %d good answers: %d", answers, got)
	}
}
