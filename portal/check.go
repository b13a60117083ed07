package portal

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Check reports everything that is wrong with a definition, as Errors. A base
// URL that is not given yet is not wrong.
func (p Portal) Check() error {
	var c checker
	c.general(p)
	c.order(p)
	c.sign("signs.empty", p, p.Signs.Empty)
	c.sign("signs.not_found", p, p.Signs.NotFound)
	c.sign("signs.forbidden", p, p.Signs.Forbidden)
	c.sign("signs.signed_out", p, p.Signs.SignedOut)
	c.mark("signs.error", p.Signs.Error)
	c.mark("signs.signed_in", p.Signs.SignedIn)
	c.signIn(p)
	c.interstitial(p.Interstitial)
	c.attachments(p.Attachments)
	c.selectors("supplier", p.Supplier)
	c.selectors("fallback.links", p.Fallback.Links)
	c.texts("fallback.texts", p.Fallback.Texts)
	c.hosts(p)
	if len(c.found) == 0 {
		return nil
	}
	return c.found
}

// searchKeys are the names that portals give to what is searched for.
var searchKeys = []string{"q", "query", "search", "s", "term", "keyword", "keywords", "filter"}

// Warnings say what may go wrong though the definition is right.
func (p Portal) Warnings() []string {
	if len(p.Order.Identity.Selectors)+len(p.Order.Identity.Texts) > 0 {
		return nil
	}
	u, err := url.Parse(sample(p))
	if err != nil {
		return nil
	}
	const cure = ": the former order's page, or a list of several orders, could be taken for the order's; " +
		"say in order.identity what proves whose page it is"
	if strings.Contains(u.Fragment, "123456") {
		return []string{"order.path has the number behind a #, so that the portal's script decides what is shown" + cure}
	}
	for key, values := range u.Query() {
		if slices.Contains(searchKeys, strings.ToLower(key)) && strings.Contains(strings.Join(values, " "), "123456") {
			return []string{fmt.Sprintf("order.path searches for the number (%s=)%s", key, cure)}
		}
	}
	return nil
}

// checker collects what is wrong.
type checker struct{ found Errors }

// fault records that the value at key is wrong; an empty fault is none.
func (c *checker) fault(key, value, fault, hint string) {
	if fault != "" {
		c.found = append(c.found, &Error{Key: key, Msg: fmt.Sprintf("%s: %s %s", key, quote(value), fault), Hint: hint})
	}
}

// number records that the number at key is wrong; an empty fault is none.
func (c *checker) number(key string, value int, fault, hint string) {
	if fault != "" {
		c.found = append(c.found, &Error{Key: key, Msg: fmt.Sprintf("%s: %d %s", key, value, fault), Hint: hint})
	}
}

// wait records that the time at key, in milliseconds, is not between 0 and most.
func (c *checker) wait(key string, value, most int) {
	if value < 0 || value > most {
		c.number(key, value, fmt.Sprintf("is not between 0 and %d", most), "0 suits most portals")
	}
}

// missing records that there is nothing at key.
func (c *checker) missing(key, hint string) {
	c.found = append(c.found, &Error{Key: key, Msg: key + isMissing, Hint: hint})
}

// item is the key of the i-th of a list, counted from 1.
func item(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i+1) }

var nameForm = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,39}$`)

func (c *checker) general(p Portal) {
	const nameHint = "use up to 40 lower-case letters, digits, - and _"
	switch {
	case p.Name == "":
		c.missing("name", nameHint)
	case !nameForm.MatchString(p.Name):
		c.fault("name", p.Name, "is no name of a portal", nameHint)
	}
	switch {
	case p.BaseURL == "":
	case hasUserInfo(p.BaseURL):
		c.found = append(c.found, &Error{
			Key: "base_url", Msg: "base_url: has a user name or password",
			Hint: "sign-in is done in the browser; leave out what stands before the @, and the @",
		})
	default:
		fault, hint := baseURLFault(p.BaseURL)
		c.fault("base_url", p.BaseURL, fault, hint)
	}
}

func (c *checker) order(p Portal) {
	path := p.Order.Path
	const pathHint = "write the part of an order page's address after the base URL, " +
		"with {number} for the number, like /orders/{number}"
	if path == "" {
		c.missing("order.path", pathHint)
	} else {
		c.fault("order.path", path, pathFault(p), pathHint)
	}
	if len(p.Order.Number) > maxPatternBytes {
		c.fault("order.number", p.Order.Number, longPattern(), "")
	} else if _, err := compileNumber(p.Order.Number); err != nil {
		c.fault("order.number", p.Order.Number, "is not a regular expression: "+patternFault(err), patternHint)
	}
	c.identity(p.Order.Identity)
}

func (c *checker) identity(id Identity) {
	const key = "order.identity."
	const textHint = "write the text of the page as it stands, " +
		"with {number} for the order's number, like Purchase order {number}"
	samples := make([]string, len(id.Selectors))
	for i, s := range id.Selectors {
		samples[i] = strings.ReplaceAll(s, numberMark, "123456")
	}
	c.selectors(key+"selectors", samples)
	for i, s := range id.Texts {
		if !strings.Contains(s, numberMark) {
			c.fault(item(key+"texts", i), s, "has no {number}", textHint)
		}
	}
}

func pathFault(p Portal) string {
	path := p.Order.Path
	rest := strings.ReplaceAll(path, numberMark, "")
	switch {
	case !strings.HasPrefix(path, "/"):
		return "does not begin with a /"
	case rest == path:
		return "has no {number}"
	case strings.ContainsAny(rest, "{}"):
		return "has braces that are not {number}"
	case strings.ContainsAny(path, " \\") || strings.ContainsFunc(path, isControl):
		return "has a character that no address has"
	}
	if _, err := url.Parse(sample(p)); err != nil {
		return "makes no address"
	}
	return ""
}

// sample is the address of an order page, whatever the base URL.
func sample(p Portal) string {
	if p.BaseURL == "" {
		p.BaseURL = "https://portal.invalid"
	}
	return p.OrderURL("123456")
}

func (c *checker) sign(key string, p Portal, s Sign) {
	c.selectors(key+".selectors", s.Selectors)
	c.texts(key+".texts", s.Texts)
	for i, status := range s.Statuses {
		fault, hint := statusFault(status)
		c.number(item(key+".statuses", i), status, fault, hint)
	}
	for i, pattern := range s.URLs {
		fault, hint := "", "name a part of the address that only this page has, like /login"
		switch {
		case strings.TrimSpace(pattern) == "":
			fault = "is empty"
		case (Sign{URLs: []string{pattern}}).MatchesURL(sample(p)):
			fault = "matches the address of every order page"
		}
		c.fault(item(key+".urls", i), pattern, fault, hint)
	}
}

func (c *checker) mark(key string, m Mark) {
	c.selectors(key+".selectors", m.Selectors)
	c.texts(key+".texts", m.Texts)
}

func (c *checker) signIn(p Portal) {
	c.pagePath("sign_in.path", p.SignIn.Path)
	c.pagePath("probe.path", p.Probe.Path)
	for i, entry := range p.SignIn.Hosts {
		_, fault := parseHost(entry)
		c.fault(item("sign_in.hosts", i), entry, fault, "write it like login.example.com or *.example.com")
	}
	for i, entry := range p.SignIn.Negotiate {
		fault := ""
		if !negotiateForm.MatchString(entry) {
			fault = "is no host name or pattern of one"
		}
		c.fault(item("sign_in.negotiate", i), entry, fault, "write it like *.corp.example")
	}
	c.selectors("probe.user", p.Probe.User)
}

// negotiateForm is a host as Chromium's lists of servers have it.
var negotiateForm = regexp.MustCompile(`^(\*\.?)?[a-zA-Z0-9-]+(\.[a-zA-Z0-9-]+)*(:\d{1,5})?$`)

func (c *checker) pagePath(key, path string) {
	if path != "" {
		c.fault(key, path, pagePathFault(path), "write the part of the page's address after the base URL, like /home")
	}
}

func pagePathFault(path string) string {
	switch {
	case !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//"):
		return "does not begin with one /"
	case strings.ContainsAny(path, " \\{}") || strings.ContainsFunc(path, isControl):
		return "has a character that no address has"
	}
	if _, err := url.Parse(path); err != nil {
		return "makes no address"
	}
	return ""
}

// maxInterstitial, in milliseconds, stays below the time an order may take.
const maxInterstitial = 60_000

func (c *checker) interstitial(i Interstitial) {
	c.texts("interstitial.texts", i.Texts)
	c.wait("interstitial.wait_ms", i.Wait, maxInterstitial)
}

func statusFault(status int) (fault, hint string) {
	switch {
	case status < 100 || status > 599:
		return "is not an HTTP status", "statuses are numbers like 404"
	case status < 400:
		return "is the status of good pages too", "only statuses from 400 on say something"
	case status == 429 || status == 503:
		return "means try again later and is always treated so", "leave it out"
	}
	return "", ""
}

func (c *checker) attachments(a Attachments) {
	const key = "attachments."
	if len(a.Links) == 0 {
		c.missing(key+"links", "list CSS selectors that match the links of the documents")
	}
	c.selectors(key+"links", a.Links)
	c.attributes(key+"name", a.Name)
	c.attributes(key+"target", a.Target)
	if a.NamePattern != "" {
		fault, hint := namePatternFault(a.NamePattern)
		c.fault(key+"name_pattern", a.NamePattern, fault, hint)
	}
	c.wait(key+"settle_ms", a.Settle, maxSettle)
	c.mark(key+"complete", a.Complete)
	c.mark(key+"incomplete", a.Incomplete)
	c.selectors(key+"count", a.Count)
	c.selectors(key+"more.click", a.More.Click)
	c.selectors(key+"more.scroll", a.More.Scroll)
	c.selectors(key+"frames", a.Frames)
	c.wait(key+"click_wait_ms", a.ClickWait, maxClickWait)
}

// maxClickWait, in milliseconds, is the longest time that a file may take at all.
const maxClickWait = 300_000

// maxSettle, in milliseconds, stays below the time an order may take.
const maxSettle = 30_000

func (c *checker) selectors(key string, list []string) {
	for i, s := range list {
		c.fault(item(key, i), s, selectorFault(s), "try it in the browser's console: document.querySelectorAll(\"…\")")
	}
}

func (c *checker) texts(key string, list []string) {
	for i, s := range list {
		if strings.TrimSpace(s) == "" {
			c.fault(item(key, i), s, "is empty", "")
		}
	}
}

var attributeForm = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_:.-]*$`)

func (c *checker) attributes(key string, list []string) {
	for i, s := range list {
		if !attributeForm.MatchString(s) {
			c.fault(item(key, i), s, "is not the name of an attribute", "write the bare name, like data-url")
		}
	}
}

func (c *checker) hosts(p Portal) {
	for i, entry := range p.AllowedHosts {
		_, fault := parseHost(entry)
		c.fault(item("allowed_hosts", i), entry, fault,
			"write it like files.example.com, *.example.com or files.example.com:8443")
	}
	for i, entry := range p.Block {
		fault, hint := blockFault(p, entry)
		c.fault(item("block", i), entry, fault, hint)
	}
}

// blockKinds are the kinds of resources that can be left unloaded.
func blockKinds() []string { return []string{"image", "font", "media", "stylesheet"} }

func blockFault(p Portal, entry string) (fault, hint string) {
	kinds := "the kinds are " + strings.Join(blockKinds(), ", ") +
		"; a URL pattern has a *, like *://tracker.example.com/*"
	switch {
	case slices.Contains(blockKinds(), entry):
		return "", ""
	case !strings.Contains(entry, "*"):
		return "is neither a kind nor a URL pattern", suggest(entry, blockKinds(), kinds)
	case glob(strings.ToLower(entry), strings.ToLower(sample(p))):
		return "matches the address of every order page", "name what is to be left out"
	}
	return "", ""
}
