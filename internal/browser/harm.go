package browser

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/go-rod/rod/lib/cdp"
	"github.com/go-rod/rod/lib/proto"
)

// Harm is what can be done to a browser on purpose, in fault runs.
type Harm string

// The harms, and how a session ends with them.
const (
	// HarmKill kills the browser's processes: po.BrowserDied, at once.
	HarmKill Harm = "kill"
	// HarmStop stops them, so that the browser lives and does not answer:
	// po.BrowserHung, when pings are lost. Windows has no such means, which the
	// error says (errors.ErrUnsupported).
	HarmStop Harm = "stop"
	// HarmCrash crashes the tab's process: po.BrowserDied, at once. Where the
	// tab waits for a page it strikes when that has come.
	HarmCrash Harm = "crash"
	// HarmCut closes our ends of the browser's pipe: po.BrowserDied, at once.
	HarmCut Harm = "cut"
	// HarmSlow has each command to the browser take SlowBy longer until the
	// Read under way ends, or the next one where none is. The session goes on.
	HarmSlow Harm = "slow"
	// HarmSignOut clears all cookies: the session goes on, signed out.
	HarmSignOut Harm = "sign_out"
)

// SlowBy is what HarmSlow adds to a command.
const SlowBy = 150 * time.Millisecond

// Harm does harm to the browser, also beside a Read. It returns when the harm is
// done, which the session may not have noticed yet. ctx and the session's life
// bound what asks the browser (HarmCrash, HarmSignOut). A session that is of no
// more use already is left alone, and the error says why it is.
func (s *Session) Harm(ctx context.Context, h Harm) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	err := context.Cause(s.ctx)
	if err == nil {
		err = s.harm(ctx, h)
	}
	if err != nil {
		return fmt.Errorf("harm the browser (%s): %w", h, err)
	}
	return nil
}

func (s *Session) harm(ctx context.Context, h Harm) error {
	switch h {
	case HarmKill:
		s.proc.Kill()
	case HarmStop:
		return s.proc.Stop()
	case HarmCrash:
		return s.crash(ctx)
	case HarmCut:
		s.proc.Pipe.Close()
	case HarmSlow:
		s.line.slow.Store(true)
	case HarmSignOut:
		return proto.StorageClearCookies{}.Call(s.browser(ctx))
	default:
		return errors.New("there is no such harm")
	}
	return nil
}

// crash has the tab's process crash. The command for it is refused while the tab
// waits for a page, so that it is repeated, and else never answered: the session
// sees the crash. It goes by an attachment of its own to the tab, for s.tab
// belongs to the Read under way.
func (s *Session) crash(ctx context.Context) error {
	for {
		err := s.crashOnce(ctx)
		if refused(err) && pause(ctx, retryPause) == nil {
			continue
		}
		if s.ctx.Err() != nil {
			return s.endedOtherwise()
		}
		return err
	}
}

// endedOtherwise is why the session has ended, unless the page has crashed.
func (s *Session) endedOtherwise() error {
	end := context.Cause(s.ctx)
	if g, ok := errors.AsType[*gone](end); ok && g.detail == crashed {
		return nil
	}
	return end
}

func (s *Session) crashOnce(ctx context.Context) error {
	w := s.browser(ctx)
	attached, err := proto.TargetAttachToTarget{TargetID: s.guard.tab(), Flatten: true}.Call(w)
	if err != nil {
		return err
	}
	w.tab = attached.SessionID
	err = proto.PageCrash{}.Call(w)
	_ = proto.TargetDetachFromTarget{SessionID: attached.SessionID}.Call(s.browser(ctx))
	return err
}

// line is the client of the protocol, which HarmSlow makes slow.
type line struct {
	*cdp.Client
	slow atomic.Bool
}

// Call hides the client's own.
func (l *line) Call(ctx context.Context, tab, method string, params any) ([]byte, error) {
	if l.slow.Load() {
		if err := pause(ctx, SlowBy); err != nil {
			return nil, err
		}
	}
	return l.Client.Call(ctx, tab, method, params)
}
