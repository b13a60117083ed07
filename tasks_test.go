package poactor

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// site is what the tasks of the tests work on.
func site(t *testing.T) *httptest.Server {
	t.Helper()
	mux := http.NewServeMux()
	page := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, "<!doctype html><title>%s</title><body>%s", pattern, body)
		})
	}
	page("/plain", `<h1>Plain</h1><p id=late></p><script>setTimeout(() => late.innerHTML = '<b>there</b>', 100)</script>`)
	page("/form", `<form action=/welcome method=post><input name=user id=user><input type=password name=pass id=pass>
		<button id=go>Sign in</button></form>`)
	mux.HandleFunc("/welcome", func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "who", Value: r.FormValue("user") + "-" + r.FormValue("pass"), Path: "/"})
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<title>Welcome</title><a id=file href=/file.pdf download>PDF</a><a id=away href='http://elsewhere.example/'>away</a>"+
			"<a id=page href=/plain>page</a><button id=open onclick=\"window.open('/plain')\">open</button>")
	})
	mux.HandleFunc("/file.pdf", func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("who"); err != nil || c.Value != "me-secret" {
			http.Error(w, "who are you?", http.StatusForbidden)
			return
		}
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = io.WriteString(w, pdf)
	})
	mux.HandleFunc("/forbidden.pdf", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not you", http.StatusForbidden) })
	mux.HandleFunc("/short.pdf", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/pdf")
		w.Header().Set("Content-Length", fmt.Sprint(2*len(pdf)))
		_, _ = io.WriteString(w, pdf)
	})
	mux.HandleFunc("/error", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "broken", http.StatusInternalServerError) })
	mux.HandleFunc("/away", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "http://elsewhere.example/", http.StatusFound)
	})
	mux.HandleFunc("/hang", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	mux.HandleFunc("/headers", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.Header.Get("X-Test")) })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

const pdf = "%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"

// taskConfig is for real browsers on a site.
func taskConfig(t *testing.T, server *httptest.Server) Config {
	t.Helper()
	if _, err := launch.Find("", false); err != nil {
		t.Skip(err)
	}
	return Config{AllowedHosts: []string{"http://" + strings.TrimPrefix(server.URL, "http://")}, Out: t.TempDir(), Workers: 2, NoSandbox: os.Geteuid() == 0}
}

func taskList(keys ...string) func(func(Task[int], error) bool) {
	return func(yield func(Task[int], error) bool) {
		for i, key := range keys {
			if !yield(Task[int]{key, i}, nil) {
				return
			}
		}
	}
}

// collectTasks runs tasks to their end, by their keys.
func collectTasks[R any](
	t *testing.T, cfg Config, keys []string, work func(ctx context.Context, page Page, task Task[int]) (R, error),
) map[string]TaskResult[int, R] {
	t.Helper()
	all := map[string]TaskResult[int, R]{}
	for r, err := range RunTasks(t.Context(), cfg, taskList(keys...), work) {
		if err != nil {
			t.Fatal(err)
		}
		if _, twice := all[r.Key]; twice {
			t.Errorf("task %s comes twice", r.Key)
		}
		all[r.Key] = r
	}
	return all
}

// Every method of a page, on a real browser.
func TestFaultsPage(t *testing.T) {
	t.Parallel()
	server := site(t)
	cfg := taskConfig(t, server)
	var events []any
	cfg.OnEvent = func(e any) { events = append(events, e) }
	steps := map[string]func(ctx context.Context, p Page) (string, error){
		"title": func(ctx context.Context, p Page) (string, error) {
			if status, err := p.Navigate(ctx, server.URL+"/plain"); err != nil || status != 200 {
				return "", fmt.Errorf("status %d, %w", status, err)
			}
			if err := p.WaitFor(ctx, "#late b"); err != nil {
				return "", err
			}
			return p.Text(ctx, "title")
		},
		"nothing there": func(ctx context.Context, p Page) (string, error) {
			status, err := p.Navigate(ctx, server.URL+"/nothing")
			return fmt.Sprint(status), err
		},
		"eval": func(ctx context.Context, p Page) (string, error) {
			var sum struct{ Sum int }
			if err := p.Eval(ctx, "async (a, b) => ({sum: a + b.c})", &sum, 1, map[string]int{"c": 2}); err != nil {
				return "", err
			}
			for _, no := range []string{"NaN", "-Infinity", "1n"} {
				if err := p.Eval(ctx, "() => "+no, &sum); err == nil || !strings.Contains(err.Error(), "has returned "+no+", which JSON does not have") {
					return "", fmt.Errorf("%s: %v", no, err)
				}
			}
			if _, err := p.Navigate(ctx, "localhost/x"); !errors.Is(err, po.BlockedHost) || !strings.Contains(err.Error(), "no address with a host") {
				return "", fmt.Errorf("without a scheme: %v", err)
			}
			return fmt.Sprint(sum.Sum), p.Eval(ctx, "() => {}", nil)
		},
		"form": func(ctx context.Context, p Page) (string, error) {
			if _, err := p.Navigate(ctx, server.URL+"/form"); err != nil {
				return "", err
			}
			err := errors.Join(p.Type(ctx, "#user", "me"), p.Type(ctx, "#pass", "secret"), p.Click(ctx, "#go"))
			if err != nil {
				return "", err
			}
			title, err := p.Text(ctx, "title")
			if err != nil || title != "Welcome" {
				return title, err
			}
			cookies, err := p.Cookies(ctx)
			if err != nil || len(cookies) != 1 || cookies[0].Value != "me-secret" {
				return "", fmt.Errorf("cookies %v, %w", cookies, err)
			}
			byURL, err := p.SaveURL(ctx, server.URL+"/file.pdf", "")
			if err != nil {
				return "", err
			}
			byClick, err := p.SaveDownload(ctx, "#file", "clicked.pdf")
			if err != nil {
				return "", err
			}
			shot, err := p.Screenshot(ctx)
			if err != nil || !bytes.HasPrefix(shot, []byte("\x89PNG")) {
				return "", fmt.Errorf("screenshot of %d bytes, %w", len(shot), err)
			}
			saved, err := p.Save(ctx, "../shot?.png", bytes.NewReader(shot))
			again, err2 := p.Save(ctx, "SHOT_.png", strings.NewReader("x"))
			return strings.Join([]string{byURL.Name, byClick.Name, saved.Name, again.Name}, " "), errors.Join(err, err2)
		},
		"popup and link": func(ctx context.Context, p Page) (string, error) {
			if _, err := p.Navigate(ctx, server.URL+"/welcome"); err != nil {
				return "", err
			}
			if err := errors.Join(p.Click(ctx, "#open"), p.Click(ctx, "#page")); err != nil {
				return "", err
			}
			return p.Text(ctx, "h1")
		},
		"intercepted": func(ctx context.Context, p Page) (string, error) {
			err := errors.Join(
				p.Intercept(ctx, server.URL+"/made", po.Interception{Status: 418, Body: []byte("<h1>Made</h1>"), Header: http.Header{"Content-Type": {"text/html"}}}),
				p.Intercept(ctx, server.URL+"/head*", po.Interception{Header: http.Header{"X-Test": {"yes"}}}),
				p.Intercept(ctx, "*/blocked", po.Interception{Block: true}))
			if err != nil {
				return "", err
			}
			status, err := p.Navigate(ctx, server.URL+"/made")
			if err != nil || status != 418 {
				return "", fmt.Errorf("status %d, %w", status, err)
			}
			var got []string
			err = p.Eval(ctx, `async () => [await fetch('/headers').then((r) => r.text()),
				await fetch('/blocked').then(() => 'sent', () => 'refused')]`, &got)
			if err != nil {
				return "", err
			}
			html, err := p.HTML(ctx)
			return fmt.Sprint(got, strings.Contains(html, "<h1>Made</h1>")), err
		},
		"leads away": func(ctx context.Context, p Page) (string, error) {
			_, err := p.Navigate(ctx, server.URL+"/away")
			return "", err
		},
		"away": func(ctx context.Context, p Page) (string, error) {
			_, err := p.Navigate(ctx, "file:///etc/passwd")
			return "", err
		},
		"clicks away": func(ctx context.Context, p Page) (string, error) {
			if _, err := p.Navigate(ctx, server.URL+"/welcome"); err != nil {
				return "", err
			}
			return "", p.Click(ctx, "#away")
		},
		"no selector": func(ctx context.Context, p Page) (string, error) { return "", p.WaitFor(ctx, "[[") },
		"absent": func(ctx context.Context, p Page) (string, error) {
			ctx, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
			defer cancel()
			return "", GiveUp(p.WaitFor(ctx, "#absent"))
		},
		"short file": func(ctx context.Context, p Page) (string, error) {
			_, err := p.SaveURL(ctx, server.URL+"/short.pdf", "")
			return "", GiveUp(err)
		},
		"forbidden file": func(ctx context.Context, p Page) (string, error) {
			_, err := p.SaveURL(ctx, server.URL+"/forbidden.pdf", "")
			return "", err
		},
		"page for a file": func(ctx context.Context, p Page) (string, error) {
			if _, err := p.Navigate(ctx, server.URL+"/welcome"); err != nil {
				return "", err
			}
			_, err := p.SaveDownload(ctx, "#page", "")
			return "", GiveUp(err)
		},
		"throws": func(ctx context.Context, p Page) (string, error) {
			return "", GiveUp(p.Eval(ctx, "() => { throw new Error('no') }", nil))
		},
		"gives up": func(context.Context, Page) (string, error) {
			return "", GiveUp(fmt.Errorf("%w: no such invoice", po.CauseNotFound))
		},
		"large": func(context.Context, Page) (string, error) { return strings.Repeat("x", 1<<20), nil },
		"too large": func(context.Context, Page) (string, error) {
			return strings.Repeat("x", MaxTaskResult), nil
		},
		"error": func(ctx context.Context, p Page) (string, error) {
			status, err := p.Navigate(ctx, server.URL+"/error")
			return "", GiveUp(fmt.Errorf("%d: %w", status, err))
		},
	}
	want := map[string]string{
		"title": "/plain", "nothing there": "404", "eval": "3", "form": "file.pdf clicked.pdf shot_.png SHOT_ (2).png",
		"popup and link": "Plain", "intercepted": "[yes refused] true",
		"leads away": "blocked_host", "away": "blocked_host", "clicks away": "blocked_host", "no selector": "task_failed", "absent": "timeout",
		"short file": "download_incomplete", "forbidden file": "forbidden", "page for a file": "download_rejected", "throws": "task_failed",
		"gives up": "not_found", "large": strings.Repeat("x", 1<<20), "too large": "task_failed", "error": "portal_error",
	}
	var keys []string
	for key := range steps {
		keys = append(keys, key)
	}
	got := collectTasks(t, cfg, keys, func(ctx context.Context, p Page, task Task[int]) (string, error) { return steps[task.Key](ctx, p) })
	for key, want := range want {
		r := got[key]
		is := r.Result
		if r.Err != nil {
			is = string(po.CauseOf(r.Err))
		}
		if is != want || r.Attempts != 1 {
			t.Errorf("%s: %.200q, want %.200q: %d attempts, %v", key, is, want, r.Attempts, r.Err)
		}
	}
	r := got["form"]
	for _, f := range r.Files {
		if info, err := os.Stat(filepath.Join(cfg.Out, r.Folder, f.Name)); err != nil || info.Size() != f.Bytes || len(f.SHA256) != 64 {
			t.Errorf("%+v: %v", f, err)
		}
	}
	if r.Folder != "form" || len(r.Files) != 4 {
		t.Errorf("%s: %+v", r.Folder, r.Files)
	}
	checkTaskOut(t, cfg.Out, "form")
	text, err := os.ReadFile(filepath.Join(cfg.Out, "results.jsonl"))
	if err != nil || bytes.Count(text, []byte("\n")) != len(want) || bytes.Contains(text, []byte("secret")) {
		t.Errorf("results.jsonl has %d lines: %v", bytes.Count(text, []byte("\n")), err)
	}
	for _, e := range events {
		if text, err := json.Marshal(e); err != nil || bytes.Contains(text, []byte("me-secret")) || len(text) > 1<<16 {
			t.Errorf("%T of %d bytes: %v", e, len(text), err)
		}
	}
	if end, ok := events[len(events)-1].(messages.RunCleaned); !ok || len(end.Leftovers) > 0 {
		t.Errorf("left: %+v", events[len(events)-1])
	}
}

// checkTaskOut checks that an output directory has the folders given, and what is
// poactor's.
func checkTaskOut(t *testing.T, out string, folders ...string) {
	t.Helper()
	known := map[string]bool{".poactor": true, "results.jsonl": true, "SHA256SUMS": true}
	for _, f := range folders {
		known[f] = true
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !known[e.Name()] {
			t.Errorf("there is %s in the output directory", e.Name())
		}
	}
	if entries, err := os.ReadDir(filepath.Join(out, ".poactor", "incoming")); len(entries) > 0 {
		t.Errorf("left of downloads: %v, %v", entries, err)
	}
	if len(entries) != len(known) {
		t.Errorf("%d entries, want %d", len(entries), len(known))
	}
}
