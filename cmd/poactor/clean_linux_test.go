package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/testportal"
)

// poactor is killed with -9 while its browsers are stopped, so that none of
// their processes notices, and they were started by a script that gives them a
// session of their own: else Linux ends them with poactor, stopped or not. The
// next start removes all of it, whether it is on the same output directory or on
// another.
func TestFaultsStoppedBrowsersAreRemoved(t *testing.T) {
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip(err)
	}
	for _, where := range []string{"the same output", "another output"} {
		t.Run(where, func(t *testing.T) {
			site, err := testportal.Start(testportal.Options{Orders: 4, Mix: testportal.Plain, PageLatency: 300 * time.Millisecond,
				ListLatency: 20 * time.Millisecond, FileLatency: -1, TrackerLatency: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer site.Close()
			s := &killTest{t: t, site: site}
			if s.program, err = exec.LookPath("poactor"); err != nil { // testscript has put it on the path
				t.Fatal(err)
			}
			if s.temp, err = os.MkdirTemp("/tmp", "pk"); err != nil {
				t.Fatal(err)
			}
			defer os.RemoveAll(s.temp)
			dir := t.TempDir()
			s.batch = filepath.Join(dir, "orders.csv")
			script := filepath.Join(dir, "browser")
			if err := os.WriteFile(script, []byte("#!/bin/sh\nsetsid --wait chromium \"$@\"\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := site.WriteBatch(s.batch); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				for _, pid := range s.browsers() {
					syscall.Kill(pid, syscall.SIGKILL)
				}
			})
			s.killStopped(script)
			before := s.browsers()
			if len(before) < 4 {
				t.Fatalf("only %d processes have survived", len(before))
			}
			if where == "another output" {
				s.batch = filepath.Join(dir, "others.csv")
				if err := site.WriteBatch(s.batch); err != nil {
					t.Fatal(err)
				}
			}
			took, output := s.untilCleaned()
			t.Logf("%d processes were gone %v after the next start", len(before), took)
			for _, line := range []string{"cleaned: 2 profiles and 2 browsers left by a killed run\n", "left: nothing\n"} {
				if !strings.Contains(output, line) {
					t.Errorf("no line %q in\n%s", line, output)
				}
			}
			if after := s.browsers(); len(after) > 0 {
				t.Errorf("there are %v, before there were %v", after, before)
			}
			// Its crash handlers are told nothing of the profile: they end when they
			// see that it has.
			if after := s.waitUntilGone(); len(after) > 0 {
				t.Errorf("processes are left: %v", after)
			}
			if left, _ := os.ReadDir(s.temp); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
		})
	}
}

// killStopped starts poactor with two workers, stops their browsers when the
// first order is settled, and kills poactor.
func (s *killTest) killStopped(browser string) {
	cmd := exec.Command(s.program, "--workers", "2", "--browser", browser, s.batch)
	cmd.Env = s.command().Env
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	for lines := bufio.NewScanner(out); lines.Scan() && !orderLine.MatchString(lines.Text()); {
	}
	for _, pid := range s.browsers() {
		if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil && err != syscall.ESRCH {
			s.t.Error(err)
		}
	}
	_ = cmd.Process.Kill() // if it has ended, the browsers have too, which is seen
	_ = cmd.Wait()
	time.Sleep(200 * time.Millisecond) // those that die with it are dead
}

// untilCleaned runs poactor once more, and tells how long it took until it had
// cleaned up behind the first.
func (s *killTest) untilCleaned() (time.Duration, string) {
	cmd := exec.Command(s.program, "--workers", "2", s.batch)
	cmd.Env = s.command().Env
	var said, wrong bytes.Buffer
	cmd.Stderr = &wrong
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	var took time.Duration
	for lines := bufio.NewScanner(out); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.HasPrefix(lines.Text(), "cleaned: ") {
			took = time.Since(begun)
		}
	}
	if err := cmd.Wait(); err != nil {
		s.t.Errorf("%v\n%s", err, wrong.String())
	}
	return took, said.String()
}

// browsers lists all processes of the browsers that work in our directory for
// temporary files: also those whose environment tells nothing.
func (s *killTest) browsers() []int {
	list, err := process.Find(func(arg string) bool { return strings.HasPrefix(arg, "--user-data-dir="+s.temp) })
	if err != nil {
		s.t.Error(err)
	}
	var pids []int
	for _, p := range list {
		pids = append(pids, p.Pid)
	}
	return pids
}
