package telemetry

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// story is a run told event by event, on a clock of its own.
type story struct {
	*Recorder
	clock  time.Time
	reader *sdkmetric.ManualReader
	spans  *tracetest.SpanRecorder
}

func newStory(t *testing.T) *story {
	t.Helper()
	s := &story{clock: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), reader: sdkmetric.NewManualReader(),
		spans: tracetest.NewSpanRecorder()}
	var err error
	s.Recorder, err = New(sdkmetric.NewMeterProvider(sdkmetric.WithReader(s.reader)),
		sdktrace.NewTracerProvider(sdktrace.WithSpanProcessor(s.spans)))
	if err != nil {
		t.Fatal(err)
	}
	s.began, s.now = s.clock, func() time.Time { return s.clock }
	return s
}

// tell has an event happen a second after the last one.
func (s *story) tell(events ...any) {
	for _, e := range events {
		s.clock = s.clock.Add(time.Second)
		s.Event(e)
	}
}

// sum reads a metric: attributes are those of its series, as "key=value,key=value".
func (s *story) sum(t *testing.T, name string) map[string]int64 {
	t.Helper()
	var data metricdata.ResourceMetrics
	if err := s.reader.Collect(t.Context(), &data); err != nil {
		t.Fatal(err)
	}
	for _, scope := range data.ScopeMetrics {
		for _, m := range scope.Metrics {
			if m.Name != name {
				continue
			}
			series := map[string]int64{}
			for _, p := range m.Data.(metricdata.Sum[int64]).DataPoints {
				if text := p.Attributes.Encoded(encoder); p.Value != 0 {
					series[text] = p.Value
				}
			}
			return series
		}
	}
	t.Fatalf("no metric %s", name)
	return nil
}

func worker(name string) messages.Worker { return messages.Worker{Name: name, Incarnation: 1} }

func file(s *story, name string, lane po.Lane, bytes int64) po.File {
	return po.File{Name: name, Lane: lane, Bytes: bytes, Time: s.clock}
}

// Metrics follow the run, and go back where an outcome no longer counts.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	check := func(name string, want map[string]int64) {
		t.Helper()
		if diff := cmp.Diff(want, s.sum(t, name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	s.tell(messages.BatchMerged{Open: 10}, messages.RunStarted{Portal: "coupa", Workers: 4},
		messages.WorkerReady{Worker: worker("worker-1"), Took: 5}, messages.WorkerReady{Worker: worker("worker-2"), Took: 5},
		messages.OrderStarted{Worker: worker("worker-1"), Key: "1", RawNumber: "PO1", Attempt: 1})
	check("poactor.orders.open", map[string]int64{"": 10})
	check("poactor.workers", map[string]int64{"state=busy": 1, "state=idle": 1})
	check("poactor.workers.target", map[string]int64{"limited_by=user": 4})
	check("poactor.orders.in_progress", map[string]int64{"stage=reading": 1})

	s.tell(messages.PortalPaced{Reading: 2, Hold: messages.Duration(time.Second)},
		messages.PoolResized{From: 4, To: 3, LimitedBy: messages.LimitedByMemory})
	check("poactor.portal.concurrency", map[string]int64{"": 2})
	check("poactor.portal.pauses", map[string]int64{"": 1})
	check("poactor.workers.target", map[string]int64{"limited_by=memory": 3})
	check("poactor.workers.resizes", map[string]int64{"limited_by=memory": 1})

	a, b := file(s, "a", po.LaneHTTP, 100), file(s, "b", po.LaneBrowser, 7)
	old := po.File{Name: "old", Lane: po.LaneHTTP, Bytes: 1000} // of an earlier start
	read := messages.OrderRead{Worker: worker("worker-1"), Key: "1", Reading: po.Reading{Sign: po.SignAttachments}}
	fetched := func(files ...po.File) messages.FilesFetched {
		return messages.FilesFetched{Key: "1", Result: po.FetchResult{Saved: po.Saved{Files: files}}}
	}
	s.tell(read, fetched(a, old))
	check("poactor.workers", map[string]int64{"state=idle": 2})
	check("poactor.orders.in_progress", map[string]int64{"stage=recording": 1})
	s.tell(messages.OrderRetried{Key: "1", Failure: po.Failure{Cause: po.Throttled}})
	check("poactor.orders.in_progress", map[string]int64{"stage=retrying": 1})
	s.tell(messages.OrderStarted{Worker: worker("worker-2"), Key: "1", RawNumber: "PO1", Attempt: 2},
		read, fetched(a, old, b),
		messages.OrderSettled{Outcome: po.Outcome{Key: "1", Status: po.Partial, Cause: po.Timeout,
			Missing: []po.Missing{{Cause: po.Timeout}, {Cause: "made up"}}}})
	check("poactor.files.saved", map[string]int64{"lane=browser": 1, "lane=http": 1}) // each once, and none of before
	check("poactor.files.size", map[string]int64{"lane=browser": 7, "lane=http": 100})
	check("poactor.files.missing", map[string]int64{"cause=internal": 1, "cause=timeout": 1})
	check("poactor.order.retries", map[string]int64{"cause=throttled": 1})
	check("poactor.orders.settled", map[string]int64{"cause=timeout,status=PARTIAL": 1})
	check("poactor.orders.open", map[string]int64{"": 9})

	s.tell(messages.OrderSettled{Outcome: po.Outcome{Key: "2", Status: po.NotFound, Cause: po.CauseNotFound}},
		messages.OrdersReopened{Outcomes: []po.Outcome{{Key: "2", Status: po.NotFound, Cause: po.CauseNotFound}}},
		messages.OrderReleased{Key: "2", Cause: po.BrowserDied}, messages.OrderQuarantined{Key: "2"},
		messages.WorkerLost{Worker: "worker-2", Cause: po.BrowserHung},
		messages.WorkerLost{Worker: "worker-9", GaveUp: true, Cause: po.BrowserDied},
		messages.WorkerRecycled{Worker: "worker-1"}, messages.JobStuck{Worker: "worker-1"}, messages.SessionLost{},
		messages.SessionRestored{How: "x"}, messages.SessionLost{}, messages.SessionRestored{Failure: "x"})
	check("poactor.orders.settled", map[string]int64{"cause=timeout,status=PARTIAL": 1})
	check("poactor.orders.reopened", map[string]int64{"": 1})
	check("poactor.orders.open", map[string]int64{"": 9})
	check("poactor.order.releases", map[string]int64{"cause=browser_died": 1})
	check("poactor.orders.quarantined", map[string]int64{"": 1})
	check("poactor.worker.restarts", map[string]int64{"cause=browser_hung": 1})
	check("poactor.worker.given_up", map[string]int64{"cause=browser_died": 1})
	check("poactor.worker.recycles", map[string]int64{"": 1})
	check("poactor.worker.stuck", map[string]int64{"": 1})
	check("poactor.session.lost", map[string]int64{"": 2})
	check("poactor.session.restores", map[string]int64{"result=failed": 1, "result=restored": 1})
	check("poactor.workers", map[string]int64{})

	s.tell(messages.RunEnded{Open: 8})
	check("poactor.orders.open", map[string]int64{"": 8})
	check("poactor.workers.target", map[string]int64{})
	s.tell(messages.RunCleaned{})
	check("poactor.orders.open", map[string]int64{})
}

// What a run leaves open ends with it, at the latest.
func TestSpansOfAnEarlyEnd(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(messages.OrderStarted{Worker: worker("worker-1"), Key: "1", RawNumber: "PO1", Attempt: 1},
		messages.RunEnded{Cause: po.SignedOut, Open: 1})
	ended := s.spans.Ended()
	if len(ended) != 2 || ended[0].Name() != "attempt" || ended[1].Name() != "order" {
		t.Fatalf("ended: %v", ended)
	}
	if ended[0].Status().Code != codes.Error || ended[1].Status().Code == codes.Error {
		t.Errorf("%v, %v: the attempt failed, of the order nothing is known", ended[0].Status(), ended[1].Status())
	}
}

// An order that goes back has no span while it waits; the next one is linked to it, and the
// time that the order took counts from its first.
func TestSpansOfAnOrderPutBack(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	start := messages.OrderStarted{Worker: worker("worker-1"), Key: "1", RawNumber: "PO1", Attempt: 1}
	s.tell(start, messages.OrderReleased{Key: "1", Cause: po.PortalError})
	ended := s.spans.Ended()
	if len(ended) != 2 || ended[1].Name() != "order" || ended[1].Status().Code == codes.Error {
		t.Fatalf("ended: %v", ended)
	}
	s.tell(start, messages.OrderReleased{Key: "1", Cause: po.PortalError}, messages.RunEnded{Open: 1})
	if ended = s.spans.Ended(); len(ended) != 4 {
		t.Fatalf("%d spans have ended, want 4", len(ended))
	}
	links := ended[3].Links()
	if len(links) != 1 || links[0].SpanContext.SpanID() != ended[1].SpanContext().SpanID() {
		t.Errorf("links: %v", links)
	}
}

// No step begins before its attempt, however late its event came, and nothing ends before it
// begins, however the clock is set.
func TestTimesOfSpans(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(messages.OrderStarted{Worker: worker("worker-1"), Key: "1", RawNumber: "PO1", Attempt: 1})
	begin := s.clock
	s.tell(messages.OrderRead{Worker: worker("worker-1"), Key: "1", Took: messages.Duration(time.Hour)},
		messages.OrderSettled{Outcome: po.Outcome{Key: "1", Status: po.Failed, Cause: po.Timeout,
			Detail: "no answer of https://x.example/a?token=secret", URL: "https://x.example/1?token=secret"}})
	for i, want := range []struct {
		name       string
		start, end time.Duration // since the order began
		err        string
	}{
		{"read", 0, time.Second, ""},
		{"settle", time.Second, 2 * time.Second, ""},
		{"attempt", 0, 2 * time.Second, "timeout: no answer of https://x.example/a"},
		{"order", 0, 2 * time.Second, "timeout: no answer of https://x.example/a"},
	} {
		span := s.spans.Ended()[i]
		if span.Name() != want.name || span.StartTime().Sub(begin) != want.start || span.EndTime().Sub(begin) != want.end ||
			span.Status().Description != want.err {
			t.Errorf("%s %v to %v, %q; want %+v", span.Name(), span.StartTime().Sub(begin), span.EndTime().Sub(begin),
				span.Status().Description, want)
		}
		for _, a := range span.Attributes() {
			if a.Key == "url.full" && a.Value.AsString() != "https://x.example/1" {
				t.Errorf("an address with its query: %s", a.Value.AsString())
			}
		}
	}
}

// Where nobody wants to know, nothing is made, and nothing fails.
func TestWithoutProviders(t *testing.T) {
	t.Parallel()
	r, err := New(nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Event(messages.OrderStarted{Key: "1"})
	r.Event(messages.OrderSettled{Outcome: po.Outcome{Key: "1", Status: po.Completed}})
}

var encoder = attribute.DefaultEncoder()

// An order that needs no browser has its time and its steps like any other; where one has to read
// it all the same, that is the same attempt.
func TestOrdersWithoutABrowser(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.tell(messages.PageRequested{Key: "1", RawNumber: "PO1"}, messages.PageRead{Key: "1", Took: messages.Duration(time.Second)})
	if diff := cmp.Diff(map[string]int64{"stage=fetching": 1}, s.sum(t, "poactor.orders.in_progress")); diff != "" {
		t.Error(diff)
	}
	s.tell(messages.FilesFetched{Key: "1"}, messages.OrderSettled{Outcome: po.Outcome{Key: "1", Status: po.Completed}},
		messages.PageRequested{Key: "2", RawNumber: "PO2"}, messages.PageRead{Key: "2", Reason: "chosen at random, to be compared"},
		messages.OrderStarted{Worker: worker("worker-1"), Key: "2", RawNumber: "PO2", Attempt: 1},
		messages.OrderRead{Worker: worker("worker-1"), Key: "2", Reading: po.Reading{Sign: po.SignAttachments}},
		messages.OrderSettled{Outcome: po.Outcome{Key: "2", Status: po.Completed}})
	var names []string
	for _, span := range s.spans.Ended() {
		names = append(names, span.Name())
	}
	if diff := cmp.Diff([]string{"page", "fetch", "settle", "attempt", "order", "page", "read", "settle", "attempt", "order"}, names); diff != "" {
		t.Error(diff)
	}
	if got := s.sum(t, "poactor.orders.in_progress"); len(got) != 0 {
		t.Errorf("in progress: %v", got)
	}
}
