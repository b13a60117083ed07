package config

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/pflag"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/portal"
)

// ManyWorkers is the number of workers past which a warning is due: waiting
// pages scale to about 8 on a small machine, more want memory and cores.
const ManyWorkers = 8

// Settings are what a user can say about a run.
type Settings struct {
	Workers     int           // 1 to poactor.MaxWorkers
	Portal      string        // name of a built-in one, or path of a file
	BaseURL     string        // overrides the portal's
	Out         string        // output directory; empty: named after the batch
	Profile     string        // name of a profile of poactor login, directory of another, or NoProfile
	Browser     string        // path; empty: looked for
	Fast        bool          // read pages without a browser, once that has shown to tell the same
	Headful     bool          // show the windows
	NoSandbox   bool          // turn the browser's sandbox off
	Retries     int           // tries after the first
	TaskTimeout time.Duration // for reading one order
	LoginWait   time.Duration // for somebody to sign in when the session is over; 0: none
	MaxFile     int64         // largest file in bytes; 0: no bound
	MinFree     int64         // bytes that stay free on the disk; 0: none, negative: the default
	Limit       int           // orders to take from the batch; 0: all
	DryRun      bool          // plan only
	Fresh       bool          // begin a new ledger
	Metrics     string        // where Prometheus finds them, as MetricsAddress reads it; empty: nowhere
	JSON        bool          // events on stdout
	Quiet       bool          // errors only
	LogLevel    string        // of the log file
	LogFile     string        // empty: OUT/.poactor/run.log

	PassphraseFile    string // has the passphrase of stored sessions
	PassphraseCommand string // prints it
	InsecurePlain     bool   // stored sessions are not encrypted where there is no other way
}

// NoProfile is the profile of a run whose browsers begin empty.
const NoProfile = "none"

// Defaults are the settings of a run that nobody has said anything about.
func Defaults() Settings {
	var s Settings
	s.Register(pflag.NewFlagSet("", pflag.ContinueOnError)) // declaring a flag sets its default
	return s
}

// Register declares the flags of a run in fs, which write to s.
func (s *Settings) Register(fs *pflag.FlagSet) {
	fs.IntVarP(&s.Workers, "workers", "w", 4, "number of browsers, 1 to 64; 1 is sequential")
	s.registerPlace(fs)
	s.RegisterOut(fs)
	s.registerProfile(fs)
	s.RegisterSecrets(fs)
	s.RegisterBrowser(fs)
	fs.BoolVar(&s.Fast, "fast", false, "read orders without a browser where that is proven to tell the same")
	s.RegisterHeadful(fs)
	fs.IntVar(&s.Retries, "retries", 2, "retries of an order, where the cause may pass")
	fs.DurationVar(&s.TaskTimeout, "task-timeout", 2*time.Minute, "longest time to read one order")
	fs.DurationVar(&s.LoginWait, "login-wait", 0,
		"time to wait for a new poactor login when the session is over (0: the run ends, and can be resumed)")
	s.MaxFile, s.MinFree = poactor.DefaultMaxFile, -1
	fs.Var((*size)(&s.MaxFile), "max-file", "largest file to take; a larger one fails its order (0: no limit)")
	fs.Var((*size)(&s.MinFree), "min-free",
		"free space to keep on the disk of the output (default: 1 GiB, or 5 % of the disk where that is less; 0: none)")
	fs.IntVar(&s.Limit, "limit", 0, "take only the first `N` open orders (0: all)")
	fs.BoolVar(&s.DryRun, "dry-run", false, "read, check and plan; open no browser")
	fs.BoolVar(&s.Fresh, "fresh", false, "start over: archive the record of earlier starts; nothing is deleted")
	s.RegisterMetrics(fs)
	fs.BoolVar(&s.JSON, "json", false, "write events as JSON lines to standard output")
	fs.BoolVarP(&s.Quiet, "quiet", "q", false, "write errors only")
	fs.StringVar(&s.LogLevel, "log-level", "info", "of the log file: error, warn, info, debug or trace")
	fs.StringVar(&s.LogFile, "log-file", "", "log `file` (default: OUT/.poactor/run.log)")
}

// RegisterOut declares only the flag for the output directory.
func (s *Settings) RegisterOut(fs *pflag.FlagSet) {
	fs.StringVarP(&s.Out, "out", "o", "", "output `directory` (default: named after the batch, beside it)")
}

// RegisterHeadful declares only the flag that shows the browsers' windows.
func (s *Settings) RegisterHeadful(fs *pflag.FlagSet) {
	fs.BoolVar(&s.Headful, "headful", false, "show the browser windows")
}

// RegisterPortal declares only the flags that say which portal it is and how to
// get in.
func (s *Settings) RegisterPortal(fs *pflag.FlagSet) {
	s.registerPlace(fs)
	s.registerProfile(fs)
}

func (s *Settings) registerPlace(fs *pflag.FlagSet) {
	fs.StringVar(&s.Portal, "portal", "coupa", "built-in portal, or `FILE` of another")
	fs.StringVar(&s.BaseURL, "base-url", "", "`URL` of the portal, like https://acme.coupahost.com")
}

func (s *Settings) registerProfile(fs *pflag.FlagSet) {
	fs.StringVar(&s.Profile, "profile", "",
		"`NAME|DIR` of a profile that is signed in, or none "+
			"(default: the one of poactor login for this portal, if there is one)")
}

// RegisterSecrets declares only the flags that say how stored sessions are encrypted.
func (s *Settings) RegisterSecrets(fs *pflag.FlagSet) {
	fs.StringVar(&s.PassphraseFile, "passphrase-file", "",
		"`file` with the passphrase of stored sessions (default: their key is in the system's keychain)")
	fs.StringVar(&s.PassphraseCommand, "passphrase-command", "", "`command` that prints the passphrase of stored sessions")
	fs.BoolVar(&s.InsecurePlain, "insecure-plain", false, "store sessions without encryption where there is no passphrase")
}

// RegisterBrowser declares only the flags that say which browser to run and
// how.
func (s *Settings) RegisterBrowser(fs *pflag.FlagSet) {
	fs.StringVar(&s.Browser, "browser", "", "`path` of Chrome, Edge or Chromium (default: looked for in the usual places)")
	fs.BoolVar(&s.NoSandbox, "no-sandbox", false, "turn the browser's sandbox off (needed as root; less safe)")
}

// RegisterMetrics declares only the flag that says where Prometheus finds the metrics.
func (s *Settings) RegisterMetrics(fs *pflag.FlagSet) {
	fs.StringVar(&s.Metrics, "metrics", "",
		"serve metrics for Prometheus during the run, at `ADDR`: a port, like :9464, for this machine only, or HOST:PORT")
}

// Check returns what is wrong with the settings by themselves, in one line.
// It touches nothing.
func (s Settings) Check() error {
	switch {
	case s.Workers < 1 || s.Workers > poactor.MaxWorkers:
		return fmt.Errorf("--workers must be 1 to %d, not %d", poactor.MaxWorkers, s.Workers)
	case s.Retries < 0:
		return fmt.Errorf("--retries must be 0 or more, not %d", s.Retries)
	case s.TaskTimeout < time.Second:
		return fmt.Errorf("--task-timeout must be 1s or more, not %v", s.TaskTimeout)
	case s.LoginWait < 0:
		return fmt.Errorf("--login-wait must be 0 or more, not %v", s.LoginWait)
	case s.Limit < 0:
		return fmt.Errorf("--limit must be 0 or more, not %d", s.Limit)
	case s.JSON && s.Quiet:
		return fmt.Errorf("--json and --quiet cannot go together")
	}
	if _, err := s.MetricsAddress(); err != nil {
		return err
	}
	if err := s.CheckSecrets(); err != nil {
		return err
	}
	if _, err := s.Level(); err != nil {
		return fmt.Errorf("--log-level must be error, warn, info, debug or trace, not %q", s.LogLevel)
	}
	return nil
}

// CheckSecrets returns what is wrong with the settings of RegisterSecrets.
func (s Settings) CheckSecrets() error {
	if s.PassphraseFile != "" && s.PassphraseCommand != "" {
		return fmt.Errorf("--passphrase-file and --passphrase-command cannot go together")
	}
	return nil
}

// MetricsAddress is where to listen for Prometheus: host and port. Where no host is
// named it is this machine's own; empty: nowhere.
func (s Settings) MetricsAddress() (string, error) {
	if s.Metrics == "" {
		return "", nil
	}
	text := s.Metrics
	if !strings.Contains(text, ":") {
		text = ":" + text
	}
	host, port, err := net.SplitHostPort(text)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
		return "", fmt.Errorf("--metrics must be a port, :PORT or HOST:PORT, not %q", s.Metrics)
	}
	return net.JoinHostPort(cmp.Or(host, "127.0.0.1"), port), nil
}

// Level is the level of the log file.
func (s Settings) Level() (logrus.Level, error) { return logrus.ParseLevel(s.LogLevel) }

// Run makes the configuration of a run of p into the directory out.
func (s Settings) Run(p portal.Portal, out string) poactor.Config {
	return poactor.Config{
		Portal:      p,
		Out:         out,
		Workers:     s.Workers,
		Attempts:    s.Retries + 1,
		TaskTimeout: s.TaskTimeout,
		LoginWait:   s.LoginWait,
		MaxFile:     bound(s.MaxFile),
		MinFree:     bound(s.MinFree),
		Browser:     s.Browser,
		Fast:        s.Fast,
		Headful:     s.Headful,
		NoSandbox:   s.NoSandbox,
	}
}
