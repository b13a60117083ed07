package main

import (
	"context"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// job is one batch on its way into one output directory: what is known before
// any browser opens.
type job struct {
	settings config.Settings
	portal   portal.Portal
	dir      string          // the output directory
	ledger   *poactor.Ledger // nil for a dry run
	aside    string          // where --fresh has put an earlier one
	batch    *poactor.Batch
	choice   po.Choice
	profile  runProfile
	// telemetry is where metrics and spans go; set when work begins.
	telemetry *telemetry
	// forgotten is why retry will not know what the run worked with: nil if it will.
	forgotten error

	merged messages.BatchMerged
	opened int               // orders that the audit has opened again
	left   []string          // what the run could not clear away
	lane   messages.FastLane // how far orders were read without a browser; zero: they were not to be

	cleanup []func()
}

func (j *job) close() {
	for i := len(j.cleanup) - 1; i >= 0; i-- {
		j.cleanup[i]()
	}
}

// note keeps of the events what the end of the command tells of.
func (j *job) note(event any) {
	switch e := event.(type) {
	case messages.BatchMerged:
		j.merged = e
	case messages.OutputAudited:
		j.opened += e.Opened
	case messages.RunCleaned:
		j.left = e.Leftovers
	case messages.FastLane:
		j.lane = e
	}
}

// todo is how many orders this start has to work on.
func (j *job) todo() int { return j.merged.Open + j.opened }

// outlook says what a start would find, without touching anything.
func (j *job) outlook(ctx context.Context) (todo, settled, later int, err error) {
	var done map[po.Key]bool
	if !j.settings.Fresh {
		if done, err = settledBefore(ctx, j.dir); err != nil {
			return 0, 0, 0, err
		}
	}
	for order, err := range j.batch.Orders() {
		switch {
		case err != nil:
			return 0, 0, 0, err
		case order.Invalid != "": // it needs no work
		case done[order.Key]:
			settled++
		case j.choice.Limit > 0 && todo == j.choice.Limit:
			later++
		default:
			todo++
		}
	}
	return todo, settled, later, nil
}

// settledBefore lists the orders that earlier starts have settled for good.
func settledBefore(ctx context.Context, dir string) (map[po.Key]bool, error) {
	ledger, err := lookLedger(dir)
	if err != nil || ledger == nil {
		return nil, err
	}
	defer ledger.Close()
	return ledger.Settled(ctx)
}
