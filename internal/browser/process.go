package browser

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// goneWithin bounds the wait for killed processes to be gone. It takes 15 to
// 100 ms, and the slowest seen took 1.4 s.
const goneWithin = 5 * time.Second

// process is a browser's main process with all that it started, and the pipe
// to it.
type process struct {
	pipe   *pipe
	stderr *ring
	exited chan struct{} // closed when the main process has ended
	state  *os.ProcessState

	cmd  *exec.Cmd
	errR *os.File

	mu    sync.Mutex
	tree  tree // the means of the system to end all of it
	ended bool // tree is closed: what it named may be another's by now
}

// startProcess runs a browser with a debugging pipe.
func startProcess(path string, args, env []string) (_ *process, err error) {
	var files [6]*os.File
	defer func() {
		if err != nil {
			closeAll(files[:])
		}
	}()
	for i := 0; i < len(files); i += 2 {
		if files[i], files[i+1], err = os.Pipe(); err != nil {
			return nil, err
		}
	}
	theirs := []*os.File{files[0], files[3], files[5]} // they read commands, write answers and errors
	cmd := exec.Command(path, args...)
	cmd.Env, cmd.Stderr = env, files[5]
	p := &process{
		pipe:   newPipe(files[1], files[2]),
		stderr: &ring{done: make(chan struct{})},
		exited: make(chan struct{}),
		cmd:    cmd,
		errR:   files[4],
	}
	if err := p.tree.prepare(cmd, files[0], files[3]); err != nil {
		return nil, err
	}
	started := make(chan error)
	go p.run(theirs, started)
	if err := <-started; err != nil {
		return nil, err
	}
	go p.stderr.drain(p.errR)
	return p, nil
}

// run holds one thread of the system for the browser's whole life: on Linux
// the browser is told to die with the thread that started it.
func (p *process) run(theirs []*os.File, started chan<- error) {
	runtime.LockOSThread()
	err := p.cmd.Start()
	if err == nil {
		closeAll(theirs)
		if err = p.tree.adopt(p.cmd.Process); err != nil {
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

// kill ends all processes at once. It may be called again.
func (p *process) kill() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.ended {
		p.tree.kill()
	}
}

// stop stops all processes: they live on and do nothing.
func (p *process) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended {
		return os.ErrProcessDone
	}
	return p.tree.stop()
}

// alive reports whether any process is left.
func (p *process) alive() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.ended && p.tree.alive()
}

// end kills all processes, waits until they are gone and lets go of all that
// belongs to them.
func (p *process) end() error {
	p.kill()
	gone := p.waitGone()
	p.pipe.close()
	_ = p.errR.Close()
	<-p.stderr.done
	return gone
}

func (p *process) waitGone() error {
	if err := p.dies(goneWithin); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended = true
	return p.tree.close()
}

// dies waits until no process is left that was killed, for at most so long.
func (p *process) dies(within time.Duration) error {
	deadline := time.After(within)
	select {
	case <-p.exited:
	case <-deadline:
		return fmt.Errorf("browser process %d does not end", p.cmd.Process.Pid)
	}
	for p.alive() {
		select {
		case <-time.After(5 * time.Millisecond):
			p.kill()
		case <-deadline:
			return fmt.Errorf("a process of browser %d does not end", p.cmd.Process.Pid)
		}
	}
	return nil
}

// ending says how the main process ended, for people.
func (p *process) ending() string {
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
