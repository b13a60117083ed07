package browser

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// The first browser starts alone, so that it is handed work while the others start; but
// one that does not start holds up nobody for long.
func TestFirstStartsAlone(t *testing.T) {
	for name, first := range map[string]time.Duration{"quick": time.Second, "hung": time.Minute} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := New(Config{})
				begun := time.Now()
				start := func(takes time.Duration) (entered time.Duration) {
					leave, err := l.enter(t.Context())
					if err != nil {
						t.Error(err)
						return 0
					}
					defer leave()
					entered = time.Since(begun)
					time.Sleep(takes)
					return entered
				}
				go start(first)
				synctest.Wait()
				if len(l.gate) != 1 {
					t.Error("the first takes no place")
				}
				second := make(chan time.Duration)
				go func() { second <- start(0) }()
				if got, want := <-second, min(first, firstAlone); got != want {
					t.Errorf("the second started after %v, want %v", got, want)
				}
				if got := start(0); got != min(first, firstAlone) {
					t.Errorf("the third started after %v", got)
				}
				time.Sleep(first) // the first has ended
			})
		})
	}
}

func TestStartIsGivenUp(t *testing.T) {
	l := New(Config{})
	leave, err := l.enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer leave()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.enter(ctx); err == nil {
		t.Error("a start that was given up went on")
	}
}
