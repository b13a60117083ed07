package ledger_test

import (
	"iter"
	"testing"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

func openDisk(t testing.TB, dir string) *ledger.Disk {
	t.Helper()
	d, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func pairs(orders []po.Order) iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for _, o := range orders {
			if !yield(o, nil) {
				return
			}
		}
	}
}

func merge(t testing.TB, d *ledger.Disk, orders []po.Order) ledger.Merged {
	t.Helper()
	m, err := d.Merge(t.Context(), pairs(orders), ledger.Choice{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
