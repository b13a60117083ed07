package browser

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sirupsen/logrus"
	logtest "github.com/sirupsen/logrus/hooks/test"
	"go.uber.org/goleak"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// childPortal has this test binary be a program that opens a browser, says
// where, and waits to be killed.
const childPortal = "BROWSER_TEST_CHILD_PORTAL"

func TestMain(m *testing.M) {
	if base := os.Getenv(childPortal); base != "" {
		os.Exit(child(base, os.Getenv("BROWSER_TEST_CHILD_DIR")))
	}
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue { // most of them wait most of the time
		_ = f.Value.Set(strconv.Itoa(2 * runtime.GOMAXPROCS(0)))
	}
	goleak.VerifyTestMain(m)
}

func child(base, dir string) int {
	profile := Profile{ID: "child", Dir: filepath.Join(dir, "p"), TempDir: dir}
	s, err := New(Config{
		Portal: testPortal(base), NoSandbox: os.Geteuid() == 0, Downloads: dir,
		Lease: func(context.Context) (Profile, error) { return profile, os.MkdirAll(profile.Dir, 0o700) },
	}).Open(context.Background())
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	fmt.Println("process", s.Process())
	<-s.Done()
	return 0
}

// reading starts a reading that nothing but the browser's end can stop soon.
func reading(t *testing.T, s *Session) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		_, err := s.Read(t.Context(), order("wait"), nil)
		done <- err
	}()
	return done
}

// diesSoon checks that a browser's end is seen by its reader and its owner.
func diesSoon(t *testing.T, s *Session, done <-chan error, want po.Cause) {
	t.Helper()
	const within = 30 * time.Second // half of what the reading may take: a busy machine's tests prove no more
	late := time.After(within)
	select {
	case err := <-done:
		if po.CauseOf(err) != want {
			t.Errorf("the reading ended with %v, want %s", err, want)
		}
	case <-late:
		t.Fatalf("the reading does not notice within %v", within)
	}
	select {
	case <-s.Done():
	case <-late:
		t.Errorf("Done is not closed within %v", within)
	}
	if _, err := s.Read(t.Context(), order("1"), nil); po.CauseOf(err) != want {
		t.Errorf("a reading afterwards ended with %v, want %s", err, want)
	}
}

// killProcess kills one process alone.
func killProcess(t *testing.T, pid int) {
	p, err := os.FindProcess(pid)
	if err == nil {
		err = p.Kill()
	}
	if err != nil {
		t.Error(err)
	}
}

func TestDeaths(t *testing.T) {
	t.Parallel()
	shown := make(chan struct{}, 10)
	p := testPortal(serve(t, site{"/orders/wait": page("nothing<img src=/shown>"), "/shown": func(http.ResponseWriter, *http.Request) { shown <- struct{}{} }}))
	for name, row := range map[string]struct {
		strike func(t *testing.T, s *Session)
		cause  po.Cause
	}{
		"browser is killed": {func(t *testing.T, s *Session) { killProcess(t, s.Process()) }, po.BrowserDied},
		"session is closed": {func(t *testing.T, s *Session) { s.Close() }, po.BrowserDied},
	} {
		t.Run(name, func(t *testing.T) {
			s := openSession(t, p)
			s.config.Times.Signs = time.Minute
			done := reading(t, s)
			<-shown
			row.strike(t, s)
			diesSoon(t, s, done, row.cause)
		})
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	var released atomic.Int64
	downloads := t.TempDir()
	p := testPortal(serve(t, site{
		"/orders/1": page(`<form method=post action=/post><button class=att>n</button></form>`),
		"/post":     answerWith("application/pdf", "attachment", "x"),
	}))
	s, err := New(Config{Portal: p, NoSandbox: os.Geteuid() == 0, Lease: leaser(t, &released), Downloads: downloads, Times: quickTimes}).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	browser := groupOf(t, s.Process())
	r, err := s.Read(t.Context(), order("1"), nil)
	if err != nil || len(r.Attachments) != 1 || r.Attachments[0].Saved == "" {
		t.Fatalf("read: %+v, %v", r, err)
	}
	closing := make(chan error, 4)
	begun := time.Now()
	for range cap(closing) {
		go func() { closing <- s.Close() }()
	}
	for range cap(closing) {
		if err := <-closing; err != nil {
			t.Errorf("close: %v", err)
		}
	}
	t.Logf("closed in %v", time.Since(begun))
	if browser.Alive() {
		t.Error("processes are left")
	}
	if n := released.Load(); n != 1 {
		t.Errorf("the profile was released %d times", n)
	}
	if left, _ := os.ReadDir(downloads); len(left) > 0 {
		t.Errorf("left in the download directory: %v", left)
	}
}

func TestOurDeathEndsTheBrowser(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "pa")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), childPortal+"=http://127.0.0.1:1", "BROWSER_TEST_CHILD_DIR="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	var pid int
	if _, scanErr := fmt.Sscanf(line, "process %d", &pid); scanErr != nil {
		t.Fatalf("the child said %q, %v", line, err)
	}
	browser := groupOf(t, pid)
	if !browser.Alive() {
		t.Fatal("the child's browser does not run")
	}
	cmd.Process.Kill()
	cmd.Wait()
	begun := time.Now()
	for browser.Alive() {
		if time.Since(begun) > time.Minute { // it takes some 10 ms
			browser.Kill()
			t.Fatal("the browser outlives its owner")
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Logf("gone after %v", time.Since(begun))
}

func TestBadBrowsers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	script := func(name, body string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, row := range map[string]struct{ path, want string }{
		"true":           {"/bin/true", "/bin/true is not a browser we can drive: it ended at once (exit 0)"},
		"no such file":   {filepath.Join(dir, "none"), "no such file"},
		"directory":      {dir, "is a directory"},
		"not executable": {script("plain", "", 0o600), "is not executable"},
		"says why":       {script("why", "echo '[1:2:3/4.5:ERROR:dbus/bus.cc(1)] Failed to connect to the bus'>&2;echo '[1:2:3/4.5:ERROR:a.cc(7)] Bad profile.'>&2; exit 21", 0o700), "ended at its start (exit 21): Bad profile."},
		"no sandbox":     {script("box", "echo '[1:2:ERROR:z.cc(1)] No usable sandbox!'>&2; kill -6 $$", 0o700), "No usable sandbox!"},
		"mute":           {script("mute", "exec sleep 60", 0o700), "did not answer in its time"},
		"talks rubbish":  {script("rubbish", `printf 'no json\0[]\0"x"\0{"id":"x"}\0{"method":5}\0{"id":1,"result":{}}\0' >&4; sleep 60`, 0o700), "did not answer in its time"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var released atomic.Int64
			l := New(Config{
				Portal: testPortal("http://127.0.0.1:1"), BrowserPath: row.path, NoSandbox: true, Lease: leaser(t, &released),
				Downloads: t.TempDir(), Times: Times{Start: 500 * time.Millisecond},
			})
			begun := time.Now()
			_, err := l.Open(t.Context())
			if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q, want one line with %q", err, row.want)
			}
			if e, ok := errors.AsType[*po.Error](err); !ok || e.Cause != po.BrowserDied || (e.Hint == "" && !strings.Contains(row.want, "time")) {
				t.Errorf("error %+v, want a *po.Error with cause and hint", err)
			}
			if took := time.Since(begun); took > 20*time.Second { // others sleep for 60
				t.Errorf("it took %v to say so", took)
			}
		})
	}
}

func TestRootNeedsNoSandbox(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	if os.Geteuid() != 0 {
		t.Skip("only root has this trouble")
	}
	err := Check(Config{Downloads: "/nowhere"})
	if e, ok := errors.AsType[*po.Error](err); !ok || !strings.Contains(e.Hint, "--no-sandbox") {
		t.Errorf("check as root: %v", err)
	}
	if err := Check(Config{Downloads: "/nowhere", NoSandbox: true}); err != nil {
		t.Errorf("check as root with NoSandbox: %v", err)
	}
}

func TestOpenIsCalledOff(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	var released atomic.Int64
	l := New(Config{Portal: testPortal("http://127.0.0.1:1"), NoSandbox: true, Lease: leaser(t, &released), Downloads: t.TempDir()})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := l.Open(ctx); err == nil {
		t.Error("a browser in 30 ms")
	}
	if _, err := New(Config{Portal: testPortal("http://127.0.0.1:1"), NoSandbox: true, Downloads: t.TempDir(),
		Lease: func(context.Context) (Profile, error) { return Profile{}, fmt.Errorf("clone: %w", po.DiskFull) },
	}).Open(t.Context()); po.CauseOf(err) != po.DiskFull {
		t.Errorf("a lease that fails: %v", err)
	}
}

// A place to start in may be long in coming; only the start itself is timed.
func TestOpenWaitsForAPlace(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	downloads := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		const start = 30 * time.Second
		var left time.Duration
		noProfile := errors.New("no profile")
		l := New(Config{
			Portal: testPortal("http://127.0.0.1:1"), NoSandbox: os.Geteuid() == 0, Downloads: downloads,
			Times: Times{Start: start},
			Lease: func(ctx context.Context) (Profile, error) {
				end, _ := ctx.Deadline()
				left = time.Until(end)
				return Profile{}, noProfile
			},
		})
		for range cap(l.gate) {
			l.gate <- struct{}{}
		}
		time.AfterFunc(time.Hour, func() { <-l.gate })
		if _, err := l.Open(t.Context()); !errors.Is(err, noProfile) || left != start {
			t.Errorf("after the wait %v are left of %v: %v", left, start, err)
		}
	})
}

func TestCloseSaysWhatFailed(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	logger, logged := logtest.NewNullLogger()
	lease := leaser(t, nil)
	s, err := New(Config{Portal: testPortal("http://127.0.0.1:1"), NoSandbox: os.Geteuid() == 0, Downloads: t.TempDir(), Log: logger,
		Lease: func(ctx context.Context) (Profile, error) {
			p, err := lease(ctx)
			release := p.Release
			p.Release = func() error { return errors.Join(release(), errors.New("a process does not end")) }
			return p, err
		}}).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	logged.Reset() // of the start
	_, _ = s.Close(), s.Close()
	entries := logged.AllEntries()
	if len(entries) != 1 || entries[0].Level != logrus.WarnLevel || !strings.Contains(entries[0].Message, "a process does not end") {
		t.Errorf("logged: %+v, want one warning", entries)
	}
}

// A browser that is given what is no directory would say nothing, and work on the
// profile that its user browses with.
func TestProfileIsNoDirectory(t *testing.T) {
	needBrowser(t)
	file, link := filepath.Join(t.TempDir(), "file"), filepath.Join(t.TempDir(), "link")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(t.TempDir(), link); err != nil {
		t.Skip(err) // Windows wants a privilege for it
	}
	for name, dir := range map[string]string{"file": file, "link": link, "nothing": filepath.Join(t.TempDir(), "none")} {
		released := false
		s, err := New(Config{
			Portal: portal.Portal{}, NoSandbox: os.Geteuid() == 0, Downloads: t.TempDir(), Times: quickTimes,
			Lease: func(context.Context) (Profile, error) {
				return Profile{ID: name, Dir: dir, TempDir: t.TempDir(), Release: func() error { released = true; return nil }}, nil
			},
		}).Open(t.Context())
		if err == nil {
			s.Close()
		}
		if !errors.Is(err, po.ProfileFailed) || !released {
			t.Errorf("%s: %v, released: %v", name, err, released)
		}
	}
}
