package actors

import (
	"context"
	"testing"

	"github.com/poactor/poactor/internal/browser/sessiontest"
	"github.com/poactor/poactor/po"
)

// The fake sessions do what real browsers do: internal/browser runs the same suite.
func TestFakeConforms(t *testing.T) {
	t.Parallel()
	b := &fakeBrowsers{late: true, read: func(ctx context.Context, s *fakeSession, key po.Key, n int) (po.Reading, error) {
		switch key {
		case "EMPTY":
			return po.Reading{Sign: po.SignEmpty}, nil
		case "GONE":
			return po.Reading{Sign: po.SignNotFound}, nil
		case "WAITING":
			select {
			case <-ctx.Done():
				return po.Reading{}, &po.ReadFailure{Cause: po.Interrupted}
			case <-s.done:
				return po.Reading{}, &po.ReadFailure{Cause: po.BrowserDied}
			}
		}
		return s.good(ctx)
	}}
	orders := sessiontest.Orders{
		Listed: po.Order{Key: "LISTED"}, Empty: po.Order{Key: "EMPTY"},
		NotFound: po.Order{Key: "GONE"}, Waiting: po.Order{Key: "WAITING"},
	}
	sessiontest.Run(t, orders, func(t *testing.T) sessiontest.Session {
		s, err := b.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
