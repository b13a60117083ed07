package browser

import (
	"net/http"
	"path/filepath"
	"testing"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/browser/sessiontest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	p := testPortal(serve(t, site{
		"/orders/listed": page(`<a class=att href=/f/1>one</a><a class=att href=/f/2>two</a>`),
		"/orders/empty":  page(`<p class=none>none</p>`),
		"/orders/wait":   func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}))
	orders := sessiontest.Orders{Listed: order("listed"), Empty: order("empty"), NotFound: order("no"), Waiting: order("wait")}
	tried := map[string]bool{}
	for _, whole := range []bool{false, true} { // the headless shell and the whole browser, where both are installed
		path, err := launch.Find(*browserPath, whole)
		if err != nil || tried[path] {
			continue
		}
		tried[path] = true
		t.Run(filepath.Base(path), func(t *testing.T) {
			sessiontest.Run(t, orders, func(t *testing.T) sessiontest.Session { return openWith(t, p, path) })
		})
	}
	if len(tried) == 0 {
		t.Skip("no browser is installed")
	}
}
