package main

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/shell"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// unfinished are the orders that ended as FAILED or PARTIAL for one cause.
type unfinished struct {
	cause  po.Cause
	orders int
	first  string // number of one
}

// unfinishedOf counts the orders that did not end well by their cause, the commonest first.
func unfinishedOf(ctx context.Context, ledger *poactor.Ledger) ([]unfinished, error) {
	var list []unfinished
	for o, err := range ledger.Unfinished(ctx) {
		if err != nil {
			return nil, err
		}
		i := slices.IndexFunc(list, func(u unfinished) bool { return u.cause == o.Cause })
		if i < 0 {
			i = len(list)
			list = append(list, unfinished{cause: o.Cause, first: o.RawNumber})
		}
		list[i].orders++
	}
	slices.SortStableFunc(list, func(x, y unfinished) int {
		return cmp.Or(y.orders-x.orders, cmp.Compare(x.cause, y.cause))
	})
	return list, nil
}

// showUnfinished says why orders did not end well, and what to do about it.
func (a *app) showUnfinished(dir string, list []unfinished) {
	if strings.HasPrefix(dir, "-") { // else it is taken for a flag
		dir = "." + string(filepath.Separator) + dir
	}
	for _, u := range list {
		which := progress.Clean(u.first)
		if u.orders > 1 {
			which += " and others"
		}
		fmt.Fprintf(a.stdout, "\n%s with %s: %s: %s\n", progress.Count(u.orders, "order"), u.cause, u.cause.Text(), which)
		fmt.Fprintf(a.stdout, "  what to do: %s\n", u.cause.Cure())
		if mayRetry(u.cause) {
			a.showCommand("retry", dir, "--cause", string(u.cause))
		}
		if strings.HasPrefix(u.first, "-") {
			a.showCommand("explain", dir, "--", u.first)
		} else {
			a.showCommand("explain", dir, u.first)
		}
	}
	if len(list) > 0 {
		fmt.Fprintln(a.stdout)
	}
}

// showCommand shows a command that can be pasted; nothing where a shell would take it for
// another.
func (a *app) showCommand(words ...string) {
	if line, ok := commandLine(append([]string{"poactor"}, words...)...); ok {
		fmt.Fprintf(a.stdout, "  %s\n", line)
	}
}

// commandLine is a command that can be pasted; ok is false where a shell would take it for
// another.
func commandLine(words ...string) (line string, ok bool) {
	quoted := make([]string, len(words))
	for i, word := range words {
		if !shell.IsPastable(runtime.GOOS, word) {
			return "", false
		}
		quoted[i] = shell.Word(word)
	}
	return strings.Join(quoted, " "), true
}

// mayRetry reports whether orders with a cause may end well as they stand in the list.
func mayRetry(c po.Cause) bool { return c != po.InvalidNumber && c != po.Internal }

// readByLine says how the orders' pages were read; empty where only browsers were to read them.
func readByLine(counts map[po.ReadBy]int, j *job) string {
	parts := []string{progress.ReadBy(counts)}
	if j.lane != (messages.FastLane{}) {
		text := progress.Compared(j.lane)
		if j.merged.Start > 1 {
			text += " (of this start)"
		}
		parts = append(parts, text)
	}
	return strings.TrimPrefix(strings.Join(parts, "; "), "; ")
}

// showFiles says where the results are.
func (a *app) showFiles(j *job) {
	fmt.Fprintf(a.stdout, "results: %s\nfiles:   %s\n", progress.Line(filepath.Join(j.dir, j.batch.ResultsName())),
		progress.Line(j.dir))
	if report := filepath.Join(j.dir, outdir.ReportFile); isFile(report) {
		fmt.Fprintf(a.stdout, "report:  %s\n", progress.Line(report))
	}
}

func isFile(name string) bool {
	info, err := os.Lstat(name)
	return err == nil && info.Mode().IsRegular()
}
