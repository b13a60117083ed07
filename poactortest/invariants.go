package poactortest

import (
	"context"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/chaos"
)

// CheckInvariants looks whether what must hold after every run, whatever has happened to it,
// holds for the output directory of a run of cfg that has settled all its orders: one outcome
// an order, in the ledger and in each of its rows; every file whole, in the manifest, and
// nothing else there; no order worked on by two workers at once, no profile used again, and no
// more attempts than allowed. Where p is given, and the run was of all its orders, no outcome
// may be other than p has it. What contradicts that is returned, a line each. The error says
// that the directory could not be read.
func CheckInvariants(ctx context.Context, cfg poactor.Config, p *Portal) (broken []string, err error) {
	o := chaos.Output{Dir: cfg.Out, Attempts: cfg.Attempts}
	if p != nil {
		o.Site = p.site
	}
	if o.Parse, err = cfg.Portal.Parser(); err != nil {
		return nil, err
	}
	invariants, err := chaos.CheckOutput(ctx, o)
	for _, i := range invariants {
		for _, line := range i.Broken {
			broken = append(broken, i.Invariant+": "+line)
		}
	}
	return broken, err
}
