package chaos

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
)

// checkInvariants checks the invariants at the end of a run.
func (r *run) checkInvariants(ctx context.Context) ([]InvariantResult, error) {
	s, err := r.readResult(ctx)
	if err != nil {
		return nil, err
	}
	checks := append(r.checkOutput(ctx, s),
		InvariantResult{"no process, profile or temporary file is left", r.checkLeftovers()},
		InvariantResult{"the same seed gives the same plan, and no fault came from elsewhere", r.checkPlan()})
	if r.site == nil {
		checks[2].Invariant += ": not compared, it is not ours"
	}
	return checks, nil
}

// Output is an output directory whose invariants can be checked without a run of chaos.
type Output struct {
	Dir string
	// Parse reads an order's number as the portal has it.
	Parse func(written string) (po.Key, string, error)
	// Site is the built-in portal, where the run was of all its orders; nil: the results
	// are not compared with a portal.
	Site *testportal.Portal
	// Attempts is how many an order may take; 0: 3.
	Attempts int
}

// CheckOutput checks the invariants that an output directory shows. The error says that
// it could not be read.
func CheckOutput(ctx context.Context, o Output) ([]InvariantResult, error) {
	r := newRun(Config{Parse: o.Parse})
	r.out, r.site, r.attempts = o.Dir, o.Site, cmp.Or(o.Attempts, maxAttempts)
	s, err := r.readResult(ctx)
	if err != nil {
		return nil, err
	}
	return r.checkOutput(ctx, s), nil
}

// checkOutput checks what the output directory and the portal show.
func (r *run) checkOutput(ctx context.Context, s result) []InvariantResult {
	return []InvariantResult{
		{"every order has one outcome, in the ledger and in each of its rows", r.checkOutcomes(s)},
		{"every file is whole, in the manifest, and nothing else is there", r.checkFiles(ctx, s)},
		{"no outcome is other than the portal has it", r.checkAgainstPortal(s)},
		{"no order was worked on by two workers at once", r.checkOverlap(s)},
		{"no worker has had a profile again", r.checkProfiles(s)},
		{fmt.Sprintf("no order took more than %d attempts", r.attempts), r.checkAttempts(s)},
	}
}

// result is what is there at the end: the ledger, and the files that people read.
type result struct {
	outcomes  []po.Outcome // of the ledger, in the order of the batch
	histories map[po.Key]po.History
	rows      []po.Outcome // of the batch with its status columns, row by row
	manifest  map[po.Key]po.Saved
}

func (r *run) readResult(ctx context.Context) (result, error) {
	s := result{histories: map[po.Key]po.History{}}
	record, err := ledger.OpenReadOnly(r.out)
	if err != nil {
		return s, err
	}
	defer record.Close()
	for outcome, err := range record.Outcomes(ctx) {
		if err != nil {
			return s, err
		}
		s.outcomes = append(s.outcomes, outcome)
		if s.histories[outcome.Key], err = record.History(ctx, outcome.Key); err != nil {
			return s, err
		}
	}
	for row, err := range batch.ReadOutcomes(outdir.ResultsPath(r.out), r.cfg.Parse) {
		if err != nil {
			return s, err
		}
		s.rows = append(s.rows, row)
	}
	s.manifest, err = results.ReadManifest(filepath.Join(r.out, outdir.ManifestFile))
	return s, err
}

// breakFor notes a difference that concerns an order.
func (r *run) breakFor(list *[]string, key po.Key, format string, args ...any) {
	r.affected[key] = true
	*list = append(*list, fmt.Sprintf("order %s: ", key)+fmt.Sprintf(format, args...))
}

// checkOutcomes holds the rows that people read against the ledger.
func (r *run) checkOutcomes(s result) (broken []string) {
	recorded := map[po.Key]po.Outcome{}
	for _, outcome := range s.outcomes {
		recorded[outcome.Key] = outcome
		if outcome.Status == "" {
			r.breakFor(&broken, outcome.Key, "no outcome")
		}
		final := 0
		for _, a := range s.histories[outcome.Key].Attempts {
			if a.Ending == po.EndSettled && a.Failure.Cause == "" {
				final++
			}
		}
		if final > 1 {
			r.breakFor(&broken, outcome.Key, "it was settled for good %d times", final)
		}
	}
	shown := map[po.Key]bool{}
	for _, row := range s.rows {
		shown[row.Key] = true
		if want := recorded[row.Key]; row.Status != want.Status || row.Cause != want.Cause {
			r.breakFor(&broken, row.Key, "a row shows %s %s, the ledger has %s %s",
				row.Status, row.Cause, want.Status, want.Cause)
		}
	}
	for key := range recorded {
		if !shown[key] {
			r.breakFor(&broken, key, "no row shows it")
		}
	}
	return broken
}

// checkFiles holds record, manifest, checksums and disk against each other, with
// every file hashed anew.
func (r *run) checkFiles(ctx context.Context, s result) (broken []string) {
	v, err := poactor.Verify(ctx, r.out)
	if err != nil {
		return []string{err.Error()}
	}
	for _, d := range v.Differences {
		r.breakAt(&broken, s, d.Path, ": "+d.What)
	}
	listed := r.checkManifest(&broken, s)
	folders := map[string]bool{}
	for _, outcome := range s.outcomes {
		folders[outcome.Folder] = true
		info, err := os.Stat(filepath.Join(r.out, filepath.FromSlash(outcome.Folder)))
		if err != nil || !info.IsDir() {
			r.breakFor(&broken, outcome.Key, "its folder %s is not there", outcome.Folder)
		}
	}
	exports := []string{outdir.ManifestFile, outdir.SumsFile, outdir.ReportFile, filepath.Base(outdir.ResultsPath(r.out))}
	err = fs.WalkDir(os.DirFS(r.out), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == outdir.StateDir:
			return fs.SkipDir
		case d.IsDir() && outdir.IsWorkFolder(d.Name()):
			r.breakAt(&broken, s, path, " is left")
		case d.IsDir() && strings.HasPrefix(d.Name(), outdir.FolderPrefix) && !folders[path]:
			r.breakAt(&broken, s, path, " is no order's folder")
		case d.IsDir() || listed[path] || slices.Contains(exports, path):
		default:
			r.breakAt(&broken, s, path, " is not in the manifest")
		}
		return nil
	})
	if err != nil {
		broken = append(broken, err.Error())
	}
	return broken
}

// checkManifest holds the manifest against the record, and says what is listed.
func (r *run) checkManifest(broken *[]string, s result) (listed map[string]bool) {
	listed = map[string]bool{}
	for key, kept := range s.manifest {
		recorded := map[string]po.File{}
		for _, f := range s.histories[key].Saved.Files {
			recorded[s.histories[key].Saved.Folder+"/"+f.Name] = f
		}
		for _, f := range kept.Files {
			path := kept.Folder + "/" + f.Name
			if listed[path] {
				r.breakFor(broken, key, "%s is in the manifest twice", path)
			}
			listed[path] = true
			if want, ok := recorded[path]; !ok {
				r.breakFor(broken, key, "%s is in the manifest and not in the record", path)
			} else if want.Bytes != f.Bytes || want.SHA256 != f.SHA256 {
				r.breakFor(broken, key, "%s has another size or hash in the manifest", path)
			}
		}
	}
	return listed
}

// breakAt notes a difference at a path, which may be that of an order.
func (r *run) breakAt(list *[]string, s result, path, what string) {
	r.markAffected(s, path)
	*list = append(*list, path+what)
}

// markAffected marks the order whose folder, final or not, a path leads through.
func (r *run) markAffected(s result, path string) {
	for dir := range strings.SplitSeq(path, "/") {
		for key, history := range s.histories {
			if strings.HasPrefix(dir, "PO_"+history.Order.Number+"_") {
				r.affected[key] = true
			}
		}
	}
}

func (r *run) checkAgainstPortal(s result) []string {
	if r.site == nil {
		return nil
	}
	var outcomes []po.Outcome
	seen := map[po.Key]bool{}
	for _, row := range s.rows {
		if !seen[row.Key] {
			seen[row.Key] = true
			row.Files = s.manifest[row.Key].Files
			outcomes = append(outcomes, row)
		}
	}
	broken := r.site.Verify(r.out, outcomes)
	for _, line := range broken {
		if rest, ok := strings.CutPrefix(line, "order "); ok {
			key, _, _ := strings.Cut(rest, " ")
			r.affected[po.Key(key)] = true
		} else {
			r.markAffected(s, line)
		}
	}
	return broken
}

func (r *run) checkOverlap(s result) (broken []string) {
	for key, history := range s.histories {
		var before po.Attempt
		for i, a := range history.Attempts {
			if i > 0 && a.Start == before.Start && a.Began.Before(before.Ended) {
				r.breakFor(&broken, key, "%s had it until %s, %s from %s", before.Assignment.Worker,
					before.Ended.Format(time.TimeOnly), a.Assignment.Worker, a.Began.Format(time.TimeOnly))
			}
			before = a
		}
	}
	if r.site == nil {
		return broken
	}
	for digits, n := range r.site.AtOnce() {
		if n > 1 {
			r.breakFor(&broken, po.Key(digits), "the portal was asked by %d browsers at once: %s", n, r.requests(digits))
		}
	}
	return broken
}

// requests lists those of an order that overlapped others from another browser.
func (r *run) requests(order string) string {
	var all []testportal.Request
	for _, q := range r.site.Requests() {
		if q.Order == order {
			all = append(all, q)
		}
	}
	var lines []string
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.Browser != b.Browser && b.Start.Before(a.End) {
				lines = append(lines, requestLine(a)+" beside "+requestLine(b))
			}
		}
	}
	return strings.Join(lines, "; ")
}

func requestLine(q testportal.Request) string {
	const clock = "15:04:05.000"
	return fmt.Sprintf("%s %d (%d) by %s %s–%s", q.Kind, q.File, q.Status, q.Browser,
		q.Start.Format(clock), q.End.Format(clock))
}

// checkProfiles looks at which browser used which profile: of one worker, of one
// start, and never again after the worker was lost.
func (r *run) checkProfiles(s result) (broken []string) {
	type user struct {
		start  int
		worker string
	}
	used := map[string]user{}
	for key, history := range s.histories {
		for _, a := range history.Attempts {
			now := user{a.Start, a.Assignment.Worker}
			if a.Assignment.Worker == po.PageReader { // no browser, and no profile
				continue
			}
			if was, ok := used[a.Assignment.Profile]; ok && was != now {
				r.breakFor(&broken, key, "profile %s of %s in start %d was that of %s in start %d",
					a.Assignment.Profile, now.worker, now.start, was.worker, was.start)
			}
			used[a.Assignment.Profile] = now
		}
	}
	for n, start := range r.starts {
		current, lost := map[string]string{}, map[string]bool{}
		for _, e := range start.events {
			switch e.Event {
			case "worker_ready":
				if lost[e.Profile] {
					broken = append(broken, fmt.Sprintf("start %d: %s came back with profile %s", n+1, e.Worker, e.Profile))
				}
				current[e.Worker] = e.Profile
			case "worker_lost":
				lost[current[e.Worker]] = true
			}
		}
	}
	return broken
}

// maxAttempts is how many an order may take.
const maxAttempts = 3

func (r *run) checkAttempts(s result) (broken []string) {
	for key, history := range s.histories {
		for _, a := range history.Attempts {
			if a.Try > r.attempts {
				r.breakFor(&broken, key, "attempt %d", a.Try)
			}
		}
	}
	return broken
}

// checkPlan holds the plan against the one that the last start was given, which has
// gone through a file, and the faults against the plan.
func (r *run) checkPlan() []string {
	if _, err := os.Stat(r.planPath()); errors.Is(err, fs.ErrNotExist) {
		return r.unplanned // no start had faults
	}
	given, err := fault.ReadFile(r.planPath())
	switch {
	case err != nil:
		return append(r.unplanned, err.Error())
	case given.Digest() != r.cfg.Plan.Digest():
		return append(r.unplanned, fmt.Sprintf("the plan %s became %s", r.cfg.Plan.Digest(), given.Digest()))
	}
	return r.unplanned
}

// checkLeftovers looks for what poactor's runs have left: files in their directory
// for temporary ones, and processes that work there.
func (r *run) checkLeftovers() (broken []string) {
	entries, err := os.ReadDir(r.temp)
	if err != nil {
		broken = append(broken, err.Error())
	}
	for _, e := range entries {
		broken = append(broken, filepath.Join(r.temp, e.Name()))
	}
	all, err := process.Find(r.isOwnBrowser)
	if err != nil {
		broken = append(broken, err.Error())
	}
	for _, p := range all {
		broken = append(broken, fmt.Sprintf("process %d (%s)", p.Pid, p.Match))
	}
	return broken
}
