package browser

import "testing"

func (t *tree) id() int { return int(t.job) }

func treeOf(id int) *tree { return &tree{} }

func (t *tree) stop(tb testing.TB) { tb.Skip("there is no signal that stops a process") }
