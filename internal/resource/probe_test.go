package resource

import (
	"context"
	"errors"
	"io/fs"
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"
)

// fake is a machine of 8 GB and 4 cores of which 2 are in use, 1 by us.
type fake struct {
	cpuErr, memoryErr, ownErr error
}

func (f fake) processors(context.Context) (times, error) {
	s := time.Since(bubble).Seconds()
	return times{busy: 2 * s, all: 4 * s, cores: 4}, f.cpuErr
}

func (f fake) memory(context.Context) (used, total uint64, err error) {
	return 2 * gb, 8 * gb, f.memoryErr
}

func (f fake) own(context.Context) (float64, error) {
	return time.Since(bubble).Seconds(), f.ownErr
}

// bubble is when time begins in a synctest bubble.
var bubble = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// tree makes a file system of names and contents.
func tree(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text + "\n")}
	}
	return m
}

// join puts files together.
func join(all ...map[string]string) map[string]string {
	m := map[string]string{}
	for _, files := range all {
		for name, text := range files {
			m[name] = text
		}
	}
	return m
}

// below puts files into a directory.
func below(dir string, files map[string]string) map[string]string {
	m := map[string]string{}
	for name, text := range files {
		m[dir+"/"+name] = text
	}
	return m
}

// self is what /proc says of us.
func self(cgroup string, mounts ...string) map[string]string {
	mounts = append(mounts, "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw", "garbage")
	return map[string]string{"proc/self/cgroup": cgroup, "proc/self/mountinfo": strings.Join(mounts, "\n")}
}

const (
	v2    = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate"
	v1mem = "35 31 0:32 / /sys/fs/cgroup/memory rw,nosuid - cgroup cgroup rw,memory"
	v1cpu = "33 31 0:30 / /sys/fs/cgroup/cpu,cpuacct rw,nosuid - cgroup cgroup rw,cpu,cpuacct"
)

// limits2 is a cgroup of version 2.
func limits2(max, high, current, inactive, cpu string) map[string]string {
	return map[string]string{
		"memory.max": max, "memory.high": high, "memory.current": current,
		"memory.stat": "anon 1\nfile 2\ninactive_anon 7\ninactive_file " + inactive + "\nactive_file 3",
		"cpu.max":     cpu, "cpu.stat": "usage_usec 0\nuser_usec 0",
	}
}

// memory1 is a cgroup of version 1.
func memory1(limit, usage, inactive string) map[string]string {
	return map[string]string{
		"memory.limit_in_bytes": limit, "memory.usage_in_bytes": usage,
		"memory.stat": "inactive_file 1\ntotal_inactive_file " + inactive,
	}
}

func cpu1(quota string) map[string]string {
	return map[string]string{"cpu.cfs_quota_us": quota, "cpu.cfs_period_us": "100000", "cpuacct.usage": "0"}
}

const none = "9223372036854771712"

func TestProbe(t *testing.T) {
	t.Parallel()
	const docker = "/docker/1d464f062a48"
	const pod = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod7.slice"
	for _, c := range []struct {
		name   string
		files  map[string]string // nil: a system without cgroups
		memory Memory            // Share left out
		free   uint64
		cores  float64
	}{
		{"no cgroups", nil, Memory{UsedBytes: 2 * gb, TotalBytes: 8 * gb, Bound: Machine}, 6 * gb, 4},
		{"a kernel without them", map[string]string{"proc/version": "Linux"}, Memory{UsedBytes: 2 * gb, TotalBytes: 8 * gb, Bound: Machine}, 6 * gb, 4},
		{"v2, no limit", join(self("0::/user.slice", v2), below("sys/fs/cgroup/user.slice", limits2("max", "max", "5368709120", "0", "max 100000"))),
			Memory{UsedBytes: 2 * gb, TotalBytes: 8 * gb, Bound: Machine}, 6 * gb, 4},
		{"v2 in docker with a namespace", join(self("0::/", v2), below("sys/fs/cgroup", limits2("2147483648", "max", "1610612736", "536870912", "150000 100000"))),
			Memory{UsedBytes: gb, TotalBytes: 2 * gb, Bound: Cgroup}, gb, 1.5},
		{"v2 with memory.high", join(self("0::/app.slice", v2), below("sys/fs/cgroup/app.slice", limits2("4294967296", "1073741824", "805306368", "0", "max 100000"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 4},
		{"v2, the machine is tighter", join(self("0::/app.slice", v2), below("sys/fs/cgroup/app.slice", limits2("4294967296", "max", "268435456", "0", "max 100000"))),
			Memory{UsedBytes: 2 * gb, TotalBytes: 8 * gb, Bound: Machine}, 15 * gb / 4, 4},
		{"v2 in a pod, whose limit is its parent's", join(self("0::/"+pod+"/cri-1.scope", v2),
			below("sys/fs/cgroup/"+pod+"/cri-1.scope", limits2("max", "max", "536870912", "0", "max 100000")),
			below("sys/fs/cgroup/"+pod, limits2("1073741824", "max", "805306368", "0", "50000 100000")),
			below("sys/fs/cgroup/kubepods.slice", limits2("6442450944", "max", "2147483648", "0", "300000 100000"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 0.5},
		{"v2 in a systemd slice with an escaped name", join(self(`0::/system.slice/system-po\x2dactor.slice/run-1.scope`, v2),
			below(`sys/fs/cgroup/system.slice/system-po\x2dactor.slice`, limits2("1073741824", "max", "805306368", "0", "100000 50000"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 2},
		{"v2 mounted elsewhere, in a place with a space", join(self("0::/a", `30 23 0:26 / /mnt/c\040group rw - cgroup2 none rw`),
			below("mnt/c group/a", limits2("1073741824", "max", "805306368", "0", "max 100000"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 4},
		{"v2 outside of the namespace", join(self("0::/../other", v2), below("sys/fs/cgroup", limits2("1073741824", "max", "805306368", "0", "max 100000")),
			below("sys/fs/cgroup/other", limits2("1000000", "max", "900000", "0", "max 100000"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 4},
		{"v2 whose mount shows a parent of the namespace", join(self("0::/", "30 23 0:26 /../.. /sys/fs/cgroup ro - cgroup2 cgroup rw"),
			below("sys/fs/cgroup", limits2("1073741824", "max", "805306368", "0", "max 100000"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 4},
		{"two mounts, of which one shows us", join(self("0::/a/b", "29 23 0:26 /c /mnt/other rw - cgroup2 none rw", v2),
			below("mnt/other", limits2("1000000", "max", "900000", "0", "max 100000")), below("sys/fs/cgroup/a", limits2("1073741824", "max", "805306368", "0", "max 100000"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 4},
		{"v1, no limit", join(self("4:memory:/user\n3:cpu,cpuacct:/user", v1mem, v1cpu), below("sys/fs/cgroup/memory/user", memory1(none, "5368709120", "0")),
			below("sys/fs/cgroup/cpu,cpuacct/user", cpu1("-1"))),
			Memory{UsedBytes: 2 * gb, TotalBytes: 8 * gb, Bound: Machine}, 6 * gb, 4},
		{"v1, no limit with pages of 64 KiB", join(self("4:memory:/user", v1mem), below("sys/fs/cgroup/memory/user", memory1("9223372036854710272", "5368709120", "0"))),
			Memory{UsedBytes: 2 * gb, TotalBytes: 8 * gb, Bound: Machine}, 6 * gb, 4},
		{"v1 in docker without a namespace: the mount's root is our cgroup", join(
			self("4:memory:"+docker+"\n3:cpu,cpuacct:"+docker, strings.Replace(v1mem, " / ", " "+docker+" ", 1), strings.Replace(v1cpu, " / ", " "+docker+" ", 1)),
			below("sys/fs/cgroup/memory", memory1("2147483648", "1610612736", "536870912")), below("sys/fs/cgroup/cpu,cpuacct", cpu1("150000"))),
			Memory{UsedBytes: gb, TotalBytes: 2 * gb, Bound: Cgroup}, gb, 1.5},
		{"v1 of which a parent is limited", join(self("4:memory:/a/b\n3:cpu:/a/b\n2:cpuacct:/a/b", v1mem,
			"33 31 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu", "34 31 0:31 / /sys/fs/cgroup/cpuacct rw - cgroup cgroup rw,cpuacct"),
			below("sys/fs/cgroup/memory/a/b", memory1(none, "536870912", "0")), below("sys/fs/cgroup/memory/a", memory1("1073741824", "805306368", "0")),
			map[string]string{"sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "250000", "sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000", "sys/fs/cgroup/cpuacct/a/cpuacct.usage": "0"}),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 2.5},
		{"a name that only begins like the mount's root", join(self("4:memory:/docker-2/x", strings.Replace(v1mem, " / ", " /docker ", 1)),
			below("sys/fs/cgroup/memory", memory1("1073741824", "805306368", "0")), below("sys/fs/cgroup/memory/-2/x", memory1("1000000", "900000", "0"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 4},
		{"hybrid: memory in v1, v2 beside it", join(self("4:memory:/a\n0::/a", v1mem, strings.Replace(v2, "/sys/fs/cgroup ", "/sys/fs/cgroup/unified ", 1)),
			below("sys/fs/cgroup/memory/a", memory1("1073741824", "805306368", "0")), map[string]string{"sys/fs/cgroup/unified/a/cgroup.procs": "1"}),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 4},
		{"hybrid: a v1 tree for names only, limits in v2", join(self("1:name=systemd:/a\n0::/a", "37 31 0:34 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd", v2),
			below("sys/fs/cgroup/a", limits2("1073741824", "max", "805306368", "0", "200000 100000"))),
			Memory{UsedBytes: 3 * gb / 4, TotalBytes: gb, Bound: Cgroup}, gb / 4, 2},
		{"a limit of nothing but cache", join(self("0::/", v2), below("sys/fs/cgroup", limits2("8589934592", "max", "1073741824", "2147483648", "max"))),
			Memory{UsedBytes: 2 * gb, TotalBytes: 8 * gb, Bound: Machine}, 6 * gb, 4},
	} {
		synctest.Test(t, func(t *testing.T) {
			var files fs.FS
			if c.files != nil {
				files = tree(c.files)
			}
			u, err := newProbe(fake{}, files).Read(t.Context())
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			c.memory.Share = float64(c.memory.UsedBytes) / float64(c.memory.TotalBytes)
			if u.Memory != c.memory || u.FreeBytes != c.free || u.Cores != c.cores {
				t.Errorf("%s: %+v, %d free, %v cores; want %+v, %d, %v", c.name, u.Memory, u.FreeBytes, u.Cores, c.memory, c.free, c.cores)
			}
		})
	}
}

// Processor time is what was used between two readings, of the tightest bound.
func TestProbeCPU(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string
		usage string // file that counts
		after string // its text 10 s later
		want  CPU
	}{
		{"the machine", nil, "", "", CPU{Share: 0.5, Used: 2, Cores: 4, Bound: Machine}},
		{"v2", join(self("0::/a", v2), below("sys/fs/cgroup/a", limits2("max", "max", "1", "0", "150000 100000"))),
			"sys/fs/cgroup/a/cpu.stat", "usage_usec 12000000", CPU{Share: 0.8, Used: 1.2, Cores: 1.5, Bound: Cgroup}},
		{"v2, the machine is tighter", join(self("0::/a", v2), below("sys/fs/cgroup/a", limits2("max", "max", "1", "0", "300000 100000"))),
			"sys/fs/cgroup/a/cpu.stat", "usage_usec 12000000", CPU{Share: 0.5, Used: 2, Cores: 4, Bound: Machine}},
		{"v1", join(self("3:cpu,cpuacct:/a", v1cpu), below("sys/fs/cgroup/cpu,cpuacct/a", cpu1("150000"))),
			"sys/fs/cgroup/cpu,cpuacct/a/cpuacct.usage", "12000000000", CPU{Share: 0.8, Used: 1.2, Cores: 1.5, Bound: Cgroup}},
		{"a count that went back", join(self("3:cpu,cpuacct:/a", v1cpu), join(below("sys/fs/cgroup/cpu,cpuacct/a", cpu1("150000")),
			map[string]string{"sys/fs/cgroup/cpu,cpuacct/a/cpuacct.usage": "99"})),
			"sys/fs/cgroup/cpu,cpuacct/a/cpuacct.usage", "0", CPU{Share: 0.5, Used: 2, Cores: 4, Bound: Machine}},
	} {
		synctest.Test(t, func(t *testing.T) {
			var files fs.FS
			made := tree(c.files)
			if c.files != nil {
				files = made
			}
			p := newProbe(fake{}, files)
			u, err := p.Read(t.Context())
			if err != nil || u.CPU.Share != 0 || u.OwnCores != 0 {
				t.Errorf("%s: first reading %+v, %v", c.name, u, err)
			}
			time.Sleep(10 * time.Second)
			if c.usage != "" {
				made[c.usage].Data = []byte(c.after)
			}
			for range 2 { // the second comes too soon to say anything new
				u, err = p.Read(t.Context())
				if err != nil || !near(u.CPU, c.want) || math.Abs(u.OwnCores-1) > 1e-9 {
					t.Errorf("%s: %+v, %v own, %v; want %+v", c.name, u.CPU, u.OwnCores, err, c.want)
				}
				time.Sleep(shortest / 2)
			}
		})
	}
}

func near(a, b CPU) bool {
	return math.Abs(a.Share-b.Share) < 1e-9 && math.Abs(a.Used-b.Used) < 1e-9 && a.Cores == b.Cores && a.Bound == b.Bound
}

// What cannot be read is said once, and the rest is reported all the same.
func TestProbeErrors(t *testing.T) {
	t.Parallel()
	good := join(self("0::/a", v2), below("sys/fs/cgroup/a", limits2("1073741824", "max", "805306368", "0", "150000 100000")))
	with := func(name, text string) map[string]string { return join(good, map[string]string{name: text}) }
	machine := Usage{Memory: newMemory(2*gb, 8*gb, Machine), CPU: newCPU(0, 4, Machine), Cores: 4, FreeBytes: 6 * gb}
	both := Usage{Memory: newMemory(3*gb/4, gb, Cgroup), CPU: newCPU(0, 4, Machine), Cores: 1.5, FreeBytes: gb / 4}
	broken := errors.New("broken")
	for _, c := range []struct {
		name    string
		machine fake
		files   map[string]string
		want    Usage
		text    string
	}{
		{"CPU", fake{cpuErr: broken}, nil, Usage{Memory: machine.Memory, FreeBytes: 6 * gb}, "CPU of the machine: broken"},
		{"memory", fake{memoryErr: broken}, nil, Usage{CPU: machine.CPU, Cores: 4}, "memory of the machine: broken"},
		{"our own", fake{ownErr: broken}, nil, machine, "CPU of our own processes: broken"},
		{"a limit that is no number", fake{}, with("sys/fs/cgroup/a/memory.max", "much"),
			Usage{Memory: machine.Memory, CPU: both.CPU, Cores: 1.5, FreeBytes: 6 * gb}, "sys/fs/cgroup/a/memory.max"},
		{"a statistic that is no number", fake{}, with("sys/fs/cgroup/a/memory.stat", "inactive_file much"),
			Usage{Memory: machine.Memory, CPU: both.CPU, Cores: 1.5, FreeBytes: 6 * gb}, "much"},
		{"a quota that is no number", fake{}, with("sys/fs/cgroup/a/cpu.max", "much 100000"),
			Usage{Memory: both.Memory, CPU: both.CPU, Cores: 4, FreeBytes: gb / 4}, "sys/fs/cgroup/a: quota"},
		{"a period of nothing", fake{}, with("sys/fs/cgroup/a/cpu.max", "1000 0"),
			Usage{Memory: both.Memory, CPU: both.CPU, Cores: 4, FreeBytes: gb / 4}, `period "0"`},
		{"a parent is read where the child cannot be", fake{}, join(with("sys/fs/cgroup/a/memory.max", "much"), map[string]string{
			"sys/fs/cgroup/memory.max": "1073741824", "sys/fs/cgroup/memory.current": "805306368"}), both, "much"},
		{"no mounts to be seen", fake{}, map[string]string{"proc/self/cgroup": "0::/a"}, machine, "proc/self/mountinfo"},
	} {
		synctest.Test(t, func(t *testing.T) {
			var files fs.FS
			if c.files != nil {
				files = tree(c.files)
			}
			p := newProbe(c.machine, files)
			u, err := p.Read(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("%s: %v, want %q", c.name, err, c.text)
			}
			again, err := p.Read(t.Context())
			if err != nil {
				t.Errorf("%s: said again: %v", c.name, err)
			}
			if u != c.want || again != c.want {
				t.Errorf("%s: %+v, then %+v; want %+v", c.name, u, again, c.want)
			}
		})
	}
}

// What was said is not said again when something else goes wrong.
func TestProbeSaysEachOnce(t *testing.T) {
	t.Parallel()
	p := newProbe(fake{cpuErr: errors.New("one")}, nil)
	if _, err := p.Read(t.Context()); err == nil || err.Error() != "CPU of the machine: one" {
		t.Error(err)
	}
	p.machine = fake{cpuErr: errors.New("one"), ownErr: errors.New("two")}
	if _, err := p.Read(t.Context()); err == nil || err.Error() != "CPU of our own processes: two" {
		t.Error(err)
	}
}

func TestProbeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := newProbe(fake{}, nil).Read(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The real machine, whatever it is.
func TestProbeOfThisMachine(t *testing.T) {
	t.Parallel()
	p := NewProbe()
	if _, err := p.Read(t.Context()); err != nil {
		t.Log(err) // a container may hide something
	}
	var u Usage
	for guard := time.Now().Add(time.Minute); u.OwnCores < 0.1 && time.Now().Before(guard); { // others may have the cores
		for end := time.Now().Add(300 * time.Millisecond); time.Now().Before(end); {
		}
		var err error
		if u, err = p.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if u.Memory.TotalBytes < 64<<20 || u.Memory.Share <= 0 || u.Memory.Share > 1 || u.FreeBytes == 0 || u.FreeBytes > u.Memory.TotalBytes && u.Memory.Bound == Machine {
		t.Errorf("memory %+v, %d free", u.Memory, u.FreeBytes)
	}
	if u.Cores <= 0 || u.CPU.Share <= 0 || u.CPU.Share > 1 || u.OwnCores < 0.1 {
		t.Errorf("CPU %+v of %v cores, %v our own, after a busy loop", u.CPU, u.Cores, u.OwnCores)
	}
}

// What a reading costs: the numbers in the comments are from here.
func BenchmarkProbe(b *testing.B) {
	p := NewProbe()
	for b.Loop() {
		if _, err := p.Read(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
