package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

// The output directory of a program's own tasks is none of orders, and commands say so.
func TestCommandsOnTasks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := ledger.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	task := po.Order{Key: "a", Number: "a", RawNumber: "a", Task: []byte(`1`)}
	if err := d.Begin(t.Context(), po.Start{}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Merge(t.Context(), func(yield func(po.Order, error) bool) { yield(task, nil) }, po.Choice{}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := standingOf(t.Context(), dir); err == nil || !strings.Contains(err.Error(), "has a program's own tasks") || exitCode(err) != 2 {
		t.Errorf("status: %v", err)
	}
	if err := poactor.WriteReport(t.Context(), dir); !errors.Is(err, poactor.ErrConfig) {
		t.Errorf("report: %v", err)
	}
	if _, err := clean(t.Context(), []string{dir}, true); err != nil {
		t.Errorf("clean: %v", err)
	}
}
