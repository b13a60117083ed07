package fault

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Plan says which operation meets which fault. It is a value, and a pure
// function of its fields: the same plan always gives the same answers.
type Plan struct {
	// Seed is what the places of the faults are drawn from.
	Seed uint64 `yaml:"seed"`
	// Every is how often each fault comes: once in so many of the operations that
	// it affects, at a place that is drawn anew for each so many. A fault that is
	// not in it never comes by itself.
	Every map[Kind]int `yaml:"every"`
	// Ends are the faults that end a start of poactor: the first start meets the
	// first of them, and so on, then the first again. Empty: none is ended.
	Ends []End `yaml:"ends"`
	// Start is which start of poactor it is for, from 1: each has other places.
	Start int `yaml:"start"`
	// Elsewhere says that the faults of the portal, and the kills of poactor, are made by
	// somebody else; otherwise a run refuses a plan that has some, as it cannot make them.
	Elsewhere bool `yaml:"elsewhere"`
}

// End is a fault that a start of poactor meets once.
type End struct {
	Fault Kind `yaml:"fault"`
	// Within is how many of the operations that it affects it comes within: in
	// the later two thirds of them, so that the start gets something done.
	Within int `yaml:"within"`
}

// Parse reads a plan from YAML; an empty text has no fault. An unknown key is an error.
func Parse(text string) (Plan, error) {
	var p Plan
	if strings.TrimSpace(text) == "" {
		return p, nil
	}
	if err := yaml.Load([]byte(text), &p, yaml.WithKnownFields()); err != nil {
		return Plan{}, fmt.Errorf("read the plan of faults: %w", err)
	}
	return p, p.Check()
}

// ReadFile reads a plan from a file, whose name is in the error.
func ReadFile(path string) (Plan, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Plan{}, err
	}
	p, err := Parse(string(text))
	if err != nil {
		return Plan{}, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Write writes a plan so that Parse reads it.
func (p Plan) Write(w io.Writer) error {
	text, err := yaml.Marshal(p)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}

// Empty reports whether a plan has no fault at all.
func (p Plan) Empty() bool { return len(p.Every) == 0 && len(p.Ends) == 0 }

// ForStart is the plan of one start, from 1.
func (p Plan) ForStart(n int) Plan {
	p.Start = n
	return p
}

// Has reports whether a plan has a fault.
func (p Plan) Has(k Kind) bool {
	return p.Every[k] > 0 || slices.ContainsFunc(p.Ends, func(e End) bool { return e.Fault == k })
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
	for _, e := range p.Ends {
		switch {
		case !e.Fault.Valid():
			return fmt.Errorf("unknown fault %q; they are %s", e.Fault, names())
		case e.Within < 1:
			return fmt.Errorf("%s: within must be 1 or more, not %d", e.Fault, e.Within)
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
// Where several would come at once, one of them does; what ends the start comes
// first.
func (p Plan) At(op Op, n int) Kind {
	if k, at := p.end(); k.Op() == op && n == at {
		return k
	}
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

// end is the fault that ends this start, and at which operation.
func (p Plan) end() (Kind, int) {
	if len(p.Ends) == 0 {
		return "", 0
	}
	e := p.Ends[max(0, p.Start-1)%len(p.Ends)]
	early := e.Within / 3
	return e.Fault, early + int(p.draw("end", 0)%uint64(e.Within-early))
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

// digestStarts is how many starts a digest is of.
const digestStarts = 20

// Digest names a plan: the places of the first faults of its first starts. The
// same seed and the same rates give the same one.
func (p Plan) Digest() string {
	h := sha256.New()
	for n := range digestStarts {
		fmt.Fprintln(h, p.ForStart(n+1))
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
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

// Standard is the plan of chaos where none is given; its seed is still to be set.
// Every fault of docs/spec.md §11 is in it. A start gets some ten orders done before it is
// ended, and meets about as many faults.
func Standard() Plan {
	return Plan{
		Every: map[Kind]int{
			WorkerPanic: 30, BrowserKill: 30, BrowserStop: 40, RendererCrash: 30, CDPCut: 30, CDPSlow: 12,
			ProfileDamaged: 14, ProfileStuck: 12,
			Portal500: 60, Portal503: 80, Portal429: 100, PortalHang: 100, PortalSlow: 40, PortalTruncated: 40, PortalHTML: 40,
		},
		Ends: []End{{PoactorKill, 12}, {LedgerError, 40}, {ProfileSignOut, 14}, {DiskFull, 30}, {PortalSignOut, 30}},
	}
}
