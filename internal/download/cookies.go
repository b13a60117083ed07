package download

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"

	"github.com/poactor/poactor/po"
)

// cookieHeader is the Cookie field with which a browser would ask for an address
// that a page links to (RFC 6265bis, section 5.8.3); empty if no cookie belongs to
// it. The jar is the browser's: what the standard library's knows nothing of, like
// SameSite, partitions, and values that are sent as they are, must stay.
func cookieHeader(list []po.Cookie, page string, to *url.URL, now time.Time) string {
	from, err := url.Parse(page)
	away := err == nil && from.Host != "" && siteOf(from) != siteOf(to)
	var sent []po.Cookie
	for _, c := range list {
		switch {
		case !domainMatches(c.Domain, to), !pathMatches(c.Path, to), c.Secure && !trustworthy(to):
		case !c.Expires.IsZero() && !c.Expires.After(now):
		case c.SameSite == http.SameSiteStrictMode && away:
		case c.Partition != "" && c.Partition != siteOf(to):
		default:
			sent = append(sent, c)
		}
	}
	slices.SortStableFunc(sent, func(a, b po.Cookie) int { return len(b.Path) - len(a.Path) })
	var pairs []string
	for _, c := range sent {
		pair := c.Value
		if c.Name != "" {
			pair = c.Name + "=" + c.Value
		}
		if !strings.ContainsFunc(pair, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f || r == ';' }) {
			pairs = append(pairs, pair)
		}
	}
	return strings.Join(pairs, "; ")
}

// maxCookies bounds what is taken of one answer.
const maxCookies = 180

// cookiesOf reads the Set-Cookie fields of an answer from an address, as browsers
// do (RFC 6265bis, section 5.7). Values stay as they are.
func cookiesOf(header http.Header, from *url.URL, now time.Time) []po.Cookie {
	var list []po.Cookie
	for _, field := range header.Values("Set-Cookie") {
		if c, ok := parseCookie(field, from, now); ok && len(list) < maxCookies {
			list = append(list, c)
		}
	}
	return list
}

func parseCookie(field string, from *url.URL, now time.Time) (po.Cookie, bool) {
	pair, attributes, _ := strings.Cut(field, ";")
	name, value, named := strings.Cut(pair, "=")
	if !named {
		name, value = "", pair
	}
	c := po.Cookie{
		Name:   strings.TrimSpace(name),
		Value:  strings.TrimSpace(value),
		Domain: from.Hostname(),
		Path:   defaultPath(from),
	}
	// The standard library knows the attributes; of names and values less than browsers.
	known, err := http.ParseSetCookie("x=x;" + attributes)
	if err != nil || c.Name == "" && c.Value == "" || len(field) > 4096+1024 {
		return c, false
	}
	c.Secure, c.HTTPOnly, c.SameSite, c.Expires = known.Secure, known.HttpOnly, known.SameSite, known.Expires
	if c.SameSite == http.SameSiteDefaultMode {
		c.SameSite = 0
	}
	switch {
	case known.MaxAge < 0:
		c.Expires = time.Unix(1, 0)
	case known.MaxAge > 0:
		c.Expires = now.Add(time.Duration(min(known.MaxAge, 400*24*3600)) * time.Second)
	}
	if strings.HasPrefix(known.Path, "/") {
		c.Path = known.Path
	}
	if known.Partitioned {
		c.Partition = siteOf(from)
	}
	domain := strings.ToLower(strings.TrimPrefix(known.Domain, "."))
	if domain == "" || domain == c.Domain && isAddress(domain) {
		return c, !c.Secure || trustworthy(from)
	}
	if suffix, _ := publicsuffix.PublicSuffix(domain); suffix == domain {
		return c, domain == c.Domain // for this host alone
	}
	c.Domain = "." + domain
	return c, domainMatches(c.Domain, from) && (!c.Secure || trustworthy(from))
}

// domainMatches says whether a cookie's domain is that of an address.
func domainMatches(domain string, to *url.URL) bool {
	host := strings.ToLower(to.Hostname())
	wide, below := strings.CutPrefix(strings.ToLower(domain), ".")
	wide = strings.Trim(wide, "[]")
	return host == wide || below && strings.HasSuffix(host, "."+wide) && !isAddress(host)
}

// pathMatches says whether a cookie's path is that of an address, or above it.
func pathMatches(path string, to *url.URL) bool {
	asked := to.EscapedPath()
	if asked == "" {
		asked = "/"
	}
	rest, ok := strings.CutPrefix(asked, path)
	return ok && (rest == "" || strings.HasSuffix(path, "/") || rest[0] == '/')
}

// defaultPath is that of a cookie which an address sets without saying one.
func defaultPath(from *url.URL) string {
	path := from.EscapedPath()
	if i := strings.LastIndexByte(path, '/'); i > 0 {
		return path[:i]
	}
	return "/"
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}

// trustworthy says whether an address is one that browsers take for safe: secure
// cookies and what they say of themselves go there.
func trustworthy(u *url.URL) bool {
	host := strings.ToLower(u.Hostname())
	return u.Scheme == "https" ||
		host == "localhost" || strings.HasSuffix(host, ".localhost") || net.ParseIP(host).IsLoopback()
}

// siteOf is the site that an address is of: scheme and registered domain.
func siteOf(u *url.URL) string {
	host := strings.ToLower(u.Hostname())
	if registered, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil && !isAddress(host) {
		host = registered
	}
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	return u.Scheme + "://" + host
}
