package resource

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// unlimited is where version 1 begins to mean "no limit": it writes the largest
// number of pages that a counter holds, 9223372036854771712 bytes with pages of
// 4 KiB, a little less with larger ones.
const unlimited = 1 << 62

// memories reads the limit of each cgroup of the chain that has one. What is in
// use is the working set, as Kubernetes and Docker show it: the inactive file
// cache is given up without harm.
func (c chain) memories(files fs.FS) ([]Memory, error) {
	read := map[int]func(group) (used, limit uint64, err error){1: group.memory1, 2: group.memory2}[c.version]
	var all []Memory
	var errs []error
	for _, dir := range c.dirs {
		used, limit, err := read(group{files, dir})
		if err != nil {
			errs = append(errs, err)
		} else if limit > 0 {
			all = append(all, newMemory(used, limit, Cgroup))
		}
	}
	return all, errors.Join(errs...)
}

// quota is a cgroup that may use so much processor time and no more.
type quota struct {
	dir     string
	cores   float64
	seconds float64 // used so far
}

// quotas reads the quota of each cgroup that has one.
func (g groups) quotas(files fs.FS) ([]quota, error) {
	var all []quota
	var errs []error
	for _, dir := range g.cpu.dirs {
		q, err := g.quota(files, dir)
		if err != nil {
			errs = append(errs, err)
		} else if q.cores > 0 {
			all = append(all, q)
		}
	}
	return all, errors.Join(errs...)
}

func (g groups) quota(files fs.FS, dir string) (q quota, err error) {
	q.dir = dir
	if g.cpu.version == 2 {
		q.cores, q.seconds, err = group{files, dir}.cpu2()
		return q, err
	}
	if q.cores, err = (group{files, dir}).cpu1(); err != nil || q.cores == 0 {
		return q, err
	}
	// What counts may be mounted elsewhere, with the same tree below.
	counter := path.Join(g.cpuacct.top(), strings.TrimPrefix(dir, g.cpu.top()))
	ns, err := group{files, counter}.number("cpuacct.usage")
	q.seconds = float64(ns) / 1e9
	return q, err
}

// group is the directory of one cgroup.
type group struct {
	files fs.FS
	dir   string
}

// memory1 reads memory.limit_in_bytes of version 1.
func (g group) memory1() (used, limit uint64, err error) {
	if limit, err = g.number("memory.limit_in_bytes"); err != nil || limit >= unlimited {
		return 0, 0, err
	}
	used, err = g.workingSet("memory.usage_in_bytes", "total_inactive_file")
	return used, limit, err
}

// memory2 reads memory.max and memory.high of version 2: past the first the
// kernel kills, past the second it slows everything down.
func (g group) memory2() (used, limit uint64, err error) {
	hard, err := g.number("memory.max")
	if err != nil {
		return 0, 0, err
	}
	soft, err := g.number("memory.high")
	if err != nil {
		return 0, 0, err
	}
	if limit = least(hard, soft); limit == 0 {
		return 0, 0, nil
	}
	used, err = g.workingSet("memory.current", "inactive_file")
	return used, limit, err
}

// least is the smaller of two limits, of which 0 is none.
func least(a, b uint64) uint64 {
	if a == 0 || b == 0 {
		return max(a, b)
	}
	return min(a, b)
}

// workingSet is what is in use, less the inactive file cache.
func (g group) workingSet(usage, inactive string) (uint64, error) {
	used, err := g.number(usage)
	if err != nil {
		return 0, err
	}
	cache, err := g.entry("memory.stat", inactive)
	return used - min(cache, used), err
}

// cpu1 reads cpu.cfs_quota_us of version 1, in cores; -1 means that there is
// none.
func (g group) cpu1() (cores float64, err error) {
	limit, err := g.text("cpu.cfs_quota_us")
	if err != nil || limit == "" || strings.HasPrefix(limit, "-") {
		return 0, err
	}
	period, err := g.text("cpu.cfs_period_us")
	if err != nil {
		return 0, err
	}
	return g.ratio(limit, period)
}

// cpu2 reads cpu.max of version 2, "max 100000" or "150000 100000", and the
// time used, in microseconds.
func (g group) cpu2() (cores, seconds float64, err error) {
	text, err := g.text("cpu.max")
	if err != nil || text == "" || strings.HasPrefix(text, "max") {
		return 0, 0, err
	}
	limit, period, _ := strings.Cut(text, " ")
	if cores, err = g.ratio(limit, period); err != nil {
		return 0, 0, err
	}
	us, err := g.entry("cpu.stat", "usage_usec")
	return cores, float64(us) / 1e6, err
}

// ratio divides a quota by its period, both in microseconds.
func (g group) ratio(quota, period string) (float64, error) {
	q, err := strconv.ParseFloat(quota, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: quota: %w", g.dir, err)
	}
	p, err := strconv.ParseFloat(period, 64)
	if err != nil || p <= 0 {
		return 0, fmt.Errorf("%s: period %q", g.dir, period)
	}
	return q / p, nil
}

// text reads a file of the cgroup. The topmost cgroup has no limits and so not
// their files, and our own may be out of sight: that is an empty text.
func (g group) text(name string) (string, error) {
	data, err := fs.ReadFile(g.files, path.Join(g.dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return strings.TrimSpace(string(data)), err
}

// number reads a file with one number; 0 if there is none or it says "max".
func (g group) number(name string) (uint64, error) {
	text, err := g.text(name)
	if err != nil || text == "" || text == "max" {
		return 0, err
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path.Join(g.dir, name), err)
	}
	return n, nil
}

// entry reads one line "key number" of a file; 0 if there is none.
func (g group) entry(name, key string) (uint64, error) {
	text, err := g.text(name)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 2 && f[0] == key {
			return strconv.ParseUint(f[1], 10, 64)
		}
	}
	return 0, nil
}
