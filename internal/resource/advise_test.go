package resource

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestAdvise(t *testing.T) {
	t.Parallel()
	roomy := usage(0.1, 0, 0.25) // 2 cores, 8 GB
	container := func(cores float64, used, total uint64) Usage {
		u := roomy
		u.addCPU(newCPU(0, cores, Cgroup))
		u.addMemory(newMemory(used, total, Cgroup))
		return u
	}
	for _, c := range []struct {
		name string
		plan Plan
		want []Advice
	}{
		{"all suits", Plan{Orders: 1000, Workers: 4, Usage: roomy}, nil},
		{"as many as the cores bear", Plan{Orders: 1000, Workers: 8, Usage: roomy}, nil},
		{"nothing is known", Plan{Workers: 64}, nil},
		{"orders are not known", Plan{Workers: 8, Usage: roomy}, nil},
		{"a small batch", Plan{Orders: 5, Workers: 8, Usage: roomy}, []Advice{{3, ByUser, "5 orders need no 8 workers: 3 do as well"}}},
		{"a batch of one", Plan{Orders: 1, Workers: 4, Usage: roomy}, []Advice{{1, ByUser, "1 order needs no 4 workers: 1 does as well"}}},
		{"two each", Plan{Orders: 16, Workers: 8, Usage: roomy}, nil},
		{"cores", Plan{Orders: 1000, Workers: 12, Usage: roomy}, []Advice{{8, ByCPU, "there are 2 cores: more than 8 workers will hardly help"}}},
		{"one core", Plan{Orders: 1000, Workers: 8, Usage: container(1, 0, 64*gb)}, []Advice{{4, ByCPU, "there is 1 core: more than 4 workers will hardly help"}}},
		{"half a core", Plan{Orders: 1000, Workers: 8, Usage: container(0.5, 0, 64*gb)}, []Advice{{2, ByCPU, "there are 0.5 cores: more than 2 workers will hardly help"}}},
		{"hardly a core", Plan{Orders: 1000, Workers: 8, Usage: container(0.1, 0, 64*gb)}, []Advice{{1, ByCPU, "there are 0.1 cores: more than 1 worker will hardly help"}}},
		{"memory", Plan{Orders: 1000, Workers: 8, Usage: container(2, gb, 2*gb)}, []Advice{{2, ByMemory, "8 workers want about 1.8 GB of memory and 1.0 GB is free: there is room for 2"}}},
		{"no memory at all", Plan{Orders: 1000, Workers: 2, Usage: container(2, 290<<20, 300<<20)}, []Advice{{1, ByMemory, "2 workers want about 650 MB of memory and 10 MB is free: there is room for 1"}}},
		{"one worker is never too many", Plan{Orders: 1, Workers: 1, Usage: container(0.1, 290<<20, 300<<20)}, nil},
		{"everything", Plan{Orders: 9, Workers: 16, Usage: container(1, gb, 2*gb)}, []Advice{
			{5, ByUser, "9 orders need no 16 workers: 5 do as well"},
			{2, ByMemory, "16 workers want about 3.4 GB of memory and 1.0 GB is free: there is room for 2"},
			{4, ByCPU, "there is 1 core: more than 4 workers will hardly help"}}},
	} {
		if d := cmp.Diff(c.want, Advise(c.plan)); d != "" {
			t.Errorf("%s: %s", c.name, d)
		}
	}
}
