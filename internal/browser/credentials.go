package browser

import (
	"context"
	"net"
	"net/url"
	"strings"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// credentials are what HTTP needs to be taken for this browser, on the
// portal's hosts only.
func (s *Session) credentials(ctx context.Context, page string) (po.Credentials, error) {
	jar, err := proto.StorageGetCookies{}.Call(s.browser(ctx))
	if err != nil {
		return po.Credentials{}, err
	}
	referer, _, _ := strings.Cut(page, "#")
	c := po.Credentials{UserAgent: s.userAgent, Referer: referer}
	for _, cookie := range jar.Cookies {
		if cookieServes(s.config.Portal, cookie.Domain) {
			c.Cookies = append(c.Cookies, po.Cookie{Name: cookie.Name, Value: cookie.Value, Domain: cookie.Domain, Path: cookie.Path, Secure: cookie.Secure})
		}
	}
	return c, nil
}

// cookieServes reports whether a cookie of a domain could be sent to one of
// the portal's hosts.
func cookieServes(p portal.Portal, domain string) bool {
	hosts := p.AllowedHosts
	if base, err := url.Parse(p.BaseURL); err == nil {
		hosts = append([]string{base.Hostname()}, hosts...)
	}
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
