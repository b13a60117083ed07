package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path"
	"regexp"
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

// listPage is the page with an order's list, while the browser works on it.
type listPage struct {
	seen   observation
	fresh  bool          // it is still what was seen: nothing of an earlier click goes on
	ready  bool          // the scripts that it has deferred have run
	loaded bool          // and all else has come, scripts that come in their own time among it
	named  bool          // what is clicked is called like one file
	click  func() error  // what is clicked is clicked again
	opened int           // how often it was opened anew
	last   bool          // it is the last click
	more   time.Duration // that a click is given for another file; 0: all of it
	single int           // how many clicks in a row have given one file
}

// clickResult is what came of a click or of an address that should give a file.
type clickResult struct {
	files    []*download // that began
	captured []document  // whose addresses were noted instead of asked for
	page     *document   // a page came or was refused instead
	late     bool        // the portal was asked, and did not answer
	several  bool        // there is more than one thing to download, and no telling which is the document
}

// isEmpty reports whether nothing has come that gives a file.
func (e *clickResult) isEmpty() bool { return len(e.files)+len(e.captured) == 0 }

// capture notes an address once.
func (e *clickResult) capture(d document) {
	if !slices.ContainsFunc(e.captured, func(t document) bool { return t.URL == d.URL }) {
		e.captured = append(e.captured, d)
	}
}

// click clicks an attachment and takes the address that it leads to, or, where
// there is no such address or keep is set, has the browser save the file. A click
// that gives several files makes several attachments of the one. sure says that it
// was the attachment's own element for all that is known.
func (s *Session) click(ctx context.Context, at *listPage, a po.Attachment, keep bool) (parts []po.Attachment, sure bool, err error) {
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
	parts, err := s.getFile(ctx, modeSave, nil, a, func() error {
		ctx, cancel := context.WithTimeout(ctx, s.config.Times.Silence)
		defer cancel()
		answer, err := proto.PageNavigate{URL: a.URL, Referrer: at.seen.URL}.Call(s.page(ctx))
		switch {
		case err != nil:
			return err
		case answer.ErrorText == "", answer.ErrorText == "net::ERR_ABORTED", answer.ErrorText == "net::"+noBody: // a download is aborted
			return nil
		}
		return &notGot{answer.ErrorText}
	})
	if err != nil {
		return a, err
	}
	at.fresh = at.fresh && parts[0].Saved != ""
	return parts[0], nil
}

// notGot is the browser's word for why it has no answer of an address.
type notGot struct{ text string }

func (e *notGot) Error() string { return "the browser could not get the file: " + e.text }

// getFile does something that should give a file, and tells what came of it: the
// attachment with that noted in it, or one for each of several files. at is nil
// where nothing is clicked.
func (s *Session) getFile(ctx context.Context, m mode, at *listPage, a po.Attachment, act func() error) ([]po.Attachment, error) {
	clicked := at != nil
	if !clicked {
		at = &listPage{}
	}
	s.interceptor.setMode(m, nil)
	defer s.interceptor.setMode(modeRead, nil)
	defer s.files.expect()()
	defer s.activity.watch()()
	compress, err := s.refuseCompression(ctx)
	if err != nil {
		return nil, err
	}
	defer compress()
	err = act()
	if text, ok := errors.AsType[*notGot](err); ok {
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

// pressJS answers before the click's effects, some of which hold up the page.
const pressJS = `(() => { const el = poactorItems[%d].el; el.click ? el.click() : el.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); })()`

// awaitResult follows what the interceptor and the downloads show until it is clear what came
// of an act. An address gives one file; a click may give more, one after the other,
// so that it is over only when the page has rested. What happens beside the page,
// in frames and new windows, counts only if nothing better comes.
func (s *Session) awaitResult(ctx context.Context, at *listPage, clicked bool) (clickResult, error) {
	var got clickResult
	var beside *document
	begun := time.Now()
	out := false     // a request is, of which nothing has come
	pressed := false // what the click has opened was gone into
	late, end := time.NewTimer(s.config.Times.Click), time.NewTimer(s.config.Times.File)
	defer late.Stop()
	defer end.Stop()
	var rest <-chan struct{}
	if clicked {
		rest = s.quietPeriod(ctx, at, false)
	}
	for {
		came := false
		select {
		case d := <-s.files.started:
			d.age = time.Since(s.visited)
			got.files, came = append(got.files, d), true
		case d := <-s.interceptor.documents:
			switch {
			case d.Captured:
				got.capture(d)
				came = true
			case d.Main && (d.OffPortal || d.isPage()):
				got.page = &d
				return got, nil
			case d.OffPortal, d.isPage():
				beside = &d
				late.Reset(s.config.Times.Click) // a download may still begin
			case beside != nil: // whatever else goes on, it gets no more time
			case d.Status == 0:
				out = true
				late.Reset(s.config.Times.Silence)
			default:
				out = false
				late.Reset(s.config.Times.Click)
			}
		case <-rest:
			if s.activity.busy() {
				rest = s.quietPeriod(ctx, at, false)
				continue
			}
			offers := s.viewersToOpen(ctx, at, got, pressed)
			switch c := chooseDocument(offers); {
			case c.several && (beside != nil || !got.isEmpty()):
				s.cancelAll(got.files)
				return clickResult{several: true, page: beside}, nil
			case c.control != nil || c.shown != "" && got.isEmpty():
				s.cancelAll(got.files) // a preview
				got, pressed, beside = clickResult{}, true, nil
				if err := s.openChoice(ctx, at, c); err != nil && !isProtocolError(err) {
					return clickResult{}, err
				}
				late.Reset(s.config.Times.Click)
			case !got.isEmpty():
				return got, nil
			case got.isEmpty() && !anyOffer(offers) && beside == nil && !pressed && !at.loaded:
				if err := s.clickAgain(ctx, at); err != nil {
					return clickResult{}, err
				}
				late.Reset(s.config.Times.Click)
			}
			rest = s.quietPeriod(ctx, at, false)
		case <-late.C:
			if idle := s.activity.idle(); beside == nil && idle < s.config.Times.Click {
				late.Reset(s.config.Times.Click - idle)
			} else if got.isEmpty() {
				return clickResult{page: beside, late: out && beside == nil}, nil
			}
		case <-end.C:
			if !got.isEmpty() && s.activity.busy() && time.Since(begun) < s.config.Times.File {
				end.Reset(s.config.Times.Click)
				continue
			}
			s.cancelAll(got.files) // if there are any, they come without end
			return clickResult{page: beside, several: !got.isEmpty()}, nil
		case <-ctx.Done():
			return clickResult{}, ctx.Err()
		}
		if came {
			if late.Stop() {
				end.Reset(10*s.config.Times.More + s.config.Times.Click)
			}
			if !clicked {
				return got, nil
			}
			rest = s.quietPeriod(ctx, at, at.named && len(got.files)+len(got.captured) == 1)
		}
	}
}

// anyOffer reports whether a click has brought anything to look at.
func anyOffer(offers []viewer) bool {
	return slices.ContainsFunc(offers, func(o viewer) bool { return o.Controls+len(o.Shown) > 0 })
}

// clickAgain clicks an element of which nothing has come once more when its page has
// loaded all that it was given: what a script that comes in its own time makes of a
// click could not be told before. Most pages never load as a whole in good time, so
// that none is waited for without need.
func (s *Session) clickAgain(ctx context.Context, at *listPage) error {
	ctx, cancel := context.WithTimeout(ctx, loadPatience+scriptGrace)
	defer cancel()
	at.loaded = true
	var waited bool
	err := s.page(ctx).evaluate(at.seen.world, fmt.Sprintf(loadedJS, loadPatience.Milliseconds()), &waited)
	if err == nil && waited && len(s.files.started)+len(s.interceptor.documents) == 0 && !s.activity.busy() {
		err = at.click()
	}
	if err != nil && (isProtocolError(err) || errors.Is(err, context.DeadlineExceeded)) {
		return nil // the page is being left, which the next look finds
	}
	return err
}

// loadPatience is how long a page whose deferred scripts have run is given to load
// all else.
const loadPatience = 3 * time.Second

const loadedJS = `new Promise((resolve) => {
  if (document.readyState === 'complete') return resolve(false);
  addEventListener('load', () => setTimeout(resolve, 0, true), {once: true});
  setTimeout(resolve, %d, true);
})`

// namesOneFile reports whether a name is that of one file: a click on it is over when that
// has come. One that says nothing, or names several kinds, may give more.
func namesOneFile(name string) bool {
	return fileNames.FindString(name) != "" && len(fileNames.FindAllString(name, 2)) == 1
}

var fileNames = regexp.MustCompile(`(?i)[\p{L}\p{N}_)\]-]\.[a-z][a-z0-9]{1,4}\b`)

// namedRest is how long a page is given to begin another file after one that its
// element is called like.
const namedRest = 60 * time.Millisecond

// singleAfter is how many clicks must have given one file each until the next are
// given less time to begin another: an order has a hundred documents at times.
const singleAfter = 10

// quietPeriod is closed when the page has had its time to begin another file. It is the
// page's own time: a timer of a script that is due sooner comes first, however
// slow the machine is.
func (s *Session) quietPeriod(ctx context.Context, at *listPage, named bool) <-chan struct{} {
	more, done := cmp.Or(at.more, s.config.Times.More), make(chan struct{})
	told := 50 * time.Millisecond // for what the browser's own process has to tell
	switch {
	case named:
		more, told = min(more, namedRest), 20*time.Millisecond
	case at.single >= singleAfter && !at.last:
		more /= 4
	}
	script := fmt.Sprintf("new Promise((resolve) => setTimeout(resolve, %d))", more.Milliseconds())
	s.work.Go(func() {
		defer close(done)
		bounded, cancel := context.WithTimeout(ctx, 10*more)
		defer cancel()
		if s.page(bounded).evaluate(at.seen.world, script, nil) == nil {
			more = told
		}
		_ = pause(ctx, more)
	})
	return done
}

// viewersToOpen looks at what the click has brought, where that matters: nothing has come
// of it yet, or only what a frame shows, which may be a preview.
func (s *Session) viewersToOpen(ctx context.Context, at *listPage, got clickResult, pressed bool) []viewer {
	framed := func(frame proto.PageFrameID) bool { return !s.interceptor.isTopFrame(frame) }
	for _, d := range got.files {
		pressed = pressed || !framed(d.frame)
	}
	for _, d := range got.captured {
		pressed = pressed || d.Main || d.Popup
	}
	if pressed {
		return nil
	}
	offers := s.findViewers(ctx, at, false)
	if got.isEmpty() {
		for i := range offers { // frames of the portal in the page itself are the interceptor's
			if offers[i].world == at.seen.world {
				offers[i].Shown = slices.DeleteFunc(offers[i].Shown, func(address string) bool { return !local(address) })
			}
		}
	}
	return offers
}

// openChoice does what was chosen of a click's offers.
func (s *Session) openChoice(ctx context.Context, at *listPage, c viewerChoice) error {
	if c.control != nil {
		return c.control.clickControl()
	}
	return s.saveShown(ctx, at, c)
}

// cancelAll cancels downloads that nobody wants.
func (s *Session) cancelAll(files []*download) {
	for _, d := range files {
		s.cancelDownload(d.guid)
	}
}

// isPage reports whether an answer is shown, not saved. Redirects are neither.
func (d document) isPage() bool {
	return d.Status >= 400 || d.Status >= 200 && d.Status < 300 && d.Status != 204 && d.HTML
}

// isFile reports whether an answer is saved as a file at a click's time.
func (d document) isFile() bool { return d.Status == http.StatusOK && !d.HTML }

// recordResult notes the result in the attachment, or makes one of each of several files.
func (s *Session) recordResult(ctx context.Context, got clickResult, at *listPage, a po.Attachment) ([]po.Attachment, error) {
	// A link to be downloaded begins a download too when its address was taken,
	// which then breaks off.
	got.files = slices.DeleteFunc(got.files, func(d *download) bool {
		return slices.ContainsFunc(got.captured, func(t document) bool { return t.URL == d.url })
	})
	var err error
	switch {
	case len(got.files)+len(got.captured) > 1:
		return s.recordParts(ctx, got, a)
	case len(got.files) == 1:
		err = s.save(ctx, got.files[0], &a)
	case len(got.captured) == 1:
		a.URL = got.captured[0].URL
	case got.several:
		at.fresh = false
		a.Cause, a.Detail = po.DownloadRejected, "the link leads to several things to download, and which is the document is not known"
	case got.late:
		at.fresh, s.tab.stale = false, true
		a.Cause, a.Detail = po.Timeout, "the portal did not answer in time"
	case got.page == nil:
		at.fresh = false // what is late would be taken for the next one's
		a.Cause, a.Detail = po.DownloadRejected, "nothing came of the link"
	case got.page.OffPortal:
		err = s.leftPortal(*got.page, at, &a)
	default:
		return s.gotPage(ctx, *got.page, at, a)
	}
	return []po.Attachment{a}, err
}

// recordParts makes an attachment of each file that a click has given.
func (s *Session) recordParts(ctx context.Context, got clickResult, a po.Attachment) ([]po.Attachment, error) {
	var parts []po.Attachment
	names := map[string]int{}
	add := func(p po.Attachment, name string) {
		if names[name]++; names[name] > 1 {
			name = fmt.Sprintf("%s (%d)", name, names[name])
		}
		id := po.ParseIdentity(a.ID)
		id.Part = name
		p.ID = id.String()
		parts = append(parts, p)
	}
	for _, d := range got.files {
		p := po.Attachment{Name: d.answer.Name}
		if err := s.save(ctx, d, &p); err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(parts, func(q po.Attachment) bool { return q.Name == p.Name && sameFile(q.Saved, p.Saved) }) {
			add(p, d.answer.Name)
		}
	}
	for _, d := range got.captured {
		name := lastPathPart(d.URL)
		add(po.Attachment{Name: name, URL: d.URL}, name)
	}
	slices.SortStableFunc(parts, func(p, q po.Attachment) int { return cmp.Compare(p.Name, q.Name) })
	if len(parts) == 1 { // the same one came twice
		parts[0].ID = a.ID
		parts[0].Name = cmp.Or(a.Name, parts[0].Name)
	}
	return parts, nil
}

// lastPathPart is the last part of an address's path.
func lastPathPart(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return po.Clip(path.Base(u.Path), maxNameChars)
}

// leftPortal is a link that leads off the portal's hosts.
func (s *Session) leftPortal(d document, at *listPage, a *po.Attachment) error {
	at.fresh = false
	if d.Redirected && signOffPortal(s.config.Portal, d.URL) == po.SignSignedOut {
		return &po.ReadFailure{Cause: po.SignedOut, Detail: "a file led to a sign-in page", URL: withoutQuery(d.URL)}
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
	err := s.notAFile(d, sign, &a)
	return []po.Attachment{a}, err
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
			case !whole.IsZero() && time.Since(whole) > s.config.Times.More:
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

// findItem says which item of the list an attachment is, on a page that is fresh and
// whose scripts have run; -1 if the page lists it no more. A list that was drawn
// anew is read anew, and a page that lacks the attachment is opened once more.
// sure says that nothing else could be meant.
func (s *Session) findItem(ctx context.Context, at *listPage, id string) (index int, sure bool, err error) {
	for again := at.fresh; ; again = false {
		if err := s.reopen(ctx, at); err != nil {
			return 0, false, err
		}
		index, sure := s.lister.find(at.seen.Items, id)
		if index >= 0 && at.ready && s.itemPresent(ctx, at, index) {
			return index, sure || at.opened == 0, nil
		}
		if !at.ready {
			return max(index, 0), false, nil
		}
		if index, sure = s.relist(ctx, at, id); index >= 0 {
			return index, sure, nil
		}
		if ctx.Err() != nil {
			return 0, false, ctx.Err()
		}
		if !again {
			return -1, false, nil
		}
		at.fresh = false
	}
}

// reopen makes the place fresh, and waits until the page's scripts have run.
func (s *Session) reopen(ctx context.Context, at *listPage) error {
	if !at.fresh {
		if err := s.freshTab(ctx); err != nil {
			return err
		}
		seen, err := s.visit(ctx, at.seen.address)
		if err != nil {
			return err
		}
		if seen.Sign == string(po.SignSignedOut) {
			return &po.ReadFailure{Cause: po.SignedOut, Detail: "the session ended while files were fetched", URL: seen.URL}
		}
		at.seen, at.fresh, at.ready, at.loaded = seen, true, false, false
		at.opened++
	}
	if at.ready {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click+scriptGrace)
	defer cancel()
	err := s.page(ctx).evaluate(at.seen.world, fmt.Sprintf(readyJS, s.config.Times.Click.Milliseconds()), &at.ready)
	if err != nil && (isProtocolError(err) || errors.Is(err, context.DeadlineExceeded)) {
		return nil // not ready
	}
	return err
}

// readyJS waits until the scripts that a page has deferred have run.
const readyJS = `((limit) => new Promise((resolve) => {
  const begun = performance.now();
  const look = () => {
    const parsed = performance.getEntriesByType('navigation').some((n) => n.domContentLoadedEventEnd > 0);
    if (parsed) setTimeout(() => resolve(true), 0);
    else if (performance.now() - begun > limit) resolve(false);
    else setTimeout(look, 30);
  };
  look();
}))(%d)`

// itemPresent reports whether an item's element is there as it was seen.
func (s *Session) itemPresent(ctx context.Context, at *listPage, index int) bool {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click)
	defer cancel()
	var there bool
	err := s.page(ctx).evaluate(at.seen.world, fmt.Sprintf("poactorStill(%d)", index), &there)
	return err == nil && there
}

// relist reads a list that was drawn anew, for a moment in which it may be under
// way.
func (s *Session) relist(ctx context.Context, at *listPage, id string) (index int, sure bool) {
	ctx, cancel := context.WithTimeout(ctx, relistWithin)
	defer cancel()
	for {
		var items []item
		if err := s.page(ctx).evaluate(at.seen.world, "poactorList()", &items); err != nil {
			return -1, false
		}
		if index, sure := s.lister.find(items, id); index >= 0 {
			at.seen.Items = items
			return index, sure
		}
		if pause(ctx, 100*time.Millisecond) != nil {
			return -1, false
		}
	}
}

// relistWithin bounds the wait for a list that is drawn anew.
const relistWithin = 2 * time.Second

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
