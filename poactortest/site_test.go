package poactortest_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/poactortest"
)

// shop has a page with a form, and one that it leads to, with a file.
var shop = poactortest.Site{
	"http://shop.test/#": {HTML: "<form>", Texts: map[string]string{"h1": "Shop", "#user": ""},
		Links: map[string]string{"#go": "http://shop.test/welcome"}},
	"http://shop.test/welcome": {Texts: map[string]string{"h1": "Welcome"}, Links: map[string]string{"#file": "http://shop.test/a.pdf"},
		Eval: func(function string, args []any) (any, error) { return fmt.Sprint(function, args), nil }},
	"http://shop.test/a.pdf": {File: []byte("%PDF-1.4\n%%EOF\n")},
	"http://shop.test/busy":  {Status: 503},
}

func tasks(keys ...string) func(func(poactor.Task[string], error) bool) {
	return func(yield func(poactor.Task[string], error) bool) {
		for _, key := range keys {
			if !yield(poactor.Task[string]{Key: key, Data: "http://shop.test/" + key}, nil) {
				return
			}
		}
	}
}

// Work gets what the site has, and its files.
func TestRunTasksOnASite(t *testing.T) {
	out := t.TempDir()
	poactortest.NothingLeft(t, out)
	b := &poactortest.Browsers{Site: shop, Dir: t.TempDir()}
	cfg := poactor.Config{Out: out, Browsers: b, AllowedHosts: []string{"http://shop.test"}, Workers: 2}
	work := func(ctx context.Context, page poactor.Page, task poactor.Task[string]) (string, error) {
		status, err := page.Navigate(ctx, task.Data)
		if err != nil || status != 200 {
			return "", poactor.GiveUp(fmt.Errorf("status %d: %w", status, errors.Join(err, po.PortalError)))
		}
		for _, step := range []error{
			page.Type(ctx, "#user", "me"), page.WaitFor(ctx, "h1"), page.Click(ctx, "#go"), page.Intercept(ctx, "*", po.Interception{}),
		} {
			if step != nil {
				return "", step
			}
		}
		var said string
		if err := page.Eval(ctx, "x => x", &said, 1); err != nil {
			return "", err
		}
		picture, err := page.Screenshot(ctx)
		if err != nil {
			return "", err
		}
		if _, err := page.Save(ctx, "page.png", strings.NewReader(string(picture))); err != nil {
			return "", err
		}
		_, err = page.SaveDownload(ctx, "#file", "")
		return said, err
	}
	results := map[string]poactor.TaskResult[string, string]{}
	for r, err := range poactor.RunTasks(t.Context(), cfg, tasks("#", "nowhere", "busy"), work) {
		if err != nil {
			t.Fatal(err)
		}
		results[r.Data] = r
	}
	good := results["http://shop.test/#"]
	if good.Err != nil || good.Result != "x => x[1]" || len(good.Files) != 2 || good.Files[1].Name != "a.pdf" {
		t.Errorf("%+v", good)
	}
	for _, bad := range []string{"nowhere", "busy"} {
		if r := results["http://shop.test/"+bad]; !errors.Is(r.Err, po.PortalError) {
			t.Errorf("%s: %+v", bad, r)
		}
	}
	if left, err := filepath.Glob(filepath.Join(b.Dir, "*")); err != nil || len(left) > 0 || b.Alive() > 0 {
		t.Errorf("left: %v, %d browsers", left, b.Alive())
	}
}

// Faults of browsers happen to tasks too, and each task is done all the same.
func TestTasksUnderFaults(t *testing.T) {
	t.Parallel()
	events := &poactortest.Recorder{}
	faults := poactortest.Faults{"browser_kill": 7, "worker_panic": 9}
	cfg := poactor.Config{Out: t.TempDir(), Browsers: &poactortest.Browsers{Site: shop}, AllowedHosts: []string{"http://shop.test"},
		Faults: faults.Plan(1), OnEvent: events.Event}
	var keys []string
	for n := range 40 {
		keys = append(keys, fmt.Sprint("?", n))
	}
	done := 0
	for r, err := range poactor.RunTasks(t.Context(), cfg, tasks(keys...),
		func(ctx context.Context, page poactor.Page, _ poactor.Task[string]) (string, error) {
			if _, err := page.Navigate(ctx, "http://shop.test/#"); err != nil {
				return "", err
			}
			return page.Text(ctx, "h1")
		}) {
		switch {
		case err != nil:
			t.Fatal(err)
		case r.Err == nil && r.Result == "Shop", errors.Is(r.Err, po.Quarantined):
			done++
		default:
			t.Errorf("%+v", r)
		}
	}
	if err := events.CheckFaults(faults); err != nil || done != 40 {
		t.Errorf("%d done, %v", done, err)
	}
}

// What a page never shows is waited for until the context ends.
func TestPageWithoutASelector(t *testing.T) {
	t.Parallel()
	b := &poactortest.Browsers{Site: shop}
	s, err := b.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	page, err := s.(poactor.PageSession).OpenPage(t.Context(), po.Order{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := page.WaitFor(ctx, "#nothing"); !errors.Is(err, po.Timeout) {
		t.Errorf("%v", err)
	}
}
