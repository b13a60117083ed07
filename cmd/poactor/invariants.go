package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/results"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
)

// verdictOn says whether an invariant of SPEC §11 holds.
type verdictOn struct {
	Invariant string
	Broken    []string // empty: it holds
}

// judge checks the invariants at the end of an ordeal.
func (o *ordeal) judge(ctx context.Context) ([]verdictOn, error) {
	s, err := o.readState(ctx)
	if err != nil {
		return nil, err
	}
	verdicts := []verdictOn{
		{"every order has one outcome, in the ledger and in each of its rows", o.oneOutcome(s)},
		{"every file is whole, in the manifest, and nothing else is there", o.filesWhole(ctx, s)},
		{"no outcome is other than the portal has it", o.asThePortal(s)},
		{"no process, profile or temporary file is left", o.nothingLeft()},
		{"no order was worked on by two workers at once", o.neverTwoAtOnce(s)},
		{"no worker has had a profile again", o.profilesFresh(s)},
		{fmt.Sprintf("no order took more than %d attempts", attemptsMost), o.attemptsWithin(s)},
		{"the same seed gives the same plan, and no fault came from elsewhere", o.samePlan()},
	}
	if o.site == nil {
		verdicts[2].Invariant += ": not compared, it is not ours"
	}
	return verdicts, nil
}

// state is what is there at the end: the ledger, and the files that people read.
type state struct {
	outcomes []po.Outcome // of the ledger, in the order of the batch
	stories  map[po.Key]po.History
	rows     []po.Outcome // of the batch with its status columns, row by row
	manifest map[po.Key]po.Saved
}

func (o *ordeal) readState(ctx context.Context) (state, error) {
	s := state{stories: map[po.Key]po.History{}}
	ledger, err := openRecord(o.out)
	if err != nil {
		return s, err
	}
	defer ledger.Close()
	for outcome, err := range ledger.Outcomes(ctx) {
		if err != nil {
			return s, err
		}
		s.outcomes = append(s.outcomes, outcome)
		if s.stories[outcome.Key], err = ledger.History(ctx, outcome.Key); err != nil {
			return s, err
		}
	}
	p, err := runPortal(o.settings)
	if err != nil {
		return s, err
	}
	parse, err := p.Parser()
	if err != nil {
		return s, err
	}
	for row, err := range batch.ReadOutcomes(resultsOf(o.out), parse) {
		if err != nil {
			return s, err
		}
		s.rows = append(s.rows, row)
	}
	s.manifest, err = results.ReadManifest(filepath.Join(o.out, outdir.ManifestFile))
	return s, err
}

// trouble notes a difference that concerns an order.
func (o *ordeal) trouble(list *[]string, key po.Key, format string, args ...any) {
	o.troubled[key] = true
	*list = append(*list, fmt.Sprintf("order %s: ", key)+fmt.Sprintf(format, args...))
}

func (o *ordeal) oneOutcome(s state) (broken []string) {
	ledger := map[po.Key]po.Outcome{}
	for _, outcome := range s.outcomes {
		ledger[outcome.Key] = outcome
		if outcome.Status == "" {
			o.trouble(&broken, outcome.Key, "no outcome")
		}
		final := 0
		for _, a := range s.stories[outcome.Key].Attempts {
			if a.Ending == po.EndSettled && a.Failure.Cause == "" {
				final++
			}
		}
		if final > 1 {
			o.trouble(&broken, outcome.Key, "it was settled for good %d times", final)
		}
	}
	shown := map[po.Key]bool{}
	for _, row := range s.rows {
		shown[row.Key] = true
		if want := ledger[row.Key]; row.Status != want.Status || row.Cause != want.Cause {
			o.trouble(&broken, row.Key, "a row shows %s %s, the ledger has %s %s", row.Status, row.Cause, want.Status, want.Cause)
		}
	}
	for key := range ledger {
		if !shown[key] {
			o.trouble(&broken, key, "no row shows it")
		}
	}
	return broken
}

// filesWhole holds record, manifest, checksums and disk against each other, with
// every file hashed anew.
func (o *ordeal) filesWhole(ctx context.Context, s state) (broken []string) {
	v, err := verifyAll(ctx, o.out)
	if err != nil {
		return []string{err.Error()}
	}
	for _, d := range v.Differences {
		o.troubleAt(&broken, s, d.Path, ": "+d.What)
	}
	listed := o.manifestTrue(&broken, s)
	folders := map[string]bool{}
	for _, outcome := range s.outcomes {
		folders[outcome.Folder] = true
		if info, err := os.Stat(filepath.Join(o.out, filepath.FromSlash(outcome.Folder))); err != nil || !info.IsDir() {
			o.trouble(&broken, outcome.Key, "its folder %s is not there", outcome.Folder)
		}
	}
	err = fs.WalkDir(os.DirFS(o.out), ".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == outdir.StateDir:
			return fs.SkipDir
		case d.IsDir() && outdir.IsWorkFolder(d.Name()):
			o.troubleAt(&broken, s, path, " is left")
		case d.IsDir() && strings.HasPrefix(d.Name(), outdir.FolderPrefix) && !folders[path]:
			o.troubleAt(&broken, s, path, " is no order's folder")
		case d.IsDir() || listed[path] || path == outdir.ManifestFile || path == outdir.SumsFile ||
			path == filepath.Base(resultsOf(o.out)):
		default:
			o.troubleAt(&broken, s, path, " is not in the manifest")
		}
		return nil
	})
	if err != nil {
		broken = append(broken, err.Error())
	}
	return broken
}

// manifestTrue holds the manifest against the record, and says what is listed.
func (o *ordeal) manifestTrue(broken *[]string, s state) (listed map[string]bool) {
	listed = map[string]bool{}
	for key, kept := range s.manifest {
		recorded := map[string]po.File{}
		for _, f := range s.stories[key].Saved.Files {
			recorded[s.stories[key].Saved.Folder+"/"+f.Name] = f
		}
		for _, f := range kept.Files {
			path := kept.Folder + "/" + f.Name
			if listed[path] {
				o.trouble(broken, key, "%s is in the manifest twice", path)
			}
			listed[path] = true
			if r, ok := recorded[path]; !ok {
				o.trouble(broken, key, "%s is in the manifest and not in the record", path)
			} else if r.Bytes != f.Bytes || r.SHA256 != f.SHA256 {
				o.trouble(broken, key, "%s has another size or hash in the manifest", path)
			}
		}
	}
	return listed
}

// troubleAt notes a difference at a path, which may be that of an order.
func (o *ordeal) troubleAt(list *[]string, s state, path, what string) {
	o.blame(s, path)
	*list = append(*list, path+what)
}

// blame marks the order whose folder, final or not, a path leads through.
func (o *ordeal) blame(s state, path string) {
	for dir := range strings.SplitSeq(path, "/") {
		for key, story := range s.stories {
			if strings.HasPrefix(dir, "PO_"+story.Order.Number+"_") {
				o.troubled[key] = true
			}
		}
	}
}

func (o *ordeal) asThePortal(s state) []string {
	if o.site == nil {
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
	broken := o.site.Verify(o.out, outcomes)
	for _, line := range broken {
		if rest, ok := strings.CutPrefix(line, "order "); ok {
			key, _, _ := strings.Cut(rest, " ")
			o.troubled[po.Key(key)] = true
		} else {
			o.blame(s, line)
		}
	}
	return broken
}

func (o *ordeal) neverTwoAtOnce(s state) (broken []string) {
	for key, story := range s.stories {
		var before po.Attempt
		for i, a := range story.Attempts {
			if i > 0 && a.Start == before.Start && a.Began.Before(before.Ended) {
				o.trouble(&broken, key, "%s had it until %s, %s from %s", before.Assignment.Worker, before.Ended.Format(time.TimeOnly),
					a.Assignment.Worker, a.Began.Format(time.TimeOnly))
			}
			before = a
		}
	}
	if o.site == nil {
		return broken
	}
	for digits, n := range o.site.AtOnce() {
		if n > 1 {
			o.trouble(&broken, po.Key(digits), "the portal was asked by %d browsers at once: %s", n, o.requests(digits))
		}
	}
	return broken
}

// requests lists those of an order that overlapped others from another browser.
func (o *ordeal) requests(order string) string {
	var all []testportal.Request
	for _, r := range o.site.Requests() {
		if r.Order == order {
			all = append(all, r)
		}
	}
	var lines []string
	for i, r := range all {
		for _, s := range all[i+1:] {
			if s.Browser != r.Browser && s.Start.Before(r.End) {
				lines = append(lines, requestLine(r)+" beside "+requestLine(s))
			}
		}
	}
	return strings.Join(lines, "; ")
}

func requestLine(r testportal.Request) string {
	return fmt.Sprintf("%s %d (%d) by %s %s–%s", r.Kind, r.File, r.Status, r.Browser, r.Start.Format("15:04:05.000"), r.End.Format("15:04:05.000"))
}

// profilesFresh looks at which browser used which profile: of one worker, of one
// start, and never again after the worker was lost.
func (o *ordeal) profilesFresh(s state) (broken []string) {
	type user struct {
		start  int
		worker string
	}
	used := map[string]user{}
	for key, story := range s.stories {
		for _, a := range story.Attempts {
			now := user{a.Start, a.Assignment.Worker}
			if was, ok := used[a.Assignment.Profile]; ok && was != now {
				o.trouble(&broken, key, "profile %s of %s in start %d was that of %s in start %d", a.Assignment.Profile, now.worker, now.start, was.worker, was.start)
			}
			used[a.Assignment.Profile] = now
		}
	}
	for n, start := range o.starts {
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

// attemptsMost is how many an order may take.
const attemptsMost = 3

func (o *ordeal) attemptsWithin(s state) (broken []string) {
	for key, story := range s.stories {
		for _, a := range story.Attempts {
			if a.Try > attemptsMost {
				o.trouble(&broken, key, "attempt %d", a.Try)
			}
		}
	}
	return broken
}

// samePlan holds the plan against the one that the last start was given, which has
// gone through a file, and the faults against the plan.
func (o *ordeal) samePlan() []string {
	if _, err := os.Stat(o.faultsFile()); errors.Is(err, fs.ErrNotExist) {
		return o.wrong // no start had faults
	}
	given, err := readFaults(o.faultsFile())
	switch {
	case err != nil:
		return append(o.wrong, err.Error())
	case given.Digest(20) != o.digest():
		return append(o.wrong, fmt.Sprintf("the plan %s became %s", o.digest(), given.Digest(20)))
	}
	return o.wrong
}

// nothingLeft looks for what poactor's runs have left: files in their directory
// for temporary ones, and processes that work there.
func (o *ordeal) nothingLeft() (broken []string) {
	entries, err := os.ReadDir(o.temp)
	if err != nil {
		broken = append(broken, err.Error())
	}
	for _, e := range entries {
		broken = append(broken, filepath.Join(o.temp, e.Name()))
	}
	all, err := process.Find(o.ours)
	if err != nil {
		broken = append(broken, err.Error())
	}
	for _, p := range all {
		broken = append(broken, fmt.Sprintf("process %d (%s)", p.Pid, p.Match))
	}
	return broken
}
