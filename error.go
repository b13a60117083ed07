package poactor

import (
	"errors"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// Error is why a run could not begin or ended early, in words for the user.
type Error struct {
	// Cause is empty where the configuration is wrong.
	Cause po.Cause
	// Held is set where another run holds the output directory, or a browser the
	// profile.
	Held bool
	Msg  string // one line
	Hint string // what to do about it; empty if nothing is known
	Err  error  // what was underneath; may be nil
}

func (e *Error) Error() string { return e.Msg }

// Unwrap gives the cause and what was underneath.
func (e *Error) Unwrap() []error {
	var list []error
	if e.Cause != "" {
		list = append(list, e.Cause)
	}
	if e.Err != nil {
		list = append(list, e.Err)
	}
	return list
}

const goesOn = "the same command goes on from where it stood"

// hints says what a user can do about a run that ended early.
var hints = map[po.Cause]string{
	po.SignedOut:     "give a browser profile that is signed in with --profile DIR; " + goesOn,
	po.DiskFull:      "make room on the disk, see to the permissions of the output directory, close programs that have its files open; " + goesOn,
	po.PortalError:   "check --base-url and that the portal can be reached from this machine; " + goesOn,
	po.BrowserDied:   "look into the log for what the browser said, try another one with --browser PATH; " + goesOn,
	po.BrowserHung:   "try fewer --workers; " + goesOn,
	po.ProfileFailed: "check --profile DIR and the room in the temporary directory; " + goesOn,
	po.Interrupted:   goesOn,

	// It ends a run only where the browser refuses the portal's definition.
	po.UnrecognisedPage: "mend it in the portal file; " + goesOn,
	po.Internal:         "this is a bug of poactor; the log tells more, and " + goesOn,
}

// ended makes the error of a run that ended early.
func ended(cause po.Cause, detail string) *Error {
	if detail == "" {
		detail = cause.Error()
	}
	return &Error{Cause: cause, Msg: detail, Hint: hintOf(cause, detail)}
}

const (
	hintOpenFiles = "raise the limit of open files (ulimit -n), or give fewer --workers; " + goesOn
	hintTemp      = "set TMPDIR (on Windows TMP) to a directory that is there, has room and can be written to; " + goesOn
	hintShared    = "make room in the directory for temporary files and in /dev/shm, or give fewer --workers; " + goesOn
	hintProfile   = "let this user read it, or give another --profile DIR; " + goesOn
)

// hintOf is what a user can do about what ended a run: about the trouble itself
// where the system has said what it is, else about what it was the end of.
func hintOf(cause po.Cause, detail string) string {
	says := func(text string) bool { return strings.Contains(strings.ToLower(detail), text) }
	switch {
	case says("too many open files"):
		return hintOpenFiles
	case says("a browser profile needs"), cause != po.PortalError && strings.Contains(detail, filepath.Join(tempDir(), profileDirPrefix())):
		return hintTemp
	case cause == po.BrowserDied && says("no space left on device"):
		return hintShared
	case says("err_cert_"):
		return "let this machine trust who has signed the portal's certificate, and check the host in --base-url; " + goesOn
	case says("err_name_not_resolved"):
		return "check the host in --base-url, and that this machine can look up names; " + goesOn
	case says("err_proxy_"), says("err_tunnel_"):
		return "check the proxy of this machine; " + goesOn
	case cause == po.DiskFull && (says("no space left") || says("quota exceeded") || says("not enough space")):
		return "make room on the disk; " + goesOn
	case cause == po.DiskFull && (says("permission denied") || says("access is denied") || says("read-only")):
		return "see to the permissions of the output directory, or give another --out; " + goesOn
	}
	return hints[cause]
}

// OfSystem makes an *Error of what the operating system has refused, which is no
// bug of poactor's; false if err is of another kind.
func OfSystem(err error) (*Error, bool) {
	if _, ok := errors.AsType[syscall.Errno](err); !ok {
		return nil, false
	}
	text, _, _ := strings.Cut(po.DetailOf(err), "\n")
	hint := hintOf(po.DiskFull, text)
	switch {
	case hint != hints[po.DiskFull]:
	case strings.Contains(text, tempDir()):
		hint = hintTemp
	default: // what it is about is not known
		hint = ""
	}
	return &Error{Cause: po.DiskFull, Msg: text, Hint: hint, Err: err}, true
}

// refine makes an *Error of what a package below says.
func refine(err error) error {
	if e, ok := errors.AsType[*browser.Error](err); ok {
		return &Error{Cause: e.Cause, Msg: e.Msg, Hint: e.Hint, Err: err}
	}
	if e, ok := errors.AsType[*LedgerError](err); ok {
		return OfLedger(e)
	}
	if errors.Is(err, outdir.ErrUntrusted) {
		return &Error{Msg: err.Error(), Hint: outdir.HintUntrusted, Err: err}
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	cause := po.CauseOf(err)
	if e, ok := OfSystem(err); ok && cause == po.Internal {
		return e
	}
	e := &Error{Cause: cause, Msg: po.DetailOf(err), Hint: hintOf(cause, po.DetailOf(err)), Err: err}
	switch {
	case errors.Is(err, profilestore.ErrUnreadable):
		e.Hint = hintProfile
	case errors.Is(err, profilestore.ErrInUse):
		e.Held, e.Msg, e.Hint = true, "another run holds this output directory", "wait until it has ended, or give another --out"
	case errors.Is(err, profilestore.ErrBaseInUse):
		e.Held, e.Hint = true, "close the browser that uses the profile; "+goesOn
	}
	return e
}

// LedgerError is what the methods of a Ledger return.
type LedgerError = ledger.Error

// OfLedger makes an *Error of a ledger's. It has no cause where the file is not
// one that this program can use, which is for the user to mend.
func OfLedger(e *LedgerError) *Error {
	out := &Error{Cause: po.CauseOf(e), Held: errors.Is(e, ledger.ErrHeld), Msg: e.Msg, Hint: e.Hint, Err: e}
	for _, wrong := range []error{ledger.ErrDamaged, ledger.ErrForeign, ledger.ErrNewer, ledger.ErrHeld, outdir.ErrUntrusted} {
		if errors.Is(e, wrong) {
			out.Cause = ""
		}
	}
	if hint := hintOf("", e.Msg); hint != "" {
		out.Hint = hint
	}
	return out
}
