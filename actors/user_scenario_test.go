package actors

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// A paused run finishes what is in hand, asks for nothing more however long it lasts, loses
// no lease, and goes on where it was.
func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	for _, workers := range []int{1, 4} {
		synctest.Test(t, func(t *testing.T) {
			s := &scenario{workers: workers, orders: 40}
			s.start(t)
			time.Sleep(4 * time.Second)
			s.handle.Pause()
			s.handle.Pause() // is one pause
			time.Sleep(4 * time.Second)
			started := len(all[messages.OrderStarted](s))
			settled := len(all[messages.OrderSettled](s))
			if started == 0 || started == 40 || settled != started {
				t.Errorf("%d begun, %d settled", started, settled)
			}
			time.Sleep(10 * leaseTime)
			if n := len(all[messages.OrderStarted](s)); n != started {
				t.Errorf("%d orders were begun in the pause", n-started)
			}
			s.handle.Resume()
			s.finish(t)
			s.want(t, "", 0, completed(40))
			for key, n := range s.browsers.readings {
				if n != 1 {
					t.Errorf("order %s was read %d times", key, n)
				}
			}
			if p, r := all[messages.RunPaused](s), all[messages.RunResumed](s); len(p) != 1 || len(r) != 1 {
				t.Errorf("told %d pauses and %d ends of them", len(p), len(r))
			}
		})
	}
}

// A paused run can be ended as any other.
func TestPausedRunEnds(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*Run){
		"drain": func(r *Run) { r.Drain("interrupted") },
		"stop":  func(r *Run) { r.Stop(po.Interrupted, "interrupted") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &scenario{workers: 3, orders: 30}
				s.start(t)
				time.Sleep(2 * time.Second)
				s.handle.Pause()
				time.Sleep(time.Minute)
				end(s.handle)
				s.finish(t)
				if s.result.Cause != po.Interrupted || s.result.Open == 0 || s.result.Open+s.result.Counts[po.Completed] != 30 {
					t.Errorf("ended %+v", s.result)
				}
			})
		})
	}
}

// The user's wish changes the pool while it works: more browsers open, those too many end
// after their orders, one is sequential; what binds is told. What machine and portal bear
// still holds.
func TestSetWorkersWhileRunning(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &fakeLimiter{begun: time.Now(), measure: func(time.Duration) Limits {
			return Limits{Workers: 5, Reading: 5, LimitedBy: messages.LimitedByMemory, Reason: "memory is at 93 %"}
		}}
		s := &scenario{workers: 2, orders: 300, limiter: l}
		s.start(t)
		time.Sleep(5 * time.Second)
		for _, n := range []int{4, 8, 1, 3} {
			s.handle.SetWorkers(n)
			time.Sleep(5 * time.Second)
			if live, want := s.live(), min(n, 5); live != want {
				t.Errorf("%d browsers where %d workers are wished for", live, n)
			}
		}
		s.finish(t)
		s.want(t, "", 0, completed(300))
		var sizes []int
		for _, e := range all[messages.PoolResized](s) {
			sizes = append(sizes, e.To)
			want := messages.LimitedByUser
			if e.To == 5 {
				want = messages.LimitedByMemory
			}
			if e.LimitedBy != want || e.Sequential != (e.To == 1) {
				t.Errorf("%+v", e)
			}
		}
		if got := all[messages.WorkersRequested](s); len(got) != 4 || got[1] != (messages.WorkersRequested{From: 4, To: 8}) {
			t.Errorf("requested %v", got)
		}
		if len(sizes) != 4 || sizes[1] != 5 {
			t.Errorf("sizes %v", sizes)
		}
	})
}

// live counts the browsers that are open.
func (s *scenario) live() int {
	s.browsers.mu.Lock()
	defer s.browsers.mu.Unlock()
	n := 0
	for _, b := range s.browsers.sessions {
		if b.alive() {
			n++
		}
	}
	return n
}
