package browser

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/portal"
)

// cookieParams are cookies in the words of the protocol. scheme is that of the portal.
// A partitioned cookie whose partition is not known is left out, never set without one.
func cookieParams(list []storagestate.Cookie, scheme string) []*proto.NetworkCookieParam {
	params := make([]*proto.NetworkCookieParam, 0, len(list))
	for _, c := range list {
		at := url.URL{Scheme: scheme, Host: c.Host(), Path: c.Path}
		if c.Secure {
			at.Scheme = "https"
		}
		if strings.Contains(at.Host, ":") { // an address of IPv6
			at.Host = "[" + at.Host + "]"
		}
		p := &proto.NetworkCookieParam{Name: c.Name, Value: c.Value, URL: at.String(), Path: c.Path, Secure: c.Secure,
			HTTPOnly: c.HTTPOnly, SameSite: proto.NetworkCookieSameSite(c.SameSite)}
		if strings.HasPrefix(c.Domain, ".") { // else for the host alone
			p.Domain = c.Domain
		}
		if !c.Expires.IsZero() {
			p.Expires = proto.TimeSinceEpoch(c.Expires.Unix())
		}
		if c.Partition != nil {
			p.PartitionKey = &proto.NetworkCookiePartitionKey{
				TopLevelSite: c.Partition.TopLevelSite, HasCrossSiteAncestor: c.Partition.HasCrossSiteAncestor}
		}
		params = append(params, p)
	}
	return params
}

// stateCookies are a browser's cookies as a state has them. One with an opaque
// partition means nothing outside its browser.
func stateCookies(list []*proto.NetworkCookie) []storagestate.Cookie {
	var cookies []storagestate.Cookie
	for _, c := range list {
		if c.PartitionKeyOpaque {
			continue
		}
		s := storagestate.Cookie{Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, HTTPOnly: c.HTTPOnly,
			Secure: c.Secure, SameSite: storagestate.SameSite(c.SameSite)}
		if c.Expires > 0 && !c.Session {
			s.Expires = c.Expires.Time()
		}
		if c.PartitionKey != nil {
			s.Partition = &storagestate.Partition{
				TopLevelSite: c.PartitionKey.TopLevelSite, HasCrossSiteAncestor: c.PartitionKey.HasCrossSiteAncestor}
		}
		cookies = append(cookies, s)
	}
	return cookies
}

// setCookies gives a browser cookies one by one, since it takes none of a list in which
// one is bad; what it does not take, its jar tells.
func setCookies(w cdpClient, list []storagestate.Cookie, scheme string) error {
	for _, p := range cookieParams(list, scheme) {
		err := proto.StorageSetCookies{Cookies: []*proto.NetworkCookieParam{p}}.Call(w)
		if err != nil && !isProtocolError(err) {
			return fmt.Errorf("set the cookies: %w", err)
		}
	}
	return nil
}

// jar is what a browser has for cookies.
func jar(w cdpClient) ([]storagestate.Cookie, error) {
	got, err := proto.StorageGetCookies{}.Call(w)
	if err != nil {
		return nil, fmt.Errorf("read the cookies: %w", err)
	}
	return stateCookies(got.Cookies), nil
}

// State is what keeps the user signed in in this browser: of the portal's hosts and the
// identity provider's. The local storage is that of the page that is shown.
func (s *Session) State(ctx context.Context) (storagestate.State, error) {
	cookies, err := jar(s.browser(ctx))
	if err != nil {
		return storagestate.State{}, err
	}
	state := storagestate.State{Cookies: cookies}
	if o, ok := s.pageStorage(ctx); ok {
		state.Origins = append(state.Origins, o)
	}
	state, _ = state.Only(func(host string) bool { return Serves(s.config.Portal, host) })
	return state, nil
}

// pageStorage is the local storage of the page that is shown; false if there is none.
func (s *Session) pageStorage(ctx context.Context) (storagestate.Origin, bool) {
	w := s.page(ctx)
	world, err := w.isolatedWorld(proto.PageFrameID(s.tab.target))
	if err != nil {
		return storagestate.Origin{}, false
	}
	var o storagestate.Origin
	err = w.evaluate(world, `({Origin: location.origin,
		LocalStorage: Object.entries(localStorage).map(([Name, Value]) => ({Name, Value}))})`, &o)
	return o, err == nil && len(o.LocalStorage) > 0
}

// Seed puts a session into the browser, before it opens a page of the portal: cookies
// at once, local storage as soon as Prove opens a page of its origin.
func (s *Session) Seed(ctx context.Context, state storagestate.State) error {
	s.storage = storageScript(state.Origins)
	return setCookies(s.browser(ctx), state.Cookies, schemeOf(s.config.Portal))
}

// storageScript fills the local storage of its page's origin; empty if there is
// nothing to fill.
func storageScript(origins []storagestate.Origin) string {
	items := map[string][]storagestate.Item{}
	for _, o := range origins {
		if len(o.LocalStorage) > 0 {
			items[o.Origin] = o.LocalStorage
		}
	}
	if len(items) == 0 {
		return ""
	}
	text, _ := json.Marshal(items) // strings: it cannot fail
	// Once for each origin: what the page makes of it then, like a fresh token, stays.
	return fmt.Sprintf(`if (!sessionStorage.getItem('poactor')) {
		for (const {Name, Value} of (%s)[location.origin] ?? []) localStorage.setItem(Name, Value);
		sessionStorage.setItem('poactor', 'filled');
	}`, text)
}

// fillsStorage has the session's tab run the script of Seed before a page's own.
func (s *Session) fillsStorage(ctx context.Context) error {
	if s.storage == "" {
		return nil
	}
	script := map[string]any{"source": s.storage, "worldName": "poactor"}
	return s.page(ctx).raw("Page.addScriptToEvaluateOnNewDocument", script, nil)
}

// Import puts a session into the profile in dir, a user data directory that is made if
// need be and that no browser uses, and names the cookies that the browser did not
// take, or did not keep. No page of the portal is opened. Of c it takes what concerns
// the browser, Portal, Downloads, which may be empty, and Times.Start. The error is a
// *po.Error.
func Import(ctx context.Context, c Config, dir string, state storagestate.State) ([]storagestate.Note, error) {
	var missing []storagestate.Note
	scheme := schemeOf(c.Portal)
	err := withBrowser(ctx, c, dir, func(w cdpClient, p *launch.Process) error {
		err := setCookies(w, state.Cookies, scheme)
		if err == nil {
			err = fillStorage(w, state.Origins)
		}
		if err != nil {
			return err
		}
		there, err := jar(w)
		if err != nil {
			return err
		}
		missing = storagestate.Missing(state.Cookies, there, time.Now())
		return quit(w, p)
	})
	return missing, profileError(err, "import into "+dir)
}

func schemeOf(p portal.Portal) string {
	scheme, _, _ := strings.Cut(p.BaseURL, "://")
	return scheme
}

// fillStorage puts items into the local storage of origins. Only a page of an origin
// can: an empty one is shown in its name, see withBrowser, and nothing is asked of the
// network.
func fillStorage(w cdpClient, origins []storagestate.Origin) error {
	empty := func(o storagestate.Origin) bool { return len(o.LocalStorage) == 0 }
	origins = slices.DeleteFunc(slices.Clone(origins), empty)
	if len(origins) == 0 {
		return nil
	}
	target, err := proto.TargetCreateTarget{URL: "about:blank"}.Call(w)
	if err != nil {
		return err
	}
	attached, err := proto.TargetAttachToTarget{TargetID: target.TargetID, Flatten: true}.Call(w)
	if err != nil {
		return err
	}
	tab := w
	tab.tab = attached.SessionID
	if err := (proto.FetchEnable{}).Call(tab); err != nil {
		return err
	}
	for _, o := range origins {
		if err := fillOrigin(tab, o); err != nil {
			return fmt.Errorf("fill the local storage of %s: %w", o, err)
		}
	}
	_, err = proto.TargetCloseTarget{TargetID: target.TargetID}.Call(w)
	return err
}

// fillOriginWithin bounds what is done for one origin.
const fillOriginWithin = 30 * time.Second

func fillOrigin(w cdpClient, o storagestate.Origin) error {
	ctx, cancel := context.WithTimeout(w.ctx, fillOriginWithin)
	defer cancel()
	w.ctx = ctx
	shown, err := proto.PageNavigate{URL: o.Origin + "/"}.Call(w)
	switch {
	case err != nil:
		return err
	case shown.ErrorText != "":
		return errors.New(shown.ErrorText)
	}
	world, err := w.isolatedWorld(shown.FrameID)
	if err != nil {
		return err
	}
	items, err := json.Marshal(o.LocalStorage)
	if err != nil {
		return err
	}
	script := fmt.Sprintf(`{ for (const {Name, Value} of %s) localStorage.setItem(Name, Value) }`, items)
	return w.evaluate(world, script, nil)
}

// answerEmpty answers a request of a page with an empty one.
func answerEmpty(c *conn, event launch.Message) {
	var e proto.FetchRequestPaused
	if json.Unmarshal(event.Params, &e) != nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), fillOriginWithin)
	defer cancel()
	_ = proto.FetchFulfillRequest{ // else the page does not come, which is noticed
		RequestID: e.RequestID, ResponseCode: 200, Body: []byte("<!doctype html><title>.</title>"),
		ResponseHeaders: []*proto.FetchHeaderEntry{{Name: "Content-Type", Value: "text/html"}},
	}.Call(cdpClient{ctx: ctx, conn: c, tab: proto.TargetSessionID(event.SessionID)})
}
