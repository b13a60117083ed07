package export

import (
	"context"
	"errors"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	exporter "go.opentelemetry.io/otel/exporters/prometheus"
	"go.opentelemetry.io/otel/metric"
	sdk "go.opentelemetry.io/otel/sdk/metric"
)

// path is where Prometheus looks.
const path = "/metrics"

// lastScrape is how long a scrape that is under way has to end.
const lastScrape = time.Second

// Page shows metrics to Prometheus, over HTTP.
type Page struct {
	provider *sdk.MeterProvider
	server   *http.Server
	address  string
	ended    chan struct{}
}

// Serve shows a page on a listener until it is closed. What goes wrong is logged.
func Serve(listener net.Listener, version string, errorLog *log.Logger) (*Page, error) {
	registry := prometheus.NewRegistry()
	reader, err := exporter.New(exporter.WithRegisterer(registry), exporter.WithoutScopeInfo())
	if err != nil {
		return nil, err
	}
	p := &Page{address: listener.Addr().String(), ended: make(chan struct{}),
		provider: sdk.NewMeterProvider(sdk.WithReader(reader), sdk.WithResource(source(version)))}
	if err := recordBuild(p.provider, version); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("GET "+path, promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: errorLog, MaxRequestsInFlight: 4, EnableOpenMetrics: true}))
	p.server = &http.Server{Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: errorLog}
	go func() {
		defer close(p.ended)
		if err := p.server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			errorLog.Print(err)
		}
	}()
	return p, nil
}

// URL is the page's address.
func (p *Page) URL() string { return "http://" + p.address + path }

// Meters is what makes the metrics that the page shows.
func (p *Page) Meters() metric.MeterProvider { return p.provider }

// Close takes the page away. A scrape that is under way may end, within a second.
func (p *Page) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), lastScrape)
	defer cancel()
	if err := p.server.Shutdown(ctx); err != nil {
		_ = p.server.Close()
	}
	<-p.ended
	_ = p.provider.Shutdown(context.Background()) // the reader has nothing to send
}
