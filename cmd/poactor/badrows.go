package main

import (
	"fmt"
	"strings"

	"github.com/poactor/poactor/internal/batch"
	"github.com/poactor/poactor/po"
)

// maxListed is how many bad rows are listed one by one.
const maxListed = 20

// listBad tells of the rows that need a look, before any browser opens.
func (a *app) listBad(p *batch.Plan) {
	for i, bad := range p.Bad {
		if i == maxListed {
			a.warn("and %d more bad rows", len(p.Bad)-maxListed)
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
	return words(b.Err)
}

// words is what the portal says of a malformed number, without the cause,
// which is shown beside it.
func words(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(err.Error(), string(po.InvalidNumber)+": ")
}
