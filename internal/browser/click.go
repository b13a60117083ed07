package browser

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// click clicks an attachment and takes the address that it leads to, or, where
// there is no such address or keep is set, has the browser save the file. A click
// that gives several files makes several attachments of the one. sure says that it
// was the attachment's own element for all that is known.
func (s *Session) click(
	ctx context.Context, at *listPage, a po.Attachment, keep bool,
) (parts []po.Attachment, sure bool, err error) {
	index, sure, err := s.findItem(ctx, at, a.ID)
	switch {
	case err != nil:
		return nil, false, err
	case index < 0:
		a.Cause, a.Detail = po.DownloadRejected, "the page lists it no more"
		return []po.Attachment{a}, true, nil
	case !at.ready:
		at.fresh = false
		a.Cause, a.Detail = po.Timeout, "the page's scripts did not come in time"
		return []po.Attachment{a}, true, nil
	}
	m := modeCapture
	if keep {
		m = modeSave
	}
	method := at.seen.Items[index].Method
	world := at.seen.world
	at.named, at.click = namesOneFile(a.Name), func() error { return s.clickItem(ctx, world, index) }
	parts, err = s.getFile(ctx, m, at, a, at.click)
	for i := range parts {
		if method && parts[i].URL != "" {
			parts[i].URL, parts[i].Cause, parts[i].Detail = "", po.DownloadRejected, "the page's script did not take the click"
		}
	}
	return parts, sure, err
}

// saveURL has the browser save what an attachment's address gives.
func (s *Session) saveURL(ctx context.Context, at *listPage, a po.Attachment) (po.Attachment, error) {
	if s.tab.stale { // it may still wait for the file before
		at.fresh = false
		if err := s.freshTab(ctx); err != nil {
			return a, err
		}
	}
	parts, err := s.getFile(ctx, modeSave, nil, a, func() error {
		ctx, cancel := context.WithTimeout(ctx, s.config.Times.Idle)
		defer cancel()
		answer, err := proto.PageNavigate{URL: a.URL, Referrer: at.seen.URL}.Call(s.page(ctx))
		switch {
		case err != nil:
			return err
		case answer.ErrorText == "", answer.ErrorText == "net::ERR_ABORTED", // a download is aborted
			answer.ErrorText == "net::"+noBody, answer.ErrorText == "net::"+noCredentials:
			return nil // the answer is known
		}
		return &navigationError{answer.ErrorText}
	})
	if err != nil {
		return a, err
	}
	at.fresh = at.fresh && parts[0].Saved != ""
	return parts[0], nil
}

// navigationError is the browser's word for why it has no answer of an address.
type navigationError struct{ text string }

func (e *navigationError) Error() string { return "the browser could not get the file: " + e.text }

// getFile does something that should give a file, and tells what came of it: the
// attachment with that noted in it, or one for each of several files. at is nil
// where nothing is clicked.
func (s *Session) getFile(
	ctx context.Context, m mode, at *listPage, a po.Attachment, act func() error,
) ([]po.Attachment, error) {
	clicked := at != nil
	if !clicked {
		at = &listPage{}
	}
	s.interceptor.setMode(m, nil)
	defer s.interceptor.setMode(modeRead, nil)
	defer s.files.expect()()
	defer s.activity.watch()()
	compress, err := s.refuseCompression(ctx)
	defer compress()
	if err == nil {
		err = act()
	}
	if text, ok := errors.AsType[*navigationError](err); ok {
		a.Cause, a.Detail = po.PortalError, text.Error()
		return []po.Attachment{a}, nil
	}
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		at.fresh, s.tab.stale = false, true
		a.Cause, a.Detail = po.Timeout, "the page or the portal did not react in time"
		return []po.Attachment{a}, nil
	case err != nil && !isProtocolError(err): // the page may be left while it is clicked
		return nil, err
	}
	parts := []po.Attachment{a}
	got, err := s.awaitResult(ctx, at, clicked)
	if err == nil {
		parts, err = s.recordResult(ctx, got, at, a)
	}
	if at.single++; len(parts) != 1 || parts[0].Cause != "" {
		at.single = 0
	}
	return parts, errors.Join(err, s.closePopups(ctx))
}

// clickItem clicks an element of the list by script, so that nothing that lies
// over it is in the way.
func (s *Session) clickItem(ctx context.Context, world, index int) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click)
	defer cancel()
	page := s.page(ctx)
	if _, err := inspectViewer(page, world, "mark"); err != nil {
		return err
	}
	return page.run(world, fmt.Sprintf(pressJS, index), true, nil)
}

// pressJS answers before the click's effects, some of which hold up the page. It notes
// whether the page had loaded all that it was given by then.
const pressJS = `(() => {
	globalThis.poactorEarly = document.readyState !== 'complete';
	const el = poactorItems[%d].el;
	el.click ? el.click() : el.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true}));
})()`

// closePopups closes every window but the tab. It costs nothing where there is
// none.
func (s *Session) closePopups(ctx context.Context) error {
	for _, id := range s.interceptor.popups() {
		if _, err := (proto.TargetCloseTarget{TargetID: id}).Call(s.browser(ctx)); err != nil && !isProtocolError(err) {
			return err
		}
	}
	return nil
}
