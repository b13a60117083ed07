package profilestore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/poactor/poactor/internal/process"
)

// holder makes this binary a process that holds a work directory.
const holder = "PROFILESTORE_TEST_HOLDER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holder); dir != "" {
		hold(dir)
	}
	os.Exit(m.Run())
}

// hold opens a store and starts a browser on a profile of it, which it stops:
// so it does not notice when its parent dies. Then it waits to be killed.
func hold(dir string) {
	os.Unsetenv(holder)
	s, err := Open(Config{Dir: dir, For: "/data/orders"})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	p, err := s.Lease(context.Background())
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	if path, err := exec.LookPath("chromium"); err == nil {
		cmd, err := browse(path, p.Dir, p.TempDir)
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		for range 2 { // what was being started at the first
			syscall.Kill(-cmd.Process.Pid, syscall.SIGSTOP)
			time.Sleep(100 * time.Millisecond)
		}
	}
	fmt.Println("ready")
	select {}
}

// browse starts a browser in a session of its own, and waits until it is up. In
// the session of its parent Linux would wake it when that dies, so that it ends.
func browse(path, profile, temp string) (*exec.Cmd, error) {
	cmd := exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-breakpad",
		"--disable-background-networking", "--user-data-dir="+profile, "--remote-debugging-port=0", "about:blank")
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if text, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort")); err == nil && len(text) > 0 {
			return cmd, nil
		}
	}
	syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	return nil, errors.New("the browser does not come up")
}

// startHolder starts a process that holds dir.
func startHolder(t *testing.T, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holder+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		process.End(runsIn(dir))
	})
	if line, _ := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
		t.Fatalf("the holder says %q", line)
	}
	return cmd
}

func running(t *testing.T, dir string) int {
	t.Helper()
	list, err := process.Find(runsIn(dir))
	if err != nil {
		t.Fatal(err)
	}
	return len(list)
}

// answers reports whether a user's browser still answers.
func answers(profile string) bool {
	text, err := os.ReadFile(filepath.Join(profile, "DevToolsActivePort"))
	if err != nil {
		return false
	}
	port, _, _ := strings.Cut(string(text), "\n")
	c, err := net.DialTimeout("tcp", "127.0.0.1:"+port, time.Second)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// A killed process leaves a stopped browser, and the next store of the
// directory, or a sweep of it, removes both: as long as the process lives
// nothing is touched, and neither is a user's browser, wherever it works.
func TestSweepEndsBrowsers(t *testing.T) {
	t.Parallel()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium here")
	}
	ways := map[string]func(dir string) (Leftovers, error){
		"Sweep": func(dir string) (Leftovers, error) { return Sweep(dir, false) },
		"Open": func(dir string) (Leftovers, error) {
			s, err := Open(Config{Dir: dir})
			if err != nil {
				return Leftovers{}, err
			}
			return s.Swept(), s.Close()
		},
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := workDir(t)
			cmd := startHolder(t, dir)
			before := running(t, dir)
			if before < 3 {
				t.Fatalf("%d processes of the browser", before)
			}
			mine := []string{filepath.Join(t.TempDir(), "profile"), filepath.Join(dir, "1", "p-mine"), filepath.Join(dir+"-mine", "1", "p")}
			for _, profile := range mine {
				user, err := browse(path, profile, t.TempDir())
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					syscall.Kill(-user.Process.Pid, syscall.SIGKILL)
					user.Wait()
					os.RemoveAll(profile)
				})
			}
			if _, err := Sweep(dir, false); !errors.Is(err, ErrInUse) || running(t, dir) != before {
				t.Errorf("while it lives: %v, %d processes", err, running(t, dir))
			}
			cmd.Process.Kill()
			cmd.Wait()
			if got, err := Sweep(dir, true); err != nil || got.Browsers != 1 || got.Profiles != 1 || running(t, dir) != before {
				t.Errorf("dry: %+v, %v, %d processes of %d", got, err, running(t, dir), before)
			}
			begun := time.Now()
			got, _ := way(dir) // p-mine keeps its home
			t.Logf("%d processes ended in %v: %+v", before, time.Since(begun), got)
			if got.Browsers != 1 || got.For != "/data/orders" || time.Since(begun) > 2*time.Minute {
				t.Errorf("%+v in %v", got, time.Since(begun))
			}
			if n := running(t, dir); n != 0 || !gone(filepath.Join(dir, "1", "p")) || !gone(filepath.Join(dir, "1", "t")) {
				t.Errorf("%d processes are left, or the profile is", n)
			}
			for _, profile := range mine {
				if !answers(profile) {
					t.Errorf("the user's browser on %s is gone", profile)
				}
			}
		})
	}
}

// A profile that cannot be removed is moved aside and named; the next Open
// removes it.
func TestUndeletable(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	s, err := Open(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	p := lease(t, s)
	held := filepath.Join(p.Dir, "held")
	if err := os.Mkdir(held, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", held, "tmpfs", 0, "size=64k"); err != nil {
		s.Close()
		t.Skipf("nothing can be mounted here: %v", err)
	}
	trash := filepath.Join(dir, trashPrefix+"1")
	held = filepath.Join(trash, profileName, "held")
	t.Cleanup(func() { unix.Unmount(held, unix.MNT_DETACH) })
	if err := p.Release(); err != nil {
		t.Errorf("Release: %v", err)
	}
	if err := s.Close(); err == nil || !strings.Contains(err.Error(), trash) {
		t.Errorf("Close: %v, want one that names %s", err, trash)
	}
	if left, err := Remaining(dir); err != nil || len(left) != 1 || left[0] != trash {
		t.Errorf("left: %v, %v", left, err)
	}
	if got, err := Sweep(dir, false); got.Profiles != 0 || err == nil {
		t.Errorf("a sweep: %+v, %v", got, err)
	}
	if err := unix.Unmount(held, 0); err != nil {
		t.Fatal(err)
	}
	next := openStore(t, Config{Dir: dir})
	if next.Swept().Profiles != 1 || !gone(trash) {
		t.Errorf("the next store swept %+v", next.Swept())
	}
	if err := next.Close(); err != nil {
		t.Error(err)
	}
	if left, err := Remaining(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// A browser that lives on a closed store's profile is named.
func TestLeftNamesProcesses(t *testing.T) {
	t.Parallel()
	dir := workDir(t)
	cmd := exec.Command("sh", "-c", "sleep 60; :", "sh", userDataDir+filepath.Join(dir, "3", "p"))
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { process.End(runsIn(dir)); cmd.Wait() })
	left, err := Remaining(dir)
	if err != nil || len(left) == 0 || !strings.HasPrefix(left[0], "process "+strconv.Itoa(cmd.Process.Pid)+" on "+dir) {
		t.Errorf("left: %v, %v", left, err)
	}
}
