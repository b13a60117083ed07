package browser

import (
	"cmp"
	"context"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Config says which browser runs, on which profiles, for which portal. Portal,
// Lease and Downloads must be set; the zero value of the rest is good.
type Config struct {
	// Portal is the site to read: checked, with its base URL.
	Portal portal.Portal
	// BrowserPath is the browser's executable. Empty: launch.Find looks for it.
	BrowserPath string
	// NoSandbox turns the browser's own sandbox off.
	NoSandbox bool
	// Headful shows the browser's window.
	Headful bool
	// SignIn shows the window that somebody signs in with; see launch.Options.
	SignIn bool
	// Cloned says that the profiles are copies of one that somebody browses with:
	// it may have cookies of a session, languages or certificates.
	Cloned bool
	// Provider lets the browser go to the identity provider's hosts, too.
	Provider bool
	// Lease gives each session a profile of its own.
	Lease func(ctx context.Context) (Profile, error)
	// Downloads is the absolute directory for files that the browser saves,
	// best on the file system where they will end. Each session has its own
	// directory in it, which its Close removes.
	Downloads string
	// Out is the output directory, absolute: evidence of failures is kept in it.
	// Empty: none is kept.
	Out string
	// MaxFile and MinFree bound the files that the browser saves, in bytes: the
	// largest, and what stays free on the disk of Downloads. 0: 2 GiB, and 1 GiB or a
	// twentieth of the disk, whichever is less; negative: there is no such bound.
	MaxFile, MinFree int64
	// Record has readings tell what the order's page has asked for and got.
	Record bool
	// Log receives what happens inside; default: nothing is logged.
	Log *logrus.Logger
	// Times bounds the steps.
	Times Times

	evidence  *evidenceStore // of all sessions of a launcher
	maxGrowth int64          // of a profile, in bytes; launch.ProfileGrowth but in tests
}

// Profile is a browser profile on loan to one session.
type Profile struct {
	ID      string       // its name, never used twice
	Dir     string       // the browser's user data directory
	TempDir string       // for the browser's temporary files; a short path
	Release func() error // gives it back once no process uses it
}

// Times bounds the steps of a session. A zero becomes the default.
type Times struct {
	Start      time.Duration // from a place to start in until the browser answers, its profile included: 30 s
	Navigation time.Duration // until a page's document comes: 30 s
	Signs      time.Duration // until a page shows a sign and its list is whole: 30 s
	// Interstitial is for a page that stands before the order's to make room for it:
	// 30 s, or what the portal says.
	Interstitial time.Duration
	Pending      time.Duration // that a list is not believed while the page waits for an answer: 15 s
	// Click is until a click has an effect, beyond the answers that its page waits for:
	// the portal's click_wait_ms, or 15 s.
	Click    time.Duration
	NextFile time.Duration // after a click's file, for the page to begin another: 1.2 s
	File     time.Duration // for one file that the browser saves: 300 s
	// Idle is how long nothing may come of the portal while the browser gets such a
	// file, from the request on: 60 s, or File where that is less.
	Idle time.Duration
}

func (c Config) withDefaults() Config {
	if c.Log == nil {
		c.Log = logrus.New()
		c.Log.SetOutput(io.Discard)
	}
	c.Headful = c.Headful || c.SignIn
	if c.Times.Click == 0 {
		c.Times.Click = time.Duration(c.Portal.Attachments.ClickWait) * time.Millisecond
	}
	if c.Times.Interstitial == 0 {
		c.Times.Interstitial = time.Duration(c.Portal.Interstitial.Wait) * time.Millisecond
	}
	c.Times = c.Times.orDefaults()
	c.maxGrowth = cmp.Or(c.maxGrowth, launch.ProfileGrowth)
	return c
}

func (t Times) orDefaults() Times {
	orElse := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	orElse(&t.Start, 30*time.Second)
	orElse(&t.Navigation, 30*time.Second)
	orElse(&t.Signs, 30*time.Second)
	orElse(&t.Interstitial, interstitialWait)
	orElse(&t.Pending, pendingPatience)
	orElse(&t.Click, 15*time.Second)
	orElse(&t.NextFile, 1200*time.Millisecond)
	orElse(&t.File, 300*time.Second)
	orElse(&t.Idle, min(60*time.Second, t.File))
	return t
}

// find is the browser to run. The error is a *po.Error.
func (c Config) find() (string, error) {
	return launch.Find(c.BrowserPath, c.Headful || c.SignIn || c.Cloned)
}

// options say how a browser is started on a profile.
func (c Config) options(profileDir, tempDir string) launch.Options {
	return launch.Options{
		ProfileDir: profileDir, TempDir: tempDir, Headful: c.Headful, SignIn: c.SignIn, Cloned: c.Cloned,
		NoSandbox:  c.NoSandbox,
		NoImages:   slices.Contains(c.Portal.Block, "image"),
		Extensions: c.Portal.SignIn.Extensions, Negotiate: c.Portal.SignIn.Negotiate,
	}
}

// HintOf is what to do about what the system or a browser says; empty if that is not known.
func HintOf(text string) string { return launch.HintOf(text) }

// Check tells what would keep any browser from starting, before one is
// started. The error is a *po.Error.
func Check(c Config) error {
	path, err := c.find()
	if err != nil {
		return err
	}
	if err := (launch.Browser{Path: path}).CheckPolicies(); err != nil { // it is not asked who it is for that
		return err
	}
	if err := launch.CheckSandbox(c.NoSandbox); err != nil {
		return err
	}
	if !filepath.IsAbs(c.Downloads) {
		return &po.Error{Msg: "the download directory must be an absolute path, not " + c.Downloads, Cause: po.Internal}
	}
	return nil
}
