package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/po"
)

const (
	// cookieLife is that of a cookie which says nothing of its end: one that
	// ends with its browser is of no use in a profile that is copied.
	cookieLife = 24 * time.Hour
	// quitWithin bounds the wait for a browser that was asked to end. What it
	// has to write first are some hundred kilobytes.
	quitWithin = 10 * time.Second
)

// SignIn puts cookies into the profile in dir, a user data directory that is
// made if need be and that no browser uses: it starts a browser on it, sets them,
// and has it end by itself, for only then are cookies safe on the disk. No page
// is opened. A cookie without a domain is for the host of the portal's base URL.
//
// Of c it takes what concerns the browser, Portal, Downloads, which may be empty, and
// Times.Start, which bounds all but the browser's end. The error is a *po.Error.
func SignIn(ctx context.Context, c Config, dir string, cookies []*http.Cookie) error {
	err := withBrowser(ctx, c, dir, func(w cdpClient, p *launch.Process) error {
		if err := (proto.StorageSetCookies{Cookies: browserCookies(cookies, c.Portal.BaseURL, time.Now())}).Call(w); err != nil {
			return fmt.Errorf("set the cookies: %w", err)
		}
		return quit(w, p)
	})
	return profileError(err, "sign in with "+dir)
}

// withBrowser runs a browser on a profile itself, not on a clone: do is given its
// connection, and what it returns is returned. What is left of the browser then is
// ended.
func withBrowser(ctx context.Context, c Config, dir string, do func(w cdpClient, p *launch.Process) error) (err error) {
	c.Cloned = true // by the browser that will run on what is cloned of it
	path, remove, err := c.prepare(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, remove()) }()
	l := New(c)
	proc, err := launch.Start(launch.Inspect(ctx, path), l.config.options(dir, l.config.Downloads))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proc.Close()) }()
	w := cdpClient{conn: connect(proc.Pipe, nil)}
	go func() {
		for e := range w.conn.events { // ends with the pipe
			if e.Method == "Fetch.requestPaused" {
				go answerEmpty(w.conn, e)
			}
		}
	}()
	start, cancel := context.WithTimeoutCause(ctx, l.config.Times.Start, launch.ErrSlow)
	defer cancel()
	w.ctx = start
	if _, err := (proto.BrowserGetVersion{}).Call(w); err != nil {
		return proc.Explain(start, err)
	}
	w.ctx = ctx
	return do(w, proc)
}

// prepare makes a profile's directory, and finds the browser for it. Where no Downloads
// are set, it makes them, and remove removes them: they are also for the browser's
// temporary files.
func (c *Config) prepare(dir string) (path string, remove func() error, err error) {
	remove = func() error { return nil }
	if c.Downloads == "" {
		temp, err := os.MkdirTemp("", "pa") // short: the browser puts sockets into it
		if err != nil {
			return "", nil, err
		}
		c.Downloads = temp
		remove = func() error { return os.RemoveAll(temp) }
	}
	if err = Check(*c); err == nil {
		path, err = c.find()
	}
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err == nil {
		err = launch.KeepSession(dir)
	}
	if err != nil {
		return "", nil, errors.Join(err, remove())
	}
	return path, remove, nil
}

// profileError is an error as a *po.Error; nil if there is none.
func profileError(err error, what string) error {
	if _, ok := errors.AsType[*po.Error](err); err == nil || ok {
		return err
	}
	cause := diskCause(err, po.ProfileFailed)
	if errors.Is(err, context.Canceled) {
		cause = po.Interrupted
	}
	return &po.Error{Msg: fmt.Sprintf("%s: %v", what, err), Cause: cause, Err: err}
}

// quit asks a browser to end and waits until the last of its processes has: the
// one that writes cookies is not always the main one.
func quit(w cdpClient, p *launch.Process) error {
	ctx, cancel := context.WithTimeout(w.ctx, quitWithin)
	defer cancel()
	w.ctx = ctx
	if err := (proto.BrowserClose{}).Call(w); err != nil && !errors.Is(err, po.BrowserDied) { // it may end before it answers
		return fmt.Errorf("end the browser: %w", err)
	}
	return waitEnd(ctx, p)
}

// waitEnd waits until the last of a browser's processes has ended.
func waitEnd(ctx context.Context, p *launch.Process) error {
	ctx, cancel := context.WithTimeout(ctx, quitWithin)
	defer cancel()
	for !isClosed(p.Exited()) || p.Alive() {
		if err := pause(ctx, 5*time.Millisecond); err != nil {
			return fmt.Errorf("the browser does not end: %w", err)
		}
	}
	return nil
}

// browserCookies are cookies in the words of the protocol.
func browserCookies(cookies []*http.Cookie, address string, now time.Time) []*proto.NetworkCookieParam {
	list := make([]*proto.NetworkCookieParam, 0, len(cookies))
	for _, c := range cookies {
		expires := c.Expires
		switch {
		case c.MaxAge > 0:
			expires = now.Add(time.Duration(c.MaxAge) * time.Second)
		case expires.IsZero():
			expires = now.Add(cookieLife)
		}
		list = append(list, &proto.NetworkCookieParam{
			Name: c.Name, Value: c.Value, URL: address, Domain: c.Domain, Path: c.Path, Secure: c.Secure, HTTPOnly: c.HttpOnly,
			SameSite: sameSites[c.SameSite], Expires: proto.TimeSinceEpoch(expires.Unix()),
		})
	}
	return list
}
