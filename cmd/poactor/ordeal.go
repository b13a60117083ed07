package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

// ordeal is a batch that poactor is made to finish against all faults of a plan:
// as a process of its own, which is started again whenever it has ended.
type ordeal struct {
	settings config.Settings
	plan     fault.Plan
	dir      string // of everything here
	batch    string
	out      string             // poactor's output directory
	temp     string             // poactor's directory for temporary files
	site     *testportal.Portal // nil: the portal is the user's
	config   string             // an empty config file: the user's is for other runs
	log      *os.File           // what every start said
	say      func(format string, args ...any)

	began    time.Time
	starts   []start
	troubled map[po.Key]bool // orders that an invariant does not hold for

	mu       sync.Mutex // for the portal's goroutines
	portal   *fault.Injector
	injected map[fault.Kind]int
	wrong    []string // faults that were not in the plan
}

// maxStarts is when faults end whatever the plan says, so that a batch does.
const maxStarts = 500

// buildPortal starts the built-in portal, writes its batch, and makes a browser
// profile that is signed in.
func (o *ordeal) buildPortal(ctx context.Context, orders int) error {
	site, err := testportal.Start(testportal.Options{Seed: o.plan.Seed, Orders: orders, SignIn: true, Inject: o.inject})
	if err != nil {
		return cannot("", "built-in portal: %v", err)
	}
	o.site = site
	o.batch = filepath.Join(o.dir, "orders.csv")
	if err := site.WriteBatch(o.batch); err != nil {
		return outdir.WriteError(err)
	}
	coupa, _ := portal.Builtin("coupa")
	if coupa, err = coupa.WithBaseURL(site.URL()); err != nil {
		return err
	}
	o.settings.Portal, o.settings.BaseURL, o.settings.Profile = "coupa", site.URL(), filepath.Join(o.dir, "profile")
	err = browser.SignIn(ctx, browser.Config{Portal: coupa, BrowserPath: o.settings.Browser, NoSandbox: o.settings.NoSandbox},
		o.settings.Profile, []*http.Cookie{site.SessionCookie()})
	if err != nil {
		return cannot("", "make a browser profile that is signed in: %v", err)
	}
	return nil
}

// prepare makes ready what every start needs.
func (o *ordeal) prepare() (err error) {
	o.out = filepath.Join(o.dir, "orders")
	o.injected, o.troubled = map[fault.Kind]int{}, map[po.Key]bool{}
	o.config = filepath.Join(o.dir, "config.yaml")
	if err := os.WriteFile(o.config, nil, 0o666); err != nil {
		return outdir.WriteError(err)
	}
	// Short, for browsers put sockets there: where the system's own directory is
	// not, poactor would take another one.
	if o.temp, err = os.MkdirTemp(shortTemp(), "pc"); err != nil {
		return cannot("", "%v", err)
	}
	if o.log, err = os.Create(filepath.Join(o.dir, "chaos.log")); err != nil {
		return outdir.WriteError(err)
	}
	return nil
}

// shortTemp is the directory for temporary files; empty: the system's own.
func shortTemp() string {
	if most := profilestore.MaxTempDir(); most > 0 && len(os.TempDir()) > 8 {
		return "/tmp"
	}
	return ""
}

func (o *ordeal) close() {
	if o.site != nil {
		_ = o.site.Close()
	}
	if o.log != nil {
		_ = o.log.Close()
	}
	if o.temp != "" { // after an interrupt browsers may still be about to end
		_, _ = process.End(o.ours)
		_ = os.RemoveAll(o.temp)
	}
}

// ours says by an argument of a process that it is a browser of this ordeal.
func (o *ordeal) ours(arg string) bool {
	return strings.HasPrefix(arg, "--user-data-dir="+o.temp+string(filepath.Separator))
}

// run starts poactor until every order has been settled once, and then without
// faults: what they made fail is tried again there. With faults it would be for
// ever: each start opens again what has failed, and few starts live to see it fail.
func (o *ordeal) run(ctx context.Context) error {
	o.began = time.Now()
	for n, quiet := 1, false; ; n++ {
		plan := o.plan.ForStart(n)
		if quiet || n > maxStarts {
			plan = fault.Plan{Seed: o.plan.Seed}
		}
		s, err := o.start(ctx, n, plan)
		if err != nil {
			return err
		}
		o.starts = append(o.starts, s)
		words := ""
		if plan.Quiet() {
			words = ", without faults"
		}
		o.say("start %d%s: %s, %s", n, words, progress.Count(count(s.events, "order_settled"), "order"), s.ended())
		if !s.explained(o.site != nil) || plan.Quiet() && !s.finished() {
			return &po.Error{Cause: po.Internal, Hint: "look into " + o.log.Name(),
				Msg: fmt.Sprintf("start %d ended with exit code %d, which no fault explains", n, s.code)}
		}
		if s.finished() && plan.Quiet() {
			return nil
		}
		quiet = s.finished() || o.allSettledOnce()
	}
}

// start runs poactor once, and kills it where the plan says so.
func (o *ordeal) start(ctx context.Context, n int, plan fault.Plan) (start, error) {
	o.mu.Lock()
	o.portal = fault.NewInjector(plan)
	before := maps.Clone(o.injected)
	o.mu.Unlock()
	if o.site != nil {
		o.site.SetFault(testportal.NoFault) // and everybody is signed in again
	}
	cmd, err := o.command(ctx, plan)
	if err != nil {
		return start{}, err
	}
	fmt.Fprintf(o.log, "--- start %d ---\n", n)
	cmd.Stderr = o.log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return start{}, err
	}
	if err := cmd.Start(); err != nil {
		return start{}, cannot("", "start poactor: %v", err)
	}
	var s start
	var mu sync.Mutex // for struck: it is known only after the process may have died of it
	struck := false   // the process may have ended before
	s.events = o.follow(stdout, plan, func(after time.Duration) {
		time.AfterFunc(after, func() {
			mu.Lock()
			defer mu.Unlock()
			struck = struck || cmd.Process.Kill() == nil
		})
	})
	err = cmd.Wait()
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	exit, died := errors.AsType[*exec.ExitError](err)
	if err != nil && !died {
		return s, cannot("", "poactor: %v", err)
	}
	if died {
		s.code = exit.ExitCode()
	}
	mu.Lock()
	defer mu.Unlock()
	if s.killed = struck && died && diedOfKill(exit.ProcessState); s.killed {
		o.happened(fault.PoactorKill)
	}
	s.met = o.since(before)
	return s, nil
}

// command is poactor as a user runs it, with the plan of faults besides.
func (o *ordeal) command(ctx context.Context, plan fault.Plan) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"run", "--json", "--workers", strconv.Itoa(o.settings.Workers), "--out", o.out, "--task-timeout", "20s", "--retries", strconv.Itoa(attemptsMost - 1), "--config", o.config,
		"--portal", o.settings.Portal}
	for name, value := range map[string]string{"base-url": o.settings.BaseURL, "profile": o.settings.Profile, "browser": o.settings.Browser} {
		if value != "" {
			args = append(args, "--"+name, value)
		}
	}
	if o.settings.NoSandbox {
		args = append(args, "--no-sandbox")
	}
	if !plan.Quiet() {
		var text bytes.Buffer
		if err := plan.Write(&text); err != nil {
			return nil, err
		}
		path := o.faultsFile()
		if err := os.WriteFile(path, text.Bytes(), 0o666); err != nil {
			return nil, outdir.WriteError(err)
		}
		args = append(args, "--faults", path)
	}
	cmd := exec.CommandContext(ctx, self, append(args, "--", o.batch)...)
	for _, v := range os.Environ() { // settings of the user's are for other runs
		if !strings.HasPrefix(v, "POACTOR_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+o.temp, "TMP="+o.temp, "TEMP="+o.temp,
		"XDG_DATA_HOME="+filepath.Join(o.dir, "data")) // nobody retries these
	return cmd, nil
}

// follow reads what poactor tells, counts the faults, and asks for its death when
// the plan wants it.
func (o *ordeal) follow(stdout io.Reader, plan fault.Plan, kill func(after time.Duration)) []event {
	var events []event
	injector := fault.NewInjector(plan)
	told := map[fault.Injected]bool{}
	for lines := bufio.NewReader(stdout); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil { // what a kill has cut short is no event
			return events
		}
		_, _ = o.log.Write(line)
		var e event
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		events = append(events, e)
		switch e.Event {
		case "fault_injected":
			o.happened(e.Fault)
			x := fault.Injected{Kind: e.Fault, At: e.At}
			if plan.At(e.Fault.Op(), e.At) != e.Fault || told[x] {
				o.wrong = append(o.wrong, fmt.Sprintf("start %d: %s at operation %d", plan.Start, e.Fault, e.At))
			}
			told[x] = true
		case "order_settled":
			if x, ok := injector.Next(fault.OpSettle); ok && x.Kind == fault.PoactorKill {
				kill(time.Duration(injector.Draw(x, int(killWithin))))
			}
		}
	}
}

// faultsFile is the plan that the last start was given.
func (o *ordeal) faultsFile() string { return filepath.Join(o.dir, "faults.yaml") }

// killWithin is how long after the order that the plan names poactor is killed: at
// any moment of those that are under way then.
const killWithin = time.Second

// portalFaults are the faults that the built-in portal makes happen.
var portalFaults = map[fault.Kind]testportal.Fault{
	fault.Portal500: testportal.Error500, fault.Portal503: testportal.Error503, fault.Portal429: testportal.Throttle,
	fault.PortalHang: testportal.Hang, fault.PortalSlow: testportal.Slow, fault.PortalTruncated: testportal.Truncate,
	fault.PortalHTML: testportal.HTML, fault.PortalSignOut: testportal.SignOut,
}

// inject says which fault an answer of the built-in portal meets.
func (o *ordeal) inject(kind testportal.RequestKind) testportal.Fault {
	op := fault.OpPage
	if kind == testportal.RequestFile {
		op = fault.OpFile
	}
	o.mu.Lock()
	portal := o.portal
	o.mu.Unlock()
	if portal == nil {
		return testportal.NoFault
	}
	x, ok := portal.Next(op)
	if !ok {
		return testportal.NoFault
	}
	o.happened(x.Kind)
	return portalFaults[x.Kind]
}

func (o *ordeal) happened(k fault.Kind) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.injected[k]++
}

// since counts the faults that have happened since there were so many.
func (o *ordeal) since(before map[fault.Kind]int) map[fault.Kind]int {
	o.mu.Lock()
	defer o.mu.Unlock()
	met := map[fault.Kind]int{}
	for k, n := range o.injected {
		if n > before[k] {
			met[k] = n - before[k]
		}
	}
	return met
}

func (o *ordeal) faults() (n int) {
	for _, times := range o.injected {
		n += times
	}
	return n
}

// digest names the plan.
func (o *ordeal) digest() string { return o.plan.Digest() }
