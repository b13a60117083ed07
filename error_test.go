package poactor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// A hint is about what has happened, not about what it was the end of.
func TestHintsFitTheirCause(t *testing.T) {
	t.Parallel()
	profile := filepath.Join(profilestore.WorkDir("x"), "3")
	open := func(errno syscall.Errno) error { return &fs.PathError{Op: "open", Path: "f", Err: errno} }
	for name, tt := range map[string]struct {
		err  error
		want string // of the hint
	}{
		"browser, open files":     {ended(po.BrowserDied, "no worker is left: start chromium: open /dev/null: too many open files"), "ulimit -n"},
		"browser's own words":     {ended(po.BrowserDied, "chromium ended at its start: Check failed: . : Too many open files (24)"), "ulimit -n"},
		"browser, shared memory":  {ended(po.BrowserDied, "chromium ended at its start: Creating shared memory: No space left on device (28)"), "/dev/shm"},
		"browser, a library":      {ended(po.BrowserDied, "chromium ended at its start: error while loading shared libraries: libnss3.so"), "lacks a library"},
		"browser, namespaces":     {ended(po.BrowserDied, "no worker is left: Failed to move to new namespace"), "--no-sandbox"},
		"browser, threads":        {ended(po.BrowserDied, "no worker is left: pthread_create: Resource temporarily unavailable (11)"), "ulimit -u"},
		"browser, policies":       {ended(po.BrowserDied, "the policy RemoteDebuggingAllowed of this machine forbids …"), "ask who manages this machine"},
		"browser, later":          {ended(po.BrowserDied, "the browser's process ended: Check failed: . : Too many open files (24)"), "ulimit -n"},
		"browser":                 {ended(po.BrowserDied, "no worker is left: signal: killed"), "--browser"},
		"temporary disk full":     {ended(po.DiskFull, "no worker is left: 0 MB are free at "+profile+", a browser profile needs 32 MB"), "TMPDIR"},
		"profile not writable":    {ended(po.ProfileFailed, "lease profile: mkdir "+profile+": permission denied"), "TMPDIR"},
		"profile":                 {ended(po.ProfileFailed, "lease profile: the profile x is not a directory"), "--profile"},
		"output read-only":        {ended(po.DiskFull, "write out/a.pdf: read-only file system"), "see to the permissions of the output"},
		"certificate":             {ended(po.PortalError, "the browser could not open the page: net::ERR_CERT_AUTHORITY_INVALID"), "certificate"},
		"name":                    {ended(po.PortalError, "the browser could not open the page: net::ERR_NAME_NOT_RESOLVED"), "look up names"},
		"proxy":                   {ended(po.PortalError, "the browser could not open the page: net::ERR_PROXY_CONNECTION_FAILED"), "proxy"},
		"portal":                  {ended(po.PortalError, "the browser could not open the page: net::ERR_CONNECTION_REFUSED"), "--base-url"},
		"output full":             {ended(po.DiskFull, "write out/a.pdf: no space left on device"), "make room"},
		"archive, open files":     {userError(fmt.Errorf("output directory: %w", open(syscall.EMFILE))), "ulimit -n"},
		"ledger, open files":      {userError(fmt.Errorf("audit: %w", outdir.WriteError(open(syscall.EMFILE)))), "ulimit -n"},
		"ledger":                  {userError(fmt.Errorf("audit: %w", &po.Error{Cause: po.DiskFull, Msg: "read-only", Hint: "x"})), "x"},
		"unreadable profile":      {profileError(fmt.Errorf("open: %w: %w", po.ProfileFailed, profilestore.ErrUnreadable)), "let this user read it"},
		"what the system refuses": {userError(fmt.Errorf("sweep: %w", open(syscall.EACCES))), "permissions"},
	} {
		e, ok := errors.AsType[*po.Error](tt.err)
		if !ok || !strings.Contains(e.Hint, tt.want) || e.Cause == po.Internal || strings.Contains(e.Msg, "\n") {
			t.Errorf("%s: %+v, want a hint with %q", name, e, tt.want)
		}
	}
	if e, _ := errors.AsType[*po.Error](userError(errors.New("x"))); e.Cause != po.Internal {
		t.Errorf("a bug is not told: %+v", e)
	}
	if err := profileError(fmt.Errorf("open: %w: %w", po.ProfileFailed, profilestore.ErrInUse)); !errors.Is(err, ErrHeld) {
		t.Errorf("another run's profiles: %+v", err)
	}
}

// A directory for temporary files that cannot serve is told before any browser is
// started there.
func TestCheckTemp(t *testing.T) {
	short, err := os.MkdirTemp("", "pa") // for a long one /tmp would serve
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(short)
	for _, name := range []string{"TMPDIR", "TMP"} {
		t.Setenv(name, short)
	}
	if err := checkTemp(); err != nil {
		t.Error(err)
	}
	file := filepath.Join(os.TempDir(), "f")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string]string{filepath.Join(os.TempDir(), "no"): "does not exist", file: "is no directory"} {
		for _, name := range []string{"TMPDIR", "TMP"} {
			t.Setenv(name, dir)
		}
		e, ok := errors.AsType[*po.Error](checkTemp())
		if !ok || e.Msg != "the directory for temporary files, "+dir+", "+want || e.Hint != hintTemp || e.Cause == "" {
			t.Errorf("%s: %+v, want %q", dir, e, want)
		}
	}
}
