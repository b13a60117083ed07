package main

import (
	"fmt"

	"github.com/poactor/poactor/internal/batch"
)

// maxListed is how many bad rows are listed one by one.
const maxListed = 20

// listBad tells of the rows that need a look, before any browser opens. Their
// numbers are those of lines or rows, as unit says.
func (a *app) listBad(p *batch.Plan, unit string) {
	for i, bad := range p.Bad {
		if i == maxListed {
			a.warn("and %d more bad rows", p.Blank+p.Malformed+p.Duplicate-maxListed)
			return
		}
		a.warn("%s %d: %s", unit, bad.Line, badRow(bad, unit))
	}
}

func badRow(b batch.Bad, unit string) string {
	switch b.Why {
	case batch.Blank:
		return "no order number"
	case batch.Duplicate:
		return fmt.Sprintf("%s is in %s %d already; the order is done once", b.Written, unit, b.First)
	}
	return b.Detail
}
