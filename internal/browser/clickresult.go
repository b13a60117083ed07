package browser

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"path"
	"regexp"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

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
	answered := 0 // rests since the last file in which an answer came that was due
	startRest := func(named bool) {
		s.activity.rest()
		rest = s.quietPeriod(ctx, at, named)
	}
	if clicked {
		startRest(false)
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
				late.Reset(s.config.Times.Idle)
			default:
				out = false
				late.Reset(s.config.Times.Click)
			}
		case <-rest:
			if s.activity.busy() {
				startRest(false)
				continue
			}
			if s.activity.answered() && answered < maxAnswered {
				answered++
				startRest(false)
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
			startRest(false)
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
				end.Reset(10*s.config.Times.NextFile + s.config.Times.Click)
			}
			if !clicked {
				return got, nil
			}
			answered = 0
			startRest(at.named && len(got.files)+len(got.captured) == 1)
		}
	}
}

// maxAnswered bounds the rests that an answer makes longer: a page that waits for one all the
// time, as for news of the portal, never rests.
const maxAnswered = 3

// anyOffer reports whether a click has brought anything to look at.
func anyOffer(offers []viewer) bool {
	return slices.ContainsFunc(offers, func(o viewer) bool { return o.Controls+len(o.Shown) > 0 })
}

// clickAgain clicks an element of which nothing has come once more when its page has
// loaded all that it was given, and had not when it was clicked: what a script that comes
// in its own time makes of a click could not be told before. Most pages never load as a
// whole in good time, so that none is waited for without need.
func (s *Session) clickAgain(ctx context.Context, at *listPage) error {
	ctx, cancel := context.WithTimeout(ctx, loadPatience+scriptGrace)
	defer cancel()
	at.loaded = true
	var waited bool
	err := s.page(ctx).evaluate(at.seen.world, fmt.Sprintf(loadedJS, loadPatience.Milliseconds()), &waited)
	if err == nil && waited && len(s.files.started)+len(s.interceptor.documents) == 0 && !s.activity.any() {
		at.fresh = false // what the first click may still bring would be taken for the next one's
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

// loadedJS waits until the page has loaded all, and says whether that is later than the
// click.
const loadedJS = `new Promise((resolve) => {
  if (document.readyState === 'complete') return resolve(!!globalThis.poactorEarly);
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
	more, done := cmp.Or(at.nextFile, s.config.Times.NextFile), make(chan struct{})
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

// recordResult notes the result in the attachment, or makes one of each of several files.
func (s *Session) recordResult(
	ctx context.Context, got clickResult, at *listPage, a po.Attachment,
) ([]po.Attachment, error) {
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
		a.Cause = po.DownloadRejected
		a.Detail = "the link leads to several things to download, and which is the document is not known"
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
