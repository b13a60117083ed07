package doctor

import (
	"context"
	"fmt"
	"time"

	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/resource"
)

// workers measures the browser once more on the page that it has read, and says how many
// of them suit this machine.
func (d *doctor) workers(ctx context.Context) (Finding, int) {
	if d.trial == nil {
		return Finding{State: Skipped, Text: "left out: no browser is open"}, 0
	}
	before, ok := d.weigh(ctx)
	if !ok {
		return Finding{State: Skipped, Text: "left out: what the browser takes could not be read"}, 0
	}
	m := resource.Measured{Bytes: before.Memory(), Order: d.ordered}
	if d.reads != nil {
		began := time.Now()
		err := d.reads(ctx)
		m.Took = time.Since(began)
		after, ok := d.weigh(ctx)
		if err == nil && ok {
			m.CPU = after.CPU() - before.CPU()
			m.Bytes = max(m.Bytes, after.Memory())
			before = after
		}
	}
	m.Tasks = tasksOf(before)
	r := resource.Recommend(m, d.usage, d.freeTasks)
	return Finding{State: OK, Text: fmt.Sprintf("--workers %d is recommended: %s", r.Workers, r.Text),
		Facts: map[string]any{"workers": r.Workers, "limited_by": string(r.LimitedBy), "browser_bytes": m.Bytes,
			"cpu_ms": m.CPU.Milliseconds(), "page_ms": m.Took.Milliseconds(), "processes": len(before), "tasks": m.Tasks}}, r.Workers
}

// tasksOf is how many processes and threads a browser has.
func tasksOf(t process.Tree) int { return max(t.Threads(), len(t)) }
