package resource

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"strings"
)

// cgroups are the cgroups that bound us: ours and its parents, as far up as they
// can be seen. Each controller may live in a hierarchy of its own, in version 1
// or in version 2 of the interface (cgroups(7)).
type cgroups struct {
	memory  hierarchy
	cpu     hierarchy
	cpuacct hierarchy // counts processor time, in version 1
	pids    hierarchy // bounds processes and threads
}

// hierarchy lists the directories of a controller: our cgroup's first, then those
// of its parents.
type hierarchy struct {
	version int // 1 or 2; 0 if there is no such controller
	dirs    []string
}

// top is the highest directory that can be seen; empty without any.
func (h hierarchy) top() string {
	if len(h.dirs) == 0 {
		return ""
	}
	return h.dirs[len(h.dirs)-1]
}

// findCgroups looks where this process is. A system without cgroups has none.
func findCgroups(files fs.FS) (cgroups, error) {
	own, err := fs.ReadFile(files, "proc/self/cgroup")
	if errors.Is(err, fs.ErrNotExist) {
		return cgroups{}, nil
	} else if err != nil {
		return cgroups{}, err
	}
	mounts, err := fs.ReadFile(files, "proc/self/mountinfo")
	if err != nil {
		return cgroups{}, err
	}
	// A controller is in version 1 where it is mounted so, else in version 2:
	// both may be there side by side (systemd calls that hybrid).
	find := func(controller string) hierarchy {
		if dirs := findDirs(controller, string(own), string(mounts)); dirs != nil {
			return hierarchy{1, dirs}
		}
		if dirs := findDirs("", string(own), string(mounts)); dirs != nil {
			return hierarchy{2, dirs}
		}
		return hierarchy{}
	}
	return cgroups{memory: find("memory"), cpu: find("cpu"), cpuacct: find("cpuacct"), pids: find("pids")}, nil
}

// unescape resolves the octal escapes of mountinfo, see proc(5).
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// findDirs finds our cgroup in lines like "4:memory:/user.slice" and, for version
// 2, whose controller has no name here, "0::/user.slice", and where it is to be
// seen in lines like
// "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory".
// It prefers a mount that shows our cgroup: there may be others of the same
// hierarchy that show another part. Where none does, the top of what is to be
// seen is the best guess.
func findDirs(controller, own, mounts string) (dirs []string) {
	name, found := "", false
	for line := range strings.Lines(own) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) == 3 && slices.Contains(strings.Split(f[1], ","), controller) {
			name, found = f[2], true
		}
	}
	for line := range strings.Lines(mounts) {
		before, after, _ := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if !found || len(f) < 5 || len(g) < 3 {
			continue
		}
		if version2 := controller == ""; version2 && g[0] != "cgroup2" ||
			!version2 && (g[0] != "cgroup" || !slices.Contains(strings.Split(g[2], ","), controller)) {
			continue
		}
		point := strings.TrimPrefix(unescape.Replace(f[4]), "/")
		if up, ok := upFrom(name, unescape.Replace(f[3]), point); ok {
			return up
		} else if dirs == nil {
			dirs = []string{point}
		}
	}
	return dirs
}

// upFrom lists the directories from our cgroup up to the mount's root, which is to
// be seen at a point. In a container the root may be our cgroup itself, and both
// have the same long name; with a namespace both are "/". A name that leads out
// of the namespace ("/../other") is not to be seen.
func upFrom(own, root, point string) ([]string, bool) {
	below, ok := strings.CutPrefix(path.Clean("/"+own), strings.TrimSuffix(path.Clean("/"+root), "/"))
	if !ok || strings.HasPrefix(own, "/..") || below != "" && below[0] != '/' {
		return nil, false
	}
	var dirs []string
	for d := strings.Trim(below, "/"); d != "" && d != "."; d = path.Dir(d) {
		dirs = append(dirs, path.Join(point, d))
	}
	return append(dirs, point), true
}

// memoryFiles are the limits, what is in use, and of that the inactive file cache,
// a line of memory.stat. Past memory.max the kernel kills, past memory.high it
// slows everything down.
var memoryFiles = map[int]struct {
	limits      []string
	used, cache string
}{
	1: {[]string{"memory.limit_in_bytes"}, "memory.usage_in_bytes", "total_inactive_file"},
	2: {[]string{"memory.max", "memory.high"}, "memory.current", "inactive_file"},
}

// unlimited is where version 1 begins to mean "no limit": it writes the largest
// number of whole pages.
const unlimited = 1 << 62

// memoryLimits reads each cgroup that has a limit. What is in use is the working
// set, as Kubernetes and Docker show it: the inactive file cache is given up
// without harm.
func (h hierarchy) memoryLimits(files fs.FS) (all []Memory, err error) {
	names := memoryFiles[h.version]
	for _, dir := range h.dirs {
		r := reader{files: files, dir: dir}
		limit := uint64(unlimited)
		for _, name := range names.limits {
			if n := r.number(name); n > 0 {
				limit = min(limit, n)
			}
		}
		if limit == unlimited {
			err = errors.Join(err, r.err)
			continue
		}
		used, cache := r.number(names.used), r.entry("memory.stat", names.cache)
		if err = errors.Join(err, r.err); r.err == nil {
			all = append(all, newMemory(used-min(cache, used), limit, Cgroup))
		}
	}
	return all, err
}

// quota is a cgroup that may use so much processor time and no more.
type quota struct {
	dir     string
	cores   float64
	seconds float64 // used so far
}

// quotas reads each cgroup that has one.
func (g cgroups) quotas(files fs.FS) (all []quota, err error) {
	for _, dir := range g.cpu.dirs {
		r := reader{files: files, dir: dir}
		q := quota{dir: dir}
		if g.cpu.version == 2 {
			q.cores = r.cores(r.text("cpu.max"))
			q.seconds = float64(r.entry("cpu.stat", "usage_usec")) / 1e6
		} else if q.cores = r.cores(r.text("cpu.cfs_quota_us") + " " + r.text("cpu.cfs_period_us")); q.cores > 0 {
			// What counts may be mounted elsewhere, with the same tree below.
			r.dir = path.Join(g.cpuacct.top(), strings.TrimPrefix(dir, g.cpu.top()))
			q.seconds = float64(r.number("cpuacct.usage")) / 1e9
		}
		if err = errors.Join(err, r.err); r.err == nil && q.cores > 0 {
			all = append(all, q)
		}
	}
	return all, err
}

// reader reads the files of one cgroup. The first error stays, and what is read
// then is 0.
type reader struct {
	files fs.FS
	dir   string
	err   error
}

// fail keeps the first error.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// text is empty where there is no such file: the topmost cgroup has no limits, and
// our own may be out of sight.
func (r *reader) text(name string) string {
	data, err := fs.ReadFile(r.files, path.Join(r.dir, name))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.fail(err)
	}
	return strings.TrimSpace(string(data))
}

// number is 0 if there is none or it says "max".
func (r *reader) number(name string) uint64 {
	text := r.text(name)
	if text == "" || text == "max" {
		return 0
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		r.fail(fmt.Errorf("%s: %w", path.Join(r.dir, name), err))
	}
	return n
}

// entry is what a line "key number" says; 0 if there is none.
func (r *reader) entry(name, key string) uint64 {
	for line := range strings.Lines(r.text(name)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] == key {
			n, err := strconv.ParseUint(f[1], 10, 64)
			if err != nil {
				r.fail(fmt.Errorf("%s: %w", path.Join(r.dir, name), err))
			}
			return n
		}
	}
	return 0
}

// cores divides a quota by its period, "150000 100000"; 0 without a quota, which
// is "max" in version 2 and "-1" in version 1.
func (r *reader) cores(text string) float64 {
	limit, period, _ := strings.Cut(text, " ")
	if limit == "" || limit == "max" || limit[0] == '-' {
		return 0
	}
	q, err := strconv.ParseFloat(limit, 64)
	if err != nil {
		r.fail(fmt.Errorf("%s: quota: %w", r.dir, err))
		return 0
	}
	p, err := strconv.ParseFloat(period, 64)
	if err != nil || p <= 0 {
		r.fail(fmt.Errorf("%s: period %q", r.dir, period))
		return 0
	}
	return q / p
}
