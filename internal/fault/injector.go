package fault

import "sync"

// Injector counts operations and says which of them are to fail. A nil Injector
// lets everything be. It is safe for concurrent use.
type Injector struct {
	plan Plan
	tell func(Injected)

	mu   sync.Mutex
	done map[Op]int
}

// Injected is a fault that was made to happen.
type Injected struct {
	Kind Kind
	Op   Op
	At   int // how many operations of the kind there were before
}

// NewInjector carries a plan out. tell receives every fault; it may be nil and
// must not block.
func NewInjector(p Plan, tell func(Injected)) *Injector {
	if tell == nil {
		tell = func(Injected) {}
	}
	return &Injector{plan: p, tell: tell, done: map[Op]int{}}
}

// Next counts an operation and says which fault it is to meet; empty: none.
func (i *Injector) Next(op Op) Kind {
	if i == nil {
		return ""
	}
	i.mu.Lock()
	n := i.done[op]
	i.done[op]++
	i.mu.Unlock()
	k := i.plan.At(op, n)
	if k != "" {
		i.tell(Injected{Kind: k, Op: op, At: n})
	}
	return k
}

// Plan is what the injector carries out.
func (i *Injector) Plan() Plan { return i.plan }
