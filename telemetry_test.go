package poactor

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/internal/telemetry"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// troubledBrowsers have sessions that meet every kind of end: of each seven orders one is
// forbidden, one is not there, and one browser dies at its first order.
type troubledBrowsers struct {
	actors.Browsers
	died *atomic.Bool
}

func (b troubledBrowsers) Open(ctx context.Context) (actors.Session, error) {
	s, err := b.Browsers.Open(ctx)
	return troubledSession{s, b.died}, err
}

type troubledSession struct {
	actors.Session
	died *atomic.Bool
}

func (s troubledSession) Read(ctx context.Context, o po.Order, byBrowser []string) (po.Reading, error) {
	if s.died.CompareAndSwap(false, true) {
		return po.Reading{}, fmt.Errorf("%w: by the test", po.BrowserDied)
	}
	switch o.Number[len(o.Number)-1] {
	case '1':
		return po.Reading{Sign: po.SignForbidden}, nil
	case '2':
		return po.Reading{Sign: po.SignNotFound}, nil
	}
	return s.Session.Read(ctx, o, byBrowser)
}

// Metrics are what the record says: orders by status and cause, files and bytes by lane. A
// browser that died is one restart.
func TestMetricsAreTrue(t *testing.T) {
	t.Parallel()
	r := newPlainTrial(t, 40)
	r.cfg.Browsers = troubledBrowsers{r.cfg.Browsers, new(atomic.Bool)}
	reader := sdkmetric.NewManualReader()
	r.cfg.MeterProvider = sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	if _, err := r.start(t, r.orders(t)); err != nil {
		t.Fatal(err)
	}
	settled, files, size := map[string]int64{}, map[string]int64{}, map[string]int64{}
	ledger, err := ledger.OpenReadOnly(r.cfg.Out)
	must(t, err)
	defer ledger.Close()
	for o, err := range ledger.Outcomes(t.Context()) {
		must(t, err)
		settled[fmt.Sprintf("%s/%s", o.Status, o.Cause)]++
		for _, f := range o.Files {
			files[string(f.Lane)]++
			size[string(f.Lane)] += f.Bytes
		}
	}
	if len(settled) < 3 {
		t.Fatalf("the test is of few kinds: %v", settled)
	}
	lost := map[string]int64{}
	for _, e := range all[messages.WorkerLost](r) {
		lost[string(e.Cause)]++
	}
	if lost[string(po.BrowserDied)] != 1 {
		t.Fatalf("lost: %v", lost)
	}
	got := collect(t, reader)
	for name, want := range map[string]map[string]int64{
		"poactor.orders.settled":     settled,
		"poactor.files.saved":        files,
		"poactor.files.size":         size,
		"poactor.worker.restarts":    lost,
		"poactor.orders.open":        {"": 0},
		"poactor.orders.in_progress": {"fetching": 0, "reading": 0, "recording": 0},
		"poactor.workers":            {"busy": 0, "idle": 0},
		"poactor.portal.concurrency": {"": 0},
	} {
		delete(got[name], "retrying") // there if something was
		if diff := cmp.Diff(want, got[name]); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// collect reads the sums of a reader, by name and by their attributes.
func collect(t *testing.T, reader sdkmetric.Reader) map[string]map[string]int64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	must(t, reader.Collect(t.Context(), &data))
	sums := map[string]map[string]int64{}
	for _, scope := range data.ScopeMetrics {
		if scope.Scope.Name != telemetry.Scope {
			t.Errorf("a scope %q", scope.Scope.Name)
		}
		for _, m := range scope.Metrics {
			sum, ok := m.Data.(metricdata.Sum[int64])
			if !ok {
				continue
			}
			sums[m.Name] = map[string]int64{}
			for _, p := range sum.DataPoints {
				sums[m.Name][labels(p.Attributes)] = p.Value
			}
		}
	}
	return sums
}

// labels joins the values of attributes; a status has always a cause beside it, that may be
// empty.
func labels(set attribute.Set) string {
	var b bytes.Buffer
	if status, ok := set.Value("status"); ok {
		cause, _ := set.Value("cause")
		return status.AsString() + "/" + cause.AsString()
	}
	for _, a := range set.ToSlice() {
		b.WriteString(a.Value.AsString())
	}
	return b.String()
}

// Each order has one trace, and one more for each time that it was put back: its attempts
// below it, their steps below them, all within the times of what is above.
func TestTraces(t *testing.T) {
	t.Parallel()
	const orders = 20
	r := newPlainTrial(t, orders)
	r.cfg.Browsers = troubledBrowsers{r.cfg.Browsers, new(atomic.Bool)}
	spans := tracetest.NewSpanRecorder()
	r.cfg.TracerProvider = sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(spans))
	if _, err := r.start(t, r.orders(t)); err != nil {
		t.Fatal(err)
	}
	byID, roots, names := map[string]sdktrace.ReadOnlySpan{}, map[string]string{}, map[string]int{}
	for _, s := range spans.Ended() {
		byID[s.SpanContext().SpanID().String()] = s
		names[s.Name()]++
	}
	if len(spans.Started()) != len(byID) {
		t.Errorf("%d spans began, %d ended", len(spans.Started()), len(byID))
	}
	above := map[string]string{"attempt": "order", "read": "attempt", "fetch": "attempt", "settle": "attempt"}
	for _, s := range byID {
		if s.EndTime().Before(s.StartTime()) {
			t.Errorf("%s ends before it begins", s.Name())
		}
		if !s.Parent().IsValid() {
			number, status := attributeOf(s, "poactor.order"), attributeOf(s, "poactor.status")
			switch _, twice := roots[number]; {
			case s.Name() != "order":
				t.Errorf("%q of order %q is a root", s.Name(), number)
			case status == "": // it was put back: another trace goes on with it
			case twice:
				t.Errorf("order %q has ended twice", number)
			default:
				roots[number] = status
			}
			continue
		}
		parent := byID[s.Parent().SpanID().String()]
		if parent == nil || parent.Name() != above[s.Name()] || parent.SpanContext().TraceID() != s.SpanContext().TraceID() {
			t.Errorf("%s has the parent %v", s.Name(), parent)
			continue
		}
		if s.StartTime().Before(parent.StartTime()) || s.EndTime().After(parent.EndTime()) {
			t.Errorf("%s is not within %s: %v to %v, %v to %v", s.Name(), parent.Name(),
				s.StartTime(), s.EndTime(), parent.StartTime(), parent.EndTime())
		}
	}
	want := map[string]string{}
	for _, e := range all[messages.OrderSettled](r) {
		want[e.RawNumber] = string(e.Status)
	}
	if diff := cmp.Diff(want, roots); diff != "" || len(want) != orders {
		t.Error(diff)
	}
	steps := map[string]int{"order": orders + len(all[messages.OrderReleased](r)), "attempt": len(all[messages.OrderStarted](r)), "settle": orders,
		"read": len(all[messages.OrderRead](r)), "fetch": len(all[messages.FilesFetched](r))}
	if diff := cmp.Diff(steps, names); diff != "" || steps["attempt"] <= orders { // a browser died with one
		t.Errorf("%v %s", steps, diff)
	}
}

func attributeOf(s sdktrace.ReadOnlySpan, key attribute.Key) string {
	for _, a := range s.Attributes() {
		if a.Key == key {
			return a.Value.String()
		}
	}
	return ""
}
