// Package export is where the command's metrics and spans go: a page for Prometheus, and a
// collector that speaks OTLP. Nothing of it slows or fails a run.
package export

import (
	"context"
	"log"
	"runtime"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/sdk/resource"

	"github.com/poactor/poactor/internal/telemetry"
)

// source says who measures. OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES come before
// what we say of ourselves; an error of theirs costs only what it is about.
func source(version string) *resource.Resource {
	r, _ := resource.New(context.Background(), resource.WithTelemetrySDK(),
		resource.WithAttributes(attribute.String("service.name", "poactor"), attribute.String("service.version", version)),
		resource.WithFromEnv())
	return r
}

// recordBuild says what program it is, as a metric that is always 1.
func recordBuild(meters metric.MeterProvider, version string) error {
	info, err := meters.Meter(telemetry.Scope).Int64Gauge("poactor.build.info",
		metric.WithDescription("1, by version and Go version of the program."))
	if err != nil {
		return err
	}
	info.Record(context.Background(), 1, metric.WithAttributes(
		attribute.String("version", version), attribute.String("go_version", runtime.Version())))
	return nil
}

// LogErrors has what the libraries of OpenTelemetry find wrong logged, which they else
// print on standard error. It is for the whole process.
func LogErrors(errorLog *log.Logger) {
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { errorLog.Print(err) }))
}
