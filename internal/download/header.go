package download

import (
	"net/http"
	"net/url"
	"strings"
)

// everywhere are the client hints that browsers send to every site. Others go to
// the host alone that has asked for them.
var everywhere = map[string]bool{"Sec-Ch-Ua": true, "Sec-Ch-Ua-Mobile": true, "Sec-Ch-Ua-Platform": true}

// headerFor is the header with which a browser would ask for an address that a page
// links to, but for cookies: browser is what it says of itself. away says that the
// way there led over another site.
func headerFor(browser http.Header, page string, to *url.URL, away bool) http.Header {
	from, err := url.Parse(page)
	if err != nil || from.Host == "" {
		from = nil
	}
	safe, home := trustworthy(to), from != nil && from.Scheme == to.Scheme && from.Host == to.Host
	h := http.Header{}
	h.Set("Accept", "*/*")
	for name, values := range browser {
		name = http.CanonicalHeaderKey(name)
		hint := strings.HasPrefix(name, "Sec-")
		if !hint || safe && (home || everywhere[name]) {
			h[name] = values
		}
	}
	h.Set("Accept-Encoding", acceptable(browser.Get("Accept-Encoding"), safe))
	if referer := refererFor(from, to); referer != "" {
		h.Set("Referer", referer)
	}
	h.Del("Sec-Fetch-Mode")
	if browser.Get("Sec-Fetch-Mode") != "" && safe {
		h.Set("Sec-Fetch-Mode", "navigate")
		h.Set("Sec-Fetch-Dest", "document")
		h.Set("Sec-Fetch-User", "?1")
		h.Set("Sec-Fetch-Site", fetchSite(from, to, away))
	}
	if h.Get("User-Agent") == "" {
		h["User-Agent"] = nil // net/http has one of its own
	}
	return h
}

// acceptable are those of the browser's encodings that can be undone here. On a
// connection that is not safe browsers ask for the old ones only.
func acceptable(browser string, safe bool) string {
	var list []string
	for e := range strings.SplitSeq(browser, ",") {
		e = strings.TrimSpace(e)
		if decoders[strings.ToLower(e)] != nil && (safe || e == "gzip" || e == "deflate") {
			list = append(list, e)
		}
	}
	if list == nil {
		return "identity"
	}
	return strings.Join(list, ", ")
}

// fetchSite says how near the page that links to an address is to it.
func fetchSite(from, to *url.URL, away bool) string {
	switch {
	case away || from != nil && siteOf(from) != siteOf(to):
		return "cross-site"
	case from == nil:
		return "none"
	case from.Scheme == to.Scheme && from.Host == to.Host:
		return "same-origin"
	}
	return "same-site"
}

// refererFor is what a browser tells an address of the page that links to it:
// all to the page's own host, the host alone to others, nothing without
// encryption where the page has it.
func refererFor(page, to *url.URL) string {
	if page == nil || page.Scheme == "https" && to.Scheme == "http" {
		return ""
	}
	u := *page
	u.User, u.Fragment, u.RawFragment = nil, "", ""
	if u.Scheme == to.Scheme && u.Host == to.Host {
		return u.String()
	}
	return u.Scheme + "://" + u.Host + "/"
}

// setScriptHeaders makes the header of a request for a page that of a request which a script of another page
// makes: given is what the script gives it.
func setScriptHeaders(req *http.Request, given http.Header, page string) {
	h := req.Header
	h.Del("Upgrade-Insecure-Requests")
	h.Set("Accept", "*/*")
	if h.Get("Sec-Fetch-Mode") != "" {
		h.Set("Sec-Fetch-Mode", "cors")
		h.Set("Sec-Fetch-Dest", "empty")
		h.Del("Sec-Fetch-User")
	}
	from, err := url.Parse(page)
	if err == nil && from.Host != "" &&
		(req.Method != http.MethodGet || from.Scheme != req.URL.Scheme || from.Host != req.URL.Host) {
		h.Set("Origin", from.Scheme+"://"+from.Host)
	}
	for name, values := range given {
		h[http.CanonicalHeaderKey(name)] = values
	}
}
