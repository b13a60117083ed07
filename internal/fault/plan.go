package fault

import (
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
)

// Plan says which operation meets which fault. It is a value, and a pure
// function of its fields: the same plan always gives the same answers.
type Plan struct {
	// Seed is what the places of the faults are drawn from.
	Seed uint64
	// Every is how often each fault comes: once in so many of the operations that
	// it strikes, at a place that is drawn anew for each so many. A fault that is
	// not in it never comes.
	Every map[Kind]int
	// Start is which start of poactor it is for, from 1: each has other places.
	Start int
}

// Check returns what is wrong with a plan, in one line.
func (p Plan) Check() error {
	for _, k := range slices.Sorted(maps.Keys(p.Every)) {
		switch {
		case !k.Valid():
			return fmt.Errorf("unknown fault %q; they are %s", k, names())
		case p.Every[k] < 1:
			return fmt.Errorf("%s: every must be 1 or more, not %d", k, p.Every[k])
		}
	}
	return nil
}

func names() string {
	list := make([]string, 0, len(Kinds()))
	for _, k := range Kinds() {
		list = append(list, string(k))
	}
	return strings.Join(list, ", ")
}

// At says which fault the nth operation of a kind meets, n from 0; empty: none.
// Where several would come at once, one of them does.
func (p Plan) At(op Op, n int) Kind {
	var found Kind
	var best uint64
	for _, k := range Kinds() {
		every := p.Every[k]
		if every < 1 || k.Op() != op {
			continue
		}
		if uint64(n%every) != p.draw(string(k), n/every)%uint64(every) {
			continue
		}
		if rank := p.draw("rank "+string(k), n); found == "" || rank > best {
			found, best = k, rank
		}
	}
	return found
}

// Draw is a number from 0 to below n that belongs to the nth occurrence of
// something: for what a fault leaves open, like the moment.
func (p Plan) Draw(what string, at, n int) int { return int(p.draw("draw "+what, at) % uint64(n)) }

// draw is a hash of the plan's seed and a place: FNV-1a, mixed as SplitMix64
// ends, for FNV alone spreads the last bytes badly.
func (p Plan) draw(what string, at int) uint64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "%d/%d/%s/%d", p.Seed, p.Start, what, at)
	z := h.Sum64()
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// String lists the first faults of a plan for each operation, so that two plans
// can be compared by eye.
func (p Plan) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, start %d", p.Seed, p.Start)
	for _, op := range []Op{OpRead, OpLease, OpRelease, OpWrite, OpCommit, OpPage, OpFile, OpSettle} {
		for n := range 200 {
			if k := p.At(op, n); k != "" {
				fmt.Fprintf(&b, " %s:%d=%s", op, n, k)
			}
		}
	}
	return b.String()
}
