package browser

import (
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// Page is a session's tab on loan to a program's own work. One is open at a time, and
// one method runs at a time: both are the caller's to see to, and so is each method's
// deadline, which comes with its context. An error is a *po.ReadFailure; with the causes
// BrowserDied and BrowserHung the session is of no more use.
type Page struct {
	session *Session
	left    atomic.Pointer[string] // an address off the hosts that the page was to lead to
}

// OpenPage lends the tab, with nothing in it.
func (s *Session) OpenPage(ctx context.Context) (*Page, error) {
	p := &Page{session: s}
	s.pages, s.answered, s.number = nil, false, ""
	s.interceptor.requests.startOrder()
	s.failures.reset()
	return p, p.do(ctx, "", func(ctx context.Context) error {
		if err := s.freshTab(ctx); err != nil {
			return err
		}
		s.interceptor.setMode(modeRead, p.leaves)
		return nil
	})
}

// leaves notes that the page was to lead off the hosts.
func (p *Page) leaves(address string) { p.left.Store(&address) }

// Close takes the tab back; nothing of what was in it goes on. Where the work on order
// has failed, evidence of what it shows is kept, and named in the trace.
func (p *Page) Close(order po.Order, failure *po.ReadFailure) po.Trace {
	s := p.session
	after, done := context.WithTimeout(s.ctx, afterwards)
	defer done()
	s.conn.slow.Store(false)
	_ = s.closePopups(after)
	trace := po.Trace{Pages: s.pages}
	if failure != nil && failure.Cause != po.Interrupted && failure.Cause != po.DiskFull {
		trace.Evidence = s.evidence(after,
			subject{order: order, cause: failure.Cause, detail: failure.Detail, page: s.ctx.Err() == nil})
	}
	s.interceptor.setMode(modeRead, nil)
	if s.interceptor.clearRules() {
		_ = s.intercept(s.browser(after)) // what is paused without need is let pass
	}
	s.tab.stale = true
	if failure == nil || failure.Cause != po.Interrupted {
		_ = s.freshTab(after) // one that cannot be had is asked for again by the next
	}
	return trace
}

// do runs one step, and makes the best of what goes wrong.
func (p *Page) do(ctx context.Context, address string, step func(ctx context.Context) error) error {
	s := p.session
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.ctx, func() { cancel(context.Cause(s.ctx)) })()
	p.left.Store(nil)
	err := step(ctx)
	if err == nil {
		return nil
	}
	failure := asFailure(ctx, err, address)
	if end, ok := errors.AsType[*browserGone](context.Cause(s.ctx)); ok {
		failure = &po.ReadFailure{Cause: end.cause, Detail: end.detail}
	}
	if failure.Cause == po.BrowserDied || failure.Cause == po.BrowserHung {
		s.fail(failure.Cause, failure.Detail)
		_ = s.proc.WaitGone()
	}
	failure.Answered = failure.Answered || s.answered
	failure.URL, failure.Detail = po.PublicURL(failure.URL), po.MaskAddresses(failure.Detail)
	return failure
}

// Navigate opens an address and waits until the page is loaded, or has had its time to. It
// returns the HTTP status also with an error that is for that.
func (p *Page) Navigate(ctx context.Context, address string) (status int, err error) {
	s := p.session
	if u, err := url.Parse(address); err != nil || u.Host == "" {
		return 0, &po.ReadFailure{Cause: po.BlockedHost, Answered: true,
			Detail: "what Navigate was given is no address with a host, like https://example.com/"}
	}
	if !allowed(s.config.Portal, address) {
		return 0, p.blocked(address)
	}
	err = p.do(ctx, address, func(ctx context.Context) error {
		s.pages = append(s.pages, po.PublicURL(address))
		if err := s.leaveDocument(ctx, address); err != nil {
			return err
		}
		s.interceptor.requests.startPage(address)
		s.files.pageOpened()
		s.visited = time.Now()
		step, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		s.interceptor.setMode(modeRead, func(url string) { stop(&offPortalError{url: url}) })
		defer s.interceptor.onLeaving(p.leaves)
		err := s.navigate(step, address)
		if off, ok := errors.AsType[*offPortalError](context.Cause(step)); ok {
			s.tab.stale = true
			if err := s.freshTab(ctx); err != nil {
				return err
			}
			return p.blocked(off.url)
		}
		if status, err = p.answer(err); err != nil {
			return err
		}
		return p.loaded(ctx)
	})
	return status, err
}

// answer judges the answer that the tab's document came with; err is what the browser says.
func (p *Page) answer(err error) (status int, _ error) {
	s := p.session
	a := s.interceptor.lastAnswer()
	s.answered = s.answered || a.Status != 0
	if failure := serverFailure(a, time.Now()); failure != nil {
		failure.Status = a.Status
		return a.Status, failure
	}
	failure, ok := errors.AsType[*po.ReadFailure](err)
	switch {
	case ok && a.Status >= http.StatusBadRequest: // without a page, and none is needed
		return a.Status, nil
	case ok && failure.Cause == po.UnrecognisedPage:
		failure.Detail = "the address gives a file or nothing instead of a page"
	}
	return a.Status, err
}

// blocked is the failure of an address that is on none of the hosts allowed. With a
// portal it may be where one signs in.
func (p *Page) blocked(address string) *po.ReadFailure {
	def := p.session.config.Portal
	if def.BaseURL != "" && signOffPortal(def, address) == po.SignSignedOut {
		return &po.ReadFailure{Cause: po.SignedOut, Detail: "the page leads to a sign-in page",
			URL: po.PublicURL(address), Answered: true}
	}
	return &po.ReadFailure{Cause: po.BlockedHost, URL: po.PublicURL(address), Answered: true,
		Detail: "the page leads to " + hostOf(address) + ", which is not one of the hosts allowed"}
}

// loadLimit is how long a page is given to load all that stands in it: some never do.
const loadLimit = 10 * time.Second

// loaded waits until the page is loaded.
func (p *Page) loaded(ctx context.Context) error {
	return p.eval(ctx, fmt.Sprintf(`new Promise((resolve) => {
		if (document.readyState === 'complete') return resolve(true);
		addEventListener('load', () => resolve(true), {once: true});
		setTimeout(resolve, %d, false);
	})`, loadLimit.Milliseconds()), nil)
}

// eval runs a script of ours in the page, again where the page is just being left.
func (p *Page) eval(ctx context.Context, script string, result any) error {
	for {
		w := p.session.page(ctx)
		world, err := w.isolatedWorld(proto.PageFrameID(p.session.tab.target))
		if err == nil {
			err = w.take(world, script, result)
		}
		if !isProtocolError(err) {
			return err
		}
		if err := pause(ctx, retryPause); err != nil {
			return err
		}
	}
}

//go:embed workpage.js
var workpageJS string

// find waits until the page has an element that matches, one that is to be seen where
// visible is set, and does something with it. result may be nil.
func (p *Page) find(ctx context.Context, selector string, visible bool, action string, arg, result any) error {
	parts, err := json.Marshal([]any{selector, visible, action, arg, time.Second.Milliseconds()})
	if err != nil {
		return err
	}
	script := fmt.Sprintf("(%s)(...%s)", workpageJS, parts)
	for {
		var found struct {
			Found bool
			Wrong string
			Value json.RawMessage
		}
		err := p.look(ctx, script, action == "click", &found)
		switch {
		case err != nil && ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
			return &po.ReadFailure{Cause: po.Timeout, Answered: true,
				Detail: "the page shows nothing that matches " + po.Clip(selector, 200)}
		case err != nil:
			return err
		case found.Wrong != "":
			return &po.ReadFailure{Cause: po.TaskFailed, Final: true, Detail: po.Clip(found.Wrong, 300)}
		case found.Found && result != nil:
			return json.Unmarshal(found.Value, result)
		case found.Found:
			return nil
		}
		if off := p.left.Load(); off != nil {
			return p.blocked(*off)
		}
	}
}

// look is one look of find, which is not repeated where it may have clicked.
func (p *Page) look(ctx context.Context, script string, gesture bool, result any) error {
	if !gesture {
		return p.eval(ctx, script, result)
	}
	w := p.session.page(ctx)
	world, err := w.isolatedWorld(proto.PageFrameID(p.session.tab.target))
	if err == nil {
		err = w.run(world, script, true, result)
	}
	return err
}

// WaitFor waits until the page shows an element that matches.
func (p *Page) WaitFor(ctx context.Context, selector string) error {
	return p.do(ctx, "", func(ctx context.Context) error { return p.find(ctx, selector, true, "", nil, nil) })
}

// Text is the text of the first element that matches, which need not be visible.
func (p *Page) Text(ctx context.Context, selector string) (text string, err error) {
	err = p.do(ctx, "", func(ctx context.Context) error { return p.find(ctx, selector, false, "text", nil, &text) })
	return text, err
}

// HTML is the page as it stands.
func (p *Page) HTML(ctx context.Context) (text string, err error) {
	err = p.do(ctx, "", func(ctx context.Context) error {
		return p.eval(ctx, "document.documentElement ? document.documentElement.outerHTML : ''", &text)
	})
	return text, err
}

// Type makes a text the value of a field.
func (p *Page) Type(ctx context.Context, selector, text string) error {
	return p.do(ctx, "", func(ctx context.Context) error { return p.find(ctx, selector, true, "type", text, nil) })
}

// leavingAfter is how soon after a click a page asks for the one that it leads to.
const leavingAfter = 150 * time.Millisecond

// Click clicks the first element that matches and is visible. Where that leads to another
// page, it waits until this is loaded.
func (p *Page) Click(ctx context.Context, selector string) error {
	return p.do(ctx, "", func(ctx context.Context) error {
		s := p.session
		s.interceptor.setMode(modeRead, p.leaves)
		documents := s.documents.Load()
		if err := p.click(ctx, selector); err != nil {
			return err
		}
		for begun := time.Now(); ; {
			off := p.left.Load()
			switch asked := s.interceptor.isLeaving(); {
			case off != nil:
				return p.blocked(*off)
			case s.documents.Load() != documents:
				if _, err := p.answer(nil); err != nil {
					return err
				}
				return p.loaded(ctx)
			case !asked && time.Since(begun) > leavingAfter, s.interceptor.lastAnswer().isFile():
				return nil
			}
			if err := pause(ctx, retryPause/2); err != nil {
				return err
			}
		}
	})
}

// click waits for the element, and clicks it once.
func (p *Page) click(ctx context.Context, selector string) error {
	err := p.find(ctx, selector, true, "", nil, nil)
	if err == nil {
		err = p.find(ctx, selector, true, "click", nil, nil)
	}
	if isProtocolError(err) {
		return nil // the page is being left
	}
	return err
}

// Eval calls a function of JavaScript in the page, with arguments as JSON, and decodes what
// it returns, or what its promise becomes, into result, which may be nil.
func (p *Page) Eval(ctx context.Context, function string, result any, args ...any) error {
	if args == nil {
		args = []any{}
	}
	list, err := json.Marshal(args)
	if err != nil {
		return &po.ReadFailure{Cause: po.TaskFailed, Final: true, Detail: "the arguments of a script: " + err.Error()}
	}
	return p.do(ctx, "", func(ctx context.Context) error {
		err := p.session.page(ctx).take(0, fmt.Sprintf("(%s\n)(...%s)", function, list), result)
		if thrown, ok := errors.AsType[*scriptError](err); ok {
			return &po.ReadFailure{Cause: po.TaskFailed, Answered: true, Detail: thrown.Error()}
		}
		if isProtocolError(err) { // also a result that JSON cannot have
			return &po.ReadFailure{Cause: po.TaskFailed, Answered: true,
				Detail: "a script in the page gave no result, or the page was left: " + po.Clip(err.Error(), 200)}
		}
		return err
	})
}

// Screenshot is what the page shows, as PNG.
func (p *Page) Screenshot(ctx context.Context) (png []byte, err error) {
	err = p.do(ctx, "", func(ctx context.Context) error {
		shot, err := proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng}.Call(p.session.page(ctx))
		switch {
		case err != nil:
			return err
		case len(shot.Data) > MaxAnswer:
			return tooLarge("the screenshot", int64(len(shot.Data)))
		}
		png = shot.Data
		return nil
	})
	return png, err
}

// Credentials are what HTTP needs to be taken for this browser, now.
func (p *Page) Credentials(ctx context.Context) (c po.Credentials, err error) {
	err = p.do(ctx, "", func(ctx context.Context) error {
		var address string
		err := p.eval(ctx, "location.href", &address)
		if err == nil {
			c, err = p.session.credentials(ctx, strings.TrimPrefix(address, blank))
		}
		return err
	})
	return c, err
}

// SaveDownload clicks the first element that matches and is visible, and returns the one
// file that the browser saves then: loose, and still to be checked.
func (p *Page) SaveDownload(ctx context.Context, selector string) (file po.Attachment, err error) {
	err = p.do(ctx, "", func(ctx context.Context) error {
		s := p.session
		if err := p.find(ctx, selector, true, "", nil, nil); err != nil {
			return err
		}
		s.saved = map[string]*download{}
		parts, err := s.getFile(ctx, modeSave, nil, po.Attachment{}, func() error { return p.click(ctx, selector) })
		s.interceptor.setMode(modeRead, p.leaves)
		switch {
		case err != nil:
			return err
		case len(parts) != 1:
			return &po.ReadFailure{Cause: po.DownloadRejected, Answered: true,
				Detail: fmt.Sprintf("the click gives %d files", len(parts))}
		case parts[0].Saved == "":
			return &po.ReadFailure{Cause: cmp.Or(parts[0].Cause, po.DownloadRejected), Answered: true,
				Detail: strings.TrimSpace(parts[0].Detail + " " + parts[0].Refusal)}
		}
		file = parts[0]
		return nil
	})
	return file, err
}

// Intercept decides what becomes of the page's requests to addresses that match a pattern,
// in which * stands for anything and ? for one character, until the page is closed.
func (p *Page) Intercept(ctx context.Context, pattern string, what po.Interception) error {
	return p.do(ctx, "", func(ctx context.Context) error {
		p.session.interceptor.addRule(pattern, what)
		return p.session.intercept(p.session.browser(ctx))
	})
}
