package main

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
)

// The disk fills up in the middle of a run, again and again, with a little more
// room at each start: what was settled is true and recorded, nothing is left half
// done, one line says what is wrong and one what to do, and the same command goes
// on from there, until there is room enough and all is right.
func TestFaultsDiskFillsUp(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		program    string
		orders     int
		room, more int64 // for the first start; for each further one
		full       int   // starts that must have met a full disk
	}{
		"plain sessions": {"poactor-plain", 24, 500 << 10, 1200 << 10, 5},
		"browsers":       {"poactor", 24, 500 << 10, 5 << 20, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if !canMount() {
				t.Skip("it takes the right to mount a tmpfs")
			}
			if row.program == "poactor" && !haveBrowser() {
				t.Skip("no browser")
			}
			s := newSmallDisk(t, row.program, row.orders)
			full, inTheMiddle := 0, false
			for room := row.room; ; room += row.more {
				if room > smallDisk {
					t.Fatal("the disk was never large enough")
				}
				s.leave(room)
				code, said := s.start()
				s.kills++ // which tells the starts apart in what it says
				if code == exitDone {
					break
				}
				full++
				inTheMiddle = s.saysFull(code, said) || inTheMiddle
				s.checkAfterKill()
				if t.Failed() {
					return
				}
			}
			if full < row.full || !inTheMiddle {
				t.Errorf("the disk was full at %d starts, in the middle: %v", full, inTheMiddle)
			}
			t.Logf("the disk was full at %d starts", full)
			s.leave(smallDisk)
			if code, said := s.start(); code != exitDone { // what could not be exported is now
				t.Fatalf("code %d\n%s", code, said)
			}
			s.nothingHalf()
			s.checkAtEnd()
		})
	}
}

// smallDisk is the size of the disk in bytes.
const smallDisk = 24 << 20

// onSmallDisk is poactor with its output directory on a small disk.
type onSmallDisk struct {
	killTest
	disk string
}

func newSmallDisk(t *testing.T, program string, orders int) *onSmallDisk {
	t.Helper()
	s := &onSmallDisk{killTest: killTest{t: t}, disk: t.TempDir()}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var err error
	s.program, err = exec.LookPath(program)
	must(err)
	s.site, err = testportal.Start(testportal.Options{Mix: testportal.Plain, Orders: orders,
		PageLatency: -1, ListLatency: -1, FileLatency: -1, TrackerLatency: -1})
	must(err)
	t.Cleanup(func() { _ = s.site.Close() })
	s.temp, err = os.MkdirTemp("/tmp", "pd") // short: browsers put sockets there
	must(err)
	t.Cleanup(func() { _ = os.RemoveAll(s.temp) })
	must(mount(s.disk, strconv.Itoa(smallDisk)))
	t.Cleanup(func() {
		if err := unmount(s.disk); err != nil {
			t.Error("unmount: ", err)
		}
	})
	var batch bytes.Buffer
	must(s.site.Batch(&batch))
	dir := t.TempDir()
	s.batch, s.out = filepath.Join(dir, "orders.csv"), filepath.Join(s.disk, "orders")
	must(os.WriteFile(s.batch, batch.Bytes(), 0o600))
	return s
}

// leave fills the disk so that this much of it is left for poactor.
func (s *onSmallDisk) leave(room int64) {
	s.t.Helper()
	f, err := os.OpenFile(filepath.Join(s.disk, "others"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		s.t.Fatal(err)
	}
	defer f.Close()
	size := smallDisk - room
	if err := f.Truncate(size); err != nil {
		s.t.Fatal(err)
	}
	if size > 0 {
		if err := syscall.Fallocate(int(f.Fd()), 0, 0, size); err != nil {
			s.t.Fatal(err)
		}
	}
}

// start runs poactor once; it returns its code and what it said of errors.
func (s *onSmallDisk) start() (code int, said string) {
	s.t.Helper()
	cmd := s.command()
	cmd.Args = append(cmd.Args, "--out", s.out)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		s.t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), stderr.String()
}

// saysFull checks how a start has ended on a full disk, and reports whether it
// had settled anything by then.
func (s *onSmallDisk) saysFull(code int, said string) (inTheMiddle bool) {
	t := s.t
	t.Helper()
	if code != exitEnvironment {
		t.Errorf("start %d: code %d, want %d", s.kills, code, exitEnvironment)
	}
	lines := strings.Split(strings.TrimSpace(said), "\n")
	if len(lines) != 2 || !strings.HasPrefix(lines[0], "poactor: error: ") || strings.Contains(lines[0], string(po.DiskFull)) ||
		!strings.Contains(lines[0], "full") && !strings.Contains(lines[0], "no space left") || !strings.HasPrefix(lines[1], "poactor: hint: make room") {
		t.Errorf("start %d said\n%s", s.kills, said)
	}
	s.nothingHalf()
	ledger, err := lookLedger(s.out)
	if err != nil {
		t.Errorf("start %d: %v", s.kills, err)
	}
	if ledger == nil {
		return false
	}
	defer ledger.Close()
	counts, _, err := ledger.Counts(t.Context())
	if err != nil {
		t.Errorf("start %d: %v", s.kills, err)
	}
	t.Logf("start %d: %v; %s", s.kills, counts, lines[0])
	return len(counts) > 0
}

// nothingHalf looks for files that were begun and not finished.
func (s *onSmallDisk) nothingHalf() {
	s.t.Helper()
	s.waitUntilGone()
	err := filepath.WalkDir(s.out, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(s.out, path)
		inState := strings.HasPrefix(rel, outdir.StateDir+string(filepath.Separator))
		if strings.HasSuffix(rel, ".part") || strings.HasSuffix(rel, ".tmp") || !inState && strings.HasPrefix(d.Name(), ".") {
			s.t.Errorf("start %d: half a file is left: %s", s.kills, rel)
		}
		return nil
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		s.t.Error(err)
	}
}
