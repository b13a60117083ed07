package download

import (
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"github.com/poactor/poactor/po"
)

// cookies is one order's jar. The standard jar says which cookie belongs to
// which address (RFC 6265); the header is written here, since net/http changes
// values that browsers send as they are.
type cookies struct{ jar *cookiejar.Jar }

func newCookies(list []po.Cookie) (cookies, error) {
	jar, err := cookiejar.New(&cookiejar.Options{PublicSuffixList: publicsuffix.List})
	if err != nil {
		return cookies{}, err
	}
	for _, c := range list {
		host, wide := strings.CutPrefix(c.Domain, ".")
		cookie := &http.Cookie{Name: c.Name, Value: c.Value, Path: c.Path, Secure: c.Secure}
		if wide {
			cookie.Domain = host
		}
		host = net.JoinHostPort(strings.Trim(host, "[]"), "443") // the jar reads an IPv6 host with a port only
		jar.SetCookies(&url.URL{Scheme: "https", Host: host, Path: "/"}, []*http.Cookie{cookie})
	}
	return cookies{jar}, nil
}

// header is the Cookie field for an address; empty if none belongs to it.
func (c cookies) header(u *url.URL) string {
	var pairs []string
	for _, cookie := range c.jar.Cookies(u) {
		value := cookie.Value
		if cookie.Quoted {
			value = `"` + value + `"`
		}
		pair := value
		if cookie.Name != "" {
			pair = cookie.Name + "=" + value
		}
		if !strings.ContainsFunc(pair, func(r rune) bool { return r < ' ' || r == 0x7f || r == ';' }) {
			pairs = append(pairs, pair)
		}
	}
	return strings.Join(pairs, "; ")
}
