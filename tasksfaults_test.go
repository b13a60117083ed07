package poactor

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// fetchFile is work of some steps, with a file.
func fetchFile(server string) func(ctx context.Context, p Page, task Task[int]) (string, error) {
	return func(ctx context.Context, p Page, task Task[int]) (string, error) {
		if _, err := p.Navigate(ctx, server+"/plain"); err != nil {
			return "", err
		}
		if err := p.WaitFor(ctx, "#late b"); err != nil {
			return "", err
		}
		shot, err := p.Screenshot(ctx)
		if err != nil {
			return "", err
		}
		if _, err := p.Save(ctx, "shot.png", strings.NewReader(string(shot))); err != nil {
			return "", err
		}
		return p.Text(ctx, "h1")
	}
}

// Browsers that are killed, stopped and cut off in the middle of work, and panics of it, cost
// no task its result.
func TestFaultsTasks(t *testing.T) {
	t.Parallel()
	server := site(t)
	cfg := taskConfig(t, server)
	cfg.Faults = "seed: 3\nevery: {browser_kill: 9, cdp_cut: 17, worker_panic: 21}"
	struck := map[string]int{}
	cfg.OnEvent = func(e any) {
		if f, ok := e.(messages.FaultInjected); ok {
			struck[fmt.Sprint(f.Fault)]++
		}
	}
	keys := numberedKeys(24)
	got := collectTasks(t, cfg, keys, fetchFile(server.URL))
	for _, key := range keys {
		if r := got[key]; r.Err != nil || r.Result != "Plain" || len(r.Files) != 1 {
			t.Errorf("%s: %+v", key, r)
		}
	}
	if len(struck) == 0 {
		t.Error("no fault has struck")
	}
	t.Log(struck)
	checkTaskOut(t, cfg.Out, keys...)
}

func numberedKeys(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint("k", i)
	}
	return keys
}

// Work that does not end, on a real browser: the browser is replaced, and the task done
// by another.
func TestFaultsTasksStuck(t *testing.T) {
	t.Parallel()
	server := site(t)
	cfg := taskConfig(t, server)
	cfg.TaskTimeout = 5 * time.Second
	free, stuck := make(chan struct{}), make(chan error, 1)
	var begun atomic.Bool // attempts are in goroutines of their own
	got := collectTasks(t, cfg, []string{"a"}, func(ctx context.Context, p Page, _ Task[int]) (string, error) {
		if begun.CompareAndSwap(false, true) {
			<-free // whatever its context says
			_, err := p.Navigate(context.Background(), server.URL+"/plain")
			stuck <- err
			return "never", nil
		}
		return "in time", nil
	})
	if r := got["a"]; r.Result != "in time" || r.Err != nil {
		t.Errorf("%+v", r)
	}
	close(free)
	if err := <-stuck; err == nil {
		t.Error("a page outlives its attempt")
	}
}

// An endless script and a server that does not answer end with their step's time.
func TestFaultsTasksHang(t *testing.T) {
	t.Parallel()
	server := site(t)
	cfg := taskConfig(t, server)
	steps := map[string]func(ctx context.Context, p Page) error{
		"script": func(ctx context.Context, p Page) error { return p.Eval(ctx, "() => { for (;;) {} }", nil) },
		"server": func(ctx context.Context, p Page) error { _, err := p.Navigate(ctx, server.URL+"/hang"); return err },
		"dialog": func(ctx context.Context, p Page) error { return p.Eval(ctx, "() => alert('hello')", nil) },
	}
	got := collectTasks(t, cfg, []string{"script", "server", "dialog", "after"}, func(ctx context.Context, p Page, task Task[int]) (string, error) {
		if step, ok := steps[task.Key]; ok {
			short, cancel := context.WithTimeout(ctx, 3*time.Second)
			defer cancel()
			return "answered", giveUpIf(step(short, p))
		}
		return fetchFile(server.URL)(ctx, p, task)
	})
	for key, want := range map[string]string{"script": "timeout", "server": "timeout", "dialog": "answered", "after": "Plain"} {
		is := got[key].Result
		if got[key].Err != nil {
			is = string(po.CauseOf(got[key].Err))
		}
		if is != want {
			t.Errorf("%s: %s, want %s: %v", key, is, want, got[key].Err)
		}
	}
}

// giveUpIf is GiveUp of an error, if there is one.
func giveUpIf(err error) error {
	if err == nil {
		return nil
	}
	return GiveUp(err)
}

const childOut, childSite = "POACTOR_TEST_TASKS_OUT", "POACTOR_TEST_TASKS_SITE"

// TestFaultsTasksKilledProcess is both the parent, which kills, and the child.
func TestFaultsTasksKilledProcess(t *testing.T) {
	if out := os.Getenv(childOut); out != "" {
		tasksChild(t, out, os.Getenv(childSite))
		return
	}
	t.Parallel()
	server := site(t)
	cfg := taskConfig(t, server)
	for _, after := range []int{0, 3} {
		child := exec.Command(os.Args[0], "-test.run=^TestFaultsTasksKilledProcess$", "-test.v")
		child.Env = append(os.Environ(), childOut+"="+cfg.Out, childSite+"="+server.URL)
		lines, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		seen, s := 0, bufio.NewScanner(lines)
		for seen <= after && s.Scan() {
			if strings.HasPrefix(s.Text(), "result ") {
				seen++
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		if seen <= after {
			t.Fatalf("the child has ended after %d results", seen)
		}
	}
	keys := numberedKeys(16)
	got := collectTasks(t, cfg, keys, fetchFile(server.URL))
	earlier := 0
	for _, key := range keys {
		if r := got[key]; r.Err != nil || r.Result != "Plain" || len(r.Files) != 1 {
			t.Errorf("%s: %+v", key, r)
		} else if r.Earlier {
			earlier++
		}
	}
	if earlier < 2 || earlier == len(keys) {
		t.Errorf("%d were settled before", earlier)
	}
	checkTaskOut(t, cfg.Out, keys...)
	verified, err := Verify(t.Context(), cfg.Out)
	if err != nil || len(verified.Differences) > 0 {
		t.Errorf("verified: %+v, %v", verified, err)
	}
}

func tasksChild(t *testing.T, out, server string) {
	cfg := Config{AllowedHosts: []string{server}, Out: out, Workers: 2, NoSandbox: os.Geteuid() == 0}
	work := fetchFile(server)
	for r, err := range RunTasks(context.Background(), cfg, taskList(numberedKeys(16)...), work) {
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("result %s\n", r.Key)
		time.Sleep(50 * time.Millisecond)
	}
}

// What a program saves gets no order's name, and no other file of poactor's.
func TestFaultsTasksHostileNames(t *testing.T) {
	t.Parallel()
	server := site(t)
	cfg := taskConfig(t, server)
	keys := []string{"..", ".poactor", "SHA256SUMS", "results.jsonl", "con", "a/b", "a\x00b", "ä", strings.Repeat("long", 100)}
	got := collectTasks(t, cfg, keys, func(ctx context.Context, p Page, task Task[int]) (string, error) {
		for _, name := range []string{"../../x", "con.txt", "\u202egpj.exe", ".poactor-found.json"} {
			if _, err := p.Save(ctx, name, strings.NewReader(task.Key)); err != nil {
				return "", err
			}
		}
		return task.Key, nil
	})
	for _, key := range keys {
		r := got[key]
		if r.Err != nil || r.Result != key || len(r.Files) != 4 {
			t.Errorf("%q: %+v", key, r)
		}
		for _, f := range r.Files {
			if text, err := os.ReadFile(filepath.Join(cfg.Out, r.Folder, f.Name)); err != nil || string(text) != key {
				t.Errorf("%q: %q, %v", key, text, err)
			}
		}
	}
	text, err := os.ReadFile(filepath.Join(cfg.Out, "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		var r struct{ Key, Result string }
		if err := json.Unmarshal([]byte(line), &r); err != nil || r.Key != r.Result {
			t.Errorf("%q: %v", line, err)
		}
	}
}

// What a page gives is bounded; as much as that comes whole, and no browser dies of more.
func TestFaultsPageGivesMuch(t *testing.T) {
	t.Parallel()
	server := site(t)
	cfg := taskConfig(t, server)
	cfg.Workers = 1
	steps := map[string]func(ctx context.Context, p Page) (string, error){
		"gives much": func(ctx context.Context, p Page) (string, error) {
			var text string
			err := p.Eval(ctx, "(s, n) => 'x' + s.repeat(n)", &text, "é😀\u0000", 400<<10)
			if err != nil || text != "x"+strings.Repeat("é😀\u0000", 400<<10) {
				return "", GiveUp(fmt.Errorf("%d bytes, %w", len(text), err))
			}
			var got struct{ List []string }
			err = p.Eval(ctx, "() => ({list: Array(100000).fill('0123456789')})", &got)
			return fmt.Sprint(len(got.List)), GiveUp(err)
		},
		"gives too much": func(ctx context.Context, p Page) (string, error) {
			_, err := p.Navigate(ctx, server.URL+"/plain")
			if err = errors.Join(err, p.Eval(ctx, "() => { document.body.append('é'.repeat(20 << 20)) }", nil)); err != nil {
				return "", GiveUp(err)
			}
			var s string
			_, html := p.HTML(ctx)
			_, text := p.Text(ctx, "body")
			for name, err := range map[string]error{"html": html, "text": text,
				"eval": p.Eval(ctx, "() => ['x'.repeat(40 << 20)]", &s), "type": p.Type(ctx, "body", strings.Repeat("x", 40<<20)),
				"args": p.Eval(ctx, "() => 1", nil, strings.Repeat("x", 120<<20))} {
				if !errors.Is(err, po.TaskFailed) || !strings.Contains(err.Error(), " MiB") {
					return "", GiveUp(fmt.Errorf("%s: %w", name, err))
				}
			}
			return p.Text(ctx, "h1") // it goes on
		},
		"returns too much": func(ctx context.Context, p Page) (string, error) {
			var s string
			return s, p.Eval(ctx, "() => 'x'.repeat(40 << 20)", &s)
		},
	}
	want := map[string]string{"gives much": "100000", "gives too much": "Plain", "returns too much": "task_failed"}
	got := collectTasks(t, cfg, slices.Sorted(maps.Keys(want)),
		func(ctx context.Context, p Page, task Task[int]) (string, error) { return steps[task.Key](ctx, p) })
	for key, want := range want {
		r := got[key]
		if is := cmp.Or(string(po.CauseOf(r.Err)), r.Result); is != want || r.Attempts != 1 {
			t.Errorf("%s: %.200q, want %q: %d attempts, %v", key, is, want, r.Attempts, r.Err)
		}
	}
}
