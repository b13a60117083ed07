//go:build unix

package launch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// fake is a browser that is a script.
func fake(t *testing.T, name, text string) Browser {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	syscall.ForkLock.RLock() // a process started meanwhile would have the file open, and it could not be run
	err := os.WriteFile(path, []byte("#!/bin/sh\n"+text), 0o700)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	return Browser{Path: path}
}

// Whatever a browser does instead of answering is told at once, with its cause.
func TestExplain(t *testing.T) {
	t.Parallel()
	const disallowed = "echo >&2; echo 'DevTools remote debugging is disallowed by the system admin.' >&2; "
	const again = `[ -n "$AGAIN" ] && exec sleep 5; AGAIN=1 setsid "$0" 3>&- 4>&- & ` // closed by what goes on
	for name, row := range map[string]struct {
		browser   Browser
		want      string
		hint      string
		forbidden bool
	}{
		"forbidden, and it runs on": {fake(t, "chromium", disallowed+"sleep 600"),
			"the policy RemoteDebuggingAllowed of this machine forbids programs to drive Chromium (", HintForbidden, true},
		"forbidden, and it ends": {fake(t, "google-chrome", disallowed+"exit 0"),
			"the policy RemoteDebuggingAllowed of this machine forbids programs to drive Google Chrome (", HintForbidden, true},
		"forbidden in Edge": {fake(t, "msedge", disallowed+"sleep 600"), "see edge://policy in it", HintForbidden, true},
		"a page says so": {fake(t, "chromium", "echo '[1:1:INFO:CONSOLE(1)] DevTools remote debugging is disallowed' >&2; exit 3"),
			"ended at its start (exit 3)", Hint, false},
		"Edge starts itself again":            {fake(t, "msedge", again), "it may have started itself again", hintRelaunch, false},
		"another browser starts itself again": {fake(t, "browser", again), "it ended at once (exit 0)", Hint, false},
		"no sandbox": {fake(t, "chromium", "echo '[1:1:FATAL:x.cc(1)] No usable sandbox!' >&2; exit 1"),
			"and ended at its start: No usable sandbox!", hintSandbox, false},
		"no namespaces": {fake(t, "chromium", "echo '[1:1:FATAL:x.cc(1)] Failed to move to new namespace: PID namespaces supported' >&2; exit 1"),
			"the browser has no sandbox", hintSandbox, false},
		"too many open files": {fake(t, "chromium", "echo '[1:1:FATAL:x.cc(1)] Check failed: . : Too many open files (24)' >&2; exit 1"),
			"Too many open files", "raise the limit of open files (ulimit -n), or give fewer --workers", false},
		"shared memory": {fake(t, "chromium", "echo '[1:1:ERROR:x.cc(1)] Creating shared memory in /dev/shm/x failed: No space left on device (28)' >&2; exit 1"),
			"No space left on device", hintShared, false},
		"a library": {fake(t, "chromium", "echo 'chrome: error while loading shared libraries: libnss3.so: cannot open shared object file' >&2; exit 127"),
			"libnss3.so", hintLibrary, false},
		"threads": {fake(t, "chromium", "echo '[1:1:ERROR:x.cc(1)] pthread_create: Resource temporarily unavailable (11)' >&2; kill -ABRT $$"),
			"pthread_create", hintProcesses, false},
		"a crash":              {fake(t, "chromium", "kill -SEGV $$"), "(signal: segmentation fault", hintCrash, false},
		"killed by the system": {fake(t, "chromium", "kill -KILL $$"), "(signal: killed)", hintMemory, false},
		"no display": {fake(t, "chromium", "echo '[1:1:ERROR:ozone_platform_x11.cc(1)] Missing X server or $DISPLAY' >&2; exit 1"),
			"Missing X server", hintDisplay, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := start(row.browser, nil, os.Environ(), true)
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			ended := make(chan error, 1)
			go func() {
				_, err := p.Pipe.Read()
				ended <- err
			}()
			select {
			case err = <-ended:
			case <-time.After(2 * time.Minute): // far less than it would stay
				t.Fatal("nothing was noticed")
			}
			err = p.Explain(context.Background(), err)
			e, ok := errors.AsType[*po.Error](err)
			if !ok || !strings.Contains(e.Msg, row.want) || e.Hint != row.hint || e.Cause != po.BrowserDied {
				t.Errorf("%+v", err)
			}
			if got := errors.Is(err, ErrForbidden); got != row.forbidden {
				t.Errorf("forbidden: %v", got)
			}
		})
	}
}
