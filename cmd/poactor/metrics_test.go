package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/internal/testportal/plain"
)

// metricsApp is the command with sessions that need no browser, on a portal of its own, and
// a list for it.
func metricsApp(t *testing.T) (a *app, list string) {
	t.Helper()
	site, err := testportal.Start(testportal.Options{Orders: 8, Mix: testportal.Plain, MaxFile: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	dir := t.TempDir()
	list = filepath.Join(dir, "orders.csv")
	if err := site.WriteBatch(list); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"POACTOR_BASE_URL": site.URL(), "HOME": dir, "POACTOR_KEYCHAIN": "off"}
	return &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: io.Discard,
		env:      func(name string) (string, bool) { v, ok := env[name]; return v, ok },
		browsers: plainBrowsers{&plain.Browsers{Base: site.URL(), Dir: dir}}}, list
}

// With --metrics 0 the address is told, serves metrics while the run goes on, on this machine
// only, and is gone when it has ended.
func TestMetricsOfARun(t *testing.T) {
	t.Parallel()
	a, list := metricsApp(t)
	out, in := io.Pipe()
	a.stdout = in
	code := make(chan int, 1)
	go func() {
		code <- a.main([]string{"--metrics", "0", "--json", list})
		_ = in.Close()
	}()
	var url, page string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		var line metricsLine
		if err := json.Unmarshal(lines.Bytes(), &line); err == nil && line.Event == "metrics_served" {
			url = line.URL
			page = get(t, url) // the run waits: nobody reads its next line
		}
	}
	if got := <-code; got != exitDone || !strings.HasPrefix(url, "http://127.0.0.1:") ||
		!strings.Contains(page, "poactor_build_info{") {
		t.Fatalf("exit code %d, %q: %s", got, url, page)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("the page is still there")
	}
}

func get(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}

// A port that is taken is wrong use, before anything has begun.
func TestMetricsPortIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	a, list := metricsApp(t)
	var stderr strings.Builder
	a.stderr = &stderr
	out := filepath.Join(filepath.Dir(list), "out")
	if code := a.main([]string{"--metrics", taken.Addr().String(), "--out", out, list}); code != exitUse {
		t.Errorf("exit code %d", code)
	}
	text := stderr.String()
	if !strings.Contains(text, "the address is in use") || !strings.Contains(text, "hint: give another port") {
		t.Error(text)
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("the output directory was made")
	}
}

// A collector that is not there costs a warning, and a wrong variable another; the run is
// what it is without them.
func TestTracesGoNowhere(t *testing.T) {
	t.Parallel()
	closed, err := closedAddress()
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ variable, value, warning string }{
		"not there": {"OTEL_EXPORTER_OTLP_ENDPOINT", closed, " spans could not be sent to " + closed},
		"wrong":     {"OTEL_TRACES_EXPORTER", "zipkin", " no traces are sent: OTEL_TRACES_EXPORTER is"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, list := metricsApp(t)
			var stderr strings.Builder
			a.stderr = &stderr
			lookup := a.env
			a.env = func(name string) (string, bool) {
				switch name {
				case tt.variable:
					return tt.value, true
				case "OTEL_EXPORTER_OTLP_TIMEOUT":
					return "100", true
				}
				return lookup(name)
			}
			if code := a.main([]string{list}); code != exitDone {
				t.Errorf("exit code %d", code)
			}
			if text := stderr.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, tt.warning) {
				t.Errorf("%q", text)
			}
		})
	}
}
