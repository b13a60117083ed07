package testportal

import (
	"errors"
	"fmt"
	"time"
)

// Sessions say how sessions end, what is given to who has none, and how users sign in,
// at a portal with SignIn. The zero value: they last, a client without one is led to
// the sign-in page, and that wants any user name and any password.
type Sessions struct {
	Life     time.Duration // a session ends this long after it began; 0: it lasts
	Idle     time.Duration // a session ends if it isn't used for this long; 0: it lasts
	Requests int           // a session ends after this many requests that used it; 0: it lasts
	Counted  RequestKind   // the requests of this kind are counted for that; empty: all that need a session
	Endings  int           // how many sessions end by Life, Idle or Requests, the first that come to it; 0: all
	Limit    Limit         // of a user

	RotateEvery int           // requests after which a session's cookie is replaced; 0: never
	RotateGrace time.Duration // how long the former cookie stays good; its use after that ends the session

	BrowserOnly bool // the cookie of a sign-in has no end, so that browsers keep it only while they run

	SignedOut SignedOut     // what is given to a client without a session
	Files     SignedOutFile // what it is given for a file
	// ExitLink puts a link into each order's page that looks like an attachment's and
	// ends the session.
	ExitLink bool

	SecondStep bool // the password is followed by OneTimeCode
	Provider   Provider
	// Human fills in the pages of a sign-in and sends them after this long, as a user
	// of the name HumanUser, and closes the window as long after
	// that, where no program drives it and ProviderOpens has opened it; 0: nobody does.
	Human time.Duration
}

// HumanUser is who signs in where Sessions.Human says so.
const HumanUser = "Ada Lovelace"

// human is what the pages of a sign-in know of who fills them in.
type human struct {
	User, Code   string
	Milliseconds int64
}

// human is nil where nobody fills in a page, as where it complains about what was.
func (p *Portal) human(complaint string) *human {
	after := p.opts.Sessions.Human
	if after == 0 || complaint != "" {
		return nil
	}
	return &human{HumanUser, OneTimeCode, after.Milliseconds()}
}

// OneTimeCode is what a second step wants.
const OneTimeCode = "314159"

// Limit is what a user may have at once.
type Limit string

// The limits.
const (
	NoLimit    Limit = ""
	OneSession Limit = "one session" // signing in ends the user's other sessions
	OneBrowser Limit = "one browser" // and a session goes over to the browser, see Request.Browser, that used it last
)

// SignedOut is what is given to a client without a session.
type SignedOut string

// What a client without a session is given. A list is answered with 401, but for
// the masked ones.
const (
	ToSignIn    SignedOut = ""
	ToTimeout   SignedOut = "timeout" // TimeoutURL: another host, where nothing speaks of signing in
	MaskedGone  SignedOut = "gone"    // 404 for each order, its list and its files, as if they weren't there
	MaskedEmpty SignedOut = "empty"   // each order without attachments
)

// SignedOutFile is what a client without a session is given for a file.
type SignedOutFile string

// What a client without a session is given for a file.
const (
	LikePages      SignedOutFile = ""
	Elsewhere      SignedOutFile = "elsewhere" // led to another host, to a page with status 200
	ElsewhereNamed SignedOutFile = "named"     // the same, and the page calls itself an attachment, invoice.pdf
)

// Provider is an identity provider, on another host, to which the sign-in page leads.
// It has a session of its own in the browser: while that lives it leads back at once,
// without asking. Else it wants any user name and any password, and then does as named
// here.
type Provider string

// The identity providers.
const (
	NoProvider      Provider = ""
	ProviderLeads   Provider = "leads"   // leads back by a redirect
	ProviderPosts   Provider = "posts"   // leads back by a form that a script sends
	ProviderRefuses Provider = "refuses" // shows a browser that calls itself automated a refusal instead of its form
	ProviderOpens   Provider = "opens"   // opens the portal in a new window and closes its own
	ProviderCloses  Provider = "closes"  // closes its window
)

// leaves reports whether the provider closes its window after its form. Browsers allow
// that to a window whose history has one page, as where the portal was the first: one
// that was opened at about:blank stays open.
func (i Provider) leaves() bool { return i == ProviderOpens || i == ProviderCloses }

func (s Sessions) validate() error {
	switch s.Limit {
	case NoLimit, OneSession, OneBrowser:
	default:
		return fmt.Errorf("unknown limit %q", s.Limit)
	}
	switch s.SignedOut {
	case ToSignIn, ToTimeout, MaskedGone, MaskedEmpty:
	default:
		return fmt.Errorf("unknown answer to who is signed out: %q", s.SignedOut)
	}
	switch s.Files {
	case LikePages, Elsewhere, ElsewhereNamed:
	default:
		return fmt.Errorf("unknown file for who is signed out: %q", s.Files)
	}
	switch s.Provider {
	case NoProvider, ProviderLeads, ProviderPosts, ProviderRefuses, ProviderOpens, ProviderCloses:
	default:
		return fmt.Errorf("unknown identity provider %q", s.Provider)
	}
	if s.SecondStep && s.Provider.leaves() {
		return fmt.Errorf("a second step at an identity provider that %s its window", s.Provider)
	}
	if min(s.Life, s.Idle, s.RotateGrace) < 0 || min(s.Requests, s.Endings, s.RotateEvery) < 0 {
		return errors.New("a negative number for sessions")
	}
	return nil
}

// leavesPortal reports whether who is signed out may be led to the other host.
func (s Sessions) leavesPortal() bool { return s.SignedOut == ToTimeout || s.Files != LikePages }

// Way is how a user signed in.
type Way string

// The ways.
const (
	ByForm         Way = "form"     // of the portal
	ByProviderForm Way = "provider" // of the identity provider
	Silently       Way = "silent"   // by the identity provider's session
)

// SignIn is a user's having signed in.
type SignIn struct {
	User    string
	Browser string // as Request.Browser
	Way     Way
	At      time.Time
}

// Ending is why a session ended.
type Ending string

// The endings.
const (
	EndedByLife     Ending = "life"
	EndedByIdle     Ending = "idle"
	EndedByRequests Ending = "requests"
	EndedByLimit    Ending = "limit"     // Limit; of OneBrowser, for one browser
	EndedByRotation Ending = "rotation"  // a former cookie came after its grace
	EndedByUser     Ending = "sign-out"  // at the address for it
	EndedByCall     Ending = "by a call" // EndSessions and its like, SignOutAll
)

// SessionEnd is the end of a session.
type SessionEnd struct {
	User    string
	Browser string // for which alone it ended; empty: for all
	Why     Ending
	At      time.Time // of when it was noticed
}
