package poactortest

import (
	"fmt"
	"maps"
	"slices"
	"sync"

	"github.com/poactor/poactor/messages"
)

// Recorder keeps the events of a run: its Event is what Config.OnEvent takes. The zero value
// is ready.
type Recorder struct {
	mu     sync.Mutex
	events []any
}

// Event takes an event in.
func (r *Recorder) Event(event any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, event)
}

// Events lists them, in their order.
func (r *Recorder) Events() []any {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.events)
}

// Faults counts the faults of the run that have happened.
func (r *Recorder) Faults() map[string]int {
	count := map[string]int{}
	for _, event := range r.Events() {
		if f, ok := event.(messages.FaultInjected); ok {
			count[f.Fault]++
		}
	}
	return count
}

// CheckFaults returns an error where a fault never happened: the test has not tried what it
// is for. The run was too short then, or has done nothing that the fault could happen to.
func (r *Recorder) CheckFaults(wanted Faults) error {
	happened := r.Faults()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		if happened[name] == 0 {
			return fmt.Errorf("fault %s never happened, of those that did: %v", name, happened)
		}
	}
	return nil
}
