package tests

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/testportal"
)

// below lists the processes whose directory for temporary files is dir or lies
// in it: a program that we started, and the browsers that it has started.
func below(t *testing.T, dir string) []int {
	t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		environ, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "environ")) // it may be gone
		stat, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "stat"))
		if bytes.Contains(environ, []byte("TMPDIR="+dir)) && !bytes.Contains(stat, []byte(") Z ")) {
			pids = append(pids, pid)
		}
	}
	return pids
}

// poactor itself is killed in the middle of a run: no browser is left a second
// later. The same command goes on, settles every order and leaves nothing.
func TestKill(t *testing.T) {
	needBrowser(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "poactor")
	if out, err := exec.Command("go", "build", "-o", program, "../cmd/poactor").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	site, err := testportal.Start(testportal.Options{Mix: testportal.Plain, Orders: 30, TrackerLatency: -1})
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	batch := filepath.Join(dir, "orders.csv")
	f, err := os.Create(batch)
	if err != nil {
		t.Fatal(err)
	}
	if err := site.Batch(f); err != nil {
		t.Fatal(err)
	}
	f.Close()
	temp := filepath.Join("/tmp", "pk"+strconv.Itoa(os.Getpid()))
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(temp)
	command := func() *exec.Cmd {
		cmd := exec.Command(program, "--base-url", site.URL(), "--json", batch)
		if os.Geteuid() == 0 {
			cmd.Args = append(cmd.Args, "--no-sandbox")
		}
		cmd.Env = append(os.Environ(), "TMPDIR="+temp)
		return cmd
	}

	first := command()
	out, err := first.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	settled := 0
	for lines := bufio.NewScanner(out); settled < 8 && lines.Scan(); {
		if strings.Contains(lines.Text(), `"order_settled"`) {
			settled++
		}
	}
	if n := len(below(t, temp)); settled < 8 || n < 9 {
		t.Errorf("%d settled, %d processes", settled, n)
	}
	if err := first.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	first.Wait() // it was killed
	time.Sleep(time.Second)
	if left := below(t, temp); len(left) > 0 {
		t.Errorf("%d processes are left a second after kill -9: %v", len(left), left)
	}

	if out, err := command().CombinedOutput(); err != nil {
		t.Fatalf("the second start: %v\n%s", err, out)
	}
	if left := below(t, temp); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	if entries, _ := os.ReadDir(temp); len(entries) > 0 {
		t.Errorf("left in the directory for temporary files: %v", entries)
	}
	sums := exec.Command("sha256sum", "-c", "--quiet", "SHA256SUMS")
	sums.Dir = filepath.Join(dir, "orders")
	if out, err := sums.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
	results, err := os.ReadFile(filepath.Join(dir, "orders", "results.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(results), ",COMPLETED,"); n != 30 {
		t.Errorf("%d rows COMPLETED, want 30:\n%s", n, results)
	}
	work, err := filepath.Glob(filepath.Join(dir, "orders", "*", "*__WORK"))
	if err != nil || len(work) > 0 {
		t.Errorf("work folders are left: %v %v", work, err)
	}
}
