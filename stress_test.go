package poactor_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/poactortest"
)

// random is what a test draws from; its seed is in the log.
func random(t *testing.T) *rand.Rand {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, seed))
}

// 200 runs are begun and ended in every way, eight at a time in one process: nothing is left.
func TestFaultsStartAndStop(t *testing.T) {
	poactortest.NothingLeft(t)
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 6, Plain: true})
	draw := random(t)
	for range 25 {
		var all sync.WaitGroup
		for range 8 {
			how, after := draw.IntN(4), time.Duration(draw.IntN(int(40*time.Millisecond)))
			all.Go(func() { startAndStop(t, p, how, after) })
		}
		all.Wait()
	}
}

// startAndStop begins a run and ends it in one of four ways.
func startAndStop(t *testing.T, p *poactortest.Portal, how int, after time.Duration) {
	t.Helper()
	browsers := &poactortest.Browsers{Read: p.Read}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	handle, err := poactor.Start(ctx, poactor.Config{Portal: p.Definition(), Out: t.TempDir(), InMemory: true, Browsers: browsers}, p.Orders())
	if err != nil {
		t.Error(err)
		return
	}
	switch how {
	case 0:
		cancel()
	case 1:
		time.AfterFunc(after, cancel)
	case 2:
		handle.Drain()
	}
	summary, err := handle.Wait()
	if err != nil && !errors.Is(err, po.Interrupted) || summary.Open+summary.Counts[po.Completed] != 6 || len(summary.Leftovers) > 0 {
		t.Errorf("%+v, %v", summary, err)
	}
	if how == 3 && summary.Open > 0 {
		t.Errorf("%d orders are open", summary.Open)
	}
	if n := browsers.Alive(); n > 0 {
		t.Errorf("%d browsers are left", n)
	}
}

// A context that ends at any moment leaves nothing but what the next start goes on with: 100
// moments, of five runs, each of which ends as it should.
func TestFaultsCancelScriptedAtAnyMoment(t *testing.T) {
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 20, Plain: true})
	cancelAtAnyMoment(t, p, poactor.Config{Workers: 3, Browsers: &poactortest.Browsers{Read: p.Read}}, 5, 20, 60*time.Millisecond)
}

// The same with real browsers: no process and no profile is left either.
func TestFaultsCancelAtAnyMoment(t *testing.T) {
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 12, Plain: true, Delay: 100 * time.Millisecond})
	cancelAtAnyMoment(t, p, poactor.Config{Workers: 2, NoSandbox: asRoot()}, 2, 6, 4*time.Second)
}

func cancelAtAnyMoment(t *testing.T, p *poactortest.Portal, cfg poactor.Config, runs, starts int, within time.Duration) {
	t.Helper()
	draw := random(t)
	for range runs {
		cfg.Portal, cfg.Out = p.Definition(), filepath.Join(t.TempDir(), "out")
		t.Run("", func(t *testing.T) {
			poactortest.NothingLeft(t, cfg.Out)
			for range starts {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(draw.IntN(int(within))))
				summary, err := poactor.Run(ctx, cfg, p.Orders())
				cancel()
				if err != nil && !errors.Is(err, po.Interrupted) && !errors.Is(err, context.DeadlineExceeded) || len(summary.Leftovers) > 0 {
					t.Errorf("%+v, %v", summary, err)
				}
			}
			if _, err := poactor.Run(t.Context(), cfg, p.Orders()); err != nil {
				t.Error(err)
			}
			if broken, err := poactortest.CheckInvariants(t.Context(), cfg, p); err != nil || len(broken) > 0 {
				t.Errorf("%v, %v", broken, err)
			}
		})
	}
}

// Runs of tasks that end at any moment, or whose results nobody wants any more, leave nothing.
func TestTasksAtAnyMoment(t *testing.T) {
	poactortest.NothingLeft(t)
	site := poactortest.Site{"http://site.test/": {Texts: map[string]string{"h1": "Title"}}}
	draw := random(t)
	for range 12 {
		var all sync.WaitGroup
		for range 4 {
			after, wanted := time.Duration(draw.IntN(int(20*time.Millisecond))), draw.IntN(12)
			all.Go(func() { tasksFor(t, site, after, wanted) })
		}
		all.Wait()
	}
}

// tasksFor takes so many results of tasks, within a time.
func tasksFor(t *testing.T, site poactortest.Site, within time.Duration, wanted int) {
	t.Helper()
	b := &poactortest.Browsers{Site: site, Dir: t.TempDir()}
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	cfg := poactor.Config{Out: t.TempDir(), InMemory: true, Browsers: b, AllowedHosts: []string{"http://site.test"}}
	tasks := func(yield func(poactor.Task[int], error) bool) {
		for n := range 10 {
			if !yield(poactor.Task[int]{Key: fmt.Sprint("task ", n)}, nil) {
				return
			}
		}
	}
	got := 0
	for r, err := range poactor.RunTasks(ctx, cfg, tasks, func(ctx context.Context, p poactor.Page, _ poactor.Task[int]) (string, error) {
		if _, err := p.Navigate(ctx, "http://site.test/"); err != nil {
			return "", err
		}
		return p.Text(ctx, "h1")
	}) {
		if err != nil && !errors.Is(err, po.Interrupted) && !errors.Is(err, context.DeadlineExceeded) || err == nil && r.Err == nil && r.Result != "Title" {
			t.Errorf("%+v, %v", r, err)
		}
		if got++; got == wanted {
			break
		}
	}
	if b.Alive() > 0 {
		t.Errorf("%d browsers are left", b.Alive())
	}
}
