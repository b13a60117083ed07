package poactor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// What work returns and what becomes of it, in fake time.
func TestTasksEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg, l := lentConfig(t)
		cfg.InMemory = true
		var quarantined, lost, stuck int
		cfg.OnEvent = func(e any) {
			switch e.(type) {
			case messages.OrderQuarantined:
				quarantined++
			case messages.WorkerLost:
				lost++
			case messages.JobStuck:
				stuck++
			}
		}
		var tries, kills, hangs atomic.Int64
		free := make(chan struct{})
		var late Page
		works := map[string]func(ctx context.Context, p Page) (string, error){
			"done": func(ctx context.Context, p Page) (string, error) { late = p; return "result", nil },
			"fails": func(context.Context, Page) (string, error) {
				return "", errors.New("no luck")
			},
			"later": func(context.Context, Page) (string, error) {
				if tries.Add(1) == 1 {
					return "", RetryAfter(time.Minute, errors.New("being prepared"))
				}
				return "second", nil
			},
			"gives up":  func(context.Context, Page) (string, error) { return "", GiveUp(errors.New("never")) },
			"forbidden": func(context.Context, Page) (string, error) { return "", fmt.Errorf("x: %w", po.Forbidden) },
			"panics":    func(context.Context, Page) (string, error) { panic("a bug of the host") },
			"kills once": func(ctx context.Context, p Page) (string, error) {
				if kills.Add(1) == 1 {
					return "", errors.New("hidden: " + p.Click(ctx, "x").Error()) // the cause is lost on the way
				}
				return "survived", nil
			},
			"ignores its context": func(context.Context, Page) (string, error) {
				if hangs.Add(1) == 1 {
					<-free
				}
				return "after all", nil
			},
			"too long": func(ctx context.Context, p Page) (string, error) {
				<-ctx.Done()
				return "", p.WaitFor(context.Background(), "x")
			},
			"step": func(ctx context.Context, p Page) (string, error) {
				begun := time.Now()
				err := p.WaitFor(ctx, "x")
				return time.Since(begun).String(), GiveUp(err)
			},
		}
		want := map[string]string{
			"done": "result 1", "fails": "task_failed 3", "later": "second 2", "gives up": "task_failed 1", "forbidden": "forbidden 1",
			"panics": "quarantined 1", "kills once": "survived 1", "ignores its context": "after all 1", "too long": "timeout 3", "step": "timeout 1",
		}
		var keys []string
		for key := range works {
			keys = append(keys, key)
		}
		got := collectTasks(t, cfg, keys, func(ctx context.Context, p Page, task Task[int]) (string, error) { return works[task.Key](ctx, p) })
		close(free)
		for key, want := range want {
			r := got[key]
			is := r.Result
			if r.Err != nil {
				is = string(po.CauseOf(r.Err))
			}
			if is = fmt.Sprint(is, " ", r.Attempts); is != want {
				t.Errorf("%s: %s, want %s: %v", key, is, want, r.Err)
			}
		}
		if quarantined == 0 || lost < 4 || stuck != 1 {
			t.Errorf("%d quarantined, %d workers lost, %d stuck", quarantined, lost, stuck)
		}
		if _, err := late.Text(context.Background(), "x"); !errors.Is(err, po.TaskFailed) {
			t.Errorf("a page is of use when its work has returned: %v", err)
		}
		time.Sleep(time.Minute)
		if n := l.alive.Load(); n != 0 {
			t.Errorf("%d browsers are left", n)
		}
	})
}

// A second start yields what the first has settled, and does the rest; the files of a task
// that is done again are replaced.
func TestTasksResume(t *testing.T) {
	t.Parallel()
	cfg, _ := lentConfig(t)
	keys := numbered(40)
	var started atomic.Int64
	work := func(round string) func(ctx context.Context, p Page, task Task[int]) (string, error) {
		return func(ctx context.Context, p Page, task Task[int]) (string, error) {
			started.Add(1)
			_, err := p.Save(ctx, "a.txt", strings.NewReader(round))
			return round, err
		}
	}
	seen := 0
	for r, err := range RunTasks(t.Context(), cfg, taskList(keys...), work("first")) {
		if err != nil || r.Err != nil || r.Result != "first" || r.Earlier {
			t.Fatalf("%+v, %v", r, err)
		}
		if seen++; seen == 10 {
			break
		}
	}
	begun := started.Load()
	if begun == 40 || begun < 10 {
		t.Errorf("%d tasks were begun, and 10 taken", begun)
	}
	// Of one of them the file is damaged.
	if err := os.WriteFile(filepath.Join(cfg.Out, "task%200", "a.txt"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	got := collectTasks(t, cfg, keys, work("second"))
	earlier := 0
	for _, key := range keys {
		r := got[key]
		want := "second"
		if r.Earlier {
			want = "first"
			earlier++
		}
		text, err := os.ReadFile(filepath.Join(cfg.Out, r.Folder, "a.txt"))
		if r.Err != nil || r.Result != want || string(text) != want || err != nil || len(r.Files) != 1 {
			t.Errorf("%s: %+v, file %q, %v", key, r, text, err)
		}
	}
	if earlier != int(begun)-1 || got["task 0"].Earlier {
		t.Errorf("%d were settled before, of %d", earlier, begun)
	}
	folders := []string{}
	for i := range keys {
		folders = append(folders, fmt.Sprintf("task%%20%d", i))
	}
	checkTaskOut(t, cfg.Out, folders...)
}

// A task that has files, and fails when it is done again, has none left.
func TestTasksFilesGo(t *testing.T) {
	t.Parallel()
	cfg, _ := lentConfig(t)
	collectTasks(t, cfg, []string{"a"}, func(ctx context.Context, p Page, _ Task[int]) (int, error) {
		_, err := p.Save(ctx, "a.txt", strings.NewReader("a"))
		_, err2 := p.Save(ctx, "b.txt", strings.NewReader("b"))
		return 1, errors.Join(err, err2)
	})
	if err := os.Remove(filepath.Join(cfg.Out, "a", "b.txt")); err != nil {
		t.Fatal(err)
	}
	r := collectTasks(t, cfg, []string{"a"}, func(context.Context, Page, Task[int]) (int, error) {
		return 0, GiveUp(errors.New("gone"))
	})["a"]
	if r.Err == nil || len(r.Files) > 0 || r.Folder != "" {
		t.Errorf("%+v", r)
	}
	checkTaskOut(t, cfg.Out)
	if sums, err := os.ReadFile(filepath.Join(cfg.Out, "SHA256SUMS")); err != nil || len(sums) > 0 {
		t.Errorf("checksums %q, %v", sums, err)
	}
}

func TestTasksRefused(t *testing.T) {
	t.Parallel()
	good, _ := lentConfig(t)
	work := func(context.Context, Page, Task[int]) (int, error) { return 0, nil }
	for name, row := range map[string]struct {
		change func(c *Config)
		keys   []string
		says   string
	}{
		"no hosts":   {func(c *Config) { c.Browsers = nil }, []string{"a"}, "set AllowedHosts"},
		"bad host":   {func(c *Config) { c.AllowedHosts = []string{"https://x/y"} }, []string{"a"}, "AllowedHosts: "},
		"fast":       {func(c *Config) { c.Fast = true }, []string{"a"}, "Batch and Fast"},
		"twice":      {func(*Config) {}, []string{"a", "b", "a"}, "task a comes twice"},
		"in case":    {func(*Config) {}, []string{"a", "A"}, "differ only in case"},
		"no key":     {func(*Config) {}, []string{""}, "is empty"},
		"in memory":  {func(c *Config) { c.InMemory = true }, []string{"a", "a"}, "task a comes twice"},
		"long key":   {func(*Config) {}, []string{strings.Repeat("x", po.MaxTaskKey+1)}, "4097 bytes"},
		"of workers": {func(c *Config) { c.Workers = 65 }, []string{"a"}, "workers must be"},
	} {
		cfg := good
		cfg.Out = t.TempDir()
		row.change(&cfg)
		n := 0
		for _, err := range RunTasks(t.Context(), cfg, taskList(row.keys...), work) {
			if n++; n > 1 || !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), row.says) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	large := func(yield func(Task[string], error) bool) {
		yield(Task[string]{"a", strings.Repeat("x", MaxTaskData)}, nil)
	}
	if _, err := StartTasks(t.Context(), good, large, func(context.Context, Page, Task[string]) (int, error) { return 0, nil }); !errors.Is(err, ErrConfig) {
		t.Errorf("data: %v", err)
	}
}

// The end of the context ends the run at once, and is told last.
func TestTasksCancelled(t *testing.T) {
	t.Parallel()
	cfg, l := lentConfig(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var last error
	n := 0
	for _, err := range RunTasks(ctx, cfg, taskList(numbered(100)...), func(ctx context.Context, _ Page, task Task[int]) (int, error) {
		if task.Data >= 5 {
			<-ctx.Done()
		}
		return 0, ctx.Err()
	}) {
		if last = err; n == 4 {
			cancel()
		}
		n++
	}
	if !errors.Is(last, po.Interrupted) || l.alive.Load() != 0 {
		t.Errorf("%v after %d, %d browsers are left", last, n, l.alive.Load())
	}
}

// Whoever ranges over results may panic: the run ends all the same.
func TestTasksConsumerPanics(t *testing.T) {
	t.Parallel()
	cfg, l := lentConfig(t)
	func() {
		defer func() { _ = recover() }()
		for range RunTasks(t.Context(), cfg, taskList(numbered(9)...), func(context.Context, Page, Task[int]) (int, error) { return 0, nil }) {
			panic("no more")
		}
	}()
	if l.alive.Load() != 0 {
		t.Errorf("%d browsers are left", l.alive.Load())
	}
	if holder, err := LedgerHolder(cfg.Out); holder != nil || err != nil {
		t.Errorf("the output directory is held: %v, %v", holder, err)
	}
}

// Workers are changed, and the run paused, as of orders.
func TestTasksControls(t *testing.T) {
	t.Parallel()
	cfg, _ := lentConfig(t)
	cfg.Workers = 1
	var now, most atomic.Int64
	run, err := StartTasks(t.Context(), cfg, taskList(numbered(60)...), func(_ context.Context, _ Page, task Task[int]) (int, error) {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		time.Sleep(5 * time.Millisecond)
		now.Add(-1)
		return task.Data, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for r, err := range run.Results() {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, r.Result); len(got) == 20 {
			if most.Load() != 1 {
				t.Errorf("%d at once with one worker", most.Load())
			}
			run.Pause()
			run.Resume()
			run.SetWorkers(4)
		}
	}
	slices.Sort(got)
	if len(got) != 60 || got[59] != 59 {
		t.Errorf("%v", got)
	}
}

// Tasks whose results are 100 MB in all leave a part of that in memory;
// whoever takes the results takes its time in the beginning.
func TestFaultsTasksInBounds(t *testing.T) {
	cfg, _ := lentConfig(t)
	cfg.Workers = 8
	const n, size = 2_500, 40 << 10 // twice the bound in all; 10,000 of them take two minutes
	var drawn atomic.Int64
	tasks := func(yield func(Task[int], error) bool) {
		for i := range n {
			drawn.Add(1)
			if !yield(Task[int]{fmt.Sprint(i), i}, nil) {
				return
			}
		}
	}
	seen, largest := 0, uint64(0)
	for r, err := range RunTasks(t.Context(), cfg, tasks, func(_ context.Context, _ Page, task Task[int]) (string, error) {
		return strings.Repeat("x", size), nil
	}) {
		if err != nil || r.Err != nil || len(r.Result) != size {
			t.Fatalf("%v, %v", err, r.Err)
		}
		if seen++; seen < 20 {
			time.Sleep(50 * time.Millisecond)
		}
		if seen%500 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			largest = max(largest, m.HeapAlloc)
		}
	}
	t.Logf("%d results, heap at most %d MB", seen, largest>>20)
	if seen != n || drawn.Load() != n || largest > 50<<20 {
		t.Errorf("%d results of %d tasks, heap %d MB", seen, drawn.Load(), largest>>20)
	}
}
