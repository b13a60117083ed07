package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// offPortalError is why a visit ends whose page leads off the portal's hosts.
type offPortalError struct{ url string }

func (f *offPortalError) Error() string { return "the page leads to another host" }

// asFailure gives every error of a reading the form that callers expect.
func asFailure(ctx context.Context, err error, address string) *po.ReadFailure {
	var failure *po.ReadFailure
	var end *browserGone
	why := context.Cause(ctx)
	switch {
	case errors.As(err, &end):
		return &po.ReadFailure{Cause: end.cause, Detail: end.detail, URL: address}
	case errors.As(err, &failure):
		return failure
	case ctx.Err() != nil && po.CauseOf(why) != po.Internal:
		return &po.ReadFailure{Cause: po.CauseOf(why), Detail: "the reading was called off", URL: address}
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &po.ReadFailure{Cause: po.Timeout, Detail: "the order took longer than an order may", URL: address}
	case ctx.Err() != nil:
		return &po.ReadFailure{Cause: po.Interrupted, Detail: "the reading was called off", URL: address}
	case errors.Is(err, context.DeadlineExceeded):
		return &po.ReadFailure{Cause: po.Timeout, Detail: "a step in the browser did not end in its time", URL: address}
	}
	return &po.ReadFailure{Cause: po.Internal, Detail: po.Clip(err.Error(), 300), URL: address}
}

// signOffPortal judges a page that leads off the portal's hosts. A redirect to a
// place where one signs in means that the session is over; anything else is
// refused.
func signOffPortal(p portal.Portal, address string) po.Sign {
	if p.Signs.SignedOut.MatchesURL(address) || looksLikeSignIn(address) {
		return po.SignSignedOut
	}
	return ""
}

// urlRule is what a page that leads off the portal's hosts was known by as its sign-in.
func urlRule(p portal.Portal, address string) *po.Rule {
	for _, pattern := range p.Signs.SignedOut.URLs {
		if (portal.Sign{URLs: []string{pattern}}).MatchesURL(address) {
			return &po.Rule{Place: "signs.signed_out.urls", Value: pattern}
		}
	}
	return nil
}

// statusRule is what a page was known by whose HTTP status is enough.
func statusRule(sign po.Sign, status int) *po.Rule {
	return &po.Rule{Place: "signs." + string(sign) + ".statuses", Value: strconv.Itoa(status)}
}

// looksLikeSignIn knows the addresses of single sign-on: its protocols' query
// parameters, and the words that such hosts and paths are made of.
func looksLikeSignIn(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	for key := range u.Query() {
		switch strings.ToLower(key) {
		case "samlrequest", "wa", "wtrealm", "redirect_uri", "relaystate", "returnurl", "return_to":
			return true
		}
	}
	parts := strings.FieldsFunc(strings.ToLower(u.Host+u.Path), func(r rune) bool { return strings.ContainsRune("./-_:", r) })
	return slices.ContainsFunc(parts, func(part string) bool {
		switch part {
		case "login", "signin", "logon", "sso", "saml", "saml2", "oauth", "oauth2", "oidc", "openid", "auth", "authorize", "adfs", "idp", "sessions":
			return true
		}
		return false
	})
}

// statusSign is the sign that an HTTP status means by the definition. Where
// several do, the order is that of all signs.
func statusSign(p portal.Portal, status int) po.Sign {
	signs := pageSigns(p)
	for _, name := range []po.Sign{po.SignSignedOut, po.SignForbidden, po.SignNotFound, po.SignEmpty} {
		if signs[name].MatchesStatus(status) {
			return name
		}
	}
	return ""
}

// serverFailure judges an answer that is an error of the portal; nil if it is
// none.
func serverFailure(d document, now time.Time) *po.ReadFailure {
	after := po.RetryAfter(d.Header.Get("Retry-After"), now)
	switch {
	case d.Status == http.StatusTooManyRequests, d.Status == http.StatusServiceUnavailable && after > 0:
		return &po.ReadFailure{Cause: po.Throttled, Detail: fmt.Sprintf("the portal answered %d", d.Status), RetryAfter: after, URL: d.URL}
	case d.Status >= 500:
		return &po.ReadFailure{Cause: po.PortalError, Detail: fmt.Sprintf("the portal answered %d", d.Status), RetryAfter: after, URL: d.URL}
	}
	return nil
}

// noBody is what the browser says of an error's answer without a body; it shows a
// page of its own then.
const noBody = "ERR_HTTP_RESPONSE_CODE_FAILURE"

// noCredentials is what the whole browser says where it is asked who its user is and
// has nobody to ask (WWW-Authenticate: NTLM, Basic).
const noCredentials = "ERR_INVALID_AUTH_CREDENTIALS"

// navigationFailure judges the browser's own error, like
// "net::ERR_CONNECTION_REFUSED". Unreachable is meant of the address's host.
func navigationFailure(text, address string) *po.ReadFailure {
	failure := &po.ReadFailure{Cause: po.PortalError, Detail: "the browser could not open the page: " + text, URL: address}
	code := strings.TrimPrefix(text, "net::")
	if strings.HasPrefix(code, "ERR_SSL_") || strings.HasPrefix(code, "ERR_CERT_") {
		failure.Unreachable = true // no order's fault, and the same for all
	}
	switch code {
	case "ERR_CONNECTION_REFUSED", "ERR_NAME_NOT_RESOLVED", "ERR_NAME_RESOLUTION_FAILED", "ERR_ADDRESS_UNREACHABLE", "ERR_INTERNET_DISCONNECTED",
		"ERR_NETWORK_ACCESS_DENIED", "ERR_PROXY_CONNECTION_FAILED", "ERR_TUNNEL_CONNECTION_FAILED", "ERR_CONNECTION_TIMED_OUT",
		"ERR_ADDRESS_INVALID", "ERR_UNSAFE_PORT", "ERR_NETWORK_CHANGED":
		failure.Unreachable = true
	case noBody:
		failure.Cause, failure.Detail = po.UnrecognisedPage, "the portal answers with an error's status and without a page"
	case "ERR_ABORTED":
		failure.Cause, failure.Detail = po.UnrecognisedPage, "the order's address gives a file or nothing instead of a page"
	}
	return failure
}
