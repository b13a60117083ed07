package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/testportal"
)

var soak = flag.Int("soak", 0, "orders of the soak test; 0: leave it out")

// sample is what poactor and its browsers take at one moment.
type sample struct {
	at        time.Duration
	own       uint64 // bytes of poactor alone
	all       uint64 // bytes with its browsers
	processes int
	files     int // that poactor has open
}

// A long run takes no more memory, processes and open files at its end than in
// its first half.
func TestSoak(t *testing.T) {
	if *soak == 0 {
		t.Skip("make soak runs it")
	}
	site, err := testportal.Start(testportal.Options{Orders: *soak, Mix: testportal.Plain})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	dir := t.TempDir()
	var batch bytes.Buffer
	if err := site.Batch(&batch); err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	path := filepath.Join(dir, "orders.csv")
	if err := os.WriteFile(path, batch.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	program, err := exec.LookPath("poactor") // testscript has put it on the path
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, "--workers", "4", "--base-url", site.URL(), path)
	if os.Geteuid() == 0 {
		cmd.Args = append(cmd.Args, "--no-sandbox")
	}
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	samples := watchUntil(t, cmd.Process.Pid, ended)
	if code := cmd.ProcessState.ExitCode(); code != exitDone && code != exitUnfinished {
		t.Fatalf("exit code %d\n%s", code, said.String())
	}
	outcomes, err := readBack(filepath.Join(dir, "orders"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range site.Verify(filepath.Join(dir, "orders"), outcomes) {
		t.Error(line)
	}
	tail := said.Bytes()
	t.Logf("%s", tail[bytes.LastIndexByte(tail[:max(0, len(tail)-400)], '\n')+1:])
	isFlat(t, samples)
}

// watchUntil samples every few seconds until the program has ended.
func watchUntil(t *testing.T, pid int, ended <-chan error) (samples []sample) {
	began := time.Now()
	tick := time.NewTicker(5 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return samples
		case <-tick.C:
		}
		trees, err := process.Trees(t.Context(), pid)
		tree, ok := trees[pid]
		if err != nil || !ok {
			continue // it is about to end
		}
		files, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
		samples = append(samples, sample{time.Since(began), tree[0].Memory, tree.Memory(), len(tree), len(files)})
	}
}

// isFlat compares the last quarter of a run with the second.
func isFlat(t *testing.T, samples []sample) {
	t.Helper()
	if len(samples) < 16 {
		t.Fatalf("only %d samples: give more orders", len(samples))
	}
	t.Logf("%8s %10s %10s %10s %6s", "time", "poactor", "in all", "processes", "files")
	for _, s := range samples {
		t.Logf("%8s %7d MB %7d MB %10d %6d", s.at.Round(time.Second), s.own>>20, s.all>>20, s.processes, s.files)
	}
	n := len(samples) / 4
	early, late := samples[n:2*n], samples[len(samples)-1-n:len(samples)-1] // the last one may see the end
	for name, of := range map[string]func(sample) uint64{
		"memory of poactor": func(s sample) uint64 { return s.own },
		"memory in all":     func(s sample) uint64 { return s.all },
		"processes":         func(s sample) uint64 { return uint64(s.processes) },
		"open files":        func(s sample) uint64 { return uint64(s.files) },
	} {
		a, b := mean(early, of), mean(late, of)
		t.Logf("%s: %.0f in the second quarter, %.0f in the last", name, a, b)
		slack := 4.0
		if name == "memory of poactor" { // the record's pages are kept, up to 32 MB; Go's live heap was seen flat at 9 MB
			slack = 8 << 20
		}
		if b > 1.2*a+slack {
			t.Errorf("%s grows: %.0f, then %.0f", name, a, b)
		}
	}
}

func mean(samples []sample, of func(sample) uint64) float64 {
	var sum uint64
	for _, s := range samples {
		sum += of(s)
	}
	return float64(sum) / float64(len(samples))
}
