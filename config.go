package poactor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/fault/faulty"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

// MaxWorkers is the largest pool; each worker is a browser of some 200 MB.
const MaxWorkers = 64

// DefaultMaxFile is the largest file that is taken where a Config says nothing.
const DefaultMaxFile = 2 << 30

// Config says what a run works with. Portal and Out must be set; the zero
// value of everything else is good.
type Config struct {
	// Portal is where the orders are: checked, with its base URL. RunTasks does without:
	// with one its browsers are signed in, and prove it, as for orders.
	Portal portal.Portal
	// AllowedHosts are hosts that the pages of RunTasks may go to beside the portal's, or
	// without one: "example.com", "*.example.com", with a port if it is not the scheme's
	// own, and http:// before it where plain http is meant; https:// may stand before it.
	AllowedHosts []string
	// Out is the output directory. It is made if it does not exist.
	Out string

	// Ledger is the record of the output directory, if the host has opened it
	// already with OpenLedger; the run leaves it open then. Nil: the run opens
	// it.
	Ledger *Ledger
	// InMemory keeps the record in memory only: nothing is resumed, and no results
	// are written. Ledger is nil then.
	InMemory bool
	// Batch is the list that the orders are from, if they are from one: it is copied
	// into the output directory, and the results are that list with its status
	// columns. Nil: the results have the numbers of the orders and those columns.
	Batch *Batch
	// Choice says which of the orders this run works on: its zero value means
	// all that are not settled for good. It needs a ledger on disk.
	Choice po.Choice

	// Workers is the size of the pool, 1 to MaxWorkers; default 4. One worker
	// means sequential: an order's files are fetched before the next order is
	// read.
	Workers int
	// Attempts is how often an order is tried where the cause may pass;
	// default 3.
	Attempts int
	// TaskTimeout bounds the reading of one order; default 2 minutes.
	TaskTimeout time.Duration

	// MaxFile is the largest file that is taken, in bytes: a longer one is
	// po.DownloadRejected. 0: 2 GiB; negative: there is no bound.
	MaxFile int64
	// MinFree is what stays free on the disk of Out, in bytes: po.DiskFull comes
	// before that, and a file without end that would take it is rejected. 0: 1 GiB,
	// or a twentieth of the disk where that is less; negative: nothing need.
	MinFree int64

	// Fast reads orders from their pages as the portal sends them, without a browser, once it
	// has shown on 20 orders that browsers read the same; some go on being compared. Whatever
	// needs a browser is read by one.
	Fast bool

	// Browsers opens the sessions that read the orders. Nil: real browsers, as
	// the fields below say. It is for hosts that do other work under the same
	// supervision, and for tests.
	Browsers actors.Browsers

	// Profile is a signed-in browser profile (a user data directory) to clone
	// for each worker. Empty: workers begin with an empty profile.
	Profile string
	// Session is where the session is that somebody has signed in with, as poactor login
	// keeps it: browsers get it instead of the profile's copy, where it is enough, and it
	// is renewed where that needs nobody. Nil: there is none. Where the portal's
	// definition says how a signed-in user is known (signs.signed_in), and Profile or
	// Session are given, each browser has to prove that somebody is signed in before it
	// works, else the run ends with po.SignedOut.
	Session Session
	// LoginWait is how long a run whose session is over, and could not be renewed, waits
	// until another one is stored. 0: not at all.
	LoginWait time.Duration
	// SignInByHand lets somebody sign in when the session is over: it opens a window, say,
	// and returns when Session and Profile have the new session. Nil: nobody is asked.
	SignInByHand func(ctx context.Context) error
	// Browser is the path of the browser to run. Empty: it is looked for in
	// the usual places.
	Browser string
	// Headful shows the browsers' windows.
	Headful bool
	// NoSandbox turns the browser's own sandbox off.
	NoSandbox bool

	// Log receives what happens inside; default: nothing is logged.
	Log *logrus.Logger
	// OnEvent receives the facts of package messages in their order, one at a time.
	// It may take its time: the run does not wait for it but at its
	// end. What the events hold is not to be changed.
	OnEvent func(event any)

	// MeterProvider makes the metrics of the run, and TracerProvider a trace for each
	// order; docs/metrics.md lists both. Nil: there are none. Runs may share them. The
	// run ends neither: what they have is the host's to flush.
	MeterProvider  metric.MeterProvider
	TracerProvider trace.TracerProvider

	// Faults is a plan of faults on purpose, in YAML, for tests of what embeds poactor:
	//
	//	seed: 7
	//	every: {browser_kill: 30, disk_full: 200}
	//
	// means that a browser is killed in one of 30 readings, and that one of 200 files
	// cannot be written. The names are those of the event messages.FaultInjected, which
	// tells of each fault. A fault that cannot happen to this run is an error: one of the
	// portal, and one of browsers or their profiles where Browsers is set, but for
	// worker_panic. The same text gives the same plan. See package poactortest.
	Faults string

	// wrap puts something between the run and its browsers, for fault tests.
	wrap func(actors.Browsers) actors.Browsers
	// work makes browsers do a program's own work on tasks, instead of reading orders' pages;
	// nil: there are orders.
	work func(actors.Browsers) actors.Browsers
}

func (c Config) withDefaults() Config {
	if c.Workers == 0 {
		c.Workers = 4
	}
	if c.Attempts == 0 {
		c.Attempts = 3
	}
	if c.TaskTimeout == 0 {
		c.TaskTimeout = 2 * time.Minute
	}
	if c.Log == nil {
		c.Log = logrus.New()
		c.Log.SetOutput(io.Discard)
	}
	if c.OnEvent == nil {
		c.OnEvent = func(any) {}
	}
	return c
}

// validate returns what is wrong in one line. It touches nothing.
func (c Config) validate() error {
	plan, err := fault.Parse(c.Faults)
	if err != nil {
		return err
	}
	for _, k := range fault.Kinds() {
		if plan.Has(k) {
			if err := c.canHappen(k, plan); err != nil {
				return fmt.Errorf("fault %s: %w", k, err)
			}
		}
	}
	if c.work != nil {
		return c.validateTasks()
	}
	switch {
	case c.Portal.BaseURL == "":
		return fmt.Errorf("portal %q has no base URL", c.Portal.Name)
	case len(c.AllowedHosts) > 0:
		return fmt.Errorf("the hosts of orders are in the portal's definition (allowed_hosts)")
	}
	if err := c.validateRun(); err != nil {
		return err
	}
	return c.Portal.Check()
}

// validateTasks says what is wrong with a configuration of RunTasks.
func (c Config) validateTasks() error {
	switch {
	case c.Batch != nil, c.Fast:
		return fmt.Errorf("Batch and Fast are for orders, not for tasks")
	case c.Portal.BaseURL == "" && len(c.AllowedHosts) == 0 && c.Browsers == nil:
		return fmt.Errorf("no hosts are given that pages may go to: set AllowedHosts, or a Portal")
	}
	if err := c.validateRun(); err != nil {
		return err
	}
	if _, err := portal.OfHosts(c.AllowedHosts); err != nil {
		return fmt.Errorf("AllowedHosts: %w", err)
	}
	if c.Portal.BaseURL == "" {
		return nil
	}
	return c.Portal.Check()
}

// validateRun says what is wrong with what orders and tasks have in common.
func (c Config) validateRun() error {
	switch {
	case c.Out == "":
		return fmt.Errorf("no output directory is given")
	case c.Workers < 1 || c.Workers > MaxWorkers:
		return fmt.Errorf("workers must be 1 to %d, not %d", MaxWorkers, c.Workers)
	case c.Attempts < 1:
		return fmt.Errorf("attempts must be 1 or more, not %d", c.Attempts)
	case c.TaskTimeout < time.Second:
		return fmt.Errorf("the task timeout must be a second or more, not %v", c.TaskTimeout)
	case c.InMemory && (c.Ledger != nil || c.Choice.Limit != 0 || c.Choice.Only != nil):
		return fmt.Errorf("a choice of orders needs a ledger on disk")
	case c.LoginWait < 0:
		return fmt.Errorf("the time to wait for a sign-in must not be negative: %v", c.LoginWait)
	case c.Ledger != nil && filepath.Clean(c.Ledger.Dir()) != filepath.Clean(c.Out):
		return fmt.Errorf("the ledger is that of %s, not of %s", c.Ledger.Dir(), c.Out)
	}
	return nil
}

// canHappen says why a fault cannot happen to the run.
func (c Config) canHappen(k fault.Kind, plan fault.Plan) error {
	switch {
	case !k.OfRun():
		if !plan.Elsewhere {
			return errors.New("a run cannot make it happen: it comes from its portal, or from outside")
		}
	case c.Browsers == nil || !k.OfBrowser() || k == fault.WorkerPanic:
	default:
		if b, ok := c.Browsers.(faulty.Injectable); !ok || !b.InjectsFault(string(k)) {
			return errors.New("it is for real browsers, not for a host's own")
		}
	}
	return nil
}

// faults is the plan of faults, which has been validated.
func (c Config) faults() fault.Plan {
	p, _ := fault.Parse(c.Faults)
	return p
}

// browserConfig is what the browsers need to know; Lease is missing.
func (c Config) browserConfig() (browser.Config, error) {
	out, err := filepath.Abs(c.Out)
	if err != nil {
		return browser.Config{}, fmt.Errorf("output directory: %w", err)
	}
	return browser.Config{
		Portal: c.Portal, BrowserPath: c.Browser, NoSandbox: c.NoSandbox, Headful: c.Headful, Cloned: c.Profile != "",
		Downloads: incomingDir(out), Out: out, Log: c.Log, MaxFile: c.MaxFile, MinFree: c.MinFree,
		Record: c.Fast,
	}, nil
}

// profileError is the *po.Error of a profile store that cannot be opened.
func profileError(err error) error {
	cause, detail := po.CauseOf(err), po.DetailOf(err)
	e := &po.Error{Cause: cause, Msg: detail, Hint: hintOf(cause, detail), Err: err}
	switch {
	case errors.Is(err, profilestore.ErrUnreadable):
		e.Hint = "let this user read it, or give another --profile DIR; " + po.HintResume
	case errors.Is(err, profilestore.ErrInUse): // the store is this directory's
		e.Msg, e.Hint = "another run holds this output directory", "wait until it has ended, or give another --out"
		e.Err = fmt.Errorf("%w: %w", ErrHeld, err)
	case errors.Is(err, profilestore.ErrBaseInUse):
		if held, ok := errors.AsType[*po.Error](err); ok {
			e.Hint = held.Hint + "; " + po.HintResume
		}
	}
	return e
}

// tempDir is where the work directories of profiles are.
func tempDir() string { return filepath.Dir(profilestore.WorkDir("")) }

// checkTemp says what is wrong with the directory for temporary files, before any
// browser is started there.
func checkTemp() error {
	dir := tempDir()
	fail := func(cause po.Cause, format string, args ...any) error {
		return &po.Error{Cause: cause, Msg: "the directory for temporary files, " + dir + ", " + fmt.Sprintf(format, args...), Hint: hintTemp}
	}
	info, err := os.Stat(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fail(po.ProfileFailed, "does not exist")
	case err == nil && !info.IsDir():
		return fail(po.ProfileFailed, "is no directory")
	}
	probe, err := os.MkdirTemp(dir, profilestore.WorkDirPrefix()+"probe-")
	if err == nil {
		err = os.Remove(probe)
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = errno // the rest is said
	}
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), err == nil:
		return err
	case outdir.Full(err):
		return fail(po.DiskFull, "is full: %v", err)
	}
	return fail(po.ProfileFailed, "cannot be written to: %v", err)
}

func (c Config) decorate(b actors.Browsers) actors.Browsers {
	if c.wrap == nil {
		return b
	}
	return c.wrap(b)
}
