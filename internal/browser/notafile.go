package browser

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// How long a page that came instead of a file is given.
const (
	fileGrace = 300 * time.Millisecond // to begin a download
	signGrace = 200 * time.Millisecond // after that, once it is whole, to show that it is for signing in
)

// isPage reports whether an answer is shown, not saved. Redirects are neither.
func (d document) isPage() bool {
	return d.Status >= 400 || d.Status >= 200 && d.Status < 300 && d.Status != 204 && d.HTML
}

// isFile reports whether an answer is saved as a file at a click's time.
func (d document) isFile() bool { return d.Status == http.StatusOK && !d.HTML }

// leftPortal is a link that leads off the portal's hosts.
func (s *Session) leftPortal(d document, at *listPage, a *po.Attachment) error {
	at.fresh = false
	if d.Redirected && signOffPortal(s.config.Portal, d.URL) == po.SignSignedOut {
		return &po.ReadFailure{Cause: po.SignedOut, Detail: "a file led to a sign-in page", URL: po.PublicURL(d.URL)}
	}
	a.Cause, a.Detail = po.BlockedHost, "the link leads to "+hostOf(d.URL)+", which is not one of the portal's hosts"
	return nil
}

// gotPage is a link that gave a page instead of a file.
func (s *Session) gotPage(ctx context.Context, d document, at *listPage, a po.Attachment) ([]po.Attachment, error) {
	at.fresh = false
	sign := statusSign(s.config.Portal, d.Status)
	if s.config.Portal.Signs.SignedOut.MatchesURL(d.URL) {
		sign = po.SignSignedOut
	}
	if d.Main && sign == "" && d.Status < 400 {
		file, seen, err := s.watchLatePage(ctx)
		if err == nil && (file == nil && seen.Sign == "timeout" || file != nil && !s.interceptor.isTopFrame(file.frame)) {
			file, err = s.fileFromViewer(ctx, at, file)
		}
		switch {
		case file != nil:
			err := s.save(ctx, file, &a)
			return []po.Attachment{a}, err
		case err != nil && ctx.Err() != nil:
			return nil, err
		}
		sign = po.Sign(seen.Sign)
	}
	a.Refusal = s.refusal(ctx, d)
	err := s.notAFile(d, sign, &a)
	return []po.Attachment{a}, err
}

// refusalTimeout bounds the look at a page that came instead of a file.
const refusalTimeout = time.Second

// refusal is what the portal said with a page that came instead of a file. Only of the
// tab's own page there is more than the status.
func (s *Session) refusal(ctx context.Context, d document) string {
	ctx, cancel := context.WithTimeout(ctx, refusalTimeout)
	defer cancel()
	secrets, err := s.secrets(ctx)
	if err != nil || !d.Main {
		return po.PortalAnswer(d.Status, "")
	}
	w := s.page(ctx)
	var text string
	world, err := w.isolatedWorld(proto.PageFrameID(s.tab.target))
	if err == nil {
		err = w.evaluate(world, "((document.body && document.body.innerText.trim()) || document.title).slice(0, 4000)", &text)
	}
	if err != nil {
		text = ""
	}
	return po.PortalAnswer(d.Status, text, secrets...)
}

// fileFromViewer gets the document of a viewer that came in place of the page. preview is what
// a frame of it has begun to show; nil if nothing.
func (s *Session) fileFromViewer(ctx context.Context, at *listPage, preview *download) (*download, error) {
	late := time.NewTimer(s.config.Times.Click)
	defer late.Stop()
	var c viewerChoice
	var whole time.Time // when the page was first seen to be
	for asked := false; ; {
		if !asked {
			offers := s.findViewers(ctx, at, true)
			if whole.IsZero() && len(offers) > 0 && offers[0].Ready {
				whole = time.Now()
			}
			c = chooseDocument(offers)
			switch {
			case c.several:
				return nil, nil
			case preview != nil && c.control == nil && slices.ContainsFunc(offers, func(o viewer) bool { return o.Ready }):
				return preview, nil
			case c.control != nil || c.shown != "" && preview == nil:
				if preview != nil {
					s.cancelAll([]*download{preview})
				}
				if err := s.openChoice(ctx, at, c); err != nil && !isProtocolError(err) {
					return nil, err
				}
				asked = true
			case !whole.IsZero() && time.Since(whole) > s.config.Times.NextFile:
				return nil, nil // it is no viewer
			}
		}
		select {
		case file := <-s.files.started:
			if asked || s.interceptor.isTopFrame(file.frame) {
				return file, nil
			}
			preview = file
		case <-time.After(100 * time.Millisecond):
		case <-late.C:
			return nil, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// notAFile says why a page came.
func (s *Session) notAFile(d document, sign po.Sign, a *po.Attachment) error {
	a.Cause, a.Detail = po.DownloadRejected, "the link gives a page, not a file"
	switch failure := serverFailure(d, time.Now()); {
	case sign == po.SignSignedOut:
		return &po.ReadFailure{Cause: po.SignedOut, Detail: "a file led to the sign-in page", URL: po.PublicURL(d.URL)}
	case failure != nil:
		a.Cause, a.Detail = failure.Cause, failure.Detail
	case d.Status == 403:
		a.Cause, a.Detail = po.Forbidden, "the portal refuses the file"
	case d.Status >= 400:
		a.Detail = fmt.Sprintf("the portal answered %d", d.Status)
	}
	return nil
}

// watchLatePage looks at a page that came instead of a file. Some say that the
// download will begin shortly.
func (s *Session) watchLatePage(ctx context.Context) (*download, observation, error) {
	late := time.NewTimer(fileGrace)
	defer late.Stop()
	select {
	case file := <-s.files.started:
		return file, observation{}, nil
	case <-late.C:
	case <-ctx.Done():
		return nil, observation{}, ctx.Err()
	}
	seen, err := s.observeWhole(ctx)
	select {
	case file := <-s.files.started:
		return file, seen, nil
	default:
		return nil, seen, err
	}
}

// observeWhole looks for a sign on a page that should have been a file: until
// the page is whole and at rest, and no longer than a click may take.
func (s *Session) observeWhole(ctx context.Context) (observation, error) {
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
