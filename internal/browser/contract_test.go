package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser/sessiontest"
)

func TestContract(t *testing.T) {
	t.Parallel()
	contract(t, *browserPath)
}

func TestFaultsContractOfTheOtherBrowser(t *testing.T) {
	t.Parallel()
	contract(t, otherBrowser(t))
}

func contract(t *testing.T, browser string) {
	t.Helper()
	needBrowser(t)
	p := testPortal(serve(t, site{
		"/":              page(`<a href=/sessions/destroy>Sign out</a>`),
		"/orders/listed": page(`<a class=att href=/f/1>one</a><a class=att href=/f/2>two</a>`),
		"/orders/empty":  page(`<p class=none>none</p>`),
		"/orders/wait":   func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}))
	p.Signs.SignedIn.Selectors = []string{"a[href='/sessions/destroy']"}
	orders := sessiontest.Orders{Listed: order("listed"), Empty: order("empty"), NotFound: order("no"), Waiting: order("wait")}
	sessiontest.Run(t, orders, func(t *testing.T) sessiontest.Session {
		s := openWith(t, p, browser)
		s.config.Times.Navigation = 5 * time.Minute // the waiting order's reading ends by nothing but what is tested
		return s
	})
}
