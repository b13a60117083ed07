package resource

import "errors"

// FreeTasks is how many processes and threads our cgroup, or one above it, lets us still
// start, and how many it lets have in all: that of the one with the least room. Both are 0
// where none has a limit.
func FreeTasks() (free, limit int, err error) {
	files := root()
	if files == nil {
		return 0, 0, nil
	}
	g, err := findCgroups(files)
	if err != nil {
		return 0, 0, err
	}
	for _, dir := range g.pids.dirs {
		r := reader{files: files, dir: dir}
		most, now := int(r.number("pids.max")), int(r.number("pids.current"))
		if r.err != nil {
			err = errors.Join(err, r.err)
			continue
		}
		if room := max(0, most-now); most > 0 && (limit == 0 || room < free) {
			free, limit = room, most
		}
	}
	return free, limit, err
}
