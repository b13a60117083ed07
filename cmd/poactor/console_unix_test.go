//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/term"
	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/testportal"
)

// terminal is a terminal with poactor in it.
type terminal struct {
	t      *testing.T
	cmd    *exec.Cmd
	ours   *os.File // our end
	its    *os.File // its end; kept open to look at its modes
	modes  *term.State
	screen *vt.SafeEmulator
	ended  chan error

	mu  sync.Mutex
	raw bytes.Buffer // all that was written to it
}

// startIn starts a command in a terminal of a size.
func startIn(t *testing.T, cmd *exec.Cmd, cols, rows int) *terminal {
	t.Helper()
	ours, its, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	x := &terminal{t: t, cmd: cmd, ours: ours, its: its, screen: vt.NewSafeEmulator(cols, rows), ended: make(chan error, 1)}
	x.resize(cols, rows)
	x.modes = x.state()
	cmd.Stdin, cmd.Stdout, cmd.Stderr = its, its, its
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(ours, x.screen) }() // what the terminal answers when it is asked
	go func() { _, _ = io.Copy(writers{x}, ours) }()
	go func() { x.ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = x.screen.InputPipe().(io.Closer).Close()
		_ = ours.Close()
		_ = its.Close()
	})
	return x
}

// writers takes what is written to the terminal.
type writers struct{ *terminal }

// Write implements io.Writer.
func (w writers) Write(p []byte) (int, error) {
	w.mu.Lock()
	w.raw.Write(p)
	w.mu.Unlock()
	return w.screen.Write(p)
}

// written is all that was written to it, colours and commands included.
func (x *terminal) written() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.raw.String()
}

func (x *terminal) state() *term.State {
	x.t.Helper()
	s, err := term.GetState(x.its.Fd())
	if err != nil {
		x.t.Fatal(err)
	}
	return s
}

func (x *terminal) resize(cols, rows int) {
	x.t.Helper()
	if err := pty.Setsize(x.ours, &pty.Winsize{Cols: uint16(cols), Rows: uint16(rows)}); err != nil {
		x.t.Fatal(err)
	}
	x.screen.Resize(cols, rows)
}

// text is what is on the screen.
func (x *terminal) text() string { return ansi.Strip(x.screen.Render()) }

// press types keys.
func (x *terminal) press(keys string) {
	x.t.Helper()
	if _, err := io.WriteString(x.ours, keys); err != nil {
		x.t.Fatal(err)
	}
}

// see waits until a pattern is on the screen, and returns what it has matched.
func (x *terminal) see(pattern string) string {
	x.t.Helper()
	want := regexp.MustCompile(pattern)
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if m := want.FindString(x.text()); m != "" {
			return m
		}
	}
	x.t.Fatalf("%s is never seen; the screen is\n%s", pattern, x.text())
	return ""
}

// count is how many orders the screen says have ended.
func (x *terminal) count() int {
	x.t.Helper()
	n, err := strconv.Atoi(strings.TrimSuffix(x.see(`\d+/60`), "/60"))
	if err != nil {
		x.t.Fatal(err)
	}
	return n
}

// end waits for the exit code, and sees to it that the terminal is as it was.
func (x *terminal) end(code int) {
	x.t.Helper()
	select {
	case <-x.ended:
	case <-time.After(2 * time.Minute):
		x.t.Fatalf("it does not end; the screen is\n%s", x.text())
	}
	if got := x.cmd.ProcessState.ExitCode(); got != code {
		x.t.Errorf("exit code %d, want %d; the screen is\n%s", got, code, x.text())
	}
	if diff := cmp.Diff(x.modes, x.state(), cmp.Exporter(func(reflect.Type) bool { return true })); diff != "" {
		x.t.Errorf("the terminal's modes (-before +after):\n%s", diff)
	}
	x.see(`left: nothing`) // it may still be on its way
	if x.screen.IsAltScreen() || x.screen.CursorHidden() {
		x.t.Error("the terminal is left with another screen, or without its cursor")
	}
}

// inTerminal runs poactor without browsers on a portal of plain orders.
func inTerminal(t *testing.T, env ...string) (*terminal, *testportal.Portal, string) {
	t.Helper()
	site, err := testportal.Start(testportal.Options{Mix: testportal.Plain, MaxFile: 64 << 10,
		PageLatency: 200 * time.Millisecond, ListLatency: 20 * time.Millisecond, TrackerLatency: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	dir := t.TempDir()
	batch := filepath.Join(dir, "orders.csv")
	if err := site.WriteBatch(batch); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("poactor-plain") // testscript has put it on the path
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--workers", "2", batch)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "TMPDIR="+dir, "XDG_DATA_HOME="+filepath.Join(dir, "data"),
		"POACTOR_BASE_URL="+site.URL())
	cmd.Env = append(cmd.Env, env...)
	return startIn(t, cmd, 80, 24), site, filepath.Join(dir, "orders")
}

// The keys of a real run: a pause finishes what is under way and begins nothing, workers come
// and go, a new size is taken, and f finishes.
func TestFaultsKeys(t *testing.T) {
	t.Parallel()
	x, _, out := inTerminal(t)
	x.see(`worker-2 +reading`)
	x.see(`[1-9]\d* COMPLETED`)
	x.press("p")
	x.see(`limited by you: PAUSED, nothing is under way`)
	done := x.count()
	x.press("+")
	x.see(`worker-3 +(opening|idle)`)
	x.see(`3 workers instead of 2`)
	x.press("--")
	x.see(`1 worker instead of 3, one order at a time`)
	x.resize(40, 12)
	x.see(`(?m)^p \+ - f \^C`)
	x.resize(140, 40)
	x.see(`p go on   \+ - workers`)
	time.Sleep(3 * time.Second)
	if n := x.count() - done; n > 2 { // what was given to the two workers before it may be told after it
		t.Errorf("%d orders have ended in the pause", n)
	}
	x.press("+p")
	x.see(`p pause   \+ - workers`)
	x.see(`limited by you: 2 workers`)
	x.press("\x1a") // no shell would have it go on
	x.press("f")
	x.end(exitInterrupted)
	x.see(`60 orders: \d+ COMPLETED, \d+ open`)
	outcomes, err := readBack(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range outcomes {
		if o.Status != "" && len(o.Files) != o.Found {
			t.Errorf("order %s: %d of %d files", o.Key, len(o.Files), o.Found)
		}
	}
}

// Ctrl-C is a key while there is a screen, and means what it means elsewhere: the first
// finishes what is under way, the second ends at once. So does a signal.
func TestFaultsInterruptInTerminal(t *testing.T) {
	t.Parallel()
	for name, interrupt := range map[string]func(x *terminal){
		"key":    func(x *terminal) { x.press("\x03") },
		"signal": func(x *terminal) { _ = x.cmd.Process.Signal(syscall.SIGTERM) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x, site, _ := inTerminal(t)
			x.see(`[1-9]\d* COMPLETED`)
			site.SetFault(testportal.Hang) // what is under way does not end
			x.see(`(?m)^! worker-\d+ +reading .* slow: `)
			interrupt(x)
			x.see(`limited by you: FINISHING, \d orders? under way`)
			x.see(`interrupted: finishing the orders under way`)
			interrupt(x)
			x.end(exitInterrupted)
			x.see(`poactor: ending now`) // told again, where it stays
		})
	}
}

// Without colours, and without a screen where the terminal cannot have one.
func TestFaultsPlainTerminal(t *testing.T) {
	t.Parallel()
	colour := regexp.MustCompile(`\x1b\[(?:[0-9;]*;)?[349][0-7](?:;[0-9;]*)?m`)
	t.Run("colours", func(t *testing.T) {
		t.Parallel()
		x, _, _ := inTerminal(t, "COLORTERM=truecolor")
		x.see(`[1-9]\d* COMPLETED`)
		x.press("f")
		x.end(exitInterrupted)
		if !colour.MatchString(x.written()) {
			t.Error("there is no colour")
		}
	})
	t.Run("NO_COLOR", func(t *testing.T) {
		t.Parallel()
		x, _, _ := inTerminal(t, "NO_COLOR=1")
		x.see(`[1-9]\d* COMPLETED`)
		x.press("f")
		x.end(exitInterrupted)
		if c := colour.FindString(x.written()); c != "" {
			t.Errorf("there is a colour: %q", c)
		}
	})
	t.Run("dumb", func(t *testing.T) {
		t.Parallel()
		x, _, _ := inTerminal(t, "TERM=dumb")
		x.see(orderLine.String()[1:])
		_ = x.cmd.Process.Signal(os.Interrupt)
		x.end(exitInterrupted)
		if strings.Contains(x.written(), "\x1b") {
			t.Errorf("a terminal that can only print is told more: %q", x.written())
		}
	})
}
