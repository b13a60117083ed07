package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/progress/live"
)

// console is where a run is shown: a screen, where there is a terminal that can have one.
// Its methods may be called from different goroutines.
type console struct {
	mu     sync.Mutex
	screen *live.Screen // nil: there is none
	noted  []string     // on it, to be told again when it is gone
}

// note shows a line on the screen. It reports whether there is one.
func (c *console) note(line string, bad bool) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.screen == nil || !c.screen.Note(line, bad) {
		return false
	}
	c.noted = append(c.noted, line)
	return true
}

// finishing has the screen say that no more orders are taken. It reports whether there is a
// screen.
func (c *console) finishing(line string) bool {
	if !c.note(line, true) {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.screen.Finishing()
	return true
}

// close gives the terminal back, and tells again what was noted.
func (c *console) close(stderr io.Writer) {
	c.mu.Lock()
	screen, noted := c.screen, c.noted
	c.screen, c.noted = nil, nil
	c.mu.Unlock()
	if screen == nil {
		return
	}
	screen.Close()
	for _, line := range noted {
		fmt.Fprintf(stderr, "poactor: %s\n", line)
	}
}

// keys are what the user of a screen can do to a run.
type keys struct {
	handle  atomic.Pointer[poactor.Handle] // nil until the run goes on
	signals chan<- os.Signal
}

// Pause implements live.Controls.
func (k *keys) Pause() {
	if h := k.handle.Load(); h != nil {
		h.Pause()
	}
}

// Resume implements live.Controls.
func (k *keys) Resume() {
	if h := k.handle.Load(); h != nil {
		h.Resume()
	}
}

// SetWorkers implements live.Controls.
func (k *keys) SetWorkers(n int) {
	if h := k.handle.Load(); h != nil {
		h.SetWorkers(n)
	}
}

// Interrupt implements live.Controls: the terminal sends no signal while it has a screen.
func (k *keys) Interrupt() {
	select {
	case k.signals <- os.Interrupt:
	default: // two are enough
	}
}

// openScreen makes ready to show a run on the terminal, if there is one that can have a
// screen.
func (a *app) openScreen(j *job, controls *keys) {
	out := a.screenFile()
	if out == nil || j.settings.JSON || j.settings.Quiet {
		return
	}
	c := live.Config{Out: out, Environ: a.environ, Into: j.dir, MaxWorkers: poactor.MaxWorkers, Controls: controls,
		Suspends: canSuspend(), Plain: progress.NewLines(a.stdout, j.dir, time.Now).Event, Panicked: a.screenPanicked}
	if in, ok := a.stdin.(*os.File); ok && isatty.IsTerminal(in.Fd()) {
		c.In = in
	}
	a.console.mu.Lock()
	defer a.console.mu.Unlock()
	a.console.screen = live.New(c)
}

// screenPanicked tells of a bug of the screen: the run goes on without it.
func (a *app) screenPanicked(p any) {
	if a.log != nil {
		a.log.WithField("stack", string(debug.Stack())).Errorf("panic of the screen: %v", p)
	}
	a.warn("the screen has failed, which is a bug: please report it with the log; the run goes on in plain lines")
}

// screenFile is the terminal that standard output is; nil where that is something else, where
// it can only print, and where it belongs to another job of the user's: to change its mode
// would stop this one.
func (a *app) screenFile() *os.File {
	out, _ := a.stdout.(*stdout)
	if out == nil {
		return nil
	}
	term, known := a.env("TERM")
	file, ok := out.w.(*os.File)
	switch {
	case !ok || !isatty.IsTerminal(file.Fd()),
		term == "dumb", runtime.GOOS != "windows" && (!known || term == ""), !inForeground(file):
		return nil
	}
	return file
}
