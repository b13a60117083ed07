package export

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/poactor/poactor/internal/telemetry"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// secret is in an address or a header, and nowhere else.
const secret = "s3cret"

// collector is an OTLP receiver that answers as it is told, and keeps what it takes.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	answers  []int // statuses of the next answers; then 200
	requests int
	header   http.Header
	spans    []*tracepb.Span
}

func newCollector(t *testing.T, answers ...int) *collector {
	t.Helper()
	c := &collector{answers: answers}
	c.Server = httptest.NewServer(c)
	t.Cleanup(c.Close)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests++
	if len(c.answers) > 0 {
		status := c.answers[0]
		c.answers = c.answers[1:]
		w.Header().Set("Location", "/elsewhere")
		w.WriteHeader(status)
		return
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		body, _ = gzip.NewReader(r.Body)
	}
	text, err := io.ReadAll(body)
	var data tracepb.TracesData
	if err := errors.Join(err, proto.Unmarshal(text, &data)); err != nil || r.URL.Path != "/v1/traces" {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	c.header = r.Header
	for _, resource := range data.ResourceSpans {
		for _, scope := range resource.ScopeSpans {
			c.spans = append(c.spans, scope.Spans...)
		}
	}
}

// sendOrder makes the trace of one order with an environment, and returns what was said of
// it in the log, and at the end.
func sendOrder(t *testing.T, ctx context.Context, variables map[string]string) (logged string, atEnd error) {
	t.Helper()
	var text safeText // a batch that is under way at the end may be told of after it
	spans, err := Send(lookup(variables), "v1.2.3", log.New(&text, "", 0))
	if err != nil || spans == nil {
		t.Fatalf("%v, %v", spans, err)
	}
	r, err := telemetry.New(nil, spans.Tracers())
	if err != nil {
		t.Fatal(err)
	}
	r.Event(messages.OrderStarted{Worker: messages.Worker{Name: "worker-1"}, Key: "1", RawNumber: "PO1", Attempt: 1})
	r.Event(messages.OrderRead{Key: "1", Took: messages.Duration(time.Millisecond)})
	r.Event(messages.OrderSettled{Outcome: po.Outcome{Key: "1", Status: po.NoAttachments}})
	atEnd = spans.Close(ctx)
	return text.String(), atEnd
}

// safeText is a strings.Builder for several goroutines.
type safeText struct {
	mu sync.Mutex
	b  strings.Builder
}

// Write implements io.Writer.
func (s *safeText) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeText) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func lookup(variables map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { text, ok := variables[name]; return text, ok }
}

// A collector gets one tree of spans an order, as the environment says.
func TestSpansAreSent(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		answers   []int
		variables map[string]string
		requests  int
	}{
		"at once":         {requests: 1},
		"compressed":      {variables: map[string]string{"OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}, requests: 1},
		"at a second try": {answers: []int{503}, requests: 2},
		"with a header": {variables: map[string]string{"OTEL_EXPORTER_OTLP_HEADERS": "x-key=" + secret + "%20x"},
			requests: 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCollector(t, tt.answers...)
			variables := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL}
			for k, v := range tt.variables {
				variables[k] = v
			}
			if logged, err := sendOrder(t, t.Context(), variables); err != nil || logged != "" {
				t.Fatalf("%v; %s", err, logged)
			}
			names := map[string]string{}
			for _, s := range c.spans {
				names[string(s.SpanId)] = s.Name
			}
			above := map[string]string{}
			for _, s := range c.spans {
				above[s.Name] = names[string(s.ParentSpanId)]
			}
			want := map[string]string{"order": "", "attempt": "order", "read": "attempt", "settle": "attempt"}
			if diff := cmp.Diff(want, above); diff != "" || c.requests != tt.requests {
				t.Errorf("%d requests, %s", c.requests, diff)
			}
			if h := c.header.Get("x-key"); h != "" && h != secret+" x" {
				t.Errorf("header %q", h)
			}
		})
	}
}

// What a collector does not take is told once, without anything secret. A key goes nowhere
// but to the collector.
func TestSpansAreRefused(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"bad": 400, "unauthorised": 401, "moved": 307} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCollector(t, status)
			endpoint := strings.Replace(c.URL, "//", "//user:"+secret+"@", 1) + "/v1/traces?key=" + secret
			logged, err := sendOrder(t, t.Context(), map[string]string{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": endpoint})
			if err == nil || !strings.HasPrefix(err.Error(), "at least 4 spans could not be sent to "+c.URL+"/v1/traces: ") {
				t.Errorf("%v", err)
			}
			if all := logged + err.Error(); strings.Contains(all, secret) || strings.Count(logged, "\n") != 1 {
				t.Errorf("%s", all)
			}
			if c.requests != 1 {
				t.Errorf("%d requests", c.requests)
			}
		})
	}
}

// A collector that hangs, or is not there, holds nothing up for longer than a bound, and not
// at all when the run was interrupted for good.
func TestCollectorHangs(t *testing.T) {
	t.Parallel()
	hung := make(chan struct{})
	c := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-hung:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(c.Close)
	t.Cleanup(func() { close(hung) })
	variables := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": c.URL}
	if _, err := sendOrder(t, t.Context(), variables); err == nil { // the bound is the test's own timeout's business
		t.Error("nothing is said of spans that were lost")
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := sendOrder(t, over, variables); err == nil {
		t.Error("nothing is said of spans that were lost")
	}
	variables["OTEL_EXPORTER_OTLP_TIMEOUT"] = "200"
	if logged, err := sendOrder(t, t.Context(), variables); err == nil || !strings.Contains(logged, "no answer in time") {
		t.Errorf("%v; %s", err, logged)
	}
	c.CloseClientConnections()
}

// The environment decides whether and where spans are sent; what it has wrong is told
// without its value.
func TestSettings(t *testing.T) {
	t.Parallel()
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	type variables = map[string]string
	const all, traces, exporter = "OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_", "OTEL_TRACES_EXPORTER"
	const c, d = "https://c.example", "https://d.example/x"
	for name, tt := range map[string]struct {
		variables variables
		endpoint  string // empty: none are sent
		err       string
	}{
		"nothing":           {},
		"only the exporter": {variables: variables{exporter: "otlp"}, endpoint: "http://localhost:4318/v1/traces"},
		"a base":            {variables: variables{all + "ENDPOINT": c + "/otlp/"}, endpoint: c + "/otlp/v1/traces"},
		"of traces":         {variables: variables{all + "ENDPOINT": c, traces + "ENDPOINT": d}, endpoint: d},
		"none":              {variables: variables{all + "ENDPOINT": c, exporter: "none"}},
		"disabled":          {variables: variables{all + "ENDPOINT": c, "OTEL_SDK_DISABLED": "True"}},
		"console":           {variables: variables{exporter: "console"}, err: exporter + " is neither otlp nor none"},
		"grpc":              {variables: variables{all + "ENDPOINT": c, all + "PROTOCOL": "grpc"}, err: all + "PROTOCOL"},
		"no address": {variables: variables{all + "ENDPOINT": "x:" + secret},
			err: all + "ENDPOINT is no address like"},
		"bad header": {variables: variables{all + "ENDPOINT": c, traces + "HEADERS": "a=b," + secret},
			err: traces + "HEADERS: entry 2"},
		"bad timeout": {variables: variables{all + "ENDPOINT": c, all + "TIMEOUT": "10s"}, err: all + "TIMEOUT"},
		"compression": {variables: variables{all + "ENDPOINT": c, all + "COMPRESSION": "zstd"}, err: all + "COMPRESSION"},
		"certificate": {variables: variables{all + "ENDPOINT": c, all + "CERTIFICATE": empty}, err: "no certificate"},
		"no key": {variables: variables{all + "ENDPOINT": c, all + "CLIENT_CERTIFICATE": empty},
			err: all + "CLIENT_CERTIFICATE"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, wanted, err := readSettings(lookup(tt.variables))
			if tt.err != "" {
				if wanted || err == nil || !strings.Contains(err.Error(), tt.err) || strings.Contains(err.Error(), secret) {
					t.Errorf("%v, %v", wanted, err)
				}
				return
			}
			if err != nil || wanted != (tt.endpoint != "") || wanted && s.endpoint != tt.endpoint {
				t.Errorf("%v %q, %v", wanted, s.endpoint, err)
			}
		})
	}
}

// A page that is closed is gone.
func TestPageCloses(t *testing.T) {
	t.Parallel()
	p := serve(t)
	if response, err := http.Get(p.URL()); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", response, err)
	} else {
		_ = response.Body.Close()
	}
	p.Close()
	if _, err := http.Get(p.URL()); err == nil {
		t.Error("it is still there")
	}
}

func serve(t *testing.T) *Page {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := Serve(l, "v1.2.3", log.New(io.Discard, "", 0))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
