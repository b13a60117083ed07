package poactor_test

import (
	"bytes"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
	"go.opentelemetry.io/otel"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/poactortest"
)

// Importing poactor registers no flag: those that are there are the tests' own.
func TestImportRegistersNoFlag(t *testing.T) {
	t.Parallel()
	flag.VisitAll(func(f *flag.Flag) {
		if !strings.HasPrefix(f.Name, "test.") && !strings.HasPrefix(f.Name, "rapid.") {
			t.Errorf("there is a flag -%s", f.Name)
		}
	})
}

// Importing poactor adds nothing to the server of the program, but for what Proto.Actor does:
// it imports expvar.
func TestImportServesNothing(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/", "/metrics", "/debug/pprof/", "/debug/requests", "/debug/events", "/debug/vars"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://host"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, pattern := http.DefaultServeMux.Handler(r); pattern != "" && !strings.Contains(pattern, "/debug/vars") {
			t.Errorf("%s is served by %q", path, pattern)
		}
	}
}

// A run writes nothing to the output of its program, leaves what is the program's as it was,
// and says nothing by other loggers than the one that it is given.
func TestRunLeavesTheProgramAlone(t *testing.T) {
	p := poactortest.NewPortal(t, poactortest.PortalOptions{Orders: 8, Plain: true})
	said := captureOutput(t)
	var logged bytes.Buffer
	logrus.SetOutput(&logged)
	slogBefore, metersBefore, tracersBefore := slog.Default(), otel.GetMeterProvider(), otel.GetTracerProvider()
	wd, _ := os.Getwd()
	env, procs := strings.Join(os.Environ(), "\n"), runtime.GOMAXPROCS(0)
	summary, err := poactor.Run(t.Context(), poactor.Config{Portal: p.Definition(), Out: filepath.Join(t.TempDir(), "out"),
		Browsers: &poactortest.Browsers{Read: p.Read}, Faults: poactortest.Faults{"browser_kill": 4, "worker_panic": 5}.Plan(1)}, p.Orders())
	if err != nil || summary.Open != 0 {
		t.Errorf("%+v, %v", summary, err)
	}
	if text := said(); text != "" || logged.Len() > 0 {
		t.Errorf("written to the program's output: %s; to logrus: %s", text, &logged)
	}
	if slog.Default() != slogBefore || otel.GetMeterProvider() != metersBefore || otel.GetTracerProvider() != tracersBefore {
		t.Error("a global logger or provider was set")
	}
	if now, _ := os.Getwd(); now != wd || strings.Join(os.Environ(), "\n") != env || runtime.GOMAXPROCS(0) != procs {
		t.Error("directory, environment or processors were changed")
	}
}

// captureOutput takes what is written to standard output and error until it is asked for.
func captureOutput(t *testing.T) (text func() string) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, stderr, logOut := os.Stdout, os.Stderr, logrus.StandardLogger().Out
	os.Stdout, os.Stderr = w, w
	restore := func() {
		os.Stdout, os.Stderr = stdout, stderr
		logrus.SetOutput(logOut)
		w.Close()
	}
	t.Cleanup(restore)
	read := make(chan string)
	go func() {
		all, _ := io.ReadAll(r)
		read <- string(all)
	}()
	return func() string {
		restore()
		return <-read
	}
}

func discard(*actor.ActorSystem) *slog.Logger { return slog.New(slog.DiscardHandler) }

// asRoot is whether the browser needs --no-sandbox.
func asRoot() bool { return os.Geteuid() == 0 }
