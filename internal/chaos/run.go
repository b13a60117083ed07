package chaos

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
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

// run is a run of chaos under way.
type run struct {
	cfg  Config
	out  string             // poactor's output directory
	temp string             // poactor's directory for temporary files
	site *testportal.Portal // the built-in portal; nil: the portal is the user's
	log  *os.File           // what every start wrote

	attempts int // that an order may take

	began    time.Time
	starts   []start
	affected map[po.Key]bool // orders that an invariant does not hold for

	mu        sync.Mutex // for the portal's goroutines
	portal    *fault.Injector
	injected  map[fault.Kind]int
	unplanned []string // faults that happened and are not in the plan
}

// maxStarts is when faults end whatever the plan says, so that a batch does.
const maxStarts = 500

func newRun(cfg Config) *run {
	return &run{cfg: cfg, out: filepath.Join(cfg.Dir, "orders"), attempts: maxAttempts,
		injected: map[fault.Kind]int{}, affected: map[po.Key]bool{}}
}

// prepare makes ready what every start needs.
func (r *run) prepare(ctx context.Context) (err error) {
	if r.cfg.Batch == "" {
		if err := r.startPortal(ctx); err != nil {
			return err
		}
	}
	if err := os.WriteFile(r.configPath(), nil, 0o666); err != nil {
		return outdir.WriteError(err)
	}
	// Short, for browsers put sockets there: where the system's own directory is
	// not, poactor would take another one.
	if r.temp, err = os.MkdirTemp(shortTempDir(), "pc"); err != nil {
		return setupError("directory for temporary files", err)
	}
	if r.log, err = os.Create(r.logPath()); err != nil {
		return outdir.WriteError(err)
	}
	return nil
}

// startPortal starts the built-in portal, writes its batch, and makes a browser
// profile that is signed in.
func (r *run) startPortal(ctx context.Context) error {
	lists := testportal.ListsByScript
	if r.cfg.Fast {
		lists = testportal.ListsInPage
	}
	site, err := testportal.Start(testportal.Options{
		Seed: r.cfg.Plan.Seed, Orders: r.cfg.Orders, SignIn: true, Lists: lists, Inject: r.portalFault,
	})
	if err != nil {
		return setupError("built-in portal", err)
	}
	r.site = site
	coupa, _ := portal.Builtin("coupa")
	if coupa, err = coupa.WithBaseURL(site.URL()); err != nil {
		return err
	}
	if r.cfg.Parse, err = coupa.Parser(); err != nil {
		return err
	}
	r.cfg.Portal, r.cfg.BaseURL = coupa.Name, site.URL()
	r.cfg.Batch, r.cfg.Profile = filepath.Join(r.cfg.Dir, "orders.csv"), filepath.Join(r.cfg.Dir, "profile")
	if err := site.WriteBatch(r.cfg.Batch); err != nil {
		return outdir.WriteError(err)
	}
	err = browser.SignIn(ctx, browser.Config{Portal: coupa, BrowserPath: r.cfg.Browser, NoSandbox: r.cfg.NoSandbox},
		r.cfg.Profile, []*http.Cookie{site.SessionCookie()})
	if err != nil {
		return setupError("make a browser profile that is signed in", err)
	}
	return nil
}

// shortTempDir is the directory for temporary files; empty: the system's own.
func shortTempDir() string {
	if most := profilestore.MaxTempDir(); most > 0 && len(os.TempDir()) > 8 {
		return "/tmp"
	}
	return ""
}

// configPath is an empty config file: the user's is for other runs.
func (r *run) configPath() string { return filepath.Join(r.cfg.Dir, "config.yaml") }

func (r *run) logPath() string { return filepath.Join(r.cfg.Dir, "chaos.log") }

// planPath is the plan that the last start was given.
func (r *run) planPath() string { return filepath.Join(r.cfg.Dir, "faults.yaml") }

func (r *run) close() {
	if r.site != nil {
		_ = r.site.Close()
	}
	if r.log != nil {
		_ = r.log.Close()
	}
	if r.temp != "" { // after an interrupt browsers may still be about to end
		_, _ = process.End(r.isOwnBrowser)
		_ = os.RemoveAll(r.temp)
	}
}

// isOwnBrowser says by an argument of a process that it is a browser of this run.
func (r *run) isOwnBrowser(arg string) bool {
	return strings.HasPrefix(arg, "--user-data-dir="+r.temp+string(filepath.Separator))
}

// untilDone starts poactor until every order has been settled once, and then without
// faults: what they made fail is tried again there. With faults it would be for
// ever: each start opens again what has failed, and few starts live to see it fail.
func (r *run) untilDone(ctx context.Context) error {
	r.began = time.Now()
	for n, quiet := 1, false; ; n++ {
		plan := r.cfg.Plan.ForStart(n)
		if quiet || n > maxStarts {
			plan = fault.Plan{Seed: r.cfg.Plan.Seed}
		}
		s, err := r.start(ctx, n, plan)
		if err != nil {
			return err
		}
		r.starts = append(r.starts, s)
		if r.cfg.OnStart != nil {
			r.cfg.OnStart(Start{Number: n, Faults: !plan.Empty(), Settled: s.count("order_settled"), Ended: s.ended()})
		}
		if !s.explained(r.site != nil) || plan.Empty() && !s.finished() {
			return &po.Error{Cause: po.Internal, Hint: "look into " + r.logPath(),
				Msg: fmt.Sprintf("start %d ended with exit code %d, which no fault explains", n, s.code)}
		}
		if s.finished() && plan.Empty() {
			return nil
		}
		quiet = s.finished() || r.allSettledOnce()
	}
}

// start runs poactor once, and kills it where the plan says so.
func (r *run) start(ctx context.Context, n int, plan fault.Plan) (start, error) {
	r.mu.Lock()
	r.portal = fault.NewInjector(plan)
	before := maps.Clone(r.injected)
	r.mu.Unlock()
	if r.site != nil {
		r.site.SetFault(testportal.NoFault) // and everybody is signed in again
	}
	cmd, err := r.command(ctx, plan)
	if err != nil {
		return start{}, err
	}
	fmt.Fprintf(r.log, "--- start %d ---\n", n)
	cmd.Stderr = r.log
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return start{}, err
	}
	if err := cmd.Start(); err != nil {
		return start{}, setupError("start poactor", err)
	}
	s := start{codes: r.cfg.ExitCodes}
	var mu sync.Mutex // for sent: it is known only after the process may have died of it
	sent := false     // a kill; the process may have ended before
	s.events = r.follow(stdout, plan, func(after time.Duration) {
		time.AfterFunc(after, func() {
			mu.Lock()
			defer mu.Unlock()
			sent = sent || cmd.Process.Kill() == nil
		})
	})
	err = cmd.Wait()
	if ctx.Err() != nil {
		return s, ctx.Err()
	}
	exit, failed := errors.AsType[*exec.ExitError](err)
	if err != nil && !failed {
		return s, setupError("poactor", err)
	}
	if failed {
		s.code = exit.ExitCode()
	}
	mu.Lock()
	defer mu.Unlock()
	if s.killed = sent && failed && diedOfKill(exit.ProcessState); s.killed {
		r.countFault(fault.PoactorKill)
	}
	s.faults = r.injectedSince(before)
	return s, nil
}

// command is poactor as a user runs it, with the plan of faults besides.
func (r *run) command(ctx context.Context, plan fault.Plan) (*exec.Cmd, error) {
	args := []string{"run", "--json", "--workers", strconv.Itoa(r.cfg.Workers), "--out", r.out, "--task-timeout", "20s",
		"--retries", strconv.Itoa(maxAttempts - 1), "--config", r.configPath(), "--portal", r.cfg.Portal}
	for name, value := range map[string]string{
		"base-url": r.cfg.BaseURL, "profile": r.cfg.Profile, "browser": r.cfg.Browser,
	} {
		if value != "" {
			args = append(args, "--"+name, value)
		}
	}
	if r.cfg.NoSandbox {
		args = append(args, "--no-sandbox")
	}
	if r.cfg.Fast {
		args = append(args, "--fast")
	}
	if !plan.Empty() {
		var text bytes.Buffer
		plan.Elsewhere = true // the portal's and the kills are ours to make
		if err := plan.Write(&text); err != nil {
			return nil, err
		}
		if err := os.WriteFile(r.planPath(), text.Bytes(), 0o666); err != nil {
			return nil, outdir.WriteError(err)
		}
		args = append(args, "--faults", r.planPath())
	}
	cmd := exec.CommandContext(ctx, r.cfg.Program, append(args, "--", r.cfg.Batch)...)
	for _, v := range os.Environ() { // settings of the user's are for other runs
		if !strings.HasPrefix(v, "POACTOR_") {
			cmd.Env = append(cmd.Env, v)
		}
	}
	cmd.Env = append(cmd.Env, "TMPDIR="+r.temp, "TMP="+r.temp, "TEMP="+r.temp,
		"XDG_DATA_HOME="+filepath.Join(r.cfg.Dir, "data")) // nobody retries these
	return cmd, nil
}

// follow reads poactor's events, counts the faults, and asks for its death when the
// plan wants it.
func (r *run) follow(stdout io.Reader, plan fault.Plan, kill func(after time.Duration)) []event {
	var events []event
	injector := fault.NewInjector(plan)
	seen := map[fault.Injected]bool{}
	for lines := bufio.NewReader(stdout); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil { // what a kill has cut short is no event
			return events
		}
		_, _ = r.log.Write(line)
		var e event
		if json.Unmarshal(line, &e) != nil {
			continue
		}
		events = append(events, e)
		switch e.Event {
		case "fault_injected":
			r.countFault(e.Fault)
			x := fault.Injected{Kind: e.Fault, At: e.At}
			if plan.At(e.Fault.Op(), e.At) != e.Fault || seen[x] {
				r.unplanned = append(r.unplanned, fmt.Sprintf("start %d: %s at operation %d", plan.Start, e.Fault, e.At))
			}
			seen[x] = true
		case "order_settled":
			if x, ok := injector.Next(fault.OpSettle); ok && x.Kind == fault.PoactorKill {
				kill(time.Duration(injector.Draw(x, int(killWithin))))
			}
		}
	}
}

// killWithin is how long after the order that the plan names poactor is killed: at
// any moment of those that are under way then.
const killWithin = time.Second

// portalFault says which fault an answer of the built-in portal meets.
func (r *run) portalFault(kind testportal.RequestKind) testportal.Fault {
	r.mu.Lock()
	injector := r.portal
	r.mu.Unlock()
	if injector == nil {
		return testportal.NoFault
	}
	f, k := testportal.NextFault(injector, kind)
	if k != "" {
		r.countFault(k)
	}
	return f
}

func (r *run) countFault(k fault.Kind) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.injected[k]++
}

// injectedSince counts the faults that have happened since there were so many.
func (r *run) injectedSince(before map[fault.Kind]int) map[fault.Kind]int {
	r.mu.Lock()
	defer r.mu.Unlock()
	since := map[fault.Kind]int{}
	for k, n := range r.injected {
		if n > before[k] {
			since[k] = n - before[k]
		}
	}
	return since
}
