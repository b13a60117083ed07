package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/po"
)

// Launcher opens sessions. It may be used from many goroutines.
type Launcher struct {
	config Config
	spec   spec
	// gate holds a place for each processor: on two of them eight browsers
	// that start at once took 12 s until the first was ready.
	gate chan struct{}
	// first is closed when the first browser has started, or has taken too long: it starts
	// alone, so that it is handed work while the others start.
	first     chan struct{}
	firstOnce sync.Once

	known    sync.Mutex
	browsers map[string]launch.Browser // by their paths
	refused  error                     // why no browser can be driven on this machine
}

// New returns a launcher. It touches nothing; see Check.
func New(c Config) *Launcher {
	c = c.withDefaults()
	c.evidence = newEvidenceStore()
	return &Launcher{config: c, spec: newSpec(c.Portal), gate: make(chan struct{}, runtime.NumCPU()),
		first: make(chan struct{}), browsers: map[string]launch.Browser{}}
}

// Open starts a browser on a profile of its own. It waits for a place, as only
// so many start at a time as there are processors; only ctx bounds that wait,
// and Times.Start what comes after it. The error is a *po.Error.
func (l *Launcher) Open(ctx context.Context) (*Session, error) {
	if err := cmp.Or(l.refusal(), Check(l.config)); err != nil {
		return nil, err
	}
	leave, err := l.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	ctx, cancel := context.WithTimeoutCause(ctx, l.config.Times.Start, launch.ErrSlow)
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

// firstAlone bounds how long the others wait for the first browser's start, which takes
// half a second on a slow machine.
const firstAlone = 2 * time.Second

// enter waits for a place to start a browser, which leave gives back.
func (l *Launcher) enter(ctx context.Context) (leave func(), err error) {
	isFirst := false
	l.firstOnce.Do(func() { isFirst = true })
	if isFirst {
		l.gate <- struct{}{} // which is empty
		begun := sync.OnceFunc(func() { close(l.first) })
		timer := time.AfterFunc(firstAlone, begun)
		return func() { timer.Stop(); begun(); <-l.gate }, nil
	}
	refuse := func() (func(), error) {
		return nil, launch.StartError(ctx, "wait for a place to start a browser", ctx.Err())
	}
	select {
	case <-l.first:
	case <-ctx.Done():
		return refuse()
	}
	select {
	case l.gate <- struct{}{}:
		return func() { <-l.gate }, nil
	case <-ctx.Done():
		return refuse()
	}
}

// open starts the browser of a session; what it has begun it ends on failure,
// but for the profile.
func (l *Launcher) open(ctx context.Context, profile Profile) (*Session, error) {
	path, err := l.config.find()
	if err != nil {
		return nil, err
	}
	if err := launch.CheckProfile(profile.Dir); err != nil {
		return nil, err
	}
	downloads := filepath.Join(l.config.Downloads, profile.ID)
	if err := os.MkdirAll(downloads, 0o700); err != nil {
		cause := diskCause(err, po.Internal)
		return nil, &po.Error{Msg: fmt.Sprintf("make the download directory: %v", err), Cause: cause, Err: err}
	}
	program := l.inspect(ctx, path)
	options := l.config.options(profile.Dir, profile.TempDir)
	if !l.config.Headful { // else it is what it says by itself, in both lanes
		options.UserAgent = program.UserAgent()
	}
	proc, err := launch.Start(program, options)
	if err != nil {
		_ = os.RemoveAll(downloads)
		if _, ok := errors.AsType[*po.Error](err); ok {
			return nil, l.remember(err)
		}
		return nil, &po.Error{
			Msg: fmt.Sprintf("start %s: %v", path, err), Hint: cmp.Or(launch.HintOf(err.Error()), launch.Hint),
			Cause: po.BrowserDied, Err: err,
		}
	}
	s := newSession(l.config, l.spec, profile, downloads, proc)
	if err := s.initialize(ctx); err != nil {
		err = l.remember(proc.Explain(ctx, err))
		return nil, errors.Join(err, s.end(), endEscaped(profile))
	}
	l.config.Log.WithFields(logrus.Fields{"profile": profile.ID, "browser": path, "version": s.version}).Info("browser started")
	s.work.Go(s.watchProfileSize)
	s.work.Go(s.ping) // not before: a start on a busy machine takes its time
	return s, nil
}

// inspect tells what the browser of a path is. It is asked once in a run.
func (l *Launcher) inspect(ctx context.Context, path string) launch.Browser {
	l.known.Lock()
	defer l.known.Unlock()
	b, known := l.browsers[path]
	if !known {
		if b = launch.Inspect(ctx, path); ctx.Err() == nil {
			l.browsers[path] = b
		}
	}
	return b
}

// remember keeps a refusal that no further start will change.
func (l *Launcher) remember(err error) error {
	if errors.Is(err, launch.ErrForbidden) {
		l.known.Lock()
		defer l.known.Unlock()
		l.refused = err
	}
	return err
}

// refusal is what was remembered; nil if nothing was.
func (l *Launcher) refusal() error {
	l.known.Lock()
	defer l.known.Unlock()
	return l.refused
}

// endEscaped ends what a browser that could not be used has started outside its group,
// on a profile that is to be given back.
func endEscaped(p Profile) error {
	if p.Release == nil {
		return nil
	}
	_, err := process.End(func(arg string) bool { return arg == "--user-data-dir="+p.Dir })
	return err
}

func release(p Profile) error {
	if p.Release == nil {
		return nil
	}
	return p.Release()
}

// initialize makes a browser that has just started ready for its first page.
func (s *Session) initialize(ctx context.Context) error {
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
