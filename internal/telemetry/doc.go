// Package telemetry makes OpenTelemetry metrics and spans of a run's events. It knows the
// API of OpenTelemetry only: where metrics and spans go is the provider's business, and
// package export is the command's.
//
// No attribute of a metric grows with a batch: there are no orders, files, addresses or
// workers in metrics. Spans have the order's number. docs/metrics.md lists all of them.
package telemetry
