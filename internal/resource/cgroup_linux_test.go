package resource

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// probeAndPrint moves itself into the cgroups it is told, takes memory and time
// and prints what the probe says.
func probeAndPrint() {
	for dir := range strings.SplitSeq(os.Getenv("RESOURCE_TEST_DIRS"), ":") {
		if err := os.WriteFile(filepath.Join(dir, "cgroup.procs"), []byte(strconv.Itoa(os.Getpid())), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	p := newProbe(idle{system{pid: os.Getpid()}}, root())
	if _, err := p.Read(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	// Not of the heap: the race detector would take a multiple of it.
	block, err := unix.Mmap(-1, 0, 100<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for i := 0; i < len(block); i += os.Getpagesize() {
		block[i] = 1
	}
	for end := time.Now().Add(600 * time.Millisecond); time.Now().Before(end); {
	}
	u, err := p.Read(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	json.NewEncoder(os.Stdout).Encode(u)
}

// idle is the real machine but for its processors, of which others may use all
// while the test runs: here nobody uses them.
type idle struct{ system }

func (idle) processors(ctx context.Context) (times, error) {
	t, err := fake{}.processors(ctx)
	t.busy = 0
	return t, err
}

// makeGroup makes a cgroup for a test at the top of a controller's hierarchy.
func makeGroup(t *testing.T, c hierarchy) string {
	t.Helper()
	if c.version == 0 {
		t.Skip("no such cgroup controller here")
	}
	dir := filepath.Join("/", c.top(), "poactor-test-"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(dir, 0o755); err != nil && !os.IsExist(err) {
		t.Skip("no cgroup can be made here: ", err)
	}
	t.Cleanup(func() {
		for range 100 { // a process that has just ended is still counted
			if err := os.Remove(dir); err == nil || os.IsNotExist(err) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%s does not go", dir)
	})
	return dir
}

// set writes a limit, where the controller is there to be used.
func set(t *testing.T, dir, name, value string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(value), 0o644); err != nil {
		t.Skip("no limit can be set here: ", err)
	}
}

// A process in a real cgroup of 300 MB and half a core reads just that.
func TestProbeInARealCgroup(t *testing.T) {
	t.Parallel()
	g, err := findCgroups(root())
	if err != nil {
		t.Fatal(err)
	}
	const limit = 300 << 20
	memory := makeGroup(t, g.memory)
	set(t, memory, map[int]string{1: "memory.limit_in_bytes", 2: "memory.max"}[g.memory.version], strconv.Itoa(limit))
	dirs := []string{memory}
	if g.cpu.version == 2 {
		set(t, memory, "cpu.max", "50000 100000")
	} else {
		cpu, acct := makeGroup(t, g.cpu), makeGroup(t, g.cpuacct)
		set(t, cpu, "cpu.cfs_quota_us", "50000")
		dirs = append(dirs, cpu, acct)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helper+"=probe", "RESOURCE_TEST_DIRS="+strings.Join(dirs, ":"), "GOMAXPROCS=1")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err, stderr.String())
	}
	var u Usage
	if err := json.Unmarshal(out, &u); err != nil {
		t.Fatal(err, string(out))
	}
	m := u.Memory
	if m.Bound != Cgroup || m.TotalBytes != limit || m.UsedBytes < 100<<20 || m.UsedBytes > 250<<20 || u.FreeBytes != limit-m.UsedBytes {
		t.Errorf("memory %+v, %d free, want 100 MB and a little of the cgroup's %d", m, u.FreeBytes, limit)
	}
	// A busy loop under half a core: most of the quota is used, as far as the
	// machine lets it.
	if c := u.CPU; u.Cores != 0.5 || c.Bound != Cgroup || c.Cores != 0.5 || c.Share < 0.1 || u.OwnCores > 0.8 || u.OwnCores < 0.05 {
		t.Errorf("CPU %+v of %v cores, %v our own, want all of 0.5 cores of the cgroup", c, u.Cores, u.OwnCores)
	}
}
