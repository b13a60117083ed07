package plain_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/poactor/poactor/internal/browser/sessiontest"
	"github.com/poactor/poactor/internal/testportal/plain"
	"github.com/poactor/poactor/po"
)

// Plain sessions do what browsers do, as far as tests rely on it.
func TestConforms(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	text := func(pattern, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
	}
	text("/{$}", "Welcome")
	text("/order_headers/listed", "")
	text("/order_headers/listed/attachments.json", `{"supplier":"Acme","attachments":[{"name":"a","path":"/a"},{"name":"a","path":"/b"}]}`)
	text("/order_headers/empty", "")
	text("/order_headers/empty/attachments.json", `{}`)
	mux.HandleFunc("/order_headers/waits", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	site := httptest.NewServer(mux)
	defer site.Close()
	b := &plain.Browsers{Base: site.URL, Dir: t.TempDir()}
	order := func(number string) po.Order { return po.Order{Key: po.Key(number), Number: number} }
	orders := sessiontest.Orders{Listed: order("listed"), Empty: order("empty"), NotFound: order("gone"), Waiting: order("waits")}
	sessiontest.Run(t, orders, func(t *testing.T) sessiontest.Session {
		s, err := b.Open(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}
