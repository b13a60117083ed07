package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"strings"
	"syscall"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/internal/telemetry/export"
)

// telemetry is where the metrics and spans of a run go: a page for Prometheus, and a
// collector that the environment names.
type telemetry struct {
	listener net.Listener  // nil: no metrics are asked for
	page     *export.Page  // nil: not begun
	spans    *export.Spans // nil: no spans are asked for
}

// listen takes the address of the metrics, before anything of the run has begun.
func (t *telemetry) listen(s config.Settings) error {
	address, err := s.MetricsAddress()
	if err != nil || address == "" || s.DryRun {
		return err
	}
	if t.listener, err = net.Listen("tcp", address); err == nil {
		return nil
	}
	what := err
	if e, ok := errors.AsType[*net.OpError](err); ok {
		what = e.Err
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		what = errors.New("the address is in use")
	}
	return wrongUse("give another port with --metrics, or --metrics :0 for one that is free",
		"metrics cannot be served at %s: %v", address, what)
}

// startTelemetry begins to serve metrics, and says where. That no spans can be sent is
// no reason to end a run.
func (a *app) startTelemetry(t *telemetry, s config.Settings) error {
	errorLog := log.New(logWriter{a.log}, "", 0)
	export.LogErrors(errorLog)
	var err error
	if t.spans, err = export.Send(a.env, buildVersion().Module, errorLog); err != nil {
		a.warn("no traces are sent: %v", err)
	}
	if t.spans != nil {
		a.log.WithField("url", t.spans.Endpoint()).Info("traces are sent")
	}
	if t.listener == nil {
		return nil
	}
	if t.page, err = export.Serve(t.listener, buildVersion().Module, errorLog); err != nil {
		return err
	}
	a.log.WithField("url", t.page.URL()).Info("metrics are served")
	switch {
	case s.Quiet:
	case s.JSON:
		progress.WriteJSON(a.stdout, metricsLine{progress.Now("metrics_served"), t.page.URL()})
	default:
		fmt.Fprintf(a.stdout, "metrics: %s\n", t.page.URL())
	}
	return nil
}

// metricsLine says where metrics are served, as a JSON line.
type metricsLine struct {
	progress.Stamp
	URL string `json:"url"`
}

// giveTo has a run make what is asked for.
func (t *telemetry) giveTo(cfg *poactor.Config) {
	if t.page != nil {
		cfg.MeterProvider = t.page.Meters()
	}
	if t.spans != nil {
		cfg.TracerProvider = t.spans.Tracers()
	}
}

// flush sends the spans that are left, within a bound and until ctx ends.
func (a *app) flush(ctx context.Context, t *telemetry) {
	if t.spans == nil {
		return
	}
	if err := t.spans.Close(ctx); err != nil && ctx.Err() == nil {
		a.warn("%v", err)
	}
}

// close takes the metrics away.
func (t *telemetry) close() {
	if t.page != nil {
		t.page.Close()
	} else if t.listener != nil {
		_ = t.listener.Close()
	}
}

// logWriter writes what libraries tell into the log of the run.
type logWriter struct{ log *logrus.Logger }

// Write implements io.Writer.
func (w logWriter) Write(p []byte) (int, error) {
	w.log.Warn("telemetry: " + strings.TrimSpace(string(p)))
	return len(p), nil
}
