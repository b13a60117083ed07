package main

import (
	"fmt"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/poactor/poactor/internal/progress"
)

// grace is how long the orders in hand may take after the first interrupt
// (docs/spec.md §3).
const grace = 30 * time.Second

// endSignals are those that end a run. A SIGHUP that was ignored at the start
// stays so: that is what nohup is for.
func endSignals() []os.Signal {
	signals := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		signals = append(signals, syscall.SIGHUP)
	}
	return signals
}

// interrupt is the two stages of ending a run early: the first signal drains,
// the second, or the end of the grace, cancels.
type interrupt struct {
	cancel func()
	say    func(line string)

	mu    sync.Mutex
	drain func() // nil until there is something to drain: then the first signal cancels
	hit   bool
}

// watch handles signals until the returned function is called.
func (i *interrupt) watch(signals <-chan os.Signal) (stop func()) {
	done := make(chan struct{}) // closed by stop
	go func() {
		select {
		case <-done:
			return
		case <-signals:
		}
		if !i.first() {
			return
		}
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-done:
			return
		case <-signals:
		case <-timer.C:
		}
		i.cancel() // first: to say so may take time
		i.say("ending now")
	}()
	return sync.OnceFunc(func() { close(done) })
}

// first handles the first signal and reports whether there is something to
// wait for.
func (i *interrupt) first() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.hit = true
	if i.drain == nil {
		i.cancel()
		return false
	}
	i.drain()
	i.say(fmt.Sprintf("interrupted: finishing the orders under way (%s at most); interrupt again to end at once",
		progress.Short(grace)))
	return true
}

// onFirst sets what the first signal does once the run goes on.
func (i *interrupt) onFirst(drain func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.drain = drain
	if i.hit {
		drain()
	}
}

// was reports whether the user has interrupted.
func (i *interrupt) was() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.hit
}
