package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// How long a page that came instead of a file is given.
const (
	fileGrace = 300 * time.Millisecond // to begin a download
	signGrace = 200 * time.Millisecond // after that, once it is whole, to show that it is for signing in
)

// place is the page with an order's list, while the browser works on it.
type place struct {
	seen  sighting
	fresh bool // it is still what was seen: nothing of an earlier click goes on
}

// effect is what came of a click or of an address that should give a file.
type effect struct {
	file *download // it began
	page *document // a page came, was taken or was refused instead
	late bool      // the portal was asked, and did not answer
}

// click clicks an attachment and takes the address that it leads to, or, where
// there is no such address or keep is set, has the browser save the file.
func (s *Session) click(ctx context.Context, at *place, a *po.Attachment, keep bool) error {
	index, err := s.find(ctx, at, a.ID)
	if err != nil {
		return err
	}
	if index < 0 {
		a.Cause, a.Detail = po.DownloadRejected, "the page lists it no more"
		return nil
	}
	m := modeTake
	if keep {
		m = modeSave
	}
	return s.obtain(ctx, m, at, a, func() error { return s.press(ctx, at.seen.world, index) })
}

// saveURL has the browser save what an attachment's address gives.
func (s *Session) saveURL(ctx context.Context, at *place, a *po.Attachment) error {
	return s.obtain(ctx, modeSave, at, a, func() error {
		ctx, cancel := context.WithTimeout(ctx, s.config.Times.Silence)
		defer cancel()
		answer, err := proto.PageNavigate{URL: a.URL, Referrer: at.seen.URL}.Call(s.page(ctx))
		switch {
		case err != nil:
			return err
		case answer.ErrorText == "", answer.ErrorText == "net::ERR_ABORTED", answer.ErrorText == "net::"+noBody: // a download is aborted
		default:
			at.fresh = false
			a.Cause, a.Detail = po.PortalError, "the browser could not get the file: "+answer.ErrorText
		}
		return nil
	})
}

// obtain does something that should give a file and notes in the attachment
// what came of it.
func (s *Session) obtain(ctx context.Context, m mode, at *place, a *po.Attachment, act func() error) error {
	s.guard.set(m, nil)
	defer s.guard.set(modeRead, nil)
	defer s.files.expect()()
	err := act()
	switch {
	case err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded):
		at.fresh, s.tab.stale = false, true
		a.Cause, a.Detail = po.Timeout, "the page or the portal did not react in time"
		return nil
	case err != nil && !refused(err): // the page may be left while it is clicked
		return err
	case a.Cause != "":
		return nil
	}
	got, err := s.await(ctx)
	if err == nil {
		err = s.settle(ctx, got, at, a)
	}
	return errors.Join(err, s.closePopups(ctx))
}

// press clicks an element of the list by script, so that nothing that lies
// over it is in the way.
func (s *Session) press(ctx context.Context, world, index int) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click)
	defer cancel()
	return s.page(ctx).run(world, fmt.Sprintf(pressJS, index), true, nil)
}

// pressJS answers before the click's effects, some of which hold up the page.
const pressJS = `(() => { const el = poactorItems[%d]; el.click ? el.click() : el.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); })()`

// await follows what the guard and the downloads show until it is clear what
// came of an act. What happens beside the page, in frames and new windows,
// counts only if nothing better comes.
func (s *Session) await(ctx context.Context) (effect, error) {
	var beside effect
	out := false // a request is, of which nothing has come
	late := time.NewTimer(s.config.Times.Click)
	defer late.Stop()
	for {
		select {
		case d := <-s.files.begun:
			// A link to be downloaded begins a download too when its address was taken,
			// which then breaks off.
			for len(s.guard.seen) > 0 {
				if page := <-s.guard.seen; page.Taken {
					return effect{page: &page}, nil
				}
			}
			return effect{file: d}, nil
		case d := <-s.guard.seen:
			switch {
			case d.Taken, d.Foreign && d.Main, d.Main && d.isPage():
				return effect{page: &d}, nil
			case d.Foreign, d.isPage():
				beside = effect{page: &d}
				late.Reset(s.config.Times.Click) // a download may still begin
			case beside.page != nil: // whatever else goes on, it gets no more time
			case d.Status == 0:
				out = true
				late.Reset(s.config.Times.Silence)
			default:
				out = false
				late.Reset(s.config.Times.Click)
			}
		case <-late.C:
			beside.late = out && beside.page == nil
			return beside, nil
		case <-ctx.Done():
			return effect{}, ctx.Err()
		}
	}
}

// isPage reports whether an answer is shown, not saved. Redirects are neither.
func (d document) isPage() bool {
	return d.Status >= 400 || d.Status >= 200 && d.Status < 300 && d.Status != 204 && d.HTML
}

// isFile reports whether an answer is saved as a file at a click's time.
func (d document) isFile() bool { return d.Status == http.StatusOK && !d.HTML }

// settle notes an effect in the attachment.
func (s *Session) settle(ctx context.Context, got effect, at *place, a *po.Attachment) error {
	switch {
	case got.file != nil:
		return s.save(ctx, got.file, a)
	case got.late:
		at.fresh, s.tab.stale = false, true
		a.Cause, a.Detail = po.Timeout, "the portal did not answer in time"
	case got.page == nil:
		at.fresh = false // what is late would be taken for the next one's
		a.Cause, a.Detail = po.DownloadRejected, "nothing came of the link"
	case got.page.Taken:
		a.URL = got.page.URL
	case got.page.Foreign:
		return s.strayed(*got.page, at, a)
	default:
		return s.turned(ctx, *got.page, at, a)
	}
	return nil
}

// strayed is a link that leads off the portal's hosts.
func (s *Session) strayed(d document, at *place, a *po.Attachment) error {
	at.fresh = false
	if d.Redirected && offHosts(s.config.Portal, d.URL) == po.SignSignedOut {
		return &po.ReadFailure{Cause: po.SignedOut, Detail: "a file led to a sign-in page", URL: withoutQuery(d.URL)}
	}
	a.Cause, a.Detail = po.BlockedHost, "the link leads to "+hostOf(d.URL)+", which is not one of the portal's hosts"
	return nil
}

// turned is a link that gave a page instead of a file.
func (s *Session) turned(ctx context.Context, d document, at *place, a *po.Attachment) error {
	at.fresh = false
	sign := statusSign(s.config.Portal, d.Status)
	if s.config.Portal.Signs.SignedOut.MatchesURL(d.URL) {
		sign = po.SignSignedOut
	}
	if d.Main && sign == "" && d.Status < 400 {
		file, seen, err := s.watchPage(ctx)
		switch {
		case file != nil:
			return s.save(ctx, file, a)
		case err != nil && ctx.Err() != nil:
			return err
		}
		sign = po.Sign(seen.Sign)
	}
	a.Cause, a.Detail = po.DownloadRejected, "the link gives a page, not a file"
	switch failure := serverFailure(d, time.Now()); {
	case sign == po.SignSignedOut:
		return &po.ReadFailure{Cause: po.SignedOut, Detail: "a file led to the sign-in page", URL: withoutQuery(d.URL)}
	case failure != nil:
		a.Cause, a.Detail = failure.Cause, failure.Detail
	case d.Status == 403:
		a.Cause, a.Detail = po.Forbidden, "the portal refuses the file"
	case d.Status >= 400:
		a.Detail = fmt.Sprintf("the portal answered %d", d.Status)
	}
	return nil
}

// watchPage looks at a page that came instead of a file. Some say that the
// download will begin shortly.
func (s *Session) watchPage(ctx context.Context) (*download, sighting, error) {
	late := time.NewTimer(fileGrace)
	defer late.Stop()
	select {
	case file := <-s.files.begun:
		return file, sighting{}, nil
	case <-late.C:
	case <-ctx.Done():
		return nil, sighting{}, ctx.Err()
	}
	seen, err := s.observeWhole(ctx)
	select {
	case file := <-s.files.begun:
		return file, seen, nil
	default:
		return nil, seen, err
	}
}

// observeWhole looks for a sign on a page that should have been a file: until
// the page is whole and at rest, and no longer than a click may take.
func (s *Session) observeWhole(ctx context.Context) (sighting, error) {
	deadline := time.Now().Add(s.config.Times.Click)
	for {
		seen, err := s.observe(ctx, s.spec.text, "", signGrace)
		leaving := po.CauseOf(err) == po.UnrecognisedPage
		loading := err == nil && seen.Sign == "timeout" && seen.Ready != "complete"
		if !leaving && !loading || time.Now().After(deadline) {
			return seen, err
		}
	}
}

// find says which item of the list an attachment is, on a page that is fresh;
// -1 if the page lists it no more.
func (s *Session) find(ctx context.Context, at *place, id string) (int, error) {
	if !at.fresh {
		if err := s.freshTab(ctx); err != nil {
			return 0, err
		}
		seen, err := s.visit(ctx, at.seen.address)
		if err != nil {
			return 0, err
		}
		if seen.Sign == string(po.SignSignedOut) {
			return 0, &po.ReadFailure{Cause: po.SignedOut, Detail: "the session ended while files were fetched", URL: seen.URL}
		}
		*at = place{seen: seen, fresh: true}
	}
	list, indexes := s.lister.attachments(at.seen.Items)
	for i, a := range list {
		if a.ID == id && !at.seen.Items[indexes[i]].Gone {
			return indexes[i], nil
		}
	}
	return -1, nil
}

// closePopups closes every window but the tab. It costs nothing where there is
// none.
func (s *Session) closePopups(ctx context.Context) error {
	for _, id := range s.guard.popups() {
		if _, err := (proto.TargetCloseTarget{TargetID: id}).Call(s.browser(ctx)); err != nil && !refused(err) {
			return err
		}
	}
	return nil
}
