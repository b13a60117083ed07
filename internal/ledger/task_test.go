package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
)

func tasks(keys ...po.Key) []po.Order {
	list := make([]po.Order, len(keys))
	for i, key := range keys {
		list[i] = po.Order{Key: key, Number: "n " + string(key), RawNumber: "n " + string(key), Task: fmt.Appendf(nil, `{"n":%d}`, i)}
	}
	return list
}

// settleAll completes what can be claimed; the result is made of the key.
func settleAll(t *testing.T, d *ledger.Disk) {
	t.Helper()
	c, err := d.Claim(t.Context(), 100, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range c.Leases {
		o := po.Outcome{Key: l.Order.Key, Status: po.Completed, Result: fmt.Appendf(nil, `"of %s"`, l.Order.Key), Time: time.Now()}
		if err := d.Settle(t.Context(), l.Token, o); err != nil {
			t.Fatal(err)
		}
	}
}

// Data and results outlive the process; what is settled is told to the next start.
func TestTasks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openDisk(t, dir)
	if m := merge(t, d, tasks("a", "b", "c")); m.Open != 3 || m.New != 3 {
		t.Errorf("merged %+v", m)
	}
	c, err := d.Claim(t.Context(), 1, time.Minute)
	if err != nil || len(c.Leases) != 1 || string(c.Leases[0].Order.Task) != `{"n":0}` || len(c.Known) > 0 {
		t.Fatalf("claimed %+v, %v", c, err)
	}
	if err := d.Release(t.Context(), c.Leases[0].Token, po.Failure{}); err != nil {
		t.Fatal(err)
	}
	settleAll(t, d)
	if is, err := d.Tasks(t.Context()); !is || err != nil {
		t.Errorf("not one of tasks: %v", err)
	}
	d.Close()

	d = openDisk(t, dir)
	if err := d.Begin(t.Context(), po.Start{}); err != nil {
		t.Fatal(err)
	}
	if m := merge(t, d, tasks("a", "b", "c", "d")); m.Settled != 3 || m.Open != 1 {
		t.Errorf("merged %+v", m)
	}
	var got []string
	for task, err := range d.EarlierTasks(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, task.Order.Number+" "+string(task.Order.Task)+" "+string(task.Outcome.Result))
	}
	want := []string{`n a {"n":0} "of a"`, `n b {"n":1} "of b"`, `n c {"n":2} "of c"`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if c, err := d.Claim(t.Context(), 1, time.Minute); err != nil || len(c.Known) > 0 {
		t.Errorf("a task is done again as a probe: %+v, %v", c.Known, err)
	}
	if reopened, err := d.Reopen(t.Context(), []po.Key{"b"}); err != nil || len(reopened) != 1 {
		t.Errorf("reopened %v, %v", reopened, err)
	}
	if task, err := d.Task(t.Context(), "b"); err != nil || task.Outcome.Status != "" || task.Outcome.Result != nil {
		t.Errorf("open, and has %+v, %v", task, err)
	}
}

// A task whose data have changed has the new ones, and what is settled stays so.
func TestTaskDataChange(t *testing.T) {
	t.Parallel()
	d := openDisk(t, t.TempDir())
	merge(t, d, tasks("a", "b"))
	changed := tasks("a", "b")
	changed[1].Task = json.RawMessage(`"new"`)
	merge(t, d, changed)
	c, err := d.Claim(t.Context(), 2, time.Minute)
	if err != nil || len(c.Leases) != 2 || string(c.Leases[1].Order.Task) != `"new"` {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestTasksThatClash(t *testing.T) {
	t.Parallel()
	for name, list := range map[string][]po.Order{
		"the same":        tasks("a", "b", "a"),
		"case only":       tasks("a", "b", "A"),
		"of another kind": append(tasks("a"), orders(1)...),
	} {
		d := openDisk(t, t.TempDir())
		if _, err := d.Merge(t.Context(), pairs(list), po.Choice{}); err == nil {
			t.Errorf("%s: merged", name)
		} else if name == "case only" && !strings.Contains(err.Error(), "keys of tasks a and A differ only in case") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := ledger.NewMemory(slices.Values(list)); err == nil && name != "of another kind" {
			t.Errorf("%s: in memory", name)
		}
	}
	d := openDisk(t, t.TempDir()) // with what an earlier start has had
	merge(t, d, tasks("a"))
	if _, err := d.Merge(t.Context(), pairs(tasks("b", "A")), po.Choice{}); err == nil {
		t.Error("case only, of an earlier start: merged")
	}
	for _, kinds := range [][2][]po.Order{{tasks("a"), orders(1)}, {orders(1), tasks("a")}} {
		d := openDisk(t, t.TempDir())
		merge(t, d, kinds[0])
		if _, err := d.Merge(t.Context(), pairs(kinds[1]), po.Choice{}); !errors.Is(err, ledger.ErrOtherKind) {
			t.Errorf("mixed: %v", err)
		}
	}
}

// In memory a result is there until it is taken.
func TestTakeTask(t *testing.T) {
	t.Parallel()
	m, err := ledger.NewMemory(slices.Values(tasks("a")))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.TakeTask("a"); got.Outcome.Status != "" {
		t.Errorf("open, and has %+v", got)
	}
	c, _ := m.Claim(t.Context(), 1, time.Minute)
	if err := m.Settle(t.Context(), c.Leases[0].Token, po.Outcome{Status: po.Completed, Result: json.RawMessage(`1`)}); err != nil {
		t.Fatal(err)
	}
	if got := m.TakeTask("a"); string(got.Outcome.Result) != "1" || string(got.Order.Task) != `{"n":0}` {
		t.Errorf("%+v", got)
	}
	if got := m.TakeTask("a"); got.Outcome.Result != nil || got.Outcome.Status != po.Completed {
		t.Errorf("again: %+v", got)
	}
}
