package poactor

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/telemetry"
	"github.com/poactor/poactor/po"
)

// handler hands events to the host, one at a time, from whatever goroutine. When the host has
// panicked it is handed nothing more.
type handler struct {
	log    *logrus.Logger
	meter  *telemetry.Recorder // nil: there is none
	handle func(event any)

	mu       sync.Mutex
	panicked func(reason string) // ends the run; nil until there is one
	reason   string              // of the panic; empty: there was none
}

// newHandler is the handler of a host, which makes metrics and spans of the events too where
// the host has providers for them.
func newHandler(cfg Config) (*handler, error) {
	h := &handler{log: cfg.Log, handle: cfg.OnEvent}
	if cfg.MeterProvider == nil && cfg.TracerProvider == nil {
		return h, nil
	}
	var err error
	if h.meter, err = telemetry.New(cfg.MeterProvider, cfg.TracerProvider); err != nil {
		return nil, &po.Error{Msg: "telemetry: " + err.Error(), Err: ErrConfig}
	}
	return h, nil
}

func (h *handler) event(event any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.meter != nil { // first: the host may take its time
		h.meter.Event(event)
	}
	if h.reason != "" {
		return
	}
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		h.reason = fmt.Sprintf("the host's OnEvent has panicked: %v", p)
		h.log.WithField("stack", string(debug.Stack())).Error(h.reason)
		if h.panicked != nil {
			h.panicked(h.reason)
		}
	}()
	h.handle(event)
}

// onPanic says what ends the run when the host panics, or has done so already.
func (h *handler) onPanic(end func(reason string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.panicked = end; h.reason != "" {
		end(h.reason)
	}
}

// panicReason is why the host is handed nothing more; empty: it is.
func (h *handler) panicReason() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.reason
}
