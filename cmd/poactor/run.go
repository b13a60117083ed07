package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// run is the main job: a batch into an output directory, from where it stood.
func (a *app) run(ctx context.Context, s config.Settings, path string, choice po.Choice) error {
	a.json = s.JSON
	if err := s.Check(); err != nil {
		return wrongUse("poactor --help lists the flags", "%v", err)
	}
	if s.Workers > config.ManyWorkers && !s.Quiet {
		a.warn("%d workers are %d browsers: each wants some 250 MB and its share of the cores", s.Workers, s.Workers)
	}
	var t telemetry
	if err := t.listen(s); err != nil {
		return err
	}
	defer t.close()
	j, err := a.openJob(ctx, s, path, choice)
	if err != nil {
		return err
	}
	defer j.close()
	if s.DryRun {
		if err := a.showPlan(ctx, j, path); err != nil {
			return err
		}
		return j.checkUsable(path)
	}
	log, file, err := openLog(s, j.dir)
	if err != nil {
		return err
	}
	a.log, a.logFile = log, file
	if j.forgotten != nil {
		log.WithError(j.forgotten).Info("retry will have to be told what this run works with")
	}
	if err := a.startTelemetry(&t, s); err != nil {
		return err
	}
	j.telemetry = &t
	err = a.work(ctx, j)
	if err == nil || errors.Is(err, errUnfinished) { // the results say so row by row
		return cmp.Or(j.checkUsable(path), err)
	}
	return err
}

// work runs the orders that are open.
func (a *app) work(ctx context.Context, j *job) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := &interrupt{cancel: cancel, say: func(line string) {
		if !a.console.finishing(line) {
			fmt.Fprintln(a.stderr, "poactor: "+line)
		}
	}}
	// Until here a signal ends the program by itself: nothing has been begun.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, endSignals()...)
	defer signal.Stop(signals)
	defer stop.watch(signals)()

	began := time.Now()
	controls := &keys{signals: signals}
	a.openScreen(j, controls)
	defer a.console.close(a.stderr)
	handle, err := a.start(ctx, j)
	if err != nil { // nothing was started
		return err
	}
	controls.handle.Store(handle)
	stop.onFirst(handle.Drain)
	summary, err := handle.Wait()
	a.console.close(a.stderr)
	if saved := summary.ResultsErr; saved != nil && saved != err &&
		!(errors.Is(err, po.DiskFull) && errors.Is(saved, po.DiskFull)) { // once is enough
		a.printError(saved)
	}
	err = a.conclude(j, stop.was(), time.Since(began), err)
	a.flush(ctx, j.telemetry)
	return err
}

// start lets poactor begin with the orders.
func (a *app) start(ctx context.Context, j *job) (*poactor.Handle, error) {
	cfg := j.settings.Run(j.portal, j.dir)
	cfg.Ledger, cfg.Batch, cfg.Choice = j.ledger, j.batch, j.choice
	cfg.Browsers, cfg.Faults, cfg.Log = a.browsers, a.faults, a.log
	a.signInTo(&cfg, j)
	j.telemetry.giveTo(&cfg)
	show := a.view(j)
	cfg.OnEvent = func(event any) {
		j.note(event)
		logEvent(a.log, event)
		switch e := event.(type) {
		case messages.ResultsWarning:
			a.warn("%s", e.Text)
			return
		case messages.SessionLost:
			if cfg.LoginWait > 0 && !j.settings.Quiet {
				a.warn("if the session cannot be renewed, this run waits %s for a new one: poactor login, or poactor login "+
					"--import FILE where there is no display", progress.Short(cfg.LoginWait))
			}
		}
		show(event)
	}
	return poactor.Start(ctx, cfg, j.batch.Orders())
}

// conclude says how the batch stands and where to look, and returns how the
// command ends: errUnfinished where orders did not end well.
func (a *app) conclude(j *job, wasInterrupted bool, took time.Duration, err error) error {
	counts, open, readErr := j.ledger.Counts(context.Background())
	if err == nil {
		err = readErr
	}
	readBy, waysErr := j.ledger.ReadBy(context.Background())
	if err == nil {
		err = waysErr
	}
	if readErr == nil {
		a.standing = &batchStanding{counts, open, j.merged.Deferred, readBy, filepath.Join(j.dir, j.batch.ResultsName()), j.dir}
	}
	if wasInterrupted && byInterrupt(err, open-j.merged.Deferred) {
		err = interrupted(open)
	}
	if j.settings.Quiet {
		for _, what := range j.left {
			a.warn("left: %s", what)
		}
	}
	if j.settings.Quiet || j.settings.JSON {
		return orUnfinished(counts, err)
	}
	if err == nil && j.todo() == 0 && j.merged.Deferred == 0 && j.choice.Only == nil {
		fmt.Fprintln(a.stdout, "nothing to do: every order is settled already")
	} else if err == nil && j.todo() == 0 && j.choice.Only != nil {
		fmt.Fprintln(a.stdout, progress.Line("nothing to do: no order ended "+describe(j.choice.Only)))
	}
	fmt.Fprintf(a.stdout, "%s, in %s\n", progress.Total(counts, open), progress.Short(took))
	if text := readByLine(readBy, j); text != "" {
		fmt.Fprintln(a.stdout, progress.Line(text))
	}
	if j.merged.Deferred > 0 && j.settings.Limit > 0 {
		fmt.Fprintf(a.stdout, "%s left by --limit: run the same command again for the next\n",
			progress.Count(j.merged.Deferred, "order"))
	}
	failed, readErr := unfinishedOf(context.Background(), j.ledger)
	if err == nil {
		err = readErr
	}
	a.showUnfinished(j.dir, failed)
	a.showFiles(j)
	if len(j.left) == 0 {
		fmt.Fprintln(a.stdout, "left: nothing")
	}
	for _, what := range j.left {
		fmt.Fprintln(a.stdout, progress.Line("left: "+what))
	}
	return orUnfinished(counts, err)
}

// byInterrupt says whether an interrupt is why a run ended as it did. left is
// how many of its orders are open. A full disk or a sign-in that is needed is
// not hidden by an interrupt.
func byInterrupt(err error, left int) bool {
	if err == nil {
		return left > 0
	}
	return po.CauseOf(err) == po.Interrupted || errors.Is(err, context.Canceled)
}

func interrupted(open int) error {
	return &po.Error{Cause: po.Interrupted, Msg: "interrupted, " + progress.Count(open, "order") + " open",
		Hint: po.HintResume}
}

// view is how the events of a run are shown.
func (a *app) view(j *job) func(any) {
	switch {
	case j.settings.JSON:
		return progress.NewJSON(a.stdout, time.Now).Event
	case j.settings.Quiet:
		return func(any) {}
	case a.console.screen != nil:
		return a.console.screen.Event
	}
	return progress.NewLines(a.stdout, j.dir, time.Now).Event
}

// plannedLine is what a dry run ends with as a JSON line.
type plannedLine struct {
	progress.Stamp
	Batch     string `json:"batch"`
	Rows      int    `json:"rows"`
	Todo      int    `json:"todo"`
	Settled   int    `json:"settled"`
	Deferred  int    `json:"deferred"`
	Completed int    `json:"completed"`
	Duplicate int    `json:"duplicate"`
	Malformed int    `json:"malformed"`
	Blank     int    `json:"blank"`
	Portal    string `json:"portal"`
	BaseURL   string `json:"base_url"`
	Out       string `json:"out"`
	Workers   int    `json:"workers"`
}

// showPlan is what a dry run ends with.
func (a *app) showPlan(ctx context.Context, j *job, path string) error {
	todo, settled, later, err := j.outlook(ctx)
	if err != nil {
		return err
	}
	line := func(name, format string, args ...any) {
		fmt.Fprintf(a.stdout, "%-9s %s\n", name, progress.Line(fmt.Sprintf(format, args...)))
	}
	p := j.batch.Counts()
	if j.settings.JSON {
		progress.WriteJSON(a.stdout, plannedLine{progress.Now("planned"), shownPath(path), p.Rows, todo, settled, later,
			p.Completed, p.Duplicate, p.Malformed, p.Blank, j.portal.Name, j.portal.BaseURL, j.dir,
			min(j.settings.Workers, max(todo, 1))})
		return nil
	}
	line("batch", "%s, %s", shownPath(path), progress.Count(p.Rows, "row"))
	line("list", "%s", j.batch)
	line("orders", "%d to do, %d settled already, %d left by --limit", todo, settled, later)
	other := ""
	if p.Other > 0 {
		other = fmt.Sprintf(", %d of no order", p.Other)
	}
	line("rows", "%d COMPLETED already, %d duplicate, %d malformed, %d blank%s",
		p.Completed, p.Duplicate, p.Malformed, p.Blank, other)
	line("portal", "%s at %s", j.portal.Name, j.portal.BaseURL)
	line("output", "%s", j.dir)
	line("workers", "%d", min(j.settings.Workers, max(todo, 1)))
	return nil
}
