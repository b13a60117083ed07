package browser

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/poactor/poactor/po"
)

// However much an order's page has, its browser lives, and reads the next.
func TestFaultsHugePages(t *testing.T) {
	t.Parallel()
	link := func(attribute string) http.HandlerFunc {
		return page(fmt.Sprintf(`<ul id=d><li><a class=att href=/f/0>0</a></ul><script>d.innerHTML += %s</script>`, attribute))
	}
	huge := "'x'.repeat(40 << 20)"
	s := openSession(t, testPortal(serve(t, site{
		"/orders/text":    page(oneFirst + "document.body.append(" + huge + ")</script>"),
		"/orders/name":    link("'<li><a class=att href=/f/1 aria-label=' + " + huge + " + '>1</a>'"),
		"/orders/address": link("'<li><a class=att href=/f/1?' + " + huge + " + '>1</a>'"),
		"/orders/data":    link("'<li><a class=att href=data:,' + " + huge + " + '>1</a>'"),
		"/orders/next":    page("<ul>" + links(0, 1) + "</ul>"),
	})))
	for _, number := range []string{"text", "name", "address", "data"} {
		_, err := s.Read(t.Context(), order(number), nil)
		if cause := po.CauseOf(err); err != nil && (cause == po.BrowserDied || cause == po.BrowserHung) {
			t.Fatalf("%s: %v", number, err)
		}
	}
	if r, err := s.Read(t.Context(), order("next"), nil); err != nil || len(r.Attachments) != 1 {
		t.Errorf("the next: %+v, %v", r, err)
	}
}
