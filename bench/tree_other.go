//go:build !linux

package main

// tree is only measured on Linux; elsewhere its figures are 0.
type tree struct{}

func watchTree(int) *tree       { return &tree{} }
func (*tree) stop()             {}
func (*tree) browsers() float64 { return 0 }
func (*tree) own() float64      { return 0 }
func (*tree) peak() float64     { return 0 }

// load is only measured on Linux.
type load struct{}

func startLoad() load       { return load{} }
func (load) share() float64 { return 0 }
