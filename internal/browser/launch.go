package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/po"
)

// Launcher opens sessions. It may be used from many goroutines.
type Launcher struct {
	config Config
	spec   spec
	// gate holds a place for each processor: on two of them eight browsers
	// that start at once took 12 s until the first was ready.
	gate chan struct{}

	agent  sync.Mutex
	agents map[string]string // user agents by the browser's path; empty: not known
}

// New returns a launcher. It touches nothing; see Check.
func New(c Config) *Launcher {
	return &Launcher{config: c.withDefaults(), spec: newSpec(c.Portal), gate: make(chan struct{}, runtime.NumCPU()), agents: map[string]string{}}
}

// Open starts a browser on a profile of its own. It waits for a place, as only
// so many start at a time as there are processors; only ctx bounds that wait,
// and Times.Start what comes after it. The error is a *po.Error.
func (l *Launcher) Open(ctx context.Context) (*Session, error) {
	if err := Check(l.config); err != nil {
		return nil, err
	}
	select {
	case l.gate <- struct{}{}:
		defer func() { <-l.gate }()
	case <-ctx.Done():
		return nil, startError(ctx, "wait for a place to start a browser", ctx.Err())
	}
	ctx, cancel := context.WithTimeoutCause(ctx, l.config.Times.Start, errSlowStart)
	defer cancel()
	profile, err := l.config.Lease(ctx)
	if err != nil {
		cause := po.CauseOf(err)
		if cause == po.Internal {
			cause = po.ProfileFailed
		}
		return nil, &po.Error{Msg: fmt.Sprintf("open profile: %v", err), Cause: cause, Err: err}
	}
	s, err := l.open(ctx, profile)
	if err != nil {
		return nil, errors.Join(err, release(profile))
	}
	return s, nil
}

var errSlowStart = errors.New("the browser did not answer in its time")

// open starts the browser of a session; what it has begun it ends on failure,
// but for the profile.
func (l *Launcher) open(ctx context.Context, profile Profile) (*Session, error) {
	path, err := l.config.find()
	if err != nil {
		return nil, err
	}
	if err := checkProfile(profile.Dir); err != nil {
		return nil, err
	}
	downloads := filepath.Join(l.config.Downloads, profile.ID)
	if err := os.MkdirAll(downloads, 0o700); err != nil {
		return nil, &po.Error{Msg: fmt.Sprintf("make the download directory: %v", err), Cause: diskCause(err, po.Internal), Err: err}
	}
	args := flags(l.config, profile.Dir)
	if agent := l.agentFlag(ctx, path); agent != "" {
		args = append(args, agent)
	}
	proc, err := startProcess(path, args, environment(profile.TempDir))
	if err != nil {
		_ = os.RemoveAll(downloads)
		return nil, &po.Error{Msg: fmt.Sprintf("start %s: %v", path, err), Hint: hintBrowser, Cause: po.BrowserDied, Err: err}
	}
	s := newSession(l.config, l.spec, profile, downloads, proc)
	if err := s.greet(ctx); err != nil {
		err = l.explain(ctx, path, proc, err)
		return nil, errors.Join(err, s.end())
	}
	l.config.Log.WithFields(logrus.Fields{"profile": profile.ID, "browser": path, "version": s.version}).Info("browser started")
	s.work.Go(s.weigh)
	s.work.Go(s.ping) // not before: a start on a busy machine takes its time
	return s, nil
}

// checkProfile refuses what is no directory: Chromium would not say a word and
// work on the profile that its user browses with.
func checkProfile(dir string) error {
	info, err := os.Lstat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no directory", dir)
	}
	if err != nil {
		return &po.Error{Msg: fmt.Sprintf("open profile: %v", err), Cause: po.ProfileFailed, Err: err}
	}
	return nil
}

const hintBrowser = "name Chromium, Google Chrome or Microsoft Edge with --browser PATH"

// explain says why a browser that was started could not be used.
func (l *Launcher) explain(ctx context.Context, path string, p *process, err error) error {
	if ctx.Err() != nil && !closed(p.exited) {
		what := "start " + path
		if line := systemError(p.stderr.text()); line != "" {
			what += ": " + line
		}
		return startError(ctx, what, err)
	}
	p.kill() // whoever closed the pipe without ending
	<-p.exited
	// What it said is in the pipe already; only a process that left its group
	// could hold the pipe open.
	_ = p.errR.SetReadDeadline(time.Now().Add(500 * time.Millisecond))
	<-p.stderr.done
	line := p.stderr.firstError()
	switch {
	case strings.Contains(line, "sandbox"):
		return &po.Error{Msg: fmt.Sprintf("the browser ended at its start: %s", line), Cause: po.BrowserDied, Err: err,
			Hint: "let this user create namespaces (see the browser's own help), or give --no-sandbox if this machine or container is for nothing else"}
	case line != "":
		return &po.Error{Msg: fmt.Sprintf("%s ended at its start (%s): %s", path, p.ending(), line), Hint: hintBrowser, Cause: po.BrowserDied, Err: err}
	default:
		return &po.Error{Msg: fmt.Sprintf("%s is not a browser we can drive: it ended at once (%s)", path, p.ending()), Hint: hintBrowser, Cause: po.BrowserDied, Err: err}
	}
}

// startError is the error of a start that took too long or was called off.
func startError(ctx context.Context, what string, err error) error {
	cause := po.Interrupted
	switch why := context.Cause(ctx); {
	case errors.Is(why, errSlowStart):
		cause, err = po.BrowserDied, why
	case errors.Is(why, context.DeadlineExceeded):
		cause = po.Timeout
	}
	return &po.Error{Msg: fmt.Sprintf("%s: %v", what, err), Cause: cause, Err: err}
}

func release(p Profile) error {
	if p.Release == nil {
		return nil
	}
	return p.Release()
}

// greet makes a browser that has just started ready for its first page.
func (s *Session) greet(ctx context.Context) error {
	w := s.browser(ctx)
	version, err := proto.BrowserGetVersion{}.Call(w)
	if err != nil {
		return err
	}
	s.version = version.Product
	s.userAgent = version.UserAgent
	err = proto.BrowserSetDownloadBehavior{
		Behavior:      proto.BrowserSetDownloadBehaviorBehaviorAllowAndName,
		DownloadPath:  s.downloads,
		EventsEnabled: true,
	}.Call(w)
	if err != nil {
		return fmt.Errorf("set the download directory: %w", err)
	}
	if err := s.intercept(w); err != nil {
		return fmt.Errorf("watch where the browser goes: %w", err)
	}
	if err := (proto.TargetSetDiscoverTargets{Discover: true}).Call(w); err != nil { // windows that pages open
		return fmt.Errorf("watch for windows: %w", err)
	}
	return s.openTab(ctx)
}

// connect speaks the DevTools protocol over a browser's pipe.
func connect(p *pipe) *line { return &line{Client: cdp.New().Start(p)} }
