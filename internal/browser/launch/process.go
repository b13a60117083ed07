package launch

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/poactor/poactor/internal/process"
)

// goneWithin bounds the wait for killed processes to be gone. It takes 15 to
// 100 ms, and the slowest seen took 1.4 s.
const goneWithin = 5 * time.Second

// Process is a browser's main process with all that it started, and the pipe
// to it.
type Process struct {
	// Pipe carries the DevTools protocol. It is closed by Close. A plain browser has none.
	Pipe *Pipe

	browser Browser
	stderr  *stderrTail
	exited  chan struct{} // closed when the main process has ended
	state   *os.ProcessState

	cmd  *exec.Cmd
	errR *os.File

	mu     sync.Mutex
	group  *process.Group
	closed bool // group is: what it named may be another's by now
}

// Start runs a browser with a pipe for the DevTools protocol. It does not wait for an
// answer. The caller must Close what it gets. The error is a *po.Error where policies
// forbid it.
func Start(b Browser, o Options) (*Process, error) {
	if err := b.CheckPolicies(); err != nil {
		return nil, err
	}
	if o.SignIn {
		if err := KeepSession(o.ProfileDir); err != nil {
			return nil, err
		}
	}
	return start(b, flags(b, o), environment(o.TempDir), true)
}

// StartPlain opens a browser's window at an address and leaves it to its user: there is
// no debugging of any kind, so that pages cannot tell it from any other browser. The
// profile serves driven browsers too, before and after. Of o it takes what concerns the
// profile, the sandbox and Negotiate. Wait for Exited, which comes when the user has
// closed the last window (on macOS: has quit the browser), then for Alive to be over:
// only then all cookies are written. The caller must Close what it gets, which kills
// what still runs.
func StartPlain(b Browser, o Options, address string) (*Process, error) {
	if err := KeepSession(o.ProfileDir); err != nil {
		return nil, err
	}
	return start(b, append(profileFlags(b, o), address), environment(o.TempDir), false)
}

func start(b Browser, args, env []string, driven bool) (_ *Process, err error) {
	var open []*os.File
	defer func() {
		if err != nil {
			closeAll(open)
		}
	}()
	pipe := func() (r, w *os.File) {
		if err == nil {
			r, w, err = os.Pipe()
			open = append(open, r, w)
		}
		return r, w
	}
	errR, errW := pipe()
	theirs := []*os.File{errW}
	cmd := exec.Command(b.Path, args...)
	cmd.Env, cmd.Stderr = env, errW
	p := &Process{
		browser: b,
		stderr:  &stderrTail{done: make(chan struct{})},
		exited:  make(chan struct{}),
		cmd:     cmd,
		errR:    errR,
	}
	if driven {
		commandsR, commandsW := pipe()
		answersR, answersW := pipe()
		theirs = append(theirs, commandsR, answersW)
		p.Pipe = newPipe(commandsW, answersR)
	}
	if err != nil {
		return nil, err
	}
	if driven {
		if err := passPipe(cmd, theirs[1], theirs[2]); err != nil {
			return nil, err
		}
	}
	if p.group, err = process.NewGroup(); err != nil {
		return nil, err
	}
	p.group.Prepare(cmd)
	started := make(chan error)
	go p.run(theirs, started)
	if err := <-started; err != nil {
		_ = p.group.Close()
		return nil, err
	}
	go p.stderr.drain(p.errR, p.Kill)
	return p, nil
}

// SystemError is what the browser has said so far of what the system has refused to it;
// empty if nothing.
func (p *Process) SystemError() string { return systemError(p.stderr.text()) }

// run holds one thread of the system for the browser's whole life: on Linux
// the browser is told to die with the thread that started it.
func (p *Process) run(theirs []*os.File, started chan<- error) {
	runtime.LockOSThread()
	err := p.cmd.Start()
	if err == nil {
		closeAll(theirs)
		if err = p.group.Add(p.cmd.Process); err != nil {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait()
		}
	}
	started <- err
	if err != nil {
		return
	}
	_ = p.cmd.Wait() // what it returns stands in the state
	p.state = p.cmd.ProcessState
	close(p.exited)
}

// Pid is the number of the main process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Exited is closed when the main process has ended. Others may be left.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Kill ends all processes at once. It may be called again.
func (p *Process) Kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.group.Kill()
	}
}

// Quit asks a browser to end, as the system does when its user logs out. It does not
// wait; see Exited and Alive. What the browser has got in the last half minute is not
// always written (Chromium 156 on Linux).
func (p *Process) Quit() error {
	if p.hasExited() {
		return nil
	}
	return quit(p.cmd.Process)
}

// Failed says how a browser has ended that has not ended well; nil for one that has, or
// that still runs. Explain tells more.
func (p *Process) Failed() error {
	if !p.hasExited() || p.state.Success() {
		return nil
	}
	return fmt.Errorf("%s ended (%s)", p.browser.Path, p.exitText())
}

// Stop stops all processes: they live on and do nothing. On Windows the error
// wraps errors.ErrUnsupported.
func (p *Process) Stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return os.ErrProcessDone
	}
	return p.group.Stop()
}

// Alive reports whether any process is left.
func (p *Process) Alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closed && p.group.Alive()
}

// Close kills all processes, waits until they are gone and lets go of all that
// belongs to them. The error says that a process is left. It is called once.
func (p *Process) Close() error {
	p.Kill()
	err := p.closeGroup()
	if p.Pipe != nil {
		p.Pipe.Close()
	}
	_ = p.errR.Close()
	<-p.stderr.done
	return err
}

func (p *Process) closeGroup() error {
	if err := p.WaitGone(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	return p.group.Close()
}

// WaitGone waits until no process is left of a browser whose main process was
// killed or has ended, and kills what it has left behind. It waits for a few
// seconds at most; the error says what is left then.
func (p *Process) WaitGone() error {
	deadline := time.After(goneWithin)
	select {
	case <-p.exited:
	case <-deadline:
		return fmt.Errorf("browser process %d does not end", p.Pid())
	}
	for p.Alive() {
		select {
		case <-time.After(5 * time.Millisecond):
			p.Kill()
		case <-deadline:
			return fmt.Errorf("a process of browser %d does not end", p.Pid())
		}
	}
	return nil
}

// exitText says how the main process ended, for people.
func (p *Process) exitText() string {
	if p.state == nil {
		return "unknown"
	}
	if code := p.state.ExitCode(); code >= 0 {
		return fmt.Sprintf("exit %d", code)
	}
	return p.state.String()
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}
