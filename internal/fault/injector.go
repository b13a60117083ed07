package fault

import "sync"

// Injector counts operations and says which of them are to fail. It is safe for
// concurrent use.
type Injector struct {
	plan Plan

	mu   sync.Mutex
	done map[Op]int
}

// Injected is a fault that an operation meets.
type Injected struct {
	Kind Kind
	At   int // how many operations of the kind there were before
}

// NewInjector carries a plan out.
func NewInjector(p Plan) *Injector { return &Injector{plan: p, done: map[Op]int{}} }

// Has reports whether the plan has a fault.
func (i *Injector) Has(k Kind) bool { return i.plan.Has(k) }

// Next counts an operation and says which fault it is to meet; false: none.
func (i *Injector) Next(op Op) (Injected, bool) {
	i.mu.Lock()
	n := i.done[op]
	i.done[op]++
	i.mu.Unlock()
	k := i.plan.At(op, n)
	return Injected{Kind: k, At: n}, k != ""
}

// Draw is Plan.Draw for a fault.
func (i *Injector) Draw(f Injected, n int) int { return i.plan.Draw(string(f.Kind), f.At, n) }
