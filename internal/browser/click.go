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

// place is the page with an order's list, while the browser works on it.
type place struct {
	seen   sighting
	fresh  bool          // it is still what was seen: nothing of an earlier click goes on
	ready  bool          // the scripts that it has deferred have run
	loaded bool          // and all else has come, scripts that come in their own time among it
	named  bool          // what is clicked is called like one file
	press  func() error  // what is clicked is clicked again
	opened int           // how often it was opened anew
	last   bool          // it is the last click
	more   time.Duration // that a click is given for another file; 0: all of it
	single int           // how many clicks in a row have given one file
}

// effect is what came of a click or of an address that should give a file.
type effect struct {
	files   []*download // that began
	taken   []document  // whose addresses were noted instead of asked for
	page    *document   // a page came or was refused instead
	late    bool        // the portal was asked, and did not answer
	several bool        // there is more than one thing to download, and no telling which is the document
}

// none reports whether nothing has come that gives a file.
func (e *effect) none() bool { return len(e.files)+len(e.taken) == 0 }

// take notes an address once.
func (e *effect) take(d document) {
	if !slices.ContainsFunc(e.taken, func(t document) bool { return t.URL == d.URL }) {
		e.taken = append(e.taken, d)
	}
}

// click clicks an attachment and takes the address that it leads to, or, where
// there is no such address or keep is set, has the browser save the file. A click
// that gives several files makes several attachments of the one. sure says that it
// was the attachment's own element for all that is known.
func (s *Session) click(ctx context.Context, at *place, a po.Attachment, keep bool) (parts []po.Attachment, sure bool, err error) {
	index, sure, err := s.find(ctx, at, a.ID)
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
	m := modeTake
	if keep {
		m = modeSave
	}
	method := at.seen.Items[index].Method
	world := at.seen.world
	at.named, at.press = oneFile(a.Name), func() error { return s.press(ctx, world, index) }
	parts, err = s.obtain(ctx, m, at, a, at.press)
	for i := range parts {
		if method && parts[i].URL != "" {
			parts[i].URL, parts[i].Cause, parts[i].Detail = "", po.DownloadRejected, "the page's script did not take the click"
		}
	}
	return parts, sure, err
}

// saveURL has the browser save what an attachment's address gives.
func (s *Session) saveURL(ctx context.Context, at *place, a po.Attachment) (po.Attachment, error) {
	parts, err := s.obtain(ctx, modeSave, nil, a, func() error {
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

// obtain does something that should give a file, and tells what came of it: the
// attachment with that noted in it, or one for each of several files. at is nil
// where nothing is clicked.
func (s *Session) obtain(ctx context.Context, m mode, at *place, a po.Attachment, act func() error) ([]po.Attachment, error) {
	clicked := at != nil
	if !clicked {
		at = &place{}
	}
	s.guard.set(m, nil)
	defer s.guard.set(modeRead, nil)
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
	case err != nil && !refused(err): // the page may be left while it is clicked
		return nil, err
	}
	parts := []po.Attachment{a}
	got, err := s.await(ctx, at, clicked)
	if err == nil {
		parts, err = s.settle(ctx, got, at, a)
	}
	if at.single++; len(parts) != 1 || parts[0].Cause != "" {
		at.single = 0
	}
	return parts, errors.Join(err, s.closePopups(ctx))
}

// press clicks an element of the list by script, so that nothing that lies
// over it is in the way.
func (s *Session) press(ctx context.Context, world, index int) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click)
	defer cancel()
	page := s.page(ctx)
	if _, err := offerIn(page, world, "mark"); err != nil {
		return err
	}
	return page.run(world, fmt.Sprintf(pressJS, index), true, nil)
}

// pressJS answers before the click's effects, some of which hold up the page.
const pressJS = `(() => { const el = poactorItems[%d].el; el.click ? el.click() : el.dispatchEvent(new MouseEvent('click', {bubbles: true, cancelable: true})); })()`

// await follows what the guard and the downloads show until it is clear what came
// of an act. An address gives one file; a click may give more, one after the other,
// so that it is over only when the page has rested. What happens beside the page,
// in frames and new windows, counts only if nothing better comes.
func (s *Session) await(ctx context.Context, at *place, clicked bool) (effect, error) {
	var got effect
	var beside *document
	begun := time.Now()
	out := false     // a request is, of which nothing has come
	pressed := false // what the click has opened was gone into
	late, end := time.NewTimer(s.config.Times.Click), time.NewTimer(s.config.Times.File)
	defer late.Stop()
	defer end.Stop()
	var rest <-chan struct{}
	if clicked {
		rest = s.rest(ctx, at, false)
	}
	for {
		came := false
		select {
		case d := <-s.files.begun:
			d.age = time.Since(s.visited)
			got.files, came = append(got.files, d), true
		case d := <-s.guard.seen:
			switch {
			case d.Taken:
				got.take(d)
				came = true
			case d.Main && (d.Foreign || d.isPage()):
				got.page = &d
				return got, nil
			case d.Foreign, d.isPage():
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
				rest = s.rest(ctx, at, false)
				continue
			}
			offers := s.beside(ctx, at, got, pressed)
			switch c := choose(offers); {
			case c.several && (beside != nil || !got.none()):
				s.drop(got.files)
				return effect{several: true, page: beside}, nil
			case c.control != nil || c.shown != "" && got.none():
				s.drop(got.files) // a preview
				got, pressed, beside = effect{}, true, nil
				if err := s.goInto(ctx, at, c); err != nil && !refused(err) {
					return effect{}, err
				}
				late.Reset(s.config.Times.Click)
			case !got.none():
				return got, nil
			case got.none() && !offersAny(offers) && beside == nil && !pressed && !at.loaded:
				if err := s.pressAgain(ctx, at); err != nil {
					return effect{}, err
				}
				late.Reset(s.config.Times.Click)
			}
			rest = s.rest(ctx, at, false)
		case <-late.C:
			if idle := s.activity.idle(); beside == nil && idle < s.config.Times.Click {
				late.Reset(s.config.Times.Click - idle)
			} else if got.none() {
				return effect{page: beside, late: out && beside == nil}, nil
			}
		case <-end.C:
			if !got.none() && s.activity.busy() && time.Since(begun) < s.config.Times.File {
				end.Reset(s.config.Times.Click)
				continue
			}
			s.drop(got.files) // if there are any, they come without end
			return effect{page: beside, several: !got.none()}, nil
		case <-ctx.Done():
			return effect{}, ctx.Err()
		}
		if came {
			if late.Stop() {
				end.Reset(10*s.config.Times.More + s.config.Times.Click)
			}
			if !clicked {
				return got, nil
			}
			rest = s.rest(ctx, at, at.named && len(got.files)+len(got.taken) == 1)
		}
	}
}

// offersAny reports whether a click has brought anything to look at.
func offersAny(offers []offer) bool {
	return slices.ContainsFunc(offers, func(o offer) bool { return o.Controls+len(o.Shown) > 0 })
}

// pressAgain clicks an element of which nothing has come once more when its page has
// loaded all that it was given: what a script that comes in its own time makes of a
// click could not be told before. Most pages never load as a whole in good time, so
// that none is waited for without need.
func (s *Session) pressAgain(ctx context.Context, at *place) error {
	ctx, cancel := context.WithTimeout(ctx, loadPatience+scriptGrace)
	defer cancel()
	at.loaded = true
	var waited bool
	err := s.page(ctx).evaluate(at.seen.world, fmt.Sprintf(loadedJS, loadPatience.Milliseconds()), &waited)
	if err == nil && waited && len(s.files.begun)+len(s.guard.seen) == 0 && !s.activity.busy() {
		err = at.press()
	}
	if err != nil && (refused(err) || errors.Is(err, context.DeadlineExceeded)) {
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

// oneFile reports whether a name is that of one file: a click on it is over when that
// has come. One that says nothing, or names several kinds, may give more.
func oneFile(name string) bool {
	return fileNames.FindString(name) != "" && len(fileNames.FindAllString(name, 2)) == 1
}

var fileNames = regexp.MustCompile(`(?i)[\p{L}\p{N}_)\]-]\.[a-z][a-z0-9]{1,4}\b`)

// namedRest is how long a page is given to begin another file after one that its
// element is called like.
const namedRest = 60 * time.Millisecond

// singleAfter is how many clicks must have given one file each until the next are
// given less time to begin another: an order has a hundred documents at times.
const singleAfter = 10

// rest is closed when the page has had its time to begin another file. It is the
// page's own time: a timer of a script that is due sooner comes first, however
// slow the machine is.
func (s *Session) rest(ctx context.Context, at *place, named bool) <-chan struct{} {
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

// beside looks at what the click has brought, where that matters: nothing has come
// of it yet, or only what a frame shows, which may be a preview.
func (s *Session) beside(ctx context.Context, at *place, got effect, pressed bool) []offer {
	framed := func(frame proto.PageFrameID) bool { return !s.guard.isTop(frame) }
	for _, d := range got.files {
		pressed = pressed || !framed(d.frame)
	}
	for _, d := range got.taken {
		pressed = pressed || d.Main || d.Popup
	}
	if pressed {
		return nil
	}
	offers := s.offers(ctx, at, false)
	if got.none() {
		for i := range offers { // frames of the portal in the page itself are the guard's
			if offers[i].world == at.seen.world {
				offers[i].Shown = slices.DeleteFunc(offers[i].Shown, func(address string) bool { return !local(address) })
			}
		}
	}
	return offers
}

// goInto does what was chosen of a click's offers.
func (s *Session) goInto(ctx context.Context, at *place, c choice) error {
	if c.control != nil {
		return c.control.press()
	}
	return s.saveShown(ctx, at, c)
}

// drop cancels downloads that nobody wants.
func (s *Session) drop(files []*download) {
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

// settle notes an effect in the attachment, or makes one of each of several files.
func (s *Session) settle(ctx context.Context, got effect, at *place, a po.Attachment) ([]po.Attachment, error) {
	// A link to be downloaded begins a download too when its address was taken,
	// which then breaks off.
	got.files = slices.DeleteFunc(got.files, func(d *download) bool {
		return slices.ContainsFunc(got.taken, func(t document) bool { return t.URL == d.url })
	})
	var err error
	switch {
	case len(got.files)+len(got.taken) > 1:
		return s.settleParts(ctx, got, a)
	case len(got.files) == 1:
		err = s.save(ctx, got.files[0], &a)
	case len(got.taken) == 1:
		a.URL = got.taken[0].URL
	case got.several:
		at.fresh = false
		a.Cause, a.Detail = po.DownloadRejected, "the link leads to several things to download, and which is the document is not known"
	case got.late:
		at.fresh, s.tab.stale = false, true
		a.Cause, a.Detail = po.Timeout, "the portal did not answer in time"
	case got.page == nil:
		at.fresh = false // what is late would be taken for the next one's
		a.Cause, a.Detail = po.DownloadRejected, "nothing came of the link"
	case got.page.Foreign:
		err = s.strayed(*got.page, at, &a)
	default:
		return s.turned(ctx, *got.page, at, a)
	}
	return []po.Attachment{a}, err
}

// settleParts makes an attachment of each file that a click has given.
func (s *Session) settleParts(ctx context.Context, got effect, a po.Attachment) ([]po.Attachment, error) {
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
	for _, d := range got.taken {
		name := lastOf(d.URL)
		add(po.Attachment{Name: name, URL: d.URL}, name)
	}
	slices.SortStableFunc(parts, func(p, q po.Attachment) int { return cmp.Compare(p.Name, q.Name) })
	if len(parts) == 1 { // the same one came twice
		parts[0].ID = a.ID
		parts[0].Name = cmp.Or(a.Name, parts[0].Name)
	}
	return parts, nil
}

// lastOf is the last part of an address's path.
func lastOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return clip(path.Base(u.Path), maxNameChars)
}

// strayed is a link that leads off the portal's hosts.
func (s *Session) strayed(d document, at *place, a *po.Attachment) error {
	at.fresh = false
	if d.Redirected && offHosts(s.config.Portal, d.URL) == po.SignSignedOut {
		return &po.ReadFailure{Cause: po.SignedOut, Detail: "a file led to a sign-in page", URL: po.PublicURL(d.URL)}
	}
	a.Cause, a.Detail = po.BlockedHost, "the link leads to "+hostOf(d.URL)+", which is not one of the portal's hosts"
	return nil
}

// turned is a link that gave a page instead of a file.
func (s *Session) turned(ctx context.Context, d document, at *place, a po.Attachment) ([]po.Attachment, error) {
	at.fresh = false
	sign := statusSign(s.config.Portal, d.Status)
	if s.config.Portal.Signs.SignedOut.MatchesURL(d.URL) {
		sign = po.SignSignedOut
	}
	if d.Main && sign == "" && d.Status < 400 {
		file, seen, err := s.watchPage(ctx)
		if err == nil && (file == nil && seen.Sign == "timeout" || file != nil && !s.guard.isTop(file.frame)) {
			file, err = s.viewed(ctx, at, file)
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

// viewed gets the document of a viewer that came in place of the page. preview is what
// a frame of it has begun to show; nil if nothing.
func (s *Session) viewed(ctx context.Context, at *place, preview *download) (*download, error) {
	late := time.NewTimer(s.config.Times.Click)
	defer late.Stop()
	var c choice
	var whole time.Time // when the page was first seen to be
	for asked := false; ; {
		if !asked {
			offers := s.offers(ctx, at, true)
			if whole.IsZero() && len(offers) > 0 && offers[0].Ready {
				whole = time.Now()
			}
			c = choose(offers)
			switch {
			case c.several:
				return nil, nil
			case preview != nil && c.control == nil && slices.ContainsFunc(offers, func(o offer) bool { return o.Ready }):
				return preview, nil
			case c.control != nil || c.shown != "" && preview == nil:
				if preview != nil {
					s.drop([]*download{preview})
				}
				if err := s.goInto(ctx, at, c); err != nil && !refused(err) {
					return nil, err
				}
				asked = true
			case !whole.IsZero() && time.Since(whole) > s.config.Times.More:
				return nil, nil // it is no viewer
			}
		}
		select {
		case file := <-s.files.begun:
			if asked || s.guard.isTop(file.frame) {
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

// find says which item of the list an attachment is, on a page that is fresh and
// whose scripts have run; -1 if the page lists it no more. A list that was drawn
// anew is read anew, and a page that lacks the attachment is opened once more.
// sure says that nothing else could be meant.
func (s *Session) find(ctx context.Context, at *place, id string) (index int, sure bool, err error) {
	for again := at.fresh; ; again = false {
		if err := s.reopen(ctx, at); err != nil {
			return 0, false, err
		}
		index, sure := s.lister.find(at.seen.Items, id)
		if index >= 0 && at.ready && s.still(ctx, at, index) {
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
func (s *Session) reopen(ctx context.Context, at *place) error {
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
	if err != nil && (refused(err) || errors.Is(err, context.DeadlineExceeded)) {
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

// still reports whether an item's element is there as it was seen.
func (s *Session) still(ctx context.Context, at *place, index int) bool {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Click)
	defer cancel()
	var there bool
	err := s.page(ctx).evaluate(at.seen.world, fmt.Sprintf("poactorStill(%d)", index), &there)
	return err == nil && there
}

// relist reads a list that was drawn anew, for a moment in which it may be under
// way.
func (s *Session) relist(ctx context.Context, at *place, id string) (index int, sure bool) {
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
	for _, id := range s.guard.popups() {
		if _, err := (proto.TargetCloseTarget{TargetID: id}).Call(s.browser(ctx)); err != nil && !refused(err) {
			return err
		}
	}
	return nil
}
