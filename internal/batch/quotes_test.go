package batch

import "testing"

// A quote that never closes is told of, not a column that another delimiter does
// not find.
func TestOpenQuoteBelowTitles(t *testing.T) {
	t.Parallel()
	path := file(t, "batch.csv", "Report; of; May\nPO_NUMBER,Item\n4500001,\"5 inch\n4500002,x\n")
	_, err := Open(path, parse)
	checkError(t, err, path, ErrQuote, 3, "a quote opens here and does not close")
}

// TestSwallowedRows: an inch mark opens a quote, another one some rows below
// closes it.
func TestSwallowedRows(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		line int // of the quote; 0 if nothing is wrong
	}{
		"tabs":                 {"PO_NUMBER\tDescription\tQty\nPO4561104\t\"Heavy pipe, cut to len\t1\nPO4561120\tElbow\t2\nPO4561126\tPipe 1/2\"\t3\nPO4561148\tTee\t4\n", 2},
		"tabs, one row":        {"PO\tD\tQ\n1\tx\t1\n2\t\"12 inch\t1\n3\t1/2\"\t2\n", 3},
		"commas":               {"PO_NUMBER,Description,Qty\nPO4561104,\"Heavy pipe,1\nPO4561120,Elbow,2\nPO4561126,Pipe 1/2\",3\nPO4561148,Tee,4\n", 2},
		"semicolons, CR":       {"Qty;PO;D\r1;4500001;\"Pipe\r2;4500002;Elbow\r3;4500003;1/2\"\r", 2},
		"number behind":        {"Description,PO_NUMBER,Qty\n\"Heavy pipe,PO4561104,1\nPipe 1/2\",PO4561120,2\n", 2},
		"in the number":        {"PO_NUMBER,Qty\n\"4500001,1\n4500002\",2\n", 2},
		"two lines":            {"PO,D,Q\n1,\"two\nlines\",1\n", 0},
		"an address":           {"PO_NUMBER,Ship To,Amount\n4500000001,\"ACME, Inc.\n5 Main St, Berlin, DE\n12207, Berlin, DE\",10\n4500000002,\"x\ny, z\",5\n", 0},
		"an address in front":  {"Ship To,PO_NUMBER,Amount\n\"Main St, 5\nBerlin\",4500000001,10\n", 0},
		"an address, two cols": {"PO_NUMBER,Ship To\n4500000001,\"ACME\nMain St, Berlin\"\n", 0},
		"inches in cells":      {"PO\tD\n1\tPipe 1/2\"\n2\t3\" Tee\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := file(t, "batch.csv", tt.text)
			_, err := Open(path, anything)
			if tt.line > 0 {
				checkError(t, err, path, ErrQuote, tt.line, "a quote opens here and swallows the rows below")
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}
