package fault_test

import (
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/internal/fault"
)

// Every fault comes once in as many operations as the plan says, and one that is
// not in the plan never.
func TestHowOften(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.SampledFrom(fault.Kinds()).Draw(t, "kind")
		every := rapid.IntRange(1, 40).Draw(t, "every")
		p := fault.Plan{Seed: rapid.Uint64().Draw(t, "seed"), Start: rapid.IntRange(1, 9).Draw(t, "start"), Every: map[fault.Kind]int{k: every}}
		for block := range 20 {
			n := 0
			for i := range every {
				if got := p.At(k.Op(), block*every+i); got == k {
					n++
				} else if got != "" {
					t.Fatalf("%s comes, which is not in the plan", got)
				}
			}
			if n != 1 {
				t.Fatalf("%s comes %d times in %d operations", k, n, every)
			}
		}
		for _, op := range []fault.Op{fault.OpRead, fault.OpLease, fault.OpFile} {
			if op != k.Op() && p.At(op, 3) != "" {
				t.Fatalf("%s affects %s", k, op)
			}
		}
	})
}

// The same seed gives the same plan; another seed, or another start, another one.
func TestSameSeedSamePlan(t *testing.T) {
	t.Parallel()
	all := func(seed uint64, start int) fault.Plan {
		p := fault.Plan{Seed: seed, Start: start, Every: map[fault.Kind]int{}}
		for _, k := range fault.Kinds() {
			p.Every[k] = 20
		}
		return p
	}
	a := all(7, 1).String()
	if a != all(7, 1).String() || a == all(8, 1).String() || a == all(7, 2).String() {
		t.Error("plans are not as their seeds")
	}
	for _, k := range fault.Kinds() {
		if !strings.Contains(a, "="+string(k)) {
			t.Errorf("%s never comes", k)
		}
		if k.Op() == "" {
			t.Errorf("%s affects nothing", k)
		}
	}
}

// Two faults of one operation that are due at once: one of them comes.
func TestAtOnce(t *testing.T) {
	t.Parallel()
	p := fault.Plan{Seed: 1, Every: map[fault.Kind]int{fault.BrowserKill: 1, fault.WorkerPanic: 1}}
	seen := map[fault.Kind]int{}
	for n := range 100 {
		seen[p.At(fault.OpRead, n)]++
	}
	if seen[""] > 0 || seen[fault.BrowserKill] < 20 || seen[fault.WorkerPanic] < 20 {
		t.Errorf("%v", seen)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		every map[fault.Kind]int
		want  string
	}{
		"none":    {nil, ""},
		"good":    {map[fault.Kind]int{fault.DiskFull: 3}, ""},
		"unknown": {map[fault.Kind]int{"rain": 3}, `unknown fault "rain"; they are worker_panic, `},
		"never":   {map[fault.Kind]int{fault.DiskFull: 0}, "disk_full: every must be 1 or more, not 0"},
	} {
		err := fault.Plan{Every: row.every}.Check()
		if row.want == "" && err != nil || row.want != "" && (err == nil || !strings.HasPrefix(err.Error(), row.want)) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each operation is counted once, however many ask at a time.
func TestInjector(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	told := map[int]int{}
	i := fault.NewInjector(fault.Plan{Every: map[fault.Kind]int{fault.LedgerError: 10}})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 100 {
				if f, ok := i.Next(fault.OpCommit); ok {
					mu.Lock()
					told[f.At/10]++
					mu.Unlock()
				}
			}
		})
	}
	group.Wait()
	for block := range 80 {
		if told[block] != 1 {
			t.Errorf("block %d: %d faults", block, told[block])
		}
	}
	if _, ok := i.Next(fault.OpRead); ok {
		t.Error("a fault that is not in the plan")
	}
}

// Each start is ended once, by the next fault in turn, when it has got something
// done.
func TestEnds(t *testing.T) {
	t.Parallel()
	ends := []fault.End{{fault.PoactorKill, 9}, {fault.DiskFull, 30}, {fault.LedgerError, 1}}
	seen := map[int]bool{}
	for start := 1; start <= 60; start++ {
		p := fault.Plan{Seed: 5, Ends: ends}.ForStart(start)
		want := ends[(start-1)%3]
		var at []int
		for _, k := range fault.Kinds() {
			for n := range 100 {
				if p.At(k.Op(), n) == k {
					at = append(at, n)
					if k != want.Fault {
						t.Fatalf("start %d: %s, want %s", start, k, want.Fault)
					}
				}
			}
		}
		if len(at) != 1 || at[0] < want.Within/3 || at[0] >= want.Within {
			t.Fatalf("start %d: %s at %v, want once within %d", start, want.Fault, at, want.Within)
		}
		if want.Fault == fault.DiskFull {
			seen[at[0]] = true
		}
	}
	if len(seen) < 8 {
		t.Errorf("only %d places in 20 starts", len(seen))
	}
}

func TestPlanFile(t *testing.T) {
	t.Parallel()
	p := fault.Plan{Seed: 1<<64 - 1, Every: map[fault.Kind]int{fault.Portal429: 7}, Ends: []fault.End{{fault.PoactorKill, 9}}, Start: 3}
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	q, err := fault.Parse(b.String())
	if err != nil || q.Digest() != p.Digest() || q.Seed != p.Seed || q.Start != 3 {
		t.Errorf("%+v became %+v (%v)", p, q, err)
	}
	for name, row := range map[string]struct{ text, want string }{
		"unknown key":   {"seed: 1\nevry: {}", "evry"},
		"unknown fault": {"every: {rain: 3}", `unknown fault "rain"`},
		"unknown end":   {"ends: [{fault: rain, within: 3}]", `unknown fault "rain"`},
		"at no time":    {"ends: [{fault: disk_full}]", "within must be 1 or more, not 0"},
		"no YAML":       {"\tx", "read the plan of faults"},
	} {
		if _, err := fault.Parse(row.text); err == nil || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
