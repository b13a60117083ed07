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
// Of c it takes what concerns the browser, Portal and Times.Start, which bounds
// all but the browser's end. The error is a *po.Error.
func SignIn(ctx context.Context, c Config, dir string, cookies []*http.Cookie) error {
	err := signIn(ctx, c, dir, cookies)
	if _, ok := errors.AsType[*po.Error](err); err == nil || ok {
		return err
	}
	return &po.Error{Msg: fmt.Sprintf("sign in with %s: %v", dir, err), Cause: diskCause(err, po.ProfileFailed), Err: err}
}

func signIn(ctx context.Context, c Config, dir string, cookies []*http.Cookie) (err error) {
	temp, err := os.MkdirTemp("", "pa") // short: the browser puts sockets into it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	c.Downloads, c.Cloned = temp, true // by the browser that will run on what is cloned of it
	if err := Check(c); err != nil {
		return err
	}
	path, err := c.find()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	l := New(c)
	proc, err := launch.Start(launch.Inspect(ctx, path), l.config.options(dir, temp))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, proc.Close()) }()
	w := cdpClient{conn: connect(proc.Pipe)}
	go func() {
		for range w.conn.Event() { // ends with the pipe
		}
	}()
	start, cancel := context.WithTimeoutCause(ctx, l.config.Times.Start, launch.ErrSlow)
	defer cancel()
	w.ctx = start
	if _, err := (proto.BrowserGetVersion{}).Call(w); err != nil {
		return proc.Explain(start, err)
	}
	if err := (proto.StorageSetCookies{Cookies: browserCookies(cookies, c.Portal.BaseURL, time.Now())}).Call(w); err != nil {
		return fmt.Errorf("set the cookies: %w", err)
	}
	w.ctx = ctx
	return quit(w, proc)
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
