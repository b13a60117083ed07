package browser

import (
	"net/http"
	"testing"
	"time"
)

// When a reading has failed, its page asks the portal for nothing more, though no
// other reading follows: neither for a document that never comes nor for a list.
func TestFailedReadingAsksNothingMore(t *testing.T) {
	t.Parallel()
	asked, left := make(chan struct{}, 10), make(chan struct{}, 10)
	never := func(_ http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
		left <- struct{}{}
	}
	base := serve(t, site{
		"/orders/document": never,
		"/orders/list":     page(`<script>fetch('/list')</script>`),
		"/list":            never,
	})
	for _, name := range []string{"document", "list"} {
		s := openSession(t, testPortal(base))
		s.config.Times.Navigation, s.config.Times.Signs = time.Second, time.Second
		if _, err := s.Read(t.Context(), order(name), nil); err == nil {
			t.Errorf("%s: it was read", name)
		}
		<-asked
		select {
		case <-left:
		case <-time.After(2 * time.Second):
			t.Errorf("%s: the portal is still asked", name)
			s.Close()
			<-left
		}
	}
}
