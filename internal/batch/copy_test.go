package batch

import (
	"bytes"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// outputDirectory makes one with a state directory.
func outputDirectory(t *testing.T) string {
	t.Helper()
	out := t.TempDir()
	root, err := outdir.MakeState(out)
	if err != nil {
		t.Fatal(err)
	}
	root.Close()
	return out
}

// each yields orders, and then an error if there is one.
func each(orders []po.Order, err error) iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for _, o := range orders {
			if !yield(o, nil) {
				return
			}
		}
		if err != nil {
			yield(po.Order{}, err)
		}
	}
}

// collect reads all orders.
func collect(orders iter.Seq2[po.Order, error]) (list []po.Order, err error) {
	for o, err := range orders {
		if err != nil {
			return list, err
		}
		list = append(list, o)
	}
	return list, nil
}

// Orders of no list are there for another run as they were, or not at all.
func TestCopyOrders(t *testing.T) {
	t.Parallel()
	malformed := po.Order{Key: malformedKey("a b"), RawNumber: "a b", Invalid: "not an order number of this portal"}
	for name, tt := range map[string]struct {
		orders []po.Order
		copied bool
	}{
		"keys only":       {[]po.Order{{Key: "1"}, {Key: "22"}}, true},
		"numbers":         {[]po.Order{{Key: "1", Number: "1"}, {Key: "2", Number: "2"}}, true},
		"written":         {[]po.Order{{Key: "1", Number: "1", RawNumber: "PO1"}, {Key: "2", Number: "2"}}, true},
		"too many digits": {[]po.Order{{Key: "12345678901234567890"}}, false}, // for a list
		"malformed":       {[]po.Order{{Key: "1"}, malformed}, true},
		"levels": {[]po.Order{{Key: "1", Levels: []string{"Nord", "a, \"b\""}}, {Key: "2", Levels: []string{"Süd"}}},
			true},
		"levels later":    {[]po.Order{{Key: "1"}, {Key: "2", Levels: []string{"Süd"}}}, false},
		"another's key":   {[]po.Order{{Key: "ORDER-1", Number: "1"}}, false},
		"no number":       {[]po.Order{{Key: "1"}, {Key: "X"}}, false},
		"another number":  {[]po.Order{{Key: "1", Number: "01"}}, false},
		"only malformed":  {[]po.Order{malformed}, true},
		"with line break": {[]po.Order{{Key: "1"}, {Key: "2", RawNumber: "2\n3"}}, false},
		"none":            {nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := outputDirectory(t)
			old := outdir.StatePath(out, outdir.BatchStem+".xlsx")
			if err := os.WriteFile(old, nil, 0o600); err != nil {
				t.Fatal(err)
			}
			var used []po.Order
			copied, err := CopyOrders(out, parse, each(tt.orders, nil), func(orders iter.Seq2[po.Order, error]) (err error) {
				used, err = collect(orders)
				return err
			})
			if err != nil || copied != tt.copied {
				t.Fatalf("copied %v, %v", copied, err)
			}
			if diff := cmp.Diff(tt.orders, used); diff != "" {
				t.Errorf("used others: %s", diff)
			}
			if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the copy of an earlier list is still there: %v", err)
			}
			path, err := FindCopy(out)
			if !copied {
				if left, _ := os.ReadDir(outdir.StatePath(out)); !errors.Is(err, fs.ErrNotExist) || len(left) > 0 {
					t.Errorf("left: %s, %v, %v", path, err, left)
				}
				return
			}
			plan, err := mustOpen(t, path).Plan()
			if err != nil {
				t.Fatal(err)
			}
			again, err := collect(plan.All())
			diff := cmp.Diff(tt.orders, again, cmpopts.IgnoreFields(po.Order{}, "Number", "RawNumber"))
			if diff != "" || err != nil {
				t.Errorf("%v %s", err, diff)
			}
		})
	}
}

// What is wrong with the orders, or with what is done with them, comes back as it is,
// and the copy of the last list stays.
func TestCopyOrdersThatFail(t *testing.T) {
	t.Parallel()
	wrong := errors.New("wrong")
	for name, tt := range map[string]struct {
		orders error
		use    error
	}{"orders": {orders: wrong}, "use": {use: wrong}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := outputDirectory(t)
			path := outdir.StatePath(out, outdir.BatchStem+".csv")
			if err := os.WriteFile(path, []byte("PO_NUMBER\n7\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			orders := each([]po.Order{{Key: "1"}}, tt.orders)
			copied, err := CopyOrders(out, parse, orders, func(orders iter.Seq2[po.Order, error]) error {
				if _, err := collect(orders); err != nil {
					return err
				}
				return tt.use
			})
			if copied || err != wrong {
				t.Errorf("%v, %v", copied, err)
			}
			if text, err := os.ReadFile(path); string(text) != "PO_NUMBER\n7\n" {
				t.Errorf("%q, %v", text, err)
			}
		})
	}
}

// The results of orders of no list are those of their copy, byte for byte.
func TestWriteOutcomes(t *testing.T) {
	t.Parallel()
	out := outputDirectory(t)
	orders := []po.Order{{Key: "4500001"}, {Key: "7"}, {Key: "4500002", Number: "4500002", RawNumber: "PO4500002"}}
	copied, err := CopyOrders(out, parse, each(orders, nil), func(orders iter.Seq2[po.Order, error]) error {
		_, err := collect(orders)
		return err
	})
	if err != nil || !copied {
		t.Fatal(copied, err)
	}
	path, err := FindCopy(out)
	if err != nil {
		t.Fatal(err)
	}
	how := func(key po.Key) (po.Outcome, bool) {
		o, ok := outcome(key)
		return o, ok && key != "7"
	}
	want := results(t, mustOpen(t, path), how)
	var outcomes []po.Outcome
	for _, o := range orders {
		x, _ := how(o.Key)
		x.Key, x.RawNumber = o.Key, o.RawNumber
		if o.Key == "7" {
			x.Status = ""
		}
		outcomes = append(outcomes, x)
	}
	var got bytes.Buffer
	if err := WriteOutcomes(&got, slices.Values(outcomes)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Error(diff)
	}
	if !bytes.HasPrefix(want, []byte(utf8Mark+"PO_NUMBER,STATUS,SUPPLIER,")) ||
		!bytes.Contains(want, []byte("\n7\nPO4500002")) {
		t.Errorf("%s", want)
	}
}

// The copy of a list is the only one.
func TestCopyTo(t *testing.T) {
	t.Parallel()
	out := outputDirectory(t)
	old := outdir.StatePath(out, outdir.BatchStem+".xlsm")
	if err := os.WriteFile(old, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	b := open(t, "PO_NUMBER\n1\n")
	if err := b.CopyTo(out); err != nil {
		t.Fatal(err)
	}
	path, err := FindCopy(out)
	if err != nil || filepath.Base(path) != "batch.csv" {
		t.Fatal(path, err)
	}
	if err := mustOpen(t, path).CopyTo(out); err != nil { // as a retry does
		t.Fatal(err)
	}
	if text, err := os.ReadFile(path); string(text) != "PO_NUMBER\n1\n" {
		t.Errorf("%q, %v", text, err)
	}
}
