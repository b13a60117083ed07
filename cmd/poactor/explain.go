package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/po"
)

func (a *app) explainCommand() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "explain [flags] DIR PO",
		Short:   "Show one order's history",
		Long:    "Explain shows the history of one order: its attempts, their workers and results, and its files.",
		Example: "  poactor explain orders PO15262984\n  poactor explain --json orders 15262984",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 2 {
				return wrongUse("poactor explain orders PO15262984", "explain takes an output directory and an order's number")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			return a.explain(c.Context(), args[0], args[1], asJSON)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	return c
}

// explain shows the history of one order.
func (a *app) explain(ctx context.Context, dir, number string, asJSON bool) error {
	ledger, err := openRecord(dir)
	if err != nil {
		return err
	}
	defer ledger.Close()
	key, err := ledger.Find(ctx, number)
	if errors.Is(err, fs.ErrNotExist) {
		return wrongUse("poactor status "+dir+" shows how many it has", "%s knows no order %s", dir, number)
	}
	if err != nil {
		return err
	}
	history, err := ledger.History(ctx, key)
	if err != nil {
		return err
	}
	if asJSON {
		progress.WriteLine(a.stdout, "order_history", newHistoryJSON(history))
		return nil
	}
	showHistory(a.stdout, history)
	return nil
}

// historyJSON is an order's history as JSON. What stands in it itself comes before the same of the
// outcome: an order that is open has files too, and no field of a list is ever null.
type historyJSON struct {
	Number  string `json:"number"`
	Key     po.Key `json:"key"`
	InBatch bool   `json:"in_batch"`
	Open    bool   `json:"open"`
	po.Outcome
	Folder   string        `json:"folder,omitempty"`
	Settled  time.Time     `json:"settled,omitzero"` // when it was; a line's own time is "time"
	Attempts []attemptJSON `json:"attempts"`
	Files    []fileJSON    `json:"files"`
	Missing  []po.Missing  `json:"missing_files"`
}

type attemptJSON struct {
	po.Attempt
	po.Trace
}

type fileJSON struct {
	po.File
	Original string    `json:"original_name"`
	Time     time.Time `json:"time"`
}

// withoutQueries is a history without what could be a secret: older records have it.
func withoutQueries(s po.History) po.History {
	s.Outcome.URL, s.Outcome.Detail = po.PublicURL(s.Outcome.URL), po.MaskAddresses(s.Outcome.Detail)
	s.Attempts = slices.Clone(s.Attempts)
	for i := range s.Attempts {
		f := &s.Attempts[i].Failure
		f.Detail = po.MaskAddresses(f.Detail)
		f.Trace.Pages = slices.Clone(f.Trace.Pages)
		for j, page := range f.Trace.Pages {
			f.Trace.Pages[j] = po.PublicURL(page)
		}
	}
	return s
}

func newHistoryJSON(s po.History) historyJSON {
	s = withoutQueries(s)
	out := historyJSON{Number: s.Order.RawNumber, Key: s.Order.Key, InBatch: s.Place >= 0, Open: s.Open, Outcome: s.Outcome,
		Folder: s.Saved.Folder, Settled: s.Outcome.Time, Attempts: []attemptJSON{}, Files: []fileJSON{},
		Missing: append([]po.Missing{}, s.Outcome.Missing...)}
	out.Outcome.Attempts = 0 // they are listed
	for _, x := range s.Attempts {
		out.Attempts = append(out.Attempts, attemptJSON{x, x.Failure.Trace})
	}
	for _, f := range s.Saved.Files {
		out.Files = append(out.Files, fileJSON{f, f.Original, f.Time})
	}
	return out
}

// showHistory shows a history in words.
func showHistory(w io.Writer, s po.History) {
	line := func(format string, args ...any) { fmt.Fprintln(w, progress.Line(fmt.Sprintf(format, args...))) }
	s = withoutQueries(s)
	line("%s", headline(s))
	o := s.Outcome
	if o.Cause != "" {
		line("why: %s: %s", o.Cause, o.Detail)
	}
	if o.Supplier != "" {
		line("supplier: %s", o.Supplier)
	}
	if o.URL != "" {
		line("page: %s", o.URL)
	}
	if text := readByText(o); text != "" {
		line("read: %s", text)
	}
	if s.Saved.Folder != "" {
		line("folder: %s", s.Saved.Folder)
	}
	for _, m := range o.Missing {
		line("missing: %s", progress.MissingText(m))
		if m.Evidence != "" {
			line("  evidence in %s", m.Evidence)
		}
	}
	for i, x := range s.Attempts {
		line("%d. %s", i+1, x.Began.Local().Format("2006-01-02 15:04:05.000")+" "+attemptText(x))
		for _, page := range x.Failure.Trace.Pages {
			fmt.Fprintf(w, "   page %s\n", progress.Line(page))
		}
		if x.Ending != po.EndSettled { // else it is above
			for _, m := range x.Failure.Missing {
				fmt.Fprintf(w, "   missing %s\n", progress.Line(progress.MissingText(m)))
			}
		}
		if x.Failure.Trace.Evidence != "" {
			fmt.Fprintf(w, "   evidence in %s\n", progress.Line(x.Failure.Trace.Evidence))
		}
	}
	for _, f := range s.Saved.Files {
		fmt.Fprintf(w, "%s  %9s  %-7s  %s\n", f.SHA256[:min(12, len(f.SHA256))],
			humanize.Bytes(uint64(f.Bytes)), f.Lane, progress.Line(f.Name))
	}
}

// readByText says how an order's page was read, where that need not have been by a browser.
func readByText(o po.Outcome) string {
	switch o.ReadBy {
	case "":
		return ""
	case po.ReadByBoth, po.ReadByBothCall:
		return "with and without a browser: both told the same"
	case po.ReadByBrowser:
		return "by browser"
	}
	return fmt.Sprintf("by %s, without a browser; %d comparisons with browsers had agreed by then", o.ReadBy, o.Comparisons)
}

// headline says how an order stands.
func headline(s po.History) string {
	text := "order " + s.Order.RawNumber
	switch {
	case s.Outcome.Status == "":
		text += ": open"
	case s.Open:
		text += fmt.Sprintf(": open again, after it was %s", s.Outcome.Status)
	default:
		text += fmt.Sprintf(": %s on %s", s.Outcome.Status, clock(s.Outcome.Time))
	}
	if n := len(s.Saved.Files); n > 0 || s.Outcome.Found > 0 {
		text += fmt.Sprintf(", %d of %s", n, progress.Count(max(n, s.Outcome.Found), "file"))
	}
	if s.Place < 0 {
		text += "; no longer in the batch"
	}
	return text
}

// attemptText says what came of an attempt.
func attemptText(x po.Attempt) string {
	text := fmt.Sprintf("%s, try %d", x.Assignment.Worker, x.Try)
	if x.Start > 1 {
		text += fmt.Sprintf(" in start %d", x.Start)
	}
	if x.Assignment.Profile != "" {
		text += ", profile " + x.Assignment.Profile
	}
	if x.Reason != "" {
		text += " (by browser: " + x.Reason + ")"
	}
	switch x.Ending {
	case "":
		return text + ": interrupted"
	case po.EndSettled:
		text += ": settled"
	case po.EndReopened:
		text += ": settled, reopened later as a lost session may have faked it"
	case po.EndRetried:
		text += ": failed, to be retried"
	case po.EndReleased:
		text += ": released, not counted"
	case po.EndHandedOn:
		if text += ": handed on for the files that need a browser"; x.Assignment.Worker == po.PageReader {
			text = strings.TrimSuffix(text, "for the files that need a browser") + "to a browser"
		}
	}
	text += " after " + progress.Short(x.Ended.Sub(x.Began))
	if x.Files > 0 {
		text += fmt.Sprintf(", %s of %s", progress.Count(x.Files, "file"), humanize.Bytes(uint64(x.Bytes)))
	}
	if x.Failure.Cause != "" {
		text += ": " + string(x.Failure.Cause)
		if detail := strings.TrimSpace(x.Failure.Detail); detail != "" {
			text += ": " + detail
		}
	}
	return text
}
