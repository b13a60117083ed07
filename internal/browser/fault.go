package browser

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/fault"
)

// SlowBy is what fault.CDPSlow adds to a command.
const SlowBy = 150 * time.Millisecond

// InjectFault injects a fault into the browser, also beside a Read. The session then
// ends, or goes on, so:
//
//   - fault.BrowserKill kills the browser's processes: po.BrowserDied, at once.
//   - fault.BrowserStop stops them, so that the browser lives and does not answer:
//     po.BrowserHung, when pings are lost. Windows has no such means, which the error
//     says (errors.ErrUnsupported).
//   - fault.RendererCrash crashes the tab's process: po.BrowserDied, at once. Where the
//     tab waits for a page it crashes when that has come.
//   - fault.CDPCut closes our ends of the browser's pipe: po.BrowserDied, at once.
//   - fault.CDPSlow has each command to the browser take SlowBy longer until the Read
//     under way ends, or the next one where none is. The session goes on.
//   - fault.ProfileSignOut clears all cookies: the session goes on, signed out.
//
// It returns when that is done, which the session may not have noticed yet. ctx and the
// session's life bound what asks the browser. A session that is of no more use already is
// left alone, and the error says why it is.
func (s *Session) InjectFault(ctx context.Context, k fault.Kind) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.ctx, cancel)()
	err := context.Cause(s.ctx)
	if err == nil {
		err = s.injectFault(ctx, k)
	}
	if err != nil {
		return fmt.Errorf("inject a fault into the browser (%s): %w", k, err)
	}
	return nil
}

func (s *Session) injectFault(ctx context.Context, k fault.Kind) error {
	switch k {
	case fault.BrowserKill:
		s.proc.Kill()
	case fault.BrowserStop:
		return s.proc.Stop()
	case fault.RendererCrash:
		return s.crash(ctx)
	case fault.CDPCut:
		s.proc.Pipe.Close()
	case fault.CDPSlow:
		s.conn.slow.Store(true)
	case fault.ProfileSignOut:
		return proto.StorageClearCookies{}.Call(s.browser(ctx))
	default:
		return errors.New("there is no such fault")
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
		if isProtocolError(err) && pause(ctx, retryPause) == nil {
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
	if g, ok := errors.AsType[*browserGone](end); ok && g.detail == crashed {
		return nil
	}
	return end
}

func (s *Session) crashOnce(ctx context.Context) error {
	w := s.browser(ctx)
	attached, err := proto.TargetAttachToTarget{TargetID: s.interceptor.tabTarget(), Flatten: true}.Call(w)
	if err != nil {
		return err
	}
	w.tab = attached.SessionID
	err = proto.PageCrash{}.Call(w)
	_ = proto.TargetDetachFromTarget{SessionID: attached.SessionID}.Call(s.browser(ctx))
	return err
}
