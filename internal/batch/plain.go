package batch

import (
	"bufio"
	"cmp"
	"io"
	"iter"
	"strings"

	"github.com/poactor/poactor/po"
)

// plainWriter writes a list of orders that come from none: CSV in UTF-8, with a byte
// order mark, which Excel needs to see that. Its errors stay until Flush.
type plainWriter struct{ *bufio.Writer }

func newPlainWriter(to io.Writer, header ...string) plainWriter {
	w := plainWriter{bufio.NewWriterSize(to, 64<<10)}
	w.text(utf8Mark)
	w.row(header...)
	return w
}

func (w plainWriter) text(s string) { _, _ = w.WriteString(s) }

// row writes a row, with those cells in quotes for which csvWriter has them too.
func (w plainWriter) row(cells ...string) {
	for i, cell := range cells {
		if i > 0 {
			w.text(",")
		}
		if strings.ContainsAny(cell, separators) {
			cell = `"` + strings.ReplaceAll(cell, `"`, `""`) + `"`
		}
		w.text(cell)
	}
	w.text("\n")
}

// WriteOutcomes writes the results of orders that are of no list, as those of a list
// that has only their numbers: what WriteResults makes of a copy by CopyOrders.
func WriteOutcomes(to io.Writer, outcomes iter.Seq[po.Outcome]) error {
	w := newPlainWriter(to, append([]string{exactName}, statusColumns[:]...)...)
	for o := range outcomes {
		row := []string{escapeFormulas(oneLine(cmp.Or(o.RawNumber, string(o.Key))))}
		if o.Status != "" {
			for _, text := range statusCellsOf(o) {
				if text == nil {
					text = new(string)
				}
				row = append(row, *text)
			}
		}
		w.row(row...)
	}
	return w.Flush()
}
