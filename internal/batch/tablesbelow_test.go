package batch

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"

	"github.com/poactor/poactor/internal/xlsx"
	"github.com/poactor/poactor/po"
)

// tableBelow is a sheet with more below the orders: notes, and another table, whose
// columns are where the status is above.
var tableBelow = [][]string{
	{"PO", "Buyer", "STATUS", "SUPPLIER", "CAUSE", "ATTEMPTS"},
	{"4500001", "Ann", "", "Acme", ""},
	{"PO-TBD", "Bob", "Issued", "", "?"},
	{},
	{"4500003", "Bob", "Issued", "", ""},
	{"", "checked by Bob"},
	{},
	{"Code", "Meaning", "Who", "Since", "Remark"},
	{"A-1", "approved", "Ann", "2024", "ask her first"},
	{"A-2", "rejected", "", "", "twice"},
	{},
	{"Printed in May"},
}

// What is below the orders is listed before anything is done, as in the table
// itself; of it no cell is written over.
func TestTablesBelow(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"workbook": workbookWithTableBelow(t), "text": textWithTableBelow(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mustOpen(t, path)
			p, err := b.Plan()
			if err != nil {
				t.Fatal(err)
			}
			var bad []string
			for _, x := range p.BadRows {
				bad = append(bad, strings.TrimSpace(fmt.Sprintln(b.Unit(), x.Line, x.Reason, x.Written)))
			}
			unit := b.Unit()
			want := []string{unit + " 3 malformed PO-TBD", unit + " 6 blank", unit + " 8 malformed Code", unit + " 9 malformed A-1",
				unit + " 10 malformed A-2", unit + " 12 malformed Printed in May"}
			if diff := cmp.Diff(want, bad); diff != "" || p.Orders != 2 {
				t.Errorf("%d orders; bad rows (-want +got):\n%s", p.Orders, diff)
			}
			rows := readRows(t, results(t, b, func(key po.Key) (po.Outcome, bool) {
				if strings.HasPrefix(string(key), "%-") {
					return po.Outcome{Key: key, Status: po.Failed, Cause: po.InvalidNumber}, true
				}
				return po.Outcome{Key: key, Status: po.NotFound, Cause: po.CauseNotFound}, true
			}))
			filled := slices.Clone(tableBelow)
			filled[1] = []string{"4500001", "Ann", "NOT_FOUND", "Acme", "not_found"}
			filled[2] = []string{"PO-TBD", "Bob", "FAILED", "", "invalid_number"}
			filled[4] = []string{"4500003", "Bob", "NOT_FOUND", "", "not_found"}
			filled[11] = []string{"Printed in May", "", "FAILED", "", "invalid_number"}
			for i := range filled {
				if got := firstCells(rows[i]); !slices.Equal(got, firstCells(filled[i])) {
					t.Errorf("row %d is %q, want %q", i+1, got, filled[i])
				}
			}
		})
	}
}

// firstCells are the five cells that there are in the header.
func firstCells(row []string) []string {
	return append(slices.Clone(row), make([]string, 5)...)[:5]
}

func workbookWithTableBelow(t *testing.T) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	for i, row := range tableBelow {
		for k, text := range row {
			if text == "" {
				continue // the sheet leaves it out, and a row without cells too
			}
			if err := f.SetCellStr("Sheet1", xlsx.ColumnName(k)+strconv.Itoa(i+1), text); err != nil {
				t.Fatal(err)
			}
		}
	}
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatal(err)
	}
	return file(t, "batch.xlsx", out.String())
}

func textWithTableBelow(t *testing.T) string {
	t.Helper()
	var text strings.Builder
	for _, row := range tableBelow {
		text.WriteString(strings.Join(row, ",") + "\n")
	}
	return file(t, "batch.csv", text.String())
}

// readRows reads the results as another program does.
func readRows(t *testing.T, results []byte) [][]string {
	t.Helper()
	if !bytes.HasPrefix(results, []byte("PK")) {
		var rows [][]string
		for line := range strings.Lines(string(results)) {
			r := csv.NewReader(strings.NewReader(line))
			row, _ := r.Read() // none in an empty line
			rows = append(rows, row)
		}
		return rows
	}
	f, err := excelize.OpenReader(bytes.NewReader(results))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := f.GetRows("Sheet1")
	if err != nil {
		t.Fatal(err)
	}
	return rows
}
