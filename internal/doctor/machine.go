package doctor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/shirou/gopsutil/v4/disk"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/resource"
	"github.com/poactor/poactor/profilestore"
)

// quick bounds a look at the machine.
const quick = 10 * time.Second

// machine looks at all that needs neither portal nor browser.
func (d *doctor) machine(ctx context.Context) {
	d.add(Finding{Check: CheckProgram, State: OK,
		Text:  fmt.Sprintf("%s on %s/%s, %s", d.Program, runtime.GOOS, runtime.GOARCH, runtime.Version()),
		Facts: map[string]any{"version": d.Program, "os": runtime.GOOS, "arch": runtime.GOARCH, "go": runtime.Version()}})
	d.check(ctx, CheckOut, d.out)
	d.check(ctx, CheckTemp, d.temp)
	d.check(ctx, CheckShared, d.shared)
	f, usage := timed(ctx, quick, d.memory)
	f.Check, d.usage = CheckMemory, usage
	d.add(f)
	d.check(ctx, CheckOpenFiles, openFiles)
	f, d.freeTasks = timed(ctx, quick, processes)
	f.Check = CheckProcesses
	d.add(f)
	d.check(ctx, CheckDisplay, d.display)
}

const (
	hintOut  = "make room, or give another output directory with --out"
	hintTemp = "set TMPDIR (on Windows TMP) to a directory that is there, has room and can be written to"
)

// out looks at the disk of the output directory, which it does not make.
func (d *doctor) out(ctx context.Context) Finding {
	dir, err := existing(d.Out)
	if err != nil {
		return failed(outdir.WriteError(err))
	}
	out, _ := filepath.Abs(d.Out) // existing has done it before
	f := diskOf(dir, "output directory "+out, outMin, outLow, hintOut)
	if f.State == Fail {
		return f
	}
	if err := writable(dir); err != nil {
		e := failed(outdir.WriteError(err))
		e.Facts = f.Facts
		return e
	}
	if owner, err := poactor.LedgerHolder(d.Out); err == nil && owner != nil {
		f.State, f.Hint = Warn, "wait until it has ended, or give another --out"
		f.Text += fmt.Sprintf("; a run holds it: process %d on %s", owner.Process, owner.Host)
	}
	if system, remote := fileSystem(ctx, dir); system != "" {
		f.Facts["file_system"] = system
		f.Text += ", " + system
		if remote {
			f.State = Warn
			f.Text += ", which is on another machine: the record of a run (SQLite) may be damaged there"
			f.Hint = "give an --out on a disk of this machine, and copy the result"
		}
	}
	return f
}

// Room on a disk below which nothing works, and below which it may end too soon. What
// stays free in the output directory (--min-free) is 1 GiB at most.
const (
	outMin, outLow   = 64 << 20, 2 << 30
	tempMin, tempLow = 64 << 20, 1 << 30
	sharedLow        = 128 << 20
)

// diskOf says how much room there is.
func diskOf(dir, what string, least, low uint64, hint string) Finding {
	space, err := outdir.DiskSpace(dir)
	if err != nil {
		return failed(fmt.Errorf("%s: %w", what, err))
	}
	f := Finding{State: OK, Text: fmt.Sprintf("%s: %s free of %s", what, humanize.IBytes(space.Free), humanize.IBytes(space.Total)),
		Facts: map[string]any{"path": dir, "free_bytes": space.Free, "total_bytes": space.Total}}
	switch {
	case space.Free < least:
		f.State, f.Hint = Fail, hint
		f.Text += ": not even " + humanize.IBytes(least)
	case space.Free < low:
		f.State, f.Hint = Warn, hint
		f.Text += ": less than " + humanize.IBytes(low)
	}
	return f
}

// existing is a directory, or the nearest above it that exists.
func existing(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	for err == nil {
		info, statErr := os.Stat(dir)
		switch {
		case statErr == nil && !info.IsDir():
			return "", fmt.Errorf("%s is a file", dir)
		case statErr == nil:
			return dir, nil
		case !errors.Is(statErr, fs.ErrNotExist), filepath.Dir(dir) == dir:
			return "", statErr
		}
		dir = filepath.Dir(dir)
	}
	return "", err
}

// writable makes a directory with a file in it, and removes both.
func writable(dir string) (err error) {
	probe, err := os.MkdirTemp(dir, ".poactor-probe-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(probe)) }()
	return os.WriteFile(filepath.Join(probe, "probe"), make([]byte, 4096), 0o600)
}

// temp looks where browsers have their profiles.
func (d *doctor) temp(context.Context) Finding {
	dir := filepath.Dir(profilestore.WorkDir(""))
	f := diskOf(dir, "directory for temporary files "+dir, tempMin, tempLow, hintTemp)
	if f.State == Fail {
		f.Hint = hintTemp
		return f
	}
	if err := writable(dir); err != nil {
		e := failed(fmt.Errorf("directory for temporary files %s: %w", dir, err))
		e.Hint, e.Facts = withoutResume(poactor.HintOf(err, hintTemp)), f.Facts
		return e
	}
	return f
}

// shared looks at the memory that a browser's processes share.
func (d *doctor) shared(context.Context) Finding {
	const dir = "/dev/shm"
	if runtime.GOOS != "linux" {
		return Finding{State: Skipped, Text: "only Linux has /dev/shm"}
	}
	const hint = "give the container more: docker run --shm-size=1g, or --ipc=host; in Kubernetes an emptyDir with " +
		"medium: Memory at /dev/shm"
	f := diskOf(dir, dir, 0, sharedLow, hint)
	if f.State == Fail {
		f.Hint = "mount a tmpfs there that everybody may write to (mode 1777): browsers share memory by it"
		return f
	}
	if err := writable(dir); err != nil {
		e := failed(fmt.Errorf("%s: %w", dir, err))
		e.Facts, e.Hint = f.Facts, withoutResume(poactor.HintOf(err, hint))
		return e
	}
	return f
}

// memoryMin is what one browser and poactor want.
const memoryMin, memoryLow = 512 << 20, 1 << 30

// memory looks at that of the machine, or its container.
func (d *doctor) memory(ctx context.Context) (Finding, resource.Usage) {
	usage, err := d.probe.Read(ctx)
	total := usage.Memory.TotalBytes
	if total == 0 {
		return Finding{State: Warn, Text: fmt.Sprintf("how much memory there is could not be read: %v", err)}, usage
	}
	whose := "the machine"
	if usage.Memory.Bound != "machine" {
		whose = "the container (cgroup)"
	}
	f := Finding{State: OK, Text: fmt.Sprintf("%s of %s of %s are free; %.4g cores", humanize.IBytes(usage.FreeBytes),
		humanize.IBytes(total), whose, usage.Cores),
		Facts: map[string]any{"free_bytes": usage.FreeBytes, "total_bytes": total, "bound": string(usage.Memory.Bound), "cores": usage.Cores}}
	const hint = "end other programs, or give the machine or the container more memory; a browser wants some 250 MB"
	switch {
	case usage.FreeBytes < memoryMin:
		f.State, f.Hint = Fail, hint
	case usage.FreeBytes < memoryLow:
		f.State, f.Hint = Warn, hint
	}
	return f, usage
}

// Open files: a process of a browser has some 100, and dies where it gets none; poactor
// has 30, and 10 for each worker.
const filesMin, filesLow = 128, 1024

func openFiles(context.Context) Finding {
	most, ok := openFileLimit()
	if !ok {
		return Finding{State: Skipped, Text: "this system has no limit that is of interest"}
	}
	f := Finding{State: OK, Text: fmt.Sprintf("a process may have %s files open", limit(most)), Facts: map[string]any{"limit": most}}
	const hint = "raise the limit of open files: ulimit -n 4096, or LimitNOFILE= of the systemd unit, or docker run --ulimit nofile=4096"
	switch {
	case most < filesMin:
		f.State, f.Hint = Fail, hint
		f.Text += ": a browser wants more than 100 in each of its processes"
	case most < filesLow:
		f.State, f.Hint = Warn, hint
		f.Text += ": enough for few workers only"
	}
	return f
}

func limit(n uint64) string {
	if n > 1<<40 {
		return "any number of"
	}
	return humanize.Comma(int64(n))
}

// tasksMin is what one browser and poactor have of processes and threads; on 2 cores a
// browser has 35 to 60.
const tasksMin, tasksLow = 100, 400

// processes looks at how many processes and threads may be started: 0 where no limit is known.
func processes(context.Context) (Finding, int) {
	free, of, known := tasks()
	if !known {
		return Finding{State: OK, Text: "no limit is known"}, 0
	}
	f := Finding{State: OK, Text: fmt.Sprintf("%s more processes and threads may be started, of %s",
		humanize.Comma(int64(free)), humanize.Comma(int64(of))), Facts: map[string]any{"free": free, "limit": of}}
	const hint = "raise the limit of processes: ulimit -u, or TasksMax= of the systemd unit, or docker run --pids-limit"
	switch {
	case free < tasksMin:
		f.State, f.Hint = Fail, hint
		f.Text += ": a browser wants some 60"
	case free < tasksLow:
		f.State, f.Hint = Warn, hint
	}
	return f, max(free, 1)
}

// display looks whether a window could be opened.
func (d *doctor) display(context.Context) Finding {
	facts := map[string]any{"display": d.Display, "headful": d.Run.Headful}
	switch {
	case d.Display:
		return Finding{State: OK, Text: "a window can be opened", Facts: facts}
	case d.Run.Headful:
		return Finding{State: Fail, Text: "there is none, and the browsers are to show their windows (--headful)",
			Hint: "leave --headful away, or run it under xvfb-run", Facts: facts}
	}
	f := Finding{State: OK, Text: "none, and a run needs none", Facts: facts}
	if d.Profile == "" {
		f.State = Warn
		f.Text += "; poactor login does, to sign in with a window"
		f.Hint = "sign in on a machine that has one: poactor login --export FILE there, poactor login --import FILE here"
	}
	return f
}

// weigh reads memory, processor time and threads of the browser.
func (d *doctor) weigh(ctx context.Context) (process.Tree, bool) {
	pid := d.trial.Process()
	trees, err := process.Trees(ctx, pid)
	tree, ok := trees[pid]
	return tree, err == nil && ok
}

// isRemote reports whether a file system is on another machine, or behind its host.
func isRemote(system string) bool {
	system = strings.ToLower(system)
	for _, prefix := range []string{"nfs", "cifs", "smb", "9p", "afs", "ceph", "glusterfs", "lustre", "fuse.sshfs",
		"fuse.s3", "fuse.gcsfuse", "fuse.rclone", "fuse.davfs", "webdav", "afpfs", "vboxsf", "virtiofs", "remote"} {
		if strings.HasPrefix(system, prefix) {
			return true
		}
	}
	return false
}

// fileSystem is the kind of a directory's file system, and whether it is on another
// machine; empty where it is not known.
func fileSystem(ctx context.Context, dir string) (kind string, remote bool) {
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	if strings.HasPrefix(dir, `\\`) {
		return "a network share", true
	}
	list, err := disk.PartitionsWithContext(ctx, true)
	if err != nil {
		return "", false
	}
	at := ""
	for _, p := range list { // of those that were mounted in one place the last is on top
		if below(dir, p.Mountpoint) && len(p.Mountpoint) >= len(at) {
			at, kind = p.Mountpoint, p.Fstype
		}
	}
	return kind, isRemote(kind)
}

// below reports whether a path is a directory or in it.
func below(path, dir string) bool {
	rel, err := filepath.Rel(dir, path)
	return err == nil && rel != ".." && !strings.HasPrefix(rel, ".."+string(filepath.Separator))
}
