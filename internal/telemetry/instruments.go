package telemetry

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"

	"github.com/poactor/poactor/po"
)

// seconds are the bounds of the histograms' buckets: from a page of a quick portal to an
// order that was retried for long.
var seconds = []float64{0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800}

// instruments are all metrics of a run. What goes up and down is told as differences, so
// that the runs of one process add up.
type instruments struct {
	settled     metric.Int64UpDownCounter
	open        metric.Int64UpDownCounter
	inProgress  metric.Int64UpDownCounter
	duration    metric.Float64Histogram
	retries     metric.Int64Counter
	releases    metric.Int64Counter
	reopened    metric.Int64Counter
	quarantined metric.Int64Counter
	steps       metric.Float64Histogram

	filesSaved   metric.Int64Counter
	filesSize    metric.Int64Counter
	filesMissing metric.Int64Counter

	workers  metric.Int64UpDownCounter
	target   metric.Int64UpDownCounter
	resizes  metric.Int64Counter
	restarts metric.Int64Counter
	givenUp  metric.Int64Counter
	recycles metric.Int64Counter
	stuck    metric.Int64Counter

	concurrency metric.Int64UpDownCounter
	pauses      metric.Int64Counter
	lost        metric.Int64Counter
	restored    metric.Int64Counter
}

// newInstruments makes the instruments with a meter. Those without attributes are there
// from the beginning, as zero.
func newInstruments(meter metric.Meter) (*instruments, error) {
	b := builder{meter: meter}
	i := &instruments{
		settled: b.upDown("poactor.orders.settled", "{order}",
			"Orders that have ended, less those that were opened again, by status and cause."),
		open:       b.upDown("poactor.orders.open", "{order}", "Orders of this start that have not ended."),
		inProgress: b.upDown("poactor.orders.in_progress", "{order}", "Orders that are being worked on, by stage."),
		duration: b.histogram("poactor.order.duration",
			"Time from an order's first assignment to its end, retries included, by status."),
		retries:     b.counter("poactor.order.retries", "{try}", "Tries that failed and were followed by another, by cause."),
		releases:    b.counter("poactor.order.releases", "{try}", "Orders put back without a fault of their own, by cause."),
		reopened:    b.counter("poactor.orders.reopened", "{order}", "Orders whose outcome no longer counts."),
		quarantined: b.counter("poactor.orders.quarantined", "{order}", "Orders that browsers died with."),
		steps:       b.histogram("poactor.step.duration", "Time that a step took, by step, and by cause where it failed."),

		filesSaved:   b.counter("poactor.files.saved", "{file}", "Files that were fetched, whole and verified, by lane."),
		filesSize:    b.counter("poactor.files.size", "By", "Bytes of those files, by lane."),
		filesMissing: b.counter("poactor.files.missing", "{file}", "Files that orders ended without, by cause."),

		workers: b.upDown("poactor.workers", "{worker}", "Workers that have a browser, by state."),
		target: b.upDown("poactor.workers.target", "{worker}",
			"Workers that there should be, by what keeps them from being more."),
		resizes:  b.counter("poactor.workers.resizes", "{change}", "Changes of that number, by what was the reason."),
		restarts: b.counter("poactor.worker.restarts", "{restart}", "Browsers that were lost and replaced, by cause."),
		givenUp:  b.counter("poactor.worker.given_up", "{worker}", "Workers that were lost for good, by cause."),
		recycles: b.counter("poactor.worker.recycles", "{restart}", "Worn browsers that were replaced."),
		stuck:    b.counter("poactor.worker.stuck", "{job}", "Jobs that did not end when they were cancelled."),

		concurrency: b.upDown("poactor.portal.concurrency", "{order}", "Orders that may be read at once."),
		pauses:      b.counter("poactor.portal.pauses", "{pause}", "Pauses in which no order was begun."),
		lost:        b.counter("poactor.session.lost", "{session}", "Sessions that were over in the middle of a run."),
		restored:    b.counter("poactor.session.restores", "{session}", "What came of restoring them, by result."),
	}
	return i, b.err
}

// builder makes instruments and keeps what went wrong.
type builder struct {
	meter metric.Meter
	err   error
}

func (b *builder) counter(name, unit, description string) metric.Int64Counter {
	c, err := b.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	b.err = errors.Join(b.err, err)
	return c
}

func (b *builder) upDown(name, unit, description string) metric.Int64UpDownCounter {
	c, err := b.meter.Int64UpDownCounter(name, metric.WithUnit(unit), metric.WithDescription(description))
	b.err = errors.Join(b.err, err)
	return c
}

func (b *builder) histogram(name, description string) metric.Float64Histogram {
	h, err := b.meter.Float64Histogram(name, metric.WithUnit("s"), metric.WithDescription(description),
		metric.WithExplicitBucketBoundaries(seconds...))
	b.err = errors.Join(b.err, err)
	return h
}

// adder is an instrument that counts, up or also down.
type adder interface {
	Add(ctx context.Context, n int64, options ...metric.AddOption)
}

// add counts with the attributes that are not empty.
func add(to adder, n int64, attributes ...attribute.KeyValue) {
	to.Add(context.Background(), n, metric.WithAttributes(present(attributes)...))
}

// observe puts a time into a histogram, with the attributes that are not empty.
func observe(in metric.Float64Histogram, took time.Duration, attributes ...attribute.KeyValue) {
	in.Record(context.Background(), took.Seconds(), metric.WithAttributes(present(attributes)...))
}

// present leaves out the attributes that are empty: where nothing went wrong there is no
// cause.
func present(attributes []attribute.KeyValue) []attribute.KeyValue {
	var list []attribute.KeyValue
	for _, a := range attributes {
		if a.Value.Type() != attribute.STRING || a.Value.AsString() != "" {
			list = append(list, a)
		}
	}
	return list
}

// The attributes of metrics: each has a closed list of values.

func statusOf(s po.Status) attribute.KeyValue { return attribute.String("status", string(s)) }

func laneOf(l po.Lane) attribute.KeyValue { return attribute.String("lane", string(l)) }

// causeOf is a cause as an attribute. A host's own browsers may have causes of their own.
func causeOf(c po.Cause) attribute.KeyValue {
	if c != "" && !c.Valid() {
		c = po.Internal
	}
	return attribute.String("cause", string(c))
}
