package portal

import (
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"
)

// hostRule is one host, or everything below one, that belongs to the portal.
type hostRule struct {
	host     string // as canonicalHost gives it
	wildcard bool   // hosts below it, at any depth, not itself
	port     string // empty: the default port of the URL's scheme
	plain    bool   // http will do
	secure   bool   // it will not, whatever the portal
}

// Allowed reports whether the browser and the downloads may go to u: http or
// https, without user information, on the base URL's host and port or one of
// AllowedHosts. Where the base URL is https, http is refused but for an entry
// of AllowedHosts that names its port, 80, or begins with http://. It does not
// resolve names.
func (p Portal) Allowed(u *url.URL) bool {
	if u == nil || u.User != nil || u.Opaque != "" || defaultPort(u.Scheme) == "" {
		return false
	}
	host, ok := canonicalHost(u.Hostname())
	if !ok {
		return false
	}
	if p.BaseURL == "" { // of OfHosts, or not usable yet
		return anyAllows(p.AllowedHosts, u, host, false)
	}
	base, err := url.Parse(p.BaseURL)
	if err != nil || base.Host == "" {
		return false
	}
	plain := base.Scheme == "http"
	own := hostRule{plain: plain}
	if own.host, ok = canonicalHost(base.Hostname()); ok {
		if port := base.Port(); port != defaultPort(base.Scheme) {
			own.port = port
		}
		if own.allows(u, host) {
			return true
		}
	}
	return anyAllows(p.AllowedHosts, u, host, plain)
}

// OfHosts is a portal of which nothing is known but its hosts, written like those of
// AllowedHosts: for pages that are no orders'. The error is an Errors.
func OfHosts(hosts []string) (Portal, error) {
	p := Portal{Name: "tasks", AllowedHosts: hosts}
	var c checker
	c.hosts(p)
	if len(c.found) > 0 {
		return Portal{}, c.found
	}
	return p, nil
}

// AllowedForSignIn reports whether the window for signing in, or the renewal of a
// session, may go to u: where Allowed lets it, and to SignIn.Hosts.
func (p Portal) AllowedForSignIn(u *url.URL) bool {
	if p.Allowed(u) {
		return true
	}
	if u == nil || u.User != nil || u.Opaque != "" || defaultPort(u.Scheme) == "" {
		return false
	}
	host, ok := canonicalHost(u.Hostname())
	return ok && anyAllows(p.SignIn.Hosts, u, host, strings.HasPrefix(p.BaseURL, "http://"))
}

// anyAllows reports whether one of the entries is for u, whose host is given as
// canonicalHost writes it. plain: the portal itself is asked over http.
func anyAllows(entries []string, u *url.URL, host string, plain bool) bool {
	for _, entry := range entries {
		if rule, fault := parseHost(entry); fault == "" {
			// Any other port says nothing of the scheme: it may be https that is meant,
			// whose cookies plain http would tell everybody on the way.
			rule.plain = !rule.secure && (rule.plain || plain || rule.port == "80")
			if rule.allows(u, host) {
				return true
			}
		}
	}
	return false
}

func (r hostRule) allows(u *url.URL, host string) bool {
	if u.Scheme == "http" && !r.plain {
		return false
	}
	port := u.Port()
	if port == "" {
		port = defaultPort(u.Scheme)
	}
	want := r.port
	if want == "" {
		want = defaultPort(u.Scheme)
	}
	if port != want {
		return false
	}
	if r.wildcard {
		return strings.HasSuffix(host, "."+r.host) && len(host) > len(r.host)+1
	}
	return host == r.host
}

func defaultPort(scheme string) string {
	switch scheme {
	case "http":
		return "80"
	case "https":
		return "443"
	}
	return ""
}

// canonicalHost writes a host name or address the one way in which two of
// them can be compared: lower case, punycode, addresses as netip prints them.
// It refuses what is no host, and a trailing dot, which makes it another host
// for cookies.
func canonicalHost(host string) (string, bool) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), addr.Zone() == ""
	}
	// As browsers do it; underscores are left to the check below.
	profile := idna.New(idna.MapForLookup(), idna.StrictDomainName(false))
	name, err := profile.ToASCII(host)
	if err != nil || name == "" || len(name) > 253 || strings.HasPrefix(name, ".") || strings.HasSuffix(name, ".") {
		return "", false
	}
	for _, c := range name { // mapping may bring in a slash or an @
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' && c != '.' && c != '_' {
			return "", false
		}
	}
	return name, true
}

// parseHost reads one entry of AllowedHosts; fault says what is wrong with it.
func parseHost(entry string) (rule hostRule, fault string) {
	host := entry
	if host, rule.secure = strings.CutPrefix(entry, "https://"); !rule.secure {
		host, rule.plain = strings.CutPrefix(entry, "http://")
	}
	entry = host
	switch {
	case strings.Contains(entry, "://"):
		return rule, "has another scheme than https or http: write the host alone"
	case strings.Contains(entry, "@"):
		return rule, "has a user name"
	case strings.ContainsAny(entry, "/?#\\"):
		return rule, "has a path: write the host alone"
	}
	if h, port, err := net.SplitHostPort(entry); err == nil {
		if !validPort(port) {
			return rule, "has no valid port"
		}
		host, rule.port = h, port
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	if rest, ok := strings.CutPrefix(host, "*."); ok {
		host, rule.wildcard = rest, true
	}
	name, ok := canonicalHost(host)
	if !ok {
		return rule, "is no host name"
	}
	rule.host = name
	return rule, wildcardFault(rule)
}

// wildcardFault refuses a wildcard that would take in strangers' hosts.
func wildcardFault(rule hostRule) string {
	if !rule.wildcard {
		return ""
	}
	if _, err := netip.ParseAddr(rule.host); err == nil {
		return "puts a wildcard before an address"
	}
	suffix, icann := publicsuffix.PublicSuffix(rule.host)
	if suffix == rule.host && (icann || !strings.Contains(suffix, ".")) {
		return "takes in everybody's hosts: name the company's part"
	}
	return ""
}

func validPort(port string) bool {
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0 && strconv.FormatUint(n, 10) == port
}
