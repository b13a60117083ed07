package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// The JSON of explain is a promise: its fields, and which of them are always there.
func TestExplainJSON(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	lost := po.Missing{ID: "secret", Name: "b.pdf", URL: "https://x.example/b", Cause: po.Throttled,
		Detail: "429", RetryAfter: 1, Answer: "HTTP 429 Too Many Requests: busy", Evidence: ".poactor/evidence/1/x"}
	full := po.History{
		Order: po.Order{Key: "1", Number: "n", RawNumber: "PO1", Levels: []string{"a"}}, Place: 3, Open: true,
		Outcome: po.Outcome{Key: "1", RawNumber: "PO1", Status: po.Partial, Cause: po.Throttled,
			Detail:   "429 at https://x.example/b?q=secret",
			Supplier: "Acme", Found: 2, Missing: []po.Missing{lost}, Folder: "Acme/PO_1_PARTIAL",
			URL:      "https://x.example/1?q=secret",
			Attempts: 2, Time: at, Files: []po.File{{Name: "not shown"}}, Trace: po.Trace{Evidence: "not shown"}},
		Saved: po.Saved{Folder: "Acme/work", Files: []po.File{{ID: "secret", Name: "a.pdf", Original: "A.pdf",
			Bytes: 3, SHA256: "ab",
			URL: "https://x.example/a?q=secret", Lane: po.LaneBrowser, Empty: true, Time: at}}},
		Attempts: []po.Attempt{{Try: 1, Start: 2, Assignment: po.Assignment{Worker: "worker-1", Profile: "p1", Reason: "an earlier try has failed"},
			Began: at, Ended: at,
			Ending: po.EndSettled, Files: 1, Bytes: 3, Failure: po.Failure{Cause: po.Throttled, Detail: "429",
				Missing: []po.Missing{lost},
				Trace:   po.Trace{Pages: []string{"https://x.example/1?q=secret"}, Evidence: "evidence/1"}}}, {}},
	}
	for name, history := range map[string]po.History{"full": full, "open": {Place: -1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			e := json.NewEncoder(&out)
			e.SetIndent("", "  ")
			e.SetEscapeHTML(false)
			if err := e.Encode(newHistoryJSON(history)); err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "explain", name+".json")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				if err := os.WriteFile(golden, out.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(out.String(), "\n")); diff != "" {
				t.Error(diff)
			}
		})
	}
}
