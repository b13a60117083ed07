// Package portal describes a procurement portal as data: where an order's page
// is, by which signs its pages are recognised, where the attachments and the
// supplier stand, and which hosts belong to it. Coupa is one value; any other
// portal comes from a YAML file. A definition holds no code.
package portal

// Portal is one portal's definition. The zero value is not usable: Load,
// Builtin and WithBaseURL return checked ones.
type Portal struct {
	// Name is short and lower case, for messages and file names.
	Name string `yaml:"name"`
	// BaseURL is scheme and host, with a path if the portal lives below one;
	// http or https, no trailing slash. Builtin portals leave it to the user.
	BaseURL string `yaml:"base_url"`
	// Order says where an order's page is.
	Order OrderPage `yaml:"order"`
	// Signs are what tells the pages apart.
	Signs Signs `yaml:"signs"`
	// Interstitial says what is known of pages that stand before all others for
	// a while.
	Interstitial Interstitial `yaml:"interstitial"`
	// Attachments says how the documents are listed.
	Attachments Attachments `yaml:"attachments"`
	// Supplier lists CSS selectors of the supplier's name, best first.
	Supplier []string `yaml:"supplier"`
	// SignIn says how a user signs in.
	SignIn SignIn `yaml:"sign_in"`
	// Probe says where it is to be seen who is signed in.
	Probe Probe `yaml:"probe"`
	// Fallback is followed once where an order has no attachment of its own.
	Fallback Fallback `yaml:"fallback"`
	// AllowedHosts lists the hosts, beside the base URL's, to which pages and
	// downloads may lead: "files.example.com", "*.example.com", with a port if
	// it is not the scheme's own, and http:// before it where plain http is meant.
	// https:// before it means https alone, also where BaseURL is http.
	AllowedHosts []string `yaml:"allowed_hosts"`
	// Block lists what the browser does not load: the kinds "image", "font",
	// "media", "stylesheet", or URL patterns with * like "*://t.example.com/*".
	Block []string `yaml:"block"`
}

// OrderPage says where an order's page is and what its numbers look like.
type OrderPage struct {
	// Path is appended to the base URL; {number} stands for the number.
	Path string `yaml:"path"`
	// Number is a regular expression (RE2) that a whole number must match. Its
	// first group, if it has one, is what {number} becomes. Left out it is \S+,
	// anything without white space.
	Number string `yaml:"number"`
	// Identity is what proves that a page is the order's own and not another
	// one's that is still shown. Empty: the address is believed.
	Identity Identity `yaml:"identity"`
}

// Identity proves whose page it is: any one of its ways will do. Numbers are
// compared as they stand in the page's address, and only whole: 1001 is not in
// 11001, and is in PO1001.
type Identity struct {
	// Selectors are CSS selectors of a visible element. Where one has {number} in it,
	// like [data-order='{number}'], such an element is enough; where it has not, the
	// number must stand in the element's text or value.
	Selectors []string `yaml:"selectors"`
	// Texts are parts of the page's visible text with {number} in them, any case.
	Texts []string `yaml:"texts"`
}

// Signs are what tells the pages apart. That there are attachments is told by
// Attachments.Links. The first sign that appears decides; where several appear
// at once the order is signed out, forbidden, not found, error, attachments,
// empty.
type Signs struct {
	Empty     Sign `yaml:"empty"`
	NotFound  Sign `yaml:"not_found"`
	Forbidden Sign `yaml:"forbidden"`
	SignedOut Sign `yaml:"signed_out"`
	// SignedIn is on pages that only a signed-in user gets, like the link for signing
	// out; an element need not be visible, as it may be in a menu. It is looked for on
	// the page that Probe names. Where it is described, a session counts only if it was
	// seen.
	SignedIn Mark `yaml:"signed_in"`
	// Error is where the page says itself that it could not load its list, or a
	// part of it. The order is tried again; what the page lists is not believed.
	Error Mark `yaml:"error"`
}

// Sign is one page's sign: any one of its ways will do.
type Sign struct {
	Selectors []string `yaml:"selectors"` // CSS; an element that is there and visible
	Texts     []string `yaml:"texts"`     // part of the page's visible text, any case
	Statuses  []int    `yaml:"statuses"`  // of the HTTP answer, like 404
	URLs      []string `yaml:"urls"`      // part of the address that the browser ended at, or a pattern with *
}

// SignIn says how a user signs in at the portal.
type SignIn struct {
	// Path is appended to the base URL, and is where signing in begins. Empty: the page
	// that Probe names, which leads there by itself.
	Path string `yaml:"path"`
	// Hosts lists the hosts of the identity provider, written like those of
	// AllowedHosts. Only the window for signing in, and the silent renewal of a session,
	// may go there.
	Hosts []string `yaml:"hosts"`
	// Negotiate lists the hosts to which the browser may show who the user of this
	// machine is (Kerberos, NTLM): "*.corp.example".
	Negotiate []string `yaml:"negotiate"`
	// Extensions leaves the browser's extensions on: a company's sign-in may need one.
	Extensions bool `yaml:"extensions"`
}

// Probe says where it is to be seen who is signed in.
type Probe struct {
	// Path is appended to the base URL: a small page that only a signed-in user gets.
	// Empty: the base URL itself.
	Path string `yaml:"path"`
	// User lists CSS selectors of the user's name on that page, best first. Where one is
	// found, a session that comes back must be the same user's.
	User []string `yaml:"user"`
}

// Interstitial is a page that stands before all others for a while, whatever
// order was asked for: a check of the browser, maintenance, a waiting room. Many
// are known without being described.
type Interstitial struct {
	// Texts are parts of its title or text, any case, beside those that are known.
	Texts []string `yaml:"texts"`
	// Wait is how long such a page is given to make room for the order's by itself,
	// in milliseconds, up to 60,000. 0: for 30 s.
	Wait int `yaml:"wait_ms"`
}

// Attachments says how the documents are listed.
type Attachments struct {
	// Links are CSS selectors; each element that any of them matches is one
	// attachment. Elements with the same target are one.
	Links []string `yaml:"links"`
	// Name lists where an attachment's name is looked for, best first: an
	// attribute's name, "text" (visible text) or "url" (last part of it).
	Name []string `yaml:"name"`
	// NamePattern is a regular expression (RE2) whose first group is the name
	// within what was found, like `^(.+) file attachment$`. What does not match
	// is taken whole. Empty: always whole.
	NamePattern string `yaml:"name_pattern"`
	// Target lists the attributes where the URL is looked for, best first.
	// An element without any is clicked.
	Target []string `yaml:"target"`
	// Settle is how long the list must not change before it is taken for
	// whole, in milliseconds, up to 30,000. 0: until the page has drawn two
	// frames without a change and is idle, or for 100 ms.
	Settle int `yaml:"settle_ms"`
	// ClickWait is how long a click is given until its file begins, beyond the
	// answers of the portal that its page waits for, in milliseconds, up to
	// 300,000. 0: 15 s.
	ClickWait int `yaml:"click_wait_ms"`
	// Complete is shown only when the list is whole. Where it is described, a list
	// counts only beside it, and then without waiting for what the page still asks
	// the portal for.
	Complete Mark `yaml:"complete"`
	// Incomplete is shown while there is more to come: neither a list nor its
	// absence counts beside it.
	Incomplete Mark `yaml:"incomplete"`
	// Count are CSS selectors of the element that says how many documents there are:
	// the largest number in its text. A list that has fewer is not whole, nor is one
	// without that element.
	Count []string `yaml:"count"`
	// More is how the rest of a list is brought up.
	More More `yaml:"more"`
	// Frames are CSS selectors of the frames in the page in which documents are
	// listed and signs shown as well.
	Frames []string `yaml:"frames"`
}

// Mark is something that a page shows: any one of its ways will do.
type Mark struct {
	Selectors []string `yaml:"selectors"` // CSS; an element that is there and visible
	Texts     []string `yaml:"texts"`     // part of the page's visible text, any case
}

// More is how the rest of a list is brought up, again and again until nothing
// more comes. What was listed before counts too, also where it is gone by then.
type More struct {
	// Click are CSS selectors of what is clicked, as long as it is visible and not
	// disabled. Empty: buttons near the list that say so in common words, like
	// "Load more" or "Show all".
	Click []string `yaml:"click"`
	// Scroll are CSS selectors of what is scrolled, beside what the list stands in.
	Scroll []string `yaml:"scroll"`
}

// Fallback says which link leads to the page behind an order (Coupa: the
// requisition). Empty: none.
type Fallback struct {
	Links []string `yaml:"links"` // CSS selectors
	Texts []string `yaml:"texts"` // whole visible text of a link, any case
}
