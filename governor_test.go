package poactor

import (
	"context"
	"testing"
	"time"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// A portal that throttles the very first order gets one less at once, and not one
// in all: it came before the governor had looked once.
func TestFirstAnswerThrottled(t *testing.T) {
	t.Parallel()
	l := newGovernor(context.Background(), nil, 8, Config{}.withDefaults().Log)
	was := l.Measure(t.Context())
	b := l.Answered(actors.Answer{Took: 30 * time.Millisecond, Cause: po.Throttled, RetryAfter: 2 * time.Second})
	if was.Reading < 2 || b.Reading != was.Reading-1 || b.LimitedBy != messages.LimitedByPortal || b.Hold < time.Second || b.Hold > 2*time.Second {
		t.Errorf("%+v became %+v", was, b)
	}
	fresh := newGovernor(context.Background(), nil, 8, Config{}.withDefaults().Log)
	if again := fresh.Answered(actors.Answer{Took: 30 * time.Millisecond, Cause: po.Throttled, RetryAfter: 2 * time.Second}); again.Reading != b.Reading {
		t.Errorf("without a look: %+v, after one: %+v", again, b)
	}
}
