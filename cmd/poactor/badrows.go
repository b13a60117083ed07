package main

import (
	"fmt"

	"github.com/poactor/poactor/internal/batch"
)

// maxListed is how many bad rows are listed one by one.
const maxListed = 20

// listBad tells of the rows that need a look, before any browser opens.
func (a *app) listBad(p *batch.Plan) {
	for i, bad := range p.Bad {
		if i == maxListed {
			a.warn("and %d more bad rows", p.Blank+p.Malformed+p.Duplicate-maxListed)
			return
		}
		a.warn("line %d: %s", bad.Line, badRow(bad))
	}
}

func badRow(b batch.Bad) string {
	switch b.Why {
	case batch.Blank:
		return "no order number"
	case batch.Duplicate:
		return fmt.Sprintf("%s is in line %d already; the order is done once", b.Written, b.First)
	}
	return b.Detail
}
