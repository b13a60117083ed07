package main

import (
	"context"
	"fmt"
	"os/signal"
	"strings"

	"github.com/spf13/cobra"

	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/doctor"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

func (a *app) doctorCommand() *cobra.Command {
	var s config.Settings
	var order string
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check machine, browser, sign-in and portal before a run",
		Long: `Doctor looks whether a run can do its work here, and says of each thing that is not
well what to do: disk, memory and limits, clock and proxies, the browser, which it starts
as a run does, the profile and who is signed in with it, and the portal. With --order it
reads one order's page, says by which sign of the portal's definition it was
recognised, and whether it can be read without a browser (--fast). It ends with a number of workers that suits, by one browser measured.

Give it the flags that the run gets. It takes a minute at most where all is well, ends
by itself where something hangs, and leaves nothing behind.

Exit codes: 0 a run can begin, 4 sign-in needed, 6 the environment cannot do it.`,
		Example: `  poactor doctor
  poactor doctor --base-url https://acme.coupahost.com --order 4500012345
  poactor doctor --json`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := a.fill(c.Flags()); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(c.Context(), endSignals()...)
			defer stop()
			return a.doctor(ctx, s, order)
		},
	}
	fs := c.Flags()
	fs.SortFlags = false
	s.RegisterPortal(fs)
	s.RegisterOut(fs)
	fs.Lookup("out").Usage = "output `directory` of the run (default: this directory)"
	s.RegisterSecrets(fs)
	s.RegisterBrowser(fs)
	s.RegisterHeadful(fs)
	fs.StringVar(&order, "order", "", "read the page of this order, a `NUMBER` as in a list")
	fs.BoolVar(&s.JSON, "json", false, "write each finding as a JSON line")
	return c
}

// doctor looks at everything and tells it.
func (a *app) doctor(ctx context.Context, s config.Settings, order string) error {
	a.json = s.JSON
	if err := s.CheckSecrets(); err != nil {
		return wrongUse("poactor doctor --help lists the flags", "%v", err)
	}
	p, err := a.doctorPortal(s)
	if err != nil {
		return err
	}
	c := doctor.Config{Out: s.Out, Order: order, Display: a.display(), Program: buildVersion().Module, Env: a.env}
	if c.Out == "" {
		c.Out = "."
	}
	c.Run = s.Run(p, c.Out)
	a.profileTo(ctx, &c, s, p)
	report := doctor.Run(ctx, c, a.showFinding)
	if ctx.Err() != nil {
		return &po.Error{Cause: po.Interrupted, Msg: "interrupted"}
	}
	return a.diagnosed(report)
}

// doctorPortal is the portal of a run; without a base URL where none is given.
func (a *app) doctorPortal(s config.Settings) (portal.Portal, error) {
	p, err := findPortal(s.Portal)
	if err != nil || s.BaseURL == "" {
		return p, err
	}
	return p.WithBaseURL(s.BaseURL)
}

// profileTo says which profile a run would have.
func (a *app) profileTo(ctx context.Context, c *doctor.Config, s config.Settings, p portal.Portal) {
	var found runProfile
	if found, c.ProfileErr = a.findProfile(s, p); c.ProfileErr != nil {
		return
	}
	c.Run.Profile = found.dir
	if found.dir != "" {
		c.Profile = "directory " + found.dir
	}
	if found.account == nil {
		return
	}
	c.Profile, c.Run.Session = found.text(), found.session
	_, _, c.ProfileErr = found.session.Load(ctx)
}

// findingLine is a finding as a JSON line.
type findingLine struct {
	progress.Stamp
	doctor.Finding
}

// diagnosedLine is what doctor ends with as a JSON line.
type diagnosedLine struct {
	progress.Stamp
	OK       int `json:"ok"`
	Warn     int `json:"warn"`
	Fail     int `json:"fail"`
	Skip     int `json:"skip"`
	Workers  int `json:"workers,omitempty"`
	ExitCode int `json:"exit_code"`
}

// showFinding tells one finding.
func (a *app) showFinding(f doctor.Finding) {
	if a.json {
		progress.WriteJSON(a.stdout, findingLine{progress.Now("finding"), f})
		return
	}
	fmt.Fprintf(a.stdout, "%-5s %-13s %s\n", f.State, strings.ReplaceAll(f.Check, "_", " "), progress.Line(f.Text))
	if f.Hint != "" {
		fmt.Fprintf(a.stdout, "%-5s %-13s %s\n", "", "", "hint: "+progress.Line(f.Hint))
	}
}

// diagnosed says what all findings come to, and returns how the command ends.
func (a *app) diagnosed(r doctor.Report) error {
	var err error
	switch {
	case r.SignIn:
		err = &po.Error{Cause: po.SignedOut, Msg: "sign-in needed", Hint: "poactor login; then poactor doctor again"}
	case !r.Able():
		err = cannot("see the hints of the lines that begin with fail", "a run cannot do its work here: %s",
			plural(r.Counts[doctor.Fail], "check fails", "checks fail"))
	}
	if a.json {
		progress.WriteJSON(a.stdout, diagnosedLine{progress.Now("diagnosed"), r.Counts[doctor.OK], r.Counts[doctor.Warn],
			r.Counts[doctor.Fail], r.Counts[doctor.Skipped], r.Workers, exitCode(err)})
		return err
	}
	fmt.Fprintf(a.stdout, "%d ok, %d warn, %d fail, %d left out\n", r.Counts[doctor.OK], r.Counts[doctor.Warn],
		r.Counts[doctor.Fail], r.Counts[doctor.Skipped])
	return err
}
