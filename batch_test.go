package poactor_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// A list is opened, its orders are given to Run, and the outcomes, as the events of
// the run or its ledger have them, are written beside the orders.
func ExampleOpenBatch() {
	dir, err := os.MkdirTemp("", "orders")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "orders.csv")
	if err := os.WriteFile(path, []byte("Requester;PO Number\nAnn;15262984\nBob;\nCid;15263011\n"), 0o600); err != nil {
		log.Fatal(err)
	}

	coupa, _ := portal.Builtin("coupa") // .WithBaseURL("https://acme.coupahost.com")
	list, err := poactor.OpenBatch(path, coupa)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(list)
	for _, warning := range list.Warnings() {
		fmt.Println(warning)
	}
	outcomes := map[po.Key]po.Outcome{}
	for order, err := range list.Orders() { // poactor.Run(ctx, cfg, list.Orders())
		if err != nil {
			log.Fatal(err)
		}
		outcomes[order.Key] = po.Outcome{Key: order.Key, Status: po.NoAttachments, Attempts: 1}
	}
	err = list.WriteResults(os.Stdout, func(key po.Key) (po.Outcome, bool) {
		o, ok := outcomes[key]
		return o, ok
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// UTF-8, semicolons, header in line 1, order numbers in column B "PO Number"
	// line 3: no order number
	// Requester;PO Number;STATUS;SUPPLIER;ATTACHMENTS_FOUND;ATTACHMENTS_DOWNLOADED;AttachmentName;LAST_PROCESSED;ERROR_MESSAGE;DOWNLOAD_FOLDER;COUPA_URL;CAUSE;ATTEMPTS
	// Ann;15262984;NO_ATTACHMENTS;;0;0;;;;;;;1
	// Bob;
	// Cid;15263011;NO_ATTACHMENTS;;0;0;;;;;;;1
}

func openList(t *testing.T, text string) (*poactor.Batch, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	coupa, ok := portal.Builtin("coupa")
	if !ok {
		t.Fatal("there is no coupa")
	}
	return poactor.OpenBatch(path, coupa)
}

// What the results cannot say in the list's own encoding they say in UTF-8.
func TestBatchResultsInUTF8(t *testing.T) {
	t.Parallel()
	for supplier, want := range map[string]string{
		"M\u00fcller":  "PO,Stra\xDFe,STATUS,SUPPLIER,",
		"\u65e5\u672c": "\uFEFFPO,Stra\u00dfe,STATUS,SUPPLIER,",
	} {
		b, err := openList(t, "PO,Stra\xDFe\n1,x\n")
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		err = b.WriteResults(&out, func(key po.Key) (po.Outcome, bool) {
			return po.Outcome{Key: key, Status: po.Completed, Supplier: supplier}, true
		})
		if err != nil || !strings.HasPrefix(out.String(), want) {
			t.Errorf("%s: %v, %q", supplier, err, out.String())
		}
	}
}

// Duplicates and rows that are COMPLETED are left out, malformed numbers are not.
func TestBatchOrders(t *testing.T) {
	t.Parallel()
	b, err := openList(t, "PO,STATUS,CAUSE,ATTEMPTS\n15262984,,,\n15263011,COMPLETED,,1\n15262984,,,\n=A1,,,\n")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for order, err := range b.Orders() {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, fmt.Sprint(order.Number, " ", order.Invalid != ""))
	}
	if diff := cmp.Diff([]string{"15262984 false", " true"}, got); diff != "" || b.Len() != 2 {
		t.Errorf("%d orders: %s", b.Len(), diff)
	}
	if got := b.Warnings(); len(got) != 2 || got[0] != "line 4: 15262984 is in line 2 already; the order is done once" {
		t.Errorf("warnings %q", got)
	}
}

func TestBatchErrors(t *testing.T) {
	t.Parallel()
	if _, err := poactor.OpenBatch("no such.csv", portal.Portal{}); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	_, err := openList(t, "A,B\n1,2\n")
	if e, ok := errors.AsType[*po.Error](err); !ok || e.Hint == "" || e.Cause != "" {
		t.Errorf("no column: %v", err)
	}
	b, err := openList(t, "PO\n1\n")
	if err != nil {
		t.Fatal(err)
	}
	full := errors.New("full")
	r, w := io.Pipe()
	r.CloseWithError(full)
	if err := b.WriteResults(w, func(po.Key) (po.Outcome, bool) { return po.Outcome{}, false }); !errors.Is(err, full) {
		t.Error(err)
	}
}
