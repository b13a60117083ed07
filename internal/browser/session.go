package browser

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/listing"
	"github.com/poactor/poactor/po"
)

// How the browser's life is watched: it is asked for a sign of life every
// pingEvery, and is taken for hung when nothing at all was heard from it for so
// many of these. A busy machine may hold it up for a while, so that a single late
// answer is not a hang; nor is it one when our own process was stopped.
const (
	pingEvery = 650 * time.Millisecond
	pingsLost = 3
)

// Session is one live browser with a profile and a tab of its own.
type Session struct {
	config    Config
	spec      spec
	lister    listing.Lister
	profile   Profile
	downloads string // directory of its own
	proc      *launch.Process
	conn      *conn
	version   string // of the browser
	userAgent string

	cookies     cookieJar
	pageHeaders requestHeaders

	interceptor interceptor
	files       fileTable
	activity    activity
	console     consoleLog
	failures    requestFailures              // of the Read that runs
	traffic     trafficLog                   // of the page that is read
	saved       map[string]*download         // of this reading, by path
	compressed  atomic.Bool                  // the portal compresses also what it is asked not to
	visited     time.Time                    // when the page was last opened
	tab         tab                          // of the Read that runs
	pages       []string                     // that it has opened
	storage     string                       // script that fills the local storage of pages; empty: there is none
	answered    bool                         // the portal has answered it
	number      string                       // of the order whose page is visited; empty where that is another page
	suspect     bool                         // its page showed another order's list before
	lists       map[[sha256.Size]byte]string // of the orders read before: hash of the addresses → number

	documents atomic.Uint64 // that the tab has shown

	// ctx ends when the browser is of no more use; its cause is a *gone.
	ctx    context.Context
	cancel context.CancelCauseFunc
	done   chan struct{}
	work   sync.WaitGroup // goroutines of the session

	ending sync.Once
	endErr error
}

// tab is the one page that a session works in.
type tab struct {
	target  proto.TargetTargetID // also the ID of its main frame
	id      proto.TargetSessionID
	address string // that was visited last
	stale   bool   // hangs or shows what it should not: to be replaced
}

// browserGone says why a browser is of no more use.
type browserGone struct {
	cause  po.Cause
	detail string
}

// crashed is the detail of a session whose page's process crashed.
const crashed = "the page's process crashed"

func (g *browserGone) Error() string { return g.detail }
func (g *browserGone) Unwrap() error { return g.cause }

func newSession(c Config, spec spec, profile Profile, downloads string, proc *launch.Process) *Session {
	s := &Session{config: c, spec: spec, lister: listing.New(c.Portal), profile: profile, downloads: downloads, proc: proc,
		lists: map[[sha256.Size]byte]string{}, done: make(chan struct{})}
	s.ctx, s.cancel = context.WithCancelCause(context.Background())
	s.cookies.session = s
	s.traffic.on = c.Record
	allowed := c.Portal
	if c.Provider {
		allowed.AllowedHosts = slices.Concat(allowed.AllowedHosts, allowed.SignIn.Hosts)
	}
	s.interceptor.init(allowed)
	s.conn = connect(proc.Pipe, s.trackRequests)
	s.files.init()
	s.activity.reset()
	s.failures.reset()
	s.work.Go(s.listen)
	go s.wait() // not part of work: a process that cannot be killed keeps nobody waiting
	return s
}

// wait ends what the main process has left behind.
func (s *Session) wait() {
	<-s.proc.Exited()
	s.proc.Kill()
	_ = s.proc.WaitGone() // Close tells of it
	close(s.done)
}

// Profile names the browser profile; no two sessions ever share a name.
func (s *Session) Profile() string { return s.profile.ID }

// Version is the browser's name and version.
func (s *Session) Version() string { return s.version }

// UserAgent is what the browser calls itself.
func (s *Session) UserAgent() string { return s.userAgent }

// Process is the number of the browser's main process, which leads a group of
// its own.
func (s *Session) Process() int { return s.proc.Pid() }

// Done is closed when the browser's processes have ended, whoever ended them.
func (s *Session) Done() <-chan struct{} { return s.done }

// Close kills the browser's processes, waits until they are gone, removes the
// session's downloads and releases the profile. A call beside or after the
// first waits for it and returns the same. It takes a few seconds at most.
func (s *Session) Close() error {
	s.ending.Do(func() {
		s.endErr = errors.Join(s.end(), release(s.profile))
		if s.endErr != nil { // which those who close in passing do not look at
			s.config.Log.WithField("profile", s.profile.ID).Warnf("close the browser: %v", s.endErr)
		}
	})
	return s.endErr
}

// end does what Close does, but for the profile.
func (s *Session) end() error {
	s.fail(po.BrowserDied, "the session is closed")
	err := s.proc.Close()
	s.work.Wait()
	return errors.Join(err, os.RemoveAll(s.downloads))
}

// fail makes the browser of no more use: everything under way ends with the
// cause, and its processes are killed. Only the first call counts.
func (s *Session) fail(cause po.Cause, detail string) {
	s.cancel(&browserGone{cause: cause, detail: detail})
	s.proc.Kill()
}

// listen follows the browser's events until its pipe ends. It must not call
// the browser itself: answers come through the same reader.
func (s *Session) listen() {
	for event := range s.conn.events {
		switch event.Method {
		case "Fetch.requestPaused":
			s.paused(event.Params)
		case "Target.targetCreated":
			s.windowOpened(event.Params)
		case "Target.targetDestroyed":
			s.interceptor.targetClosed(event.Params)
		case "Target.attachedToTarget":
			s.workerStarted(event.Params)
		case "Inspector.targetCrashed":
			s.fail(po.BrowserDied, crashed)
		case "Page.javascriptDialogOpening":
			s.answerDialog(proto.TargetSessionID(event.SessionID))
		case "Browser.downloadWillBegin":
			s.onDownloadBegin(event.Params)
		case "Browser.downloadProgress":
			s.onDownloadProgress(event.Params)
		}
	}
	detail := "the browser's process ended"
	if line := s.proc.SystemError(); line != "" {
		detail += ": " + line
	}
	s.fail(po.BrowserDied, detail)
}

// ping notices a browser that lives and does not answer.
func (s *Session) ping() {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	lost := 0
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-tick.C:
		}
		if s.proc.Pipe.Heard() {
			lost = 0
		} else if lost++; lost == pingsLost {
			s.fail(po.BrowserHung, "the browser does not answer")
			return
		}
		s.async(func(w cdpClient) error {
			_, err := proto.BrowserGetVersion{}.Call(w)
			return err
		})
	}
}

// answerDialog dismisses what a page asks (alert, confirm, leaving), for a
// page stands still until it is answered.
func (s *Session) answerDialog(id proto.TargetSessionID) {
	s.async(func(w cdpClient) error {
		w.tab = id
		return proto.PageHandleJavaScriptDialog{Accept: true}.Call(w)
	})
}

// windowOpened closes a window that no click has opened, as a headless shell lets
// pages open them by themselves.
func (s *Session) windowOpened(params json.RawMessage) {
	var e proto.TargetTargetCreated
	if json.Unmarshal(params, &e) != nil || e.TargetInfo == nil || e.TargetInfo.Type != proto.TargetTargetInfoTypePage {
		return
	}
	uncalled, tooMany := s.interceptor.windowOpened(e.TargetInfo)
	switch {
	case tooMany:
		s.fail(po.BrowserDied, "the page opens windows without end")
	case uncalled:
		s.async(func(w cdpClient) error {
			_, err := proto.TargetCloseTarget{TargetID: e.TargetInfo.TargetID}.Call(w)
			return err
		})
	}
}

// async calls the browser on behalf of listen.
func (s *Session) async(call func(w cdpClient) error) {
	s.work.Go(func() {
		if err := call(s.browser(s.ctx)); err != nil && s.ctx.Err() == nil {
			s.config.Log.WithField("profile", s.profile.ID).Debugf("browser: %v", err)
		}
	})
}

// browser calls the browser's own commands.
func (s *Session) browser(ctx context.Context) cdpClient { return cdpClient{ctx: ctx, conn: s.conn} }

// page calls the commands of the tab.
func (s *Session) page(ctx context.Context) cdpClient {
	return cdpClient{ctx: ctx, conn: s.conn, tab: s.tab.id}
}

// openTab opens the session's tab. Full screen it costs the browser half of
// the time of one with a tab strip; that works only without a display.
func (s *Session) openTab(ctx context.Context) error {
	w := s.browser(ctx)
	params := map[string]any{"url": "about:blank", "newWindow": true}
	if !s.config.Headful {
		params["windowState"] = "fullscreen"
	}
	var target proto.TargetCreateTargetResult
	if err := w.raw("Target.createTarget", params, &target); err != nil {
		return err
	}
	attached, err := proto.TargetAttachToTarget{TargetID: target.TargetID, Flatten: true}.Call(w)
	if err != nil {
		return err
	}
	s.tab = tab{target: target.TargetID, id: attached.SessionID, stale: true} // until it tells us all
	s.interceptor.setMainFrame(proto.PageFrameID(target.TargetID))
	// Only the page's own domain tells of dialogs, and dialogs stop a page.
	if err := (proto.PageEnable{}).Call(s.page(ctx)); err != nil {
		return err
	}
	if !s.config.Headful {
		size := proto.EmulationSetDeviceMetricsOverride{Width: launch.ScreenWidth, Height: launch.ScreenHeight, Scale: new(tiny)}
		if err := size.Call(s.page(ctx)); err != nil {
			return err
		}
	}
	whole, each := 0, 0
	if s.config.Record {
		whole, each = maxRecorded, maxCallBytes
	}
	err = proto.NetworkEnable{MaxTotalBufferSize: &whole, MaxResourceBufferSize: &each, MaxPostDataSize: new(maxBodyBytes)}.Call(s.page(ctx))
	if err == nil {
		err = s.followWorkers(ctx)
	}
	if err == nil {
		err = s.fillsStorage(ctx)
	}
	s.tab.stale = err != nil
	return err
}

// maxBodyBytes is how much of a request's body is told: enough to know whether two
// requests are the same.
const maxBodyBytes = 16 << 10

// followWorkers has the page's workers wait until their requests are told too, which
// may be for its list.
func (s *Session) followWorkers(ctx context.Context) error {
	return s.page(ctx).raw("Target.setAutoAttach", map[string]any{
		"autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true,
		"filter": []map[string]any{{"type": "worker"}, {"exclude": true}},
	}, nil)
}

// workerStarted lets a worker that waits for it begin.
func (s *Session) workerStarted(params json.RawMessage) {
	var e proto.TargetAttachedToTarget
	if json.Unmarshal(params, &e) != nil || !e.WaitingForDebugger {
		return
	}
	s.async(func(w cdpClient) error {
		w.tab = e.SessionID
		err := proto.NetworkEnable{MaxPostDataSize: new(maxBodyBytes)}.Call(w)
		if s.interceptor.awaitsFiles() && !s.compressed.Load() {
			err = errors.Join(err, acceptEncoding(w, identity))
		}
		return errors.Join(err, proto.RuntimeRunIfWaitingForDebugger{}.Call(w))
	})
}

// tiny is the part of its size that a page without a window is drawn at, as nobody
// looks at it; it is laid out, and its scripts find it, at full size. That spares a
// fifth of the CPU time of an order, and two thirds of the memory that a page asks
// the system for (Chromium 156).
const tiny = 0.1

// freshTab replaces a tab that is of no more use. The new one comes first, so
// that the browser is never without.
func (s *Session) freshTab(ctx context.Context) error {
	if !s.tab.stale {
		return nil
	}
	old := s.tab.target
	if err := s.openTab(ctx); err != nil {
		return err
	}
	_, err := proto.TargetCloseTarget{TargetID: old}.Call(s.browser(ctx))
	if isProtocolError(err) {
		return nil // it is closed already
	}
	return err
}
