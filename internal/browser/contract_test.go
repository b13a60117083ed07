package browser

import (
	"net/http"
	"testing"

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
	sessiontest.Run(t, orders, func(t *testing.T) sessiontest.Session { return openSession(t, p) })
}
