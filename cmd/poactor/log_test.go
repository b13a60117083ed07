package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// The log has an event with the fields that it has as a JSON line.
func TestLogHasTheFieldsOfJSON(t *testing.T) {
	t.Parallel()
	settled := messages.OrderSettled{Worker: "worker-1", Took: messages.Duration(1840 * time.Millisecond),
		Outcome: po.Outcome{
			RawNumber: "PO1", Key: "1", Status: po.Partial, Cause: po.Timeout,
			Detail: "slow: https://x.example/a?sig=secret", Attempts: 2, Found: 2,
			Files: []po.File{{Name: "a.pdf", Bytes: 1e15, SHA256: "ab", URL: "https://x.example/a?sig=secret",
				ID: "secret"}},
			Missing: []po.Missing{{Name: "b.pdf", ID: "secret", Cause: po.Timeout}}}}
	for name, tt := range map[string]struct {
		event        any
		message, lvl string
	}{
		"an order":     {settled, "order settled", "info"},
		"a lost one":   {messages.WorkerLost{Worker: "worker-1", Cause: po.BrowserDied}, "worker lost", "warning"},
		"all the time": {messages.OrderStarted{RawNumber: "PO1"}, "order started", "debug"},
		"nothing left": {messages.RunCleaned{Leftovers: []string{}}, "run cleaned", "info"},
		"leftovers":    {messages.RunCleaned{Leftovers: []string{"/tmp/x"}}, "run cleaned", "warning"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var written, shown bytes.Buffer
			log := logrus.New()
			log.SetOutput(&written)
			log.SetFormatter(masked{&logrus.JSONFormatter{}})
			log.SetLevel(logrus.DebugLevel)
			logEvent(log, tt.event)
			progress.NewJSON(&shown, time.Now).Event(tt.event)
			if strings.Contains(written.String(), "secret") {
				t.Errorf("a secret got out: %s", written.String())
			}
			var got, want map[string]any
			for text, m := range map[*bytes.Buffer]*map[string]any{&written: &got, &shown: &want} {
				if err := json.Unmarshal(text.Bytes(), m); err != nil {
					t.Fatal(err)
				}
			}
			if got["msg"] != tt.message || got["level"] != tt.lvl {
				t.Errorf("%v at level %v, want %s at %s", got["msg"], got["level"], tt.message, tt.lvl)
			}
			for _, own := range []string{"msg", "level", "time"} {
				delete(got, own)
			}
			for _, own := range []string{"event", "time", "schema"} {
				delete(want, own)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	var out bytes.Buffer
	log := logrus.New()
	log.SetOutput(&out)
	if logEvent(log, messages.OrderStarted{}); out.Len() > 0 {
		t.Errorf("written without being asked for: %s", out.String())
	}
	if logEvent(log, struct{}{}); out.Len() > 0 {
		t.Errorf("a foreign event is logged: %s", out.String())
	}
}
