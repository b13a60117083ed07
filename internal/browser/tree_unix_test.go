//go:build unix

package browser

func (t *tree) id() int { return t.group }

func treeOf(id int) *tree { return &tree{group: id} }
