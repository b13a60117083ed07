package portal

import (
	"net/url"
	"regexp"
	"strings"
)

// WithBaseURL returns the portal at that address, checked. The address is
// scheme and host, with a path if the portal lives below one; trailing slashes
// are dropped.
func (p Portal) WithBaseURL(address string) (Portal, error) {
	p.BaseURL = trimBaseURL(address)
	if p.BaseURL == "" {
		return Portal{}, Errors{{Key: "base_url", Msg: "base_url is empty", Hint: baseURLHint}}
	}
	if err := p.Check(); err != nil {
		return Portal{}, err
	}
	return p, nil
}

func trimBaseURL(address string) string {
	return strings.TrimRight(strings.TrimSpace(address), "/")
}

const baseURLHint = "give the address of the portal's start page, like https://company.example.com"

// hostAlone is a host without a scheme.
var hostAlone = regexp.MustCompile(`^(?:[\w-]+(?:\.[\w-]+)+|localhost)(?::\d+)?(?:/|$)`)

// hasUserInfo reports whether an address may hold a password, which must not
// be shown.
func hasUserInfo(address string) bool { return strings.Contains(address, "@") }

// baseURLFault says what is wrong with a base URL that is not empty, and what
// to do about it.
func baseURLFault(address string) (fault, hint string) {
	u, err := url.Parse(address)
	switch {
	case strings.ContainsAny(address, " \\") || strings.ContainsFunc(address, isControl):
		return "has a character that no address has", baseURLHint
	case hostAlone.MatchString(address): // url.Parse takes host:port for scheme:something
		return "has no scheme", "write https://" + address
	case err != nil:
		return "is no address", baseURLHint
	case defaultPort(u.Scheme) == "":
		return "is not http or https", baseURLHint
	case u.RawQuery != "" || u.ForceQuery || strings.Contains(address, "#"):
		return "has a query or a fragment", "leave out what begins with ? or #"
	case strings.HasSuffix(address, "/"):
		return "ends with a slash", "leave the last slash out"
	}
	if _, ok := canonicalHost(u.Hostname()); !ok || u.Opaque != "" {
		return "has no valid host", baseURLHint
	}
	if port := u.Port(); (port != "" && !validPort(port)) || strings.HasSuffix(u.Host, ":") {
		return "has no valid port", baseURLHint
	}
	return "", ""
}
