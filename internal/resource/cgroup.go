package resource

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// groups are the cgroups that bound us: ours and its parents, as far up as they
// can be seen. Each controller may live in a hierarchy of its own, in version 1
// or in version 2 of the interface (cgroups(7)).
type groups struct {
	memory  chain
	cpu     chain
	cpuacct chain // counts processor time, in version 1
}

// chain lists the directories of a controller: our cgroup's first, then those
// of its parents.
type chain struct {
	version int // 1 or 2; 0 if there is no such controller
	dirs    []string
}

// top is the highest directory of the chain that can be seen; empty without
// any.
func (c chain) top() string {
	if len(c.dirs) == 0 {
		return ""
	}
	return c.dirs[len(c.dirs)-1]
}

// findGroups looks where this process is. A system without cgroups has none.
func findGroups(files fs.FS) (groups, error) {
	own, err := ownGroups(files)
	if errors.Is(err, fs.ErrNotExist) {
		return groups{}, nil
	} else if err != nil {
		return groups{}, err
	}
	mounts, err := groupMounts(files)
	if err != nil {
		return groups{}, err
	}
	find := func(controller string) chain { return findChain(controller, own, mounts) }
	return groups{memory: find("memory"), cpu: find("cpu"), cpuacct: find("cpuacct")}, nil
}

// unified is how the controllers of version 2 are listed among those of
// version 1: without a name.
const unified = ""

// ownGroups reads our cgroup for each controller: lines like
// "4:memory:/user.slice" and, for version 2, "0::/user.slice".
func ownGroups(files fs.FS) (map[string]string, error) {
	data, err := fs.ReadFile(files, "proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	own := map[string]string{}
	for line := range strings.Lines(string(data)) {
		f := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(f) != 3 {
			continue
		}
		for name := range strings.SplitSeq(f[1], ",") {
			own[name] = f[2]
		}
	}
	return own, nil
}

// mount is a mounted hierarchy of cgroups.
type mount struct {
	controllers []string // unified alone for version 2
	root        string   // the cgroup that is to be seen at point
	point       string   // where, without the leading slash
}

// groupMounts reads the hierarchies from lines like
// "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory".
func groupMounts(files fs.FS) ([]mount, error) {
	data, err := fs.ReadFile(files, "proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	var all []mount
	for line := range strings.Lines(string(data)) {
		before, after, _ := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if len(f) < 5 || len(g) < 3 {
			continue
		}
		m := mount{root: unescape.Replace(f[3]), point: strings.TrimPrefix(unescape.Replace(f[4]), "/")}
		switch g[0] {
		case "cgroup":
			m.controllers = strings.Split(g[2], ",")
		case "cgroup2":
			m.controllers = []string{unified}
		default:
			continue
		}
		all = append(all, m)
	}
	return all, nil
}

// unescape resolves the octal escapes of mountinfo, see proc(5).
var unescape = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// findChain finds a controller in version 1 where it is mounted so, else in
// version 2: both may be there side by side (systemd calls that hybrid), and a
// controller is in one of them only.
func findChain(controller string, own map[string]string, mounts []mount) chain {
	if dirs := findDirs(controller, own, mounts); dirs != nil {
		return chain{version: 1, dirs: dirs}
	}
	if dirs := findDirs(unified, own, mounts); dirs != nil {
		return chain{version: 2, dirs: dirs}
	}
	return chain{}
}

// findDirs prefers a mount that shows our cgroup: there may be others of the
// same hierarchy that show another part of it. Where none does, the top of what
// is to be seen is the best guess.
func findDirs(name string, own map[string]string, mounts []mount) []string {
	place, ok := own[name]
	if !ok {
		return nil
	}
	var top []string
	for _, m := range mounts {
		if !slices.Contains(m.controllers, name) {
			continue
		}
		if dirs, ok := m.upFrom(place); ok {
			return dirs
		}
		if top == nil {
			top = []string{m.point}
		}
	}
	return top
}

// upFrom lists the directories from our cgroup up to the mount's root. In a
// container the mount's root may be our cgroup itself, and both have the same
// long name; with a namespace both are "/". A name that leads out of the
// namespace ("/../other") is not to be seen.
func (m mount) upFrom(own string) ([]string, bool) {
	base := strings.TrimSuffix(path.Clean("/"+m.root), "/")
	below, ok := strings.CutPrefix(path.Clean("/"+own), base)
	if !ok || strings.HasPrefix(own, "/..") || below != "" && below[0] != '/' {
		return nil, false
	}
	var dirs []string
	for d := strings.Trim(below, "/"); d != "" && d != "."; d = path.Dir(d) {
		dirs = append(dirs, path.Join(m.point, d))
	}
	return append(dirs, m.point), true
}
