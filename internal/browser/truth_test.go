package browser

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// builtinPortal starts the built-in portal and its definition.
func builtinPortal(t testing.TB, o testportal.Options) (*testportal.Portal, portal.Portal) {
	t.Helper()
	site, err := testportal.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { site.Close() })
	coupa, _ := portal.Builtin("coupa")
	p, err := coupa.WithBaseURL(site.URL())
	if err != nil {
		t.Fatal(err)
	}
	return site, p
}

// TestBuiltinPortal reads a believable portal and checks each reading against
// the truth: sign, supplier, names in order, and that each can be had.
func TestBuiltinPortal(t *testing.T) {
	t.Parallel()
	const none = -1 * time.Second
	site, p := builtinPortal(t, testportal.Options{Mix: testportal.Everything, PageLatency: none, ListLatency: 30 * time.Millisecond, FileLatency: none, TrackerLatency: none})
	p.Supplier = append(p.Supplier, ".order_supplier")
	s := openSession(t, p)
	s.config.Times.Signs = 10 * time.Second
	for _, truth := range site.Truth() {
		reading, err := s.Read(t.Context(), order(string(truth.Key)), nil)
		for tries := 0; err != nil && po.CauseOf(err) != po.Internal && tries < 2; tries++ {
			reading, err = s.Read(t.Context(), order(string(truth.Key)), nil)
		}
		if err != nil {
			if truth.Status != po.Failed {
				t.Errorf("%s (%s): %v", truth.Number, truth.Kind, err)
			}
			continue
		}
		got := []any{len(reading.Attachments), reading.Supplier}
		if diff := cmp.Diff([]any{truth.Found, truth.Supplier}, got); diff != "" {
			t.Errorf("%s (%s) %s: %s", truth.Number, truth.Kind, reading.Sign, diff)
		}
	}
}
