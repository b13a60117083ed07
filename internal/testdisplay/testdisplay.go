// Package testdisplay gives tests a screen that nobody sees, for browsers with a
// window.
package testdisplay

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// patience bounds the wait for a display; it takes a third of a second.
const patience = time.Minute

// Start starts Xvfb on a free number and returns the display's name, for the variable
// DISPLAY. It ends with the test, which is skipped where there is no Xvfb.
func Start(t testing.TB) string {
	t.Helper()
	path, err := exec.LookPath("Xvfb")
	if err != nil {
		t.Skip("Xvfb is not installed")
	}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd := exec.Command(path, "-displayfd", "3", "-screen", "0", "1366x900x24", "-nolisten", "tcp")
	cmd.Stderr, cmd.ExtraFiles = io.Discard, []*os.File{w}
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Skipf("Xvfb does not start: %v", err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	_ = r.SetReadDeadline(time.Now().Add(patience))
	number, err := bufio.NewReader(r).ReadString('\n')
	if err != nil {
		t.Skipf("Xvfb gives no display: %v", err)
	}
	return ":" + strings.TrimSpace(number)
}
