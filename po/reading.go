package po

import "time"

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
)

// Signs returns all signs.
func Signs() []Sign {
	return []Sign{SignAttachments, SignEmpty, SignNotFound, SignForbidden, SignSignedOut}
}

// Reading is what a browser learned of an order: which page it is and, if
// there are attachments, what is needed to fetch them without the browser.
type Reading struct {
	Sign        Sign
	URL         string // of the page that was recognised, the fallback's where that was followed
	Supplier    string // as the page shows it; hostile, may be empty
	Attachments []Attachment
	Credentials Credentials
	Trace       Trace
}

// Attachment is one document that an order's page lists.
type Attachment struct {
	// ID is the same for the same link in every reading of the order within a
	// run: its URL, or for a link that only works by clicking its name and
	// place among those of that name.
	ID string
	// Name is the file name as the page shows it: hostile, may be empty.
	Name string
	// URL is absolute, http or https. Empty if only a click works.
	URL string
	// Saved is the path of a file that the browser has downloaded for this
	// attachment already. It is a loose file, to be checked and moved into the
	// order's folder. Empty if there is none.
	Saved string
	// Cause says why the browser could not save it where it was asked to;
	// Detail says it in words for people. Empty otherwise.
	Cause  Cause
	Detail string
}

// Credentials are what the HTTP lane borrows from the browser for one order.
// They must never reach a log, an event or the disk.
type Credentials struct {
	Cookies   []Cookie
	UserAgent string
	Referer   string
}

// Cookie is one cookie of the browser's jar.
type Cookie struct {
	Name, Value, Domain, Path string
	Secure                    bool
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
	// Answered is set where the portal gave an answer, whatever it was.
	Answered bool
	// Definition is set where the portal's definition is wrong: with it no order
	// can be read.
	Definition bool

	URL   string // of the page, as far as known
	Trace Trace
}

func (f *ReadFailure) Error() string {
	if f.Detail == "" {
		return f.Cause.Error()
	}
	return f.Cause.Error() + ": " + f.Detail
}

// Unwrap gives the cause.
func (f *ReadFailure) Unwrap() error { return f.Cause }
