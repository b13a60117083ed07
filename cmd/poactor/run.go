package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// run is the main job: a batch into an output directory, from where it stood.
func (a *app) run(ctx context.Context, s config.Settings, path string) error {
	if err := s.Check(); err != nil {
		return wrongUse("poactor --help lists the flags", "%v", err)
	}
	if s.Workers > config.ManyWorkers && !s.Quiet {
		a.warn("%d workers are %d browsers: each wants some 250 MB and its share of the cores", s.Workers, s.Workers)
	}
	j, err := a.openJob(s, path)
	if err != nil {
		return err
	}
	defer j.close()
	if s.DryRun {
		a.showPlan(j, path)
		return nil
	}
	log, file, err := openLog(s, j.dir)
	if err != nil {
		return err
	}
	a.log, a.logFile = log, file
	return a.work(ctx, j)
}

// work runs the orders that are open and brings the files of the output
// directory up to date, however it ends.
func (a *app) work(ctx context.Context, j *job) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := &interrupt{cancel: func() { cancel(nil) }, say: func(line string) { fmt.Fprintln(a.stderr, "poactor: "+line) }}
	// Until here a signal ends the program by itself: nothing has been begun.
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer signal.Stop(signals)
	defer stop.watch(signals)()

	began := time.Now()
	show := a.view(j)
	if err := j.refuse(show); err != nil {
		return err
	}
	handle, err := a.start(ctx, j, show, cancel)
	if err != nil { // nothing was started; the malformed numbers are settled all the same
		return errors.Join(err, j.results.save(j.batch, false))
	}
	if handle != nil {
		stop.onFirst(handle.Drain)
		err = a.wait(ctx, j, handle)
	}
	if saved := j.results.save(j.batch, true); err == nil {
		err = saved
	} else if saved != nil {
		complain(a.stderr, saved)
	}
	return a.conclude(j, stop.was(), time.Since(began), err)
}

// start lets poactor begin with the orders; nil if there are none.
func (a *app) start(ctx context.Context, j *job, show func(any), cancel context.CancelCauseFunc) (*poactor.Handle, error) {
	if j.todo == 0 {
		return nil, nil
	}
	cfg := j.settings.Run(j.portal, j.dir)
	cfg.Log = a.log
	cfg.OnEvent = func(event any) {
		settled, ok := event.(messages.OrderSettled)
		if ok {
			j.results.put(settled.Outcome)
		}
		logEvent(a.log, event)
		show(event)
		if ok {
			j.forget(settled.Outcome.Key)
		}
	}
	return poactor.Start(ctx, cfg, j.orders(cancel))
}

// wait saves the results now and then until the run has ended.
func (a *app) wait(ctx context.Context, j *job, handle *poactor.Handle) error {
	defer j.results.keep(j.batch, func(err error) { a.log.Error(err) })()
	_, err := handle.Wait()
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause // the batch could not be read on
	}
	return err
}

// conclude says how the batch stands and where to look, and returns how the
// command ends.
func (a *app) conclude(j *job, wasInterrupted bool, took time.Duration, err error) error {
	counts, open, readErr := j.counts()
	if err == nil {
		err = readErr
	}
	if wasInterrupted && byInterrupt(err, open-j.later) {
		err = interrupted(open)
	}
	a.code = exitCode(counts, err)
	if j.settings.Quiet || j.settings.JSON {
		return err
	}
	if j.todo == 0 && j.later == 0 {
		fmt.Fprintln(a.stdout, "nothing to do: every order was settled by an earlier start")
	}
	fmt.Fprintf(a.stdout, "%s, in %s\n", progress.Total(counts, open), progress.Short(took))
	if j.later > 0 {
		fmt.Fprintf(a.stdout, "%s left by --limit: the same command takes the next\n", progress.Count(j.later, "order"))
	}
	fmt.Fprintf(a.stdout, "results: %s\nfiles:   %s\n", j.out.path(resultsFile), j.dir)
	return err
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
	return &failure{exitInterrupted, "interrupted, " + progress.Count(open, "order") + " open",
		"the same command goes on from where it stood"}
}

// view is how the events of a run are shown.
func (a *app) view(j *job) func(any) {
	switch {
	case j.settings.JSON:
		return progress.NewJSON(a.stdout, j.nameOf, time.Now).Event
	case j.settings.Quiet:
		return func(any) {}
	}
	lines := progress.NewLines(a.stdout, j.todo+j.invalid, j.nameOf)
	return func(event any) {
		if e, ok := event.(messages.RunStarted); ok {
			fmt.Fprintln(a.stdout, j.headline(e))
			return
		}
		lines.Event(event)
	}
}

// headline says what a run is about to do.
func (j *job) headline(e messages.RunStarted) string {
	line := fmt.Sprintf("%s, %s", progress.Count(j.todo, "order"), progress.Count(e.Workers, "worker"))
	if e.Sequential {
		line += ", one order at a time"
	}
	return progress.Line(line + ", into " + j.dir)
}

// showPlan is what a dry run ends with.
func (a *app) showPlan(j *job, path string) {
	line := func(name, format string, args ...any) {
		fmt.Fprintf(a.stdout, "%-9s %s\n", name, progress.Line(fmt.Sprintf(format, args...)))
	}
	p := j.plan
	if path == "-" {
		path = stdinName
	}
	line("batch", "%s, %s", path, progress.Count(p.Rows, "row"))
	line("orders", "%d to do, %d settled by earlier starts, %d left by --limit", j.todo, p.Orders-j.todo-j.later, j.later)
	line("rows", "%d COMPLETED already, %d duplicate, %d malformed, %d blank", p.Completed, p.Duplicate, p.Malformed, p.Blank)
	line("portal", "%s at %s", j.portal.Name, j.portal.BaseURL)
	line("output", "%s", j.dir)
	line("workers", "%d", min(j.settings.Workers, max(j.todo, 1)))
}
