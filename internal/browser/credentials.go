package browser

import (
	"bytes"
	"context"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// credentials are what HTTP needs to be taken for this browser, on the
// portal's hosts only.
func (s *Session) credentials(ctx context.Context, page string) (po.Credentials, error) {
	if err := s.cookies.refresh(ctx); err != nil { // so that they are known also when the browser ends
		return po.Credentials{}, err
	}
	referer, _, _ := strings.Cut(page, "#")
	header := s.pageHeaders.get()
	if header.Get("User-Agent") == "" {
		header.Set("User-Agent", s.userAgent)
	}
	return po.Credentials{Cookies: &s.cookies, Header: header, Referer: referer}, nil
}

// requestHeaders is what the browser says of itself when it asks for a page.
type requestHeaders struct {
	mu     sync.Mutex
	header http.Header
}

// described are the fields of it, beside client hints. Sec-Fetch-Mode stands for
// those of its kind.
var described = map[string]bool{"User-Agent": true, "Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Upgrade-Insecure-Requests": true,
	"Sec-Fetch-Mode": true, "Sec-Gpc": true, "Dnt": true}

// record takes the header of a request as it went out. Only pages are asked for with
// Upgrade-Insecure-Requests.
func (d *requestHeaders) record(params json.RawMessage) {
	if !bytes.Contains(bytes.ToLower(params), []byte(`"upgrade-insecure-requests"`)) {
		return
	}
	var e struct{ Headers map[string]string }
	if json.Unmarshal(params, &e) != nil {
		return
	}
	header := http.Header{}
	for name, value := range e.Headers {
		name = http.CanonicalHeaderKey(name)
		if described[name] || strings.HasPrefix(name, "Sec-Ch-") {
			header.Set(name, value)
		}
	}
	if header.Get("Accept-Encoding") == identity { // that is ours, for what a click leads to
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.header = header
}

func (d *requestHeaders) get() http.Header {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.header == nil {
		return http.Header{}
	}
	return d.header.Clone()
}

// cookieJar lends the browser's cookies to the HTTP lane.
type cookieJar struct {
	session *Session
	mu      sync.Mutex
	last    []po.Cookie // as they were known last
}

// Cookies implements po.CookieJar.
func (j *cookieJar) Cookies(ctx context.Context) ([]po.Cookie, error) {
	if err := j.refresh(ctx); err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.last), nil
}

// refresh asks the browser.
func (j *cookieJar) refresh(ctx context.Context) error {
	ctx, cancel := j.whileLives(ctx)
	defer cancel()
	jar, err := proto.StorageGetCookies{}.Call(j.session.browser(ctx))
	if err != nil {
		return err
	}
	var list []po.Cookie
	for _, c := range jar.Cookies {
		if ServesPortal(j.session.config.Portal, c.Domain) && !c.PartitionKeyOpaque {
			list = append(list, toCookie(c))
		}
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = list
	return nil
}

// whileLives is for a call to the browser: one that hangs is given up as soon as
// that is noticed.
func (j *cookieJar) whileLives(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(j.session.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// SetCookies implements po.CookieJar. A cookie that the browser does not take is
// dropped, as it would be had the browser got it.
func (j *cookieJar) SetCookies(ctx context.Context, from *url.URL, cookies []po.Cookie) error {
	for _, c := range cookies {
		if err := j.set(ctx, from, c); ctx.Err() != nil {
			return ctx.Err()
		} else if err != nil && !isProtocolError(err) { // it has ended
			j.remember(c)
		}
	}
	return nil
}

func (j *cookieJar) set(ctx context.Context, from *url.URL, c po.Cookie) error {
	ctx, cancel := j.whileLives(ctx)
	defer cancel()
	at := url.URL{Scheme: from.Scheme, Host: from.Host, Path: from.Path}
	param := &proto.NetworkCookieParam{Name: c.Name, Value: c.Value, URL: at.String(), Path: c.Path, Secure: c.Secure, HTTPOnly: c.HTTPOnly, SameSite: sameSites[c.SameSite]}
	if strings.HasPrefix(c.Domain, ".") { // else for the host alone
		param.Domain = c.Domain
	}
	if !c.Expires.IsZero() {
		param.Expires = proto.TimeSinceEpoch(c.Expires.Unix())
	}
	if c.Partition != "" {
		param.PartitionKey = &proto.NetworkCookiePartitionKey{TopLevelSite: c.Partition}
	}
	return proto.StorageSetCookies{Cookies: []*proto.NetworkCookieParam{param}}.Call(j.session.browser(ctx))
}

// remember is set for a browser that has ended.
func (j *cookieJar) remember(c po.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.last = slices.DeleteFunc(j.last, func(o po.Cookie) bool {
		return o.Name == c.Name && o.Domain == c.Domain && o.Path == c.Path && o.Partition == c.Partition
	})
	if c.Expires.IsZero() || c.Expires.After(time.Now()) {
		j.last = append(j.last, c)
	}
}

// toCookie is a cookie of the browser for the HTTP lane.
func toCookie(c *proto.NetworkCookie) po.Cookie {
	p := po.Cookie{Name: c.Name, Value: c.Value, Domain: c.Domain, Path: c.Path, Secure: c.Secure, HTTPOnly: c.HTTPOnly}
	for mode, word := range sameSites {
		if word == c.SameSite {
			p.SameSite = mode
		}
	}
	if c.Expires > 0 && !c.Session {
		p.Expires = c.Expires.Time()
	}
	if c.PartitionKey != nil {
		p.Partition = c.PartitionKey.TopLevelSite
	}
	return p
}

var sameSites = map[http.SameSite]proto.NetworkCookieSameSite{
	http.SameSiteLaxMode: proto.NetworkCookieSameSiteLax, http.SameSiteStrictMode: proto.NetworkCookieSameSiteStrict,
	http.SameSiteNoneMode: proto.NetworkCookieSameSiteNone,
}

// ServesPortal reports whether a cookie of a domain could be sent to one of
// the portal's hosts.
func ServesPortal(p portal.Portal, domain string) bool {
	hosts := p.AllowedHosts
	if base, err := url.Parse(p.BaseURL); err == nil {
		hosts = append([]string{base.Hostname()}, hosts...)
	}
	return servesAny(hosts, domain)
}

// Serves reports whether cookies of a domain, or what pages of a host keep, belong to a
// sign-in at a portal: they could be sent to its own hosts or to those of its identity
// provider.
func Serves(p portal.Portal, domain string) bool {
	return ServesPortal(p, domain) || servesAny(p.SignIn.Hosts, domain)
}

func servesAny(hosts []string, domain string) bool {
	domain = strings.ToLower(strings.Trim(domain, ".[]"))
	for _, host := range hosts {
		host = strings.TrimPrefix(host, "http://")
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		host = strings.ToLower(strings.Trim(host, "[]"))
		above, wildcard := strings.CutPrefix(host, "*.")
		switch {
		case above == domain, strings.HasSuffix(above, "."+domain):
			return true
		case wildcard && strings.HasSuffix(domain, "."+above):
			return true
		}
	}
	return false
}
