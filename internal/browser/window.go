package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

const (
	// windowTick is how often the window is looked at.
	windowTick = 400 * time.Millisecond
	// windowless is how long a browser may be without a page before its window counts
	// as closed: the last step of a sign-in may close one page and open another.
	windowless = 3 * time.Second
	// lookWithin bounds a look at a page, which a dialog may hold up.
	lookWithin = 2 * time.Second
	// windowStorageMax bounds what is taken of a page's local storage, in characters:
	// a browser gives it five million.
	windowStorageMax = 6 << 20
)

//go:embed window.js
var windowJS string

// refusals are what pages say that do not let a browser in which is driven by a
// program, in lower case.
var refusals = []string{
	"this browser or app may not be secure", "browser or app might not be secure",
	"browser is not supported", "browser isn't supported", "browser is not secure", "unsupported browser",
	"automated browser", "browser is being controlled by", "controlled by automated",
	"dieser browser oder diese app ist unter umständen nicht sicher", "browser wird nicht unterstützt",
	"ce navigateur ou cette application ne sont peut-être pas sécurisés", "navigateur n'est pas pris en charge",
	"navegador o la app no sean seguros", "navegador no es compatible",
}

// Window is what is seen of a browser's window in which somebody signs in.
type Window struct {
	// SignedIn: the portal's sign of a signed-in user was seen. It proves nothing yet.
	SignedIn bool
	// MayBeSignedIn: the portal's own hosts have left something in the browser.
	MayBeSignedIn bool
	// State is what keeps the user signed in, as the browser had it when it was asked
	// last: of the portal's hosts and the identity provider's. The local storage is that
	// of the portal's pages.
	State storagestate.State
	// Tab names the portal's origins that keep something in the tab alone.
	Tab []string
	// LastHost is the host of the page that was seen last; empty: none was.
	LastHost string
	// Refused is the host of a page that does not take this browser; empty: none.
	Refused string
}

// windowSpec is what window.js looks for.
type windowSpec struct {
	SignedIn   markSpec `json:"signedIn"`
	SignedOut  markSpec `json:"signedOut"`
	Refusals   []string `json:"refusals"`
	StorageMax int      `json:"storageMax"`
	Portal     bool     `json:"portal"` // the page is the portal's own
}

// windowLook is what window.js answers.
type windowLook struct {
	Ready     bool   `json:"ready"`
	SignedIn  bool   `json:"signedIn"`
	SignedOut bool   `json:"signedOut"`
	Refused   bool   `json:"refused"`
	Origin    string `json:"origin"`
	Tab       int    `json:"tab"`

	Items []storagestate.Item `json:"items"`
}

// SignInByHand opens a visible browser on the profile in dir, a user data directory
// that is made if need be and that no browser uses, on the page where signing in
// begins. It returns when the portal's sign of a signed-in user is on a page, with the
// browser ended by itself so that all is on the disk, or when the window is closed.
// Refused, where it is not nil, is told once of the host of a page that does not take
// a browser which is driven by a program.
//
// The browser is asked about its pages and cookies; a page is looked into for a moment
// at a time, and nothing in it is turned on. Of c it takes what concerns the browser,
// Portal, Downloads, which may be empty, and Times.Start. The error is a *po.Error; what
// was seen comes with it.
func SignInByHand(ctx context.Context, c Config, dir string, refused func(host string)) (Window, error) {
	c.SignIn = true
	w := &window{portal: c.Portal, refused: refused,
		looked: map[proto.TargetTargetID]string{}, storage: map[string][]storagestate.Item{}}
	err := withBrowser(ctx, c, dir, w.follow)
	for _, origin := range slices.Sorted(maps.Keys(w.storage)) {
		o := storagestate.Origin{Origin: origin, LocalStorage: w.storage[origin]}
		w.seen.State.Origins = append(w.seen.State.Origins, o)
	}
	own, _ := w.seen.State.Only(func(host string) bool { return ServesPortal(c.Portal, host) })
	w.seen.MayBeSignedIn = len(own.Cookies)+len(own.Origins) > 0
	return w.seen, profileError(err, "sign in with "+dir)
}

// SignInPlain opens a browser's window on the profile in dir, a user data directory that
// is made if need be and that no browser uses, on the page where signing in begins, and
// leaves it to its user: nothing is seen of it. It returns when the user has closed the
// window (on macOS: has quit the browser) and all is on the disk. Of c it takes what
// concerns the browser, Portal and Downloads, which may be empty. The error is a *po.Error.
func SignInPlain(ctx context.Context, c Config, dir string) error {
	return profileError(signInPlain(ctx, c, dir), "sign in with "+dir)
}

func signInPlain(ctx context.Context, c Config, dir string) (err error) {
	c.SignIn, c.Cloned = true, true
	path, remove, err := c.prepare(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	proc, err := launch.StartPlain(launch.Inspect(ctx, path), c.options(dir, c.Downloads), c.Portal.SignInURL())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proc.Close()) }()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-proc.Exited():
	}
	if failed := proc.Failed(); failed != nil {
		return proc.Explain(ctx, failed)
	}
	return waitEnd(ctx, proc)
}

// window follows a visible browser.
type window struct {
	portal  portal.Portal
	refused func(host string)
	seen    Window

	looked  map[proto.TargetTargetID]string // at which address and title a page of another's was looked into
	storage map[string][]storagestate.Item  // by origin
}

// follow shows the sign-in page and watches until somebody is signed in or the window
// is closed.
func (w *window) follow(c cdpClient, p *launch.Process) error {
	err := c.raw("Target.createTarget", map[string]any{"url": w.portal.SignInURL(), "newWindow": true}, nil)
	if err != nil {
		return err
	}
	seenAt, last := time.Now(), ""
	for {
		if err := pause(c.ctx, windowTick); err != nil {
			return err
		}
		pages, err := w.look(c)
		switch {
		case c.ctx.Err() != nil:
			return c.ctx.Err()
		case isClosed(p.Exited()), errors.Is(err, po.BrowserDied): // the window was closed
			return waitEnd(c.ctx, p)
		case err != nil && !isProtocolError(err):
			return err
		}
		if pages.signedIn != "" && pages.signedIn == last { // it stays
			w.seen.SignedIn = true
			return quit(c, p)
		}
		last = pages.signedIn
		if pages.count > 0 {
			seenAt = time.Now()
		} else if time.Since(seenAt) > windowless {
			return quit(c, p)
		}
	}
}

// windowPages is what one look at all pages brings.
type windowPages struct {
	count    int
	signedIn string // the address of a page with the portal's sign of a signed-in user
}

// look takes down what the browser has now.
func (w *window) look(c cdpClient) (pages windowPages, err error) {
	targets, err := proto.TargetGetTargets{}.Call(c)
	if err != nil {
		return pages, err
	}
	for _, t := range targets.TargetInfos {
		if t.Type != proto.TargetTargetInfoTypePage {
			continue
		}
		pages.count++
		address, err := url.Parse(t.URL)
		if err != nil || address.Scheme != "http" && address.Scheme != "https" {
			continue
		}
		w.seen.LastHost = address.Host
		own := w.portal.Allowed(address)
		if now := t.URL + "\n" + t.Title; !own && w.looked[t.TargetID] == now {
			continue
		} else if !own {
			w.looked[t.TargetID] = now
		}
		found, err := w.lookInto(c, t.TargetID, own)
		if err != nil {
			delete(w.looked, t.TargetID)
			continue // it is being left, or a dialog stands before it
		}
		if !own && !found.Ready {
			delete(w.looked, t.TargetID)
		}
		w.note(address, found, own, &pages, t.URL)
	}
	cookies, err := jar(c)
	if err != nil {
		return pages, err
	}
	if pages.count+len(cookies) > 0 { // a browser that ends forgets
		w.seen.State, _ = storagestate.State{Cookies: cookies}.Only(func(host string) bool { return Serves(w.portal, host) })
	}
	return pages, nil
}

// note takes down what was found in a page.
func (w *window) note(address *url.URL, found windowLook, own bool, pages *windowPages, full string) {
	if found.Refused && w.seen.Refused == "" {
		w.seen.Refused = address.Host
		if w.refused != nil {
			w.refused(address.Host)
		}
	}
	if !own {
		return
	}
	if len(found.Items) > 0 {
		w.storage[found.Origin] = found.Items
	} else {
		delete(w.storage, found.Origin)
	}
	if found.Tab > 0 && !slices.Contains(w.seen.Tab, found.Origin) {
		w.seen.Tab = append(w.seen.Tab, found.Origin)
	}
	if found.Ready && found.SignedIn && !found.SignedOut && !w.portal.Signs.SignedOut.MatchesURL(full) {
		pages.signedIn = full
	}
}

// lookInto looks into a page for a moment.
func (w *window) lookInto(c cdpClient, page proto.TargetTargetID, own bool) (found windowLook, err error) {
	ctx, cancel := context.WithTimeout(c.ctx, lookWithin)
	defer cancel()
	attached, err := proto.TargetAttachToTarget{TargetID: page, Flatten: true}.Call(cdpClient{ctx: ctx, conn: c.conn})
	if err != nil {
		return found, err
	}
	defer func() { // also where the look took too long
		ctx, cancel := context.WithTimeout(c.ctx, lookWithin)
		defer cancel()
		_ = proto.TargetDetachFromTarget{SessionID: attached.SessionID}.Call(cdpClient{ctx: ctx, conn: c.conn})
	}()
	tab := cdpClient{ctx: ctx, conn: c.conn, tab: attached.SessionID}
	world, err := tab.isolatedWorld(proto.PageFrameID(page))
	if err != nil {
		return found, err
	}
	spec := windowSpec{Refusals: refusals, StorageMax: windowStorageMax, Portal: own,
		SignedIn: markSpec{[]string{}, []string{}}, SignedOut: markSpec{[]string{}, []string{}}}
	if own {
		spec.SignedIn = markSpec{list(w.portal.Signs.SignedIn.Selectors), list(w.portal.Signs.SignedIn.Texts)}
		spec.SignedOut = markSpec{list(w.portal.Signs.SignedOut.Selectors), list(w.portal.Signs.SignedOut.Texts)}
	}
	text, _ := json.Marshal(spec) // strings and numbers: it cannot fail
	err = tab.evaluate(world, fmt.Sprintf("(%s)(%s)", windowJS, text), &found)
	return found, err
}
