package po_test

import (
	"errors"
	"fmt"

	"github.com/poactor/poactor/po"
)

// A key is safe as a part of a file name, whatever the number is.
func ExampleNewKey() {
	for _, number := range []string{"15262984", "po-2024/0001", "../../etc"} {
		key, err := po.NewKey(number)
		fmt.Println(key, err)
	}
	// Output:
	// 15262984 <nil>
	// PO-2024%2F0001 <nil>
	// %2E.%2F..%2FETC <nil>
}

// A cause is found in whatever wraps it.
func ExampleCauseOf() {
	err := fmt.Errorf("save invoice.pdf: %w", po.DiskFull)
	fmt.Println(po.CauseOf(err), po.CauseOf(nil) == "", po.CauseOf(fmt.Errorf("what?")))
	// Output: disk_full true internal
}

// What an error says beside its cause, for people.
func ExampleDetailOf() {
	err := fmt.Errorf("save invoice.pdf: %w: %w", po.DiskFull, errors.New("no space left on device"))
	fmt.Println(err)
	fmt.Println(po.DetailOf(err))
	// Output:
	// save invoice.pdf: disk_full: no space left on device
	// save invoice.pdf: no space left on device
}
