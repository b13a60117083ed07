package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// selection is what `poactor retry` is asked for.
type selection struct {
	statuses, causes []string
	since            string
}

func (a *app) retryCommand() *cobra.Command {
	var s config.Settings
	var want selection
	c := &cobra.Command{
		Use:   "retry [flags] DIR",
		Short: "Run failed orders again",
		Long: `Retry runs orders of an output directory again: those that ended as FAILED or
PARTIAL, or those that the flags pick, and what is still open if they pick none.
It takes the list from the directory, and the settings from what is remembered of
your own last run into it; flags override them. Nothing that is run, signed in
with or gone to is ever taken from the directory itself: where somebody else has
made it, or it was moved, say with flags which portal and profile it is for.`,
		Example: "  poactor retry orders\n  poactor retry --cause timeout,portal_error orders\n  poactor retry --status PARTIAL --since 2h --workers 2 orders",
		Args:    oneArgument("DIR", "give the output directory of a run, like: poactor retry orders"),
		RunE: func(c *cobra.Command, args []string) error {
			filter, err := want.filter(time.Now())
			if err != nil {
				return err
			}
			batch, err := lastBatch(args[0])
			if err != nil {
				return err
			}
			if err := a.recall(c.Context(), c.Flags(), &s, args[0]); err != nil {
				return err
			}
			s.Out = args[0]
			return a.run(c.Context(), s, batch, po.Choice{Limit: s.Limit, Only: filter})
		},
	}
	c.Annotations = map[string]string{streamsEvents: "yes"}
	fs := c.Flags()
	fs.SortFlags = false
	fs.StringSliceVar(&want.statuses, "status", nil, "pick orders with that status: "+names(po.Statuses()))
	fs.StringSliceVar(&want.causes, "cause", nil, "pick orders with that `cause`, like timeout or download_rejected")
	fs.StringVar(&want.since, "since", "", "pick orders that ended then or later: a `time` like 2026-03-04 or 2026-03-04T15:00:00Z, or 2h for two hours ago")
	s.Register(fs)
	for _, flag := range []string{"out", "fresh"} { // they make no sense here
		_ = fs.MarkHidden(flag)
	}
	return c
}

// recall completes the settings of a retry: flags, then what is remembered of the
// user's last run into the directory, then environment and config file as for any
// run.
func (a *app) recall(ctx context.Context, flags *pflag.FlagSet, s *config.Settings, dir string) error {
	given := flags.Changed("portal") || flags.Changed("base-url")
	known := config.Remembered(config.DataDir(a.env), dir)
	err := config.Fill(flags, config.Sources{
		Env: func(string) (string, bool) { return "", false }, File: known, Except: []string{"out", "fresh"}})
	if err != nil {
		return wrongUse("", "%v", err)
	}
	if err := a.fill(flags, "out", "fresh"); err != nil || known != "" || given {
		return err
	}
	return checkPortal(ctx, *s, dir)
}

// checkPortal refuses a portal that nobody has named for this directory, unless it
// is the one that its record names: orders of one are not to be looked for at
// another.
func checkPortal(ctx context.Context, s config.Settings, dir string) error {
	ledger, err := openRecord(dir)
	if err != nil {
		return err
	}
	defer ledger.Close()
	starts, err := ledger.Starts(ctx)
	if err != nil {
		return err
	}
	of := ""
	if n := len(starts); n > 0 {
		of = starts[n-1].BaseURL
	}
	if p, err := runPortal(s); err == nil && p.BaseURL == of {
		return nil
	}
	if of == "" {
		of = "an unknown portal"
	}
	return wrongUse(fmt.Sprintf("poactor retry --portal NAME|FILE --base-url URL --profile DIR %q", dir),
		"%s was not run from here by this user, and retry takes no portal, profile or browser from a directory: name them (its record is of %s)", dir, of)
}

// filter is the selection checked; nil if nothing is asked for.
func (w selection) filter(now time.Time) (*po.Filter, error) {
	if len(w.statuses)+len(w.causes) == 0 && w.since == "" {
		return nil, nil
	}
	f := &po.Filter{}
	for _, text := range w.statuses {
		status := po.Status(strings.ToUpper(strings.TrimSpace(text)))
		if !status.Valid() {
			return nil, wrongUse("they are "+names(po.Statuses()), "--status %s is none", text)
		}
		f.Statuses = append(f.Statuses, status)
	}
	for _, text := range w.causes {
		cause := po.Cause(strings.ToLower(strings.TrimSpace(text)))
		if !cause.Valid() {
			return nil, wrongUse("they are "+names(po.Causes()), "--cause %s is none", text)
		}
		f.Causes = append(f.Causes, cause)
	}
	since, err := parseSince(w.since, now)
	f.Since = since
	return f, err
}

// describe says in words what is selected, as in "no order ended …".
func describe(f *po.Filter) string {
	var parts []string
	if len(f.Statuses) > 0 {
		parts = append(parts, "with status "+names(f.Statuses))
	}
	if len(f.Causes) > 0 {
		parts = append(parts, "with cause "+names(f.Causes))
	}
	if !f.Since.IsZero() {
		parts = append(parts, "since "+clock(f.Since))
	}
	return strings.Join(parts, ", ")
}

// parseSince reads a point in time, or how long ago it was.
func parseSince(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02"} {
		if t, err := time.ParseInLocation(layout, text, now.Location()); err == nil {
			return t, nil
		}
	}
	return time.Time{}, wrongUse("write 2026-03-04, 2026-03-04T15:00, or 90m for ninety minutes ago", "--since %s is no time", text)
}

func names[S ~string](list []S) string {
	text := make([]string, len(list))
	for i, s := range list {
		text[i] = string(s)
	}
	return strings.Join(text, ", ")
}

// lastBatch is the copy of the batch that an output directory was last run with.
func lastBatch(dir string) (string, error) {
	if err := checkRunDir(dir); err != nil {
		return "", err
	}
	if path, err := batch.FindCopy(dir); err == nil {
		return path, nil
	}
	return "", wrongUse("run it once more as it was begun: poactor … BATCH", "%s has no copy of its batch", dir)
}

// checkRunDir says what is wrong with a directory that should be one of a run.
func checkRunDir(dir string) error {
	root, err := outdir.OpenState(dir)
	switch {
	case err == nil:
		return root.Close()
	case errors.Is(err, fs.ErrNotExist):
		return wrongUse("give the output directory of a run", "%s is no output directory of poactor", dir)
	case errors.Is(err, outdir.ErrUntrusted):
		return err
	}
	return outdir.WriteError(err)
}
