package schedule

import (
	"testing"
	"time"

	"github.com/poactor/poactor/messages"
)

func TestPoolLimit(t *testing.T) {
	t.Parallel()
	p := newPool(4)
	for _, c := range []struct {
		bear, want int
		binds      messages.LimitedBy
	}{
		{9, 4, messages.LimitedByUser}, {4, 4, messages.LimitedByUser}, {2, 2, messages.LimitedByMemory}, {0, 1, messages.LimitedByMemory},
	} {
		p.limit(c.bear, messages.LimitedByMemory, "memory is at 93 %")
		if n, limitedBy, reason := p.size(); n != c.want || limitedBy != c.binds || reason == "" {
			t.Errorf("bears %d: %d, %s, %q", c.bear, n, limitedBy, reason)
		}
	}
}

// Each worker that is lost makes the pool smaller, soon after another by half. It grows
// again after a quiet while, which doubles with each relapse. The last one ends the run.
func TestPoolLose(t *testing.T) {
	t.Parallel()
	p, now := newPool(8), time.Unix(0, 0)
	size := func() int { n, _, _ := p.size(); return n }
	if p.growIn(now) != 0 {
		t.Error("a whole pool is to grow")
	}
	if !p.lose(now, true, "boom") || size() != 7 {
		t.Errorf("after one loss: %d", size())
	}
	if _, limitedBy, reason := p.size(); limitedBy != messages.LimitedByBrowsers || reason != "a worker was given up: boom" {
		t.Errorf("%s: %s", limitedBy, reason)
	}
	if now = now.Add(time.Minute); !p.lose(now, true, "boom") || size() != 3 {
		t.Errorf("after another, soon: %d", size())
	}
	if d := p.growIn(now); d != 2*growAfter {
		t.Errorf("after a relapse it grows in %v", d)
	}
	if p.grow(now.Add(growAfter)); size() != 3 {
		t.Error("it grows too soon")
	}
	now = now.Add(2 * growAfter)
	if p.grow(now); size() != 6 {
		t.Errorf("it has grown to %d", size())
	}
	now = now.Add(2 * growAfter)
	if p.grow(now); size() != 8 || p.growIn(now) != 0 {
		t.Errorf("it has grown to %d", size())
	}
	young := newPool(4)
	if !young.lose(now, false, "boom") || young.sustained != 2 {
		t.Errorf("where no browser ever lived: %d", young.sustained)
	}
	one := newPool(1)
	if one.lose(now, true, "boom") {
		t.Error("the run goes on without a worker")
	}
}

// The user's wish may change: machine and portal still limit, what they say by the wish
// does not, and workers that were lost come back as ever.
func TestPoolRequest(t *testing.T) {
	t.Parallel()
	p, now := newPool(4), time.Unix(0, 0)
	want := func(step string, n int, by messages.LimitedBy) {
		t.Helper()
		if got, limitedBy, _ := p.size(); got != n || limitedBy != by {
			t.Errorf("%s: %d by %s, want %d by %s", step, got, limitedBy, n, by)
		}
	}
	p.limit(4, messages.LimitedByUser, "as asked for")
	p.request(6)
	want("more than the governor knows of", 6, messages.LimitedByUser)
	p.limit(3, messages.LimitedByMemory, "memory is at 93 %")
	want("limited", 3, messages.LimitedByMemory)
	p.request(8)
	want("more, where memory is short", 3, messages.LimitedByMemory)
	p.request(2)
	want("fewer than the memory bears", 2, messages.LimitedByUser)
	p.request(8)
	p.limit(8, messages.LimitedByUser, "as asked for")
	p.lose(now, true, "boom")
	p.request(9)
	want("more, where one was lost", 7, messages.LimitedByBrowsers)
	p.grow(now.Add(growAfter))
	want("grown", 9, messages.LimitedByUser)
}
