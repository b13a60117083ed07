package poactor

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/po"
)

// Page is what a task's work gets of its browser: one tab, with nothing in it at first. The
// browser's cookies and storage stay from task to task, until it is replaced: work that signs
// in looks first whether it has to. Each method ends with its context, with the attempt's, and
// after its own time: 30 seconds, and 5 minutes where a file comes. An error is a *po.Error
// with a cause; work that returns it, or wraps it, is tried again, or not, as an order with
// that cause would be. A Page may be used from several goroutines: one method runs at a time.
// When the work has returned every method fails.
//
// Eval, Text, HTML and Screenshot give at most MaxPageResult bytes. More is po.TaskFailed, for
// good: files of any size come by SaveURL and SaveDownload.
//
// Pages go to the hosts of Config.AllowedHosts and of the portal only; windows that they
// open are closed, dialogs are answered, and what they would download by themselves is not.
// What a page loads into itself, as images, scripts and what those fetch, may come from
// anywhere: Intercept can block it.
type Page interface {
	// Navigate opens an address and waits until the page is loaded, or has had 10 seconds
	// for it. The HTTP status is returned also with an error that is for it, as 429
	// (po.Throttled) and 500 (po.PortalError) are; of 404 and the like the work is the judge.
	Navigate(ctx context.Context, url string) (status int, err error)
	// WaitFor waits until the page shows an element that matches a CSS selector.
	WaitFor(ctx context.Context, selector string) error
	// Eval calls a function of JavaScript, like "(a, b) => a + b", in the page, with arguments
	// as JSON, and decodes what it returns, or what its promise becomes, into result, which may
	// be nil.
	Eval(ctx context.Context, function string, result any, args ...any) error
	// Click clicks the first element that matches, as soon as it is to be seen. Where that
	// leads to another page, it waits until this is loaded.
	Click(ctx context.Context, selector string) error
	// Type makes a text the value of the first field that matches, as soon as it is to be seen.
	Type(ctx context.Context, selector, text string) error
	// Text is the text of the first element that matches, as soon as there is one.
	Text(ctx context.Context, selector string) (string, error)
	// HTML is the page as it stands.
	HTML(ctx context.Context) (string, error)
	// Screenshot is what the page shows, as PNG.
	Screenshot(ctx context.Context) ([]byte, error)
	// Cookies are the browser's, of the hosts that pages may go to.
	Cookies(ctx context.Context) ([]po.Cookie, error)

	// Save makes a file of the task of what is read. A name that is not safe is made so, and
	// one that is taken gets a number. The files of a task get into its folder when its work
	// has returned without an error: all of them, or none.
	Save(ctx context.Context, name string, content io.Reader) (po.File, error)
	// SaveURL gets a file over HTTP, with the browser's cookies, and makes it one of the
	// task's. It is whole, and what its server announces it to be, else it is an error. An
	// empty name is the one that the server gives it.
	SaveURL(ctx context.Context, url, name string) (po.File, error)
	// SaveDownload clicks the first element that matches, and makes the file that the browser
	// downloads then one of the task's. It is checked, and named, as by SaveURL.
	SaveDownload(ctx context.Context, selector, name string) (po.File, error)

	// Intercept decides what becomes of the page's requests, from now on and until the work
	// returns, to addresses that match a pattern, in which * stands for anything and ? for one
	// character. What was said last comes first.
	Intercept(ctx context.Context, pattern string, what po.Interception) error
}

// PageSession is what a session of Config.Browsers has to be for RunTasks: one whose page
// can be lent. Neither Read nor Look is called.
type PageSession interface {
	actors.Session
	// OpenPage lends the page for one attempt at a task. One is on loan at a time, and one of
	// its methods runs at a time.
	OpenPage(ctx context.Context, task po.Order) (LentPage, error)
}

// LentPage is a page on loan to one attempt.
type LentPage interface {
	Page
	// Close takes it back: err is what the work has returned. It tells of the files that the
	// page has saved, with ID, Name, SHA256, Lane, and in Saved where they are: loose files,
	// which are moved into the task's folder. After an error there are none. The trace is for
	// people.
	Close(err error) ([]po.Attachment, po.Trace)
}

// MaxPageResult is how many bytes a page gives at once: of JSON, or of PNG.
const MaxPageResult = 16 << 20

var _ [browser.MaxAnswer]struct{} = [MaxPageResult]struct{}{} // the browsers keep to it

// Times of a page's methods.
const (
	stepTime = 30 * time.Second
	fileTime = 5 * time.Minute
)

// errReturned is why a page is of no more use to work that has returned.
var errReturned = &po.Error{Cause: po.TaskFailed, Msg: "the work has returned: its page is closed"}

// supervised is a page that nothing escapes from: its methods end with their attempt, and in
// their time, and run one after the other.
type supervised struct {
	page LentPage
	ctx  context.Context // of the attempt
	end  context.CancelCauseFunc
	turn chan struct{} // holds a value while a method runs

	mu   sync.Mutex
	died error // the last error that says that the browser is of no more use
}

func supervise(ctx context.Context, page LentPage) *supervised {
	ctx, end := context.WithCancelCause(ctx)
	return &supervised{page: page, ctx: ctx, end: end, turn: make(chan struct{}, 1)}
}

// close ends the loan, when the method under way has ended. It may be called again.
func (p *supervised) close(err error) ([]po.Attachment, po.Trace) {
	p.end(errReturned)
	p.turn <- struct{}{} // for good
	return p.page.Close(err)
}

// lastDied is the error of a browser that is of no more use; nil if it is.
func (p *supervised) lastDied() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.died
}

// step runs a method.
func (p *supervised) step(ctx context.Context, limit time.Duration, method func(ctx context.Context) error) error {
	step, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	defer context.AfterFunc(p.ctx, cancel)()
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-step.Done():
	}
	err := step.Err()
	if err == nil {
		err = method(step)
	}
	if err == nil {
		return nil
	}
	err = p.why(ctx, err)
	if errors.Is(err, po.BrowserDied) || errors.Is(err, po.BrowserHung) {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.died = err
	}
	return err
}

// why makes a *po.Error of a method's.
func (p *supervised) why(ctx context.Context, err error) error {
	if ended := context.Cause(p.ctx); ended != nil {
		return attemptError(ended)
	}
	if ctx.Err() != nil && !errors.Is(err, po.BrowserDied) && !errors.Is(err, po.BrowserHung) {
		return &po.Error{Cause: po.Timeout, Msg: "the step was called off: " + ctx.Err().Error(),
			Err: errors.Join(ctx.Err(), err)}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return &po.Error{Cause: po.Timeout, Msg: "a step in the browser did not end in its time", Err: err}
	}
	if e, ok := errors.AsType[*po.Error](err); ok {
		return e
	}
	return &po.Error{Cause: po.CauseOf(err), Msg: po.DetailOf(err), Err: err}
}

// attemptError is the error of an attempt that has ended.
func attemptError(ended error) error {
	switch {
	case errors.Is(ended, errReturned):
		return errReturned
	case errors.Is(ended, context.DeadlineExceeded):
		return &po.Error{Cause: po.Timeout, Msg: "the task took longer than a task may (TaskTimeout)", Err: ended}
	}
	return &po.Error{Cause: po.Interrupted, Msg: "the attempt was called off", Err: ended}
}

func (p *supervised) Navigate(ctx context.Context, url string) (status int, err error) {
	err = p.step(ctx, stepTime, func(ctx context.Context) (err error) {
		status, err = p.page.Navigate(ctx, url)
		return err
	})
	return status, err
}

func (p *supervised) WaitFor(ctx context.Context, selector string) error {
	return p.step(ctx, stepTime, func(ctx context.Context) error { return p.page.WaitFor(ctx, selector) })
}

func (p *supervised) Eval(ctx context.Context, function string, result any, args ...any) error {
	return p.step(ctx, stepTime, func(ctx context.Context) error { return p.page.Eval(ctx, function, result, args...) })
}

func (p *supervised) Click(ctx context.Context, selector string) error {
	return p.step(ctx, stepTime, func(ctx context.Context) error { return p.page.Click(ctx, selector) })
}

func (p *supervised) Type(ctx context.Context, selector, text string) error {
	return p.step(ctx, stepTime, func(ctx context.Context) error { return p.page.Type(ctx, selector, text) })
}

func (p *supervised) Text(ctx context.Context, selector string) (text string, err error) {
	err = p.step(ctx, stepTime, func(ctx context.Context) (err error) {
		text, err = p.page.Text(ctx, selector)
		return err
	})
	return text, err
}

func (p *supervised) HTML(ctx context.Context) (text string, err error) {
	err = p.step(ctx, stepTime, func(ctx context.Context) (err error) {
		text, err = p.page.HTML(ctx)
		return err
	})
	return text, err
}

func (p *supervised) Screenshot(ctx context.Context) (png []byte, err error) {
	err = p.step(ctx, stepTime, func(ctx context.Context) (err error) {
		png, err = p.page.Screenshot(ctx)
		return err
	})
	return png, err
}

func (p *supervised) Cookies(ctx context.Context) (list []po.Cookie, err error) {
	err = p.step(ctx, stepTime, func(ctx context.Context) (err error) {
		list, err = p.page.Cookies(ctx)
		return err
	})
	return list, err
}

func (p *supervised) Save(ctx context.Context, name string, content io.Reader) (f po.File, err error) {
	err = p.step(ctx, fileTime, func(ctx context.Context) (err error) {
		f, err = p.page.Save(ctx, name, content)
		return err
	})
	return f, err
}

func (p *supervised) SaveURL(ctx context.Context, url, name string) (f po.File, err error) {
	err = p.step(ctx, fileTime, func(ctx context.Context) (err error) {
		f, err = p.page.SaveURL(ctx, url, name)
		return err
	})
	return f, err
}

func (p *supervised) SaveDownload(ctx context.Context, selector, name string) (f po.File, err error) {
	err = p.step(ctx, fileTime, func(ctx context.Context) (err error) {
		f, err = p.page.SaveDownload(ctx, selector, name)
		return err
	})
	return f, err
}

func (p *supervised) Intercept(ctx context.Context, pattern string, what po.Interception) error {
	return p.step(ctx, stepTime, func(ctx context.Context) error { return p.page.Intercept(ctx, pattern, what) })
}
