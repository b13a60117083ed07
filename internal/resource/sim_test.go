package resource

import (
	"encoding/csv"
	"flag"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"
	"time"
)

// seed is for the noise of the simulations. What the tests demand holds for the
// default; docs/measurements.md has means over several.
var seed = flag.Uint64("seed", 1, "for the noise of simulations")

// start is when simulations begin; the number means nothing.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

const gb = 1 << 30

// load makes the usage at a moment when so many browsers run.
type load func(at time.Duration, running int) Usage

// usage builds one from shares of a 2-core machine with 8 GB; own is the part of
// the CPU share that is ours.
func usage(cpu, own, memory float64) Usage {
	var u Usage
	u.addCPU(newCPU(2*min(max(cpu, 0), 1), 2, Machine))
	u.addMemory(newMemory(uint64(math.Ceil(8*gb*min(max(memory, 0), 1))), 8*gb, Machine))
	u.OwnCores = 2 * min(max(own, 0), 1)
	return u
}

// step is one decision of a simulation.
type step struct {
	at time.Duration
	Decision
}

// simulate runs the capacity once a second against a load that follows it: a
// browser that is taken away needs 3 s to end, one that comes back is there at
// once.
func simulate(wish int, length time.Duration, l load) []step {
	c := NewCapacity(wish)
	var steps []step
	running, ends := wish, []time.Duration(nil)
	for at := time.Duration(0); at < length; at += time.Second {
		for len(ends) > 0 && ends[0] <= at {
			running, ends = running-1, ends[1:]
		}
		c = c.Observe(Sample{Usage: l(at, running), Running: running, WorkerBytes: each(l, at), PortalLimit: wish}, start.Add(at))
		d := Decide(c, open, start.Add(at))
		for running-len(ends) > d.Workers {
			ends = append(ends, at+3*time.Second)
		}
		running = max(running, d.Workers+len(ends))
		steps = append(steps, step{at, d})
	}
	return steps
}

// open is a portal that bears everything.
var open = Portal{limit: 99}

// each is what a browser takes by a load.
func each(l load, at time.Duration) uint64 {
	two, one := l(at, 2).Memory.UsedBytes, l(at, 1).Memory.UsedBytes
	return two - min(one, two)
}

// turns counts how often the number of workers goes down after it went up or up
// after it went down: what flapping is made of.
func turns(steps []step) int {
	n, last := 0, 0
	for i := 1; i < len(steps); i++ {
		d := steps[i].Workers - steps[i-1].Workers
		if d != 0 && last != 0 && (d > 0) != (last > 0) {
			n++
		}
		if d != 0 {
			last = d
		}
	}
	return n
}

// fewest is the least number of workers from a moment on.
func fewest(steps []step, from time.Duration) int {
	least := math.MaxInt
	for _, s := range steps {
		if s.at >= from {
			least = min(least, s.Workers)
		}
	}
	return least
}

// recorded reads a curve of testdata: one sample a second of this project's demo
// on a 2-core machine on which others worked, too.
func recorded(t *testing.T, name string) []Usage {
	t.Helper()
	f, err := os.Open("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatal(name, len(rows), err)
	}
	var all []Usage
	for _, row := range rows[1:] {
		var v [5]float64
		for i, text := range row {
			if v[i], err = strconv.ParseFloat(text, 64); err != nil {
				t.Fatal(name, err)
			}
		}
		var u Usage
		u.addCPU(newCPU(2*v[1], 2, Machine))
		u.addMemory(newMemory(uint64(v[3]), uint64(v[4]), Machine))
		u.OwnCores = v[2]
		all = append(all, u)
	}
	return all
}

// summary of a simulation: fewest workers, workers at the end, turns, mean workers.
func summary(steps []step) string {
	sum := 0
	for _, s := range steps {
		sum += s.Workers
	}
	return fmt.Sprintf("%d|%d|%d|%.2f", fewest(steps, 0), steps[len(steps)-1].Workers, turns(steps), float64(sum)/float64(len(steps)))
}
