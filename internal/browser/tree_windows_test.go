package browser

func (t *tree) id() int { return int(t.job) }

func treeOf(id int) *tree { return &tree{} }
