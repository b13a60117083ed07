package po

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"
)

// Sign names what an order's page turned out to be.
type Sign string

// The signs a page can show. A page that shows none is not read: that is the
// cause UnrecognisedPage.
const (
	SignAttachments Sign = "attachments" // the order is there and lists attachments
	SignEmpty       Sign = "empty"       // the order is there and says that it has none
	SignNotFound    Sign = "not_found"   // there is no such order
	SignForbidden   Sign = "forbidden"   // the order is not for this user
	SignSignedOut   Sign = "signed_out"  // the portal wants a sign-in
	SignDone        Sign = "done"        // the work on a task is done, and has returned a result
)

// Signs returns all signs.
func Signs() []Sign {
	return []Sign{SignAttachments, SignEmpty, SignNotFound, SignForbidden, SignSignedOut, SignDone}
}

// Reading is what a browser learned of an order: which page it is and, if
// there are attachments, what is needed to fetch them without the browser.
type Reading struct {
	Sign        Sign
	Rule        Rule   // by which the page was recognised
	URL         string // of the page that was recognised, the fallback's where that was followed
	Supplier    string // as the page shows it; hostile, may be empty
	Attachments []Attachment
	Credentials Credentials
	Trace       Trace
	// Requests are hashes of what the page's scripts and frames have asked the portal for
	// while it was read. What no other order's page asks for may be for its list.
	Requests []string
	// Traffic is what the order's page has asked for and got, where that was to be recorded.
	// It is taken out of the reading by whoever learns from it.
	Traffic *Traffic
	// Result is what the work on a task has returned, as JSON.
	Result json.RawMessage
}

// Rule is the line of a portal's definition by which a page was recognised. The zero
// value is none: an address on another host that looks like a sign-in, say.
type Rule struct {
	Place string `json:"place"` // like "attachments.links" or "signs.not_found.texts"
	Value string `json:"value"` // the selector, the text, the part of an address or the status
}

// Attachment is one document that an order's page lists.
type Attachment struct {
	// ID is the same for the same link in every reading of the order within a
	// run: as AttachmentID makes it of the URL, or for a link that only works by
	// clicking its name and place among those of that name. It goes on record.
	ID string
	// Name is the file name as the page shows it: hostile, may be empty.
	Name string
	// URL is absolute, http or https. Empty if only a click works.
	URL string
	// Saved is the path of a file that the browser has downloaded for this
	// attachment already. It is a loose file, to be checked and moved into the
	// order's folder. Empty if there is none.
	Saved string
	// SHA256 is that of the file in Saved, where it is known to be what was wanted: then
	// nothing is made of its looks. Lane is how it came.
	SHA256 string
	Lane   Lane
	// Answer is what came with the file in Saved.
	Answer Answer
	// Cause says why the browser could not save it where it was asked to;
	// Detail says it in words for people. Empty otherwise.
	Cause  Cause
	Detail string
	// Refusal is what the portal said to the browser instead of giving the file, as
	// PortalAnswer has it; Evidence is the folder of what is kept of that, as in Trace.
	Refusal  string
	Evidence string
}

// Answer is what came with a file that the browser has saved. The zero value says
// nothing: scripts make files of their own.
type Answer struct {
	Status int         // of HTTP
	Header http.Header // of the portal's answer, but only what describes the file
	Name   string      // that the browser would give the file: hostile
}

// Credentials are what the HTTP lane borrows from the browser for one order, so
// that the portal meets one client in both lanes. They must never reach a log, an
// event or the disk.
type Credentials struct {
	// Cookies is the browser's jar; nil: there are none.
	Cookies CookieJar
	// Header is what the browser says of itself with each page that it asks for:
	// User-Agent, languages, client hints.
	Header http.Header
	// Referer is the page that lists the attachments.
	Referer string
}

// CookieJar is a browser's cookies. It is safe for concurrent use, and of use also
// when the browser has ended: then as it was known last.
type CookieJar interface {
	// Cookies returns those that may go to the portal's hosts, as they are now.
	Cookies(ctx context.Context) ([]Cookie, error)
	// SetCookies gives the browser the cookies that an answer from an address has
	// set. When it returns the browser has them. One that has expired is deleted.
	SetCookies(ctx context.Context, from *url.URL, cookies []Cookie) error
}

// Cookie is one cookie of the browser's jar.
type Cookie struct {
	Name, Value string
	// Domain is the host that it is for; with a dot in front those below it too.
	Domain   string
	Path     string
	Secure   bool
	HTTPOnly bool
	SameSite http.SameSite // the zero value: it says nothing of it
	Expires  time.Time     // zero: with its session
	// Partition is the site under whose pages alone it is sent, like
	// https://example.com. Empty: under all of them.
	Partition string
}

// String hides the credentials from logs.
func (Credentials) String() string { return "[credentials]" }

// GoString hides the credentials from %#v.
func (Credentials) GoString() string { return "[credentials]" }

// MarshalJSON hides the credentials from logs and files in JSON.
func (Credentials) MarshalJSON() ([]byte, error) { return []byte(`"[credentials]"`), nil }

// ReadFailure is the error of a page that could not be read. It wraps the
// cause.
type ReadFailure struct {
	Cause      Cause
	Detail     string        // in words, for ERROR_MESSAGE; no secret in it
	RetryAfter time.Duration // what the portal asked for; 0 if nothing
	// Unreachable is set where the portal gave no answer at all: refused, no
	// such host, no route.
	Unreachable bool
	// PortalWide is set where the portal shows everybody the same page, whatever
	// the order: a check of the browser that does not end, maintenance.
	PortalWide bool
	// LeftPortal is set where the page leads to a host that is not the portal's: what
	// portals do with those whose session is over.
	LeftPortal bool
	// Status is the HTTP status of the page; 0 if it has none.
	Status int
	// Answered is set where the portal gave an answer, whatever it was.
	Answered bool
	// Final is set where no other try is to follow, and After is how long it is not to:
	// what the work on a task says of itself.
	Final bool
	After time.Duration
	// Definition is set where the portal's definition is wrong: with it no order
	// can be read.
	Definition bool

	URL   string // of the page, as far as known
	Trace Trace
}

// OfPortal reports whether the page was not read because the portal is in trouble: it
// tells nothing of the session.
func (f *ReadFailure) OfPortal() bool {
	switch f.Cause {
	case PortalError, Throttled, Timeout:
		return true
	}
	return false
}

func (f *ReadFailure) Error() string {
	if f.Detail == "" {
		return f.Cause.Error()
	}
	return f.Cause.Error() + ": " + f.Detail
}

// Unwrap gives the cause.
func (f *ReadFailure) Unwrap() error { return f.Cause }
