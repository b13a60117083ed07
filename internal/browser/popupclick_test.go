package browser

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// A click that leads to a page, or to nothing, beside the tab: it is told in
// the time of a click, a sign-in page is that file's, and the order's other files
// are not lost with it.
func TestClickBesideTheTab(t *testing.T) {
	t.Parallel()
	block := make(chan struct{})
	opener := func(script string) http.HandlerFunc {
		return page(`<a class=att href=/f/a.pdf>a.pdf</a><button class=att onclick="` + script + `">b.pdf</button>`)
	}
	handlers := site{
		"/orders/popup": opener(`window.open('/html')`),
		"/orders/frame": opener(`document.body.append(Object.assign(document.createElement('iframe'),{src:'/html'}))`),
		"/orders/login": opener(`window.open('/gone')`),
		"/orders/hang":  opener(`document.body.insertAdjacentHTML('beforeend','<form id=f method=post action=/hang target=_blank></form>');f.submit()`),
		"/html":         page("being checked for viruses"),
		"/gone":         func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/sessions/new", http.StatusFound) },
		"/sessions/new": page(`<input type=password>`),
		"/hang":         func(http.ResponseWriter, *http.Request) { <-block },
	}
	s := openSession(t, testPortal(serve(t, handlers)))
	t.Cleanup(func() { close(block) }) // before the server waits for its handlers
	for _, c := range []struct {
		number  string
		limit   time.Duration
		failure po.Cause // of the reading
		cause   po.Cause // of the second file
	}{
		{"popup", time.Minute, "", po.DownloadRejected},
		{"frame", time.Minute, "", po.DownloadRejected},
		{"login", time.Minute, "", po.Forbidden},
		{"hang", reserve + 3*s.config.Times.Click, "", po.Timeout},
		{"popup", time.Minute, "", po.DownloadRejected}, // the session goes on
	} {
		ctx, cancel := context.WithTimeout(t.Context(), c.limit)
		begun := time.Now()
		// the browser lane: a click's address alone would be taken, not opened
		r, err := s.Read(ctx, order(c.number), []string{"- label=b.pdf"})
		took := time.Since(begun)
		cancel()
		if cause := po.CauseOf(err); cause != c.failure {
			t.Errorf("%s: %v, want %q", c.number, err, c.failure)
			continue
		}
		if took >= s.config.Times.File {
			t.Errorf("%s took %v", c.number, took)
		}
		if c.failure != "" {
			continue
		}
		if len(r.Attachments) != 2 || r.Attachments[0].URL == "" || r.Attachments[0].Cause != "" || r.Attachments[1].Cause != c.cause {
			t.Errorf("%s: %+v", c.number, r.Attachments)
		}
	}
}
