package poactor

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// What is wrong where it is none of the causes, for errors.Is.
var (
	ErrConfig = errors.New("wrong configuration")
	ErrHeld   = ledger.ErrHeld // another run holds the output directory

	// The results could not be written, for another reason than a full disk; the
	// ledger has everything.
	ErrResults = results.ErrNotWritten
)

// hints says what a user can do about a run that ended early.
var hints = map[po.Cause]string{
	po.SignedOut:     hintSignIn,
	po.DiskFull:      hintDisk,
	po.PortalError:   "check --base-url and that the portal can be reached from this machine; " + po.HintDoctor,
	po.BrowserDied:   "look into the log for what the browser said, try another one with --browser PATH; " + po.HintDoctor,
	po.Timeout:       hintPortal,
	po.Throttled:     hintPortal,
	po.BrowserHung:   "try fewer --workers; " + po.HintResume,
	po.ProfileFailed: "check --profile DIR and the room in the temporary directory; " + po.HintResume,
	po.Interrupted:   po.HintResume,

	// It ends a run only where the browser refuses the portal's definition.
	po.UnrecognisedPage: "mend it in the portal file; " + po.HintResume,
	po.Internal:         "this is a bug of poactor, see the log; " + po.HintResume,
}

const hintDisk = "make room on the disk, see to the permissions of the output directory, " +
	"close programs that have its files open; " + po.HintResume

// hintPortal is for a portal that is reached, and does not serve.
const hintPortal = "see whether the portal answers in a browser of yours; " + po.HintResume

// ended makes the error of a run that ended early.
func ended(cause po.Cause, detail string) *po.Error {
	if detail == "" {
		detail = cause.Error()
	}
	return &po.Error{Cause: cause, Msg: detail, Hint: hintOf(cause, detail)}
}

// interrupted is the error of a run whose context has ended before it could begin.
func interrupted(ctx context.Context) *po.Error {
	err := ended(po.Interrupted, "interrupted")
	err.Err = context.Cause(ctx)
	return err
}

const hintTemp = "set TMPDIR (on Windows TMP) to a directory that is there, has room and can be written to; " +
	po.HintResume

// hintOf is what a user can do about what ended a run: about the trouble itself
// where the system has said what it is, else about what it was the end of.
func hintOf(cause po.Cause, detail string) string {
	says := func(text string) bool { return strings.Contains(strings.ToLower(detail), text) }
	switch {
	case says("the host's onevent has panicked"):
		return "the stack is in the log; " + po.HintResume
	case says("too many open files"):
		return outdir.HintOpenFiles
	case says("a browser profile needs"),
		cause != po.PortalError && strings.Contains(detail, filepath.Join(tempDir(), profilestore.WorkDirPrefix())):
		return hintTemp
	case (cause == po.BrowserDied || says("remotedebuggingallowed")) && browser.HintOf(detail) != "":
		return browser.HintOf(detail) + "; " + po.HintResume
	case says("err_cert_"):
		return "let this machine trust who has signed the portal's certificate, and check the host in --base-url; " +
			po.HintResume
	case says("err_name_not_resolved"):
		return "check the host in --base-url, and that this machine can look up names; " + po.HintResume
	case says("err_proxy_"), says("err_tunnel_"):
		return "check the proxy of this machine; " + po.HintResume
	case cause == po.DiskFull && (says("no space left") || says("quota exceeded") || says("not enough space")):
		return "make room on the disk; " + po.HintResume
	case cause == po.DiskFull && (says("permission denied") || says("access is denied") || says("read-only")):
		return "see to the permissions of the output directory, or give another --out; " + po.HintResume
	}
	return hints[cause]
}

// HintOf is what to do about an error of the system's: too many open files, a full disk. It
// is or where the error says none of that.
func HintOf(err error, or string) string {
	if e, ok := SystemError(err); ok && e.Hint != "" {
		return e.Hint
	}
	return or
}

// SystemError makes a *po.Error of what the operating system has refused, which is no
// bug of poactor's; false if err is of another kind.
func SystemError(err error) (*po.Error, bool) {
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
	return &po.Error{Cause: po.DiskFull, Msg: text, Hint: hint, Err: err}, true
}

// userError makes a *po.Error of any: what already is one is left as it is.
func userError(err error) error {
	if e, ok := errors.AsType[*po.Error](err); ok {
		return e
	}
	cause := po.CauseOf(err)
	if e, ok := SystemError(err); ok && cause == po.Internal {
		return e
	}
	return &po.Error{Cause: cause, Msg: po.DetailOf(err), Hint: hintOf(cause, po.DetailOf(err)), Err: err}
}

// hintFrom is the hint of the *po.Error that err is or wraps; empty if there is none.
func hintFrom(err error) string {
	if e, ok := errors.AsType[*po.Error](err); ok {
		return e.Hint
	}
	return ""
}
