//go:build unix

package browser

import (
	"syscall"
	"testing"
)

func (t *tree) id() int { return t.group }

func treeOf(id int) *tree { return &tree{group: id} }

// stop has the browser hang, as far as anybody can see.
func (t *tree) stop(tb testing.TB) {
	if err := syscall.Kill(-t.group, syscall.SIGSTOP); err != nil {
		tb.Fatal(err)
	}
}
