package export

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/poactor/poactor/po"
)

// lastFlush bounds how long the end of a run waits for a collector.
const lastFlush = 3 * time.Second

// firstPause is how long a try waits after the first that failed; then twice as long.
const firstPause = 500 * time.Millisecond

// Spans sends spans to a collector, in batches and beside the run.
type Spans struct {
	provider *sdk.TracerProvider
	client   *client
}

// Send sends spans to where the environment says; nil if it says nothing. What could not
// be sent is logged. An error says why none will be.
func Send(env func(string) (string, bool), version string, errorLog *log.Logger) (*Spans, error) {
	s, wanted, err := readSettings(env)
	if err != nil || !wanted {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.TLSClientConfig = s.tls
	stopped, stop := context.WithCancel(context.Background())
	c := &client{settings: s, log: errorLog, stopped: stopped, stop: stop,
		http: &http.Client{Transport: transport,
			// A header with a key goes nowhere else.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	exporter, err := otlptrace.New(stopped, c)
	if err != nil {
		return nil, err
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(source(version)))
	return &Spans{provider: provider, client: c}, nil
}

// Tracers is what makes the spans that are sent.
func (s *Spans) Tracers() trace.TracerProvider { return s.provider }

// Endpoint is where they are sent.
func (s *Spans) Endpoint() string { return po.PublicURL(s.client.endpoint) }

// Close sends what is left, within a bound and until ctx ends. The error says that spans
// were lost, and why.
func (s *Spans) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lastFlush)
	defer cancel()
	err := s.provider.Shutdown(ctx)
	s.client.stop()
	s.client.http.CloseIdleConnections()
	if lost := s.client.failure(); lost != nil {
		return lost
	}
	if err != nil {
		return fmt.Errorf("spans could not be sent to %s: it did not answer in time", s.Endpoint())
	}
	return nil
}

// client speaks OTLP over HTTP, as
// https://opentelemetry.io/docs/specs/otlp/#otlphttp has it. The client that comes with
// OpenTelemetry does so too, and brings gRPC along.
type client struct {
	settings
	http    *http.Client
	log     *log.Logger
	stopped context.Context
	stop    context.CancelFunc

	mu   sync.Mutex
	lost int   // spans
	last error // why
}

// Start implements otlptrace.Client.
func (c *client) Start(context.Context) error { return nil }

// Stop implements otlptrace.Client.
func (c *client) Stop(context.Context) error { return nil }

// UploadTraces implements otlptrace.Client. It has no error: what is wrong is kept, and
// logged once.
func (c *client) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	defer context.AfterFunc(c.stopped, cancel)()
	body, err := c.encode(spans)
	if err == nil {
		err = c.deliver(ctx, body)
	}
	if err != nil {
		c.lose(spans, err)
	}
	return nil
}

// encode writes spans as an ExportTraceServiceRequest, which has the same fields as
// TracesData.
func (c *client) encode(spans []*tracepb.ResourceSpans) ([]byte, error) {
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil || !c.gzip {
		return body, err
	}
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err = w.Write(body)
	err = errors.Join(err, w.Close()) // which writes the rest
	return b.Bytes(), err
}

// deliver posts a batch until it is taken, is refused for good, or its time is over.
func (c *client) deliver(ctx context.Context, body []byte) error {
	for pause := firstPause; ; pause *= 2 {
		wait, err := c.post(ctx, body)
		if err == nil || wait < 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(max(wait, pause)):
		}
	}
}

// post posts a batch once. Where it fails, wait is how long to wait before another try:
// negative if that is of no use.
func (c *client) post(ctx context.Context, body []byte) (wait time.Duration, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.endpoint, bytes.NewReader(body))
	if err != nil {
		return -1, err
	}
	for name, values := range c.headers {
		request.Header[name] = values
	}
	request.Header.Set("Content-Type", "application/x-protobuf")
	if c.gzip {
		request.Header.Set("Content-Encoding", "gzip")
	}
	response, err := c.http.Do(request)
	if err != nil {
		if e, ok := errors.AsType[*url.Error](err); ok {
			err = e.Err // without the address
		}
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("no answer in time")
		}
		return 0, err
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, 64<<10)) // so that the connection can be used again
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		seconds, _ := strconv.Atoi(response.Header.Get("Retry-After"))
		return time.Duration(max(0, min(seconds, 3600))) * time.Second, errors.New(response.Status)
	}
	if response.StatusCode/100 != 2 {
		return -1, errors.New(response.Status)
	}
	return 0, nil
}

// lose keeps that spans are lost.
func (c *client) lose(batch []*tracepb.ResourceSpans, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost == 0 {
		c.log.Printf("spans could not be sent to %s: %v", po.PublicURL(c.endpoint), err)
	}
	for _, resource := range batch {
		for _, scope := range resource.ScopeSpans {
			c.lost += len(scope.Spans)
		}
	}
	c.last = err
}

// failure says what was lost; nil if nothing was.
func (c *client) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost == 0 {
		return nil
	}
	return fmt.Errorf("at least %d spans could not be sent to %s: %w", c.lost, po.PublicURL(c.endpoint), c.last)
}
