package browser

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// A file that the browser saves ends when the portal falls silent, before or
// after its first byte; a slow one does not.
func TestFaultsSilence(t *testing.T) {
	t.Parallel()
	const slow = 45 // pieces: it takes longer than the silence may
	send := func(pieces int, hang bool) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if pieces > 0 {
				w.Header().Set("Content-Type", "application/pdf")
				w.Header().Set("Content-Disposition", "attachment")
			}
			for range pieces {
				fmt.Fprintf(w, "%01000d", 0)
				w.(http.Flusher).Flush()
				time.Sleep(100 * time.Millisecond)
			}
			if hang {
				<-r.Context().Done()
			}
		}
	}
	s := openSession(t, testPortal(serve(t, site{
		"/orders/1": page(`<a class=att href=/f/head>head.pdf</a><a class=att href=/f/body>body.pdf</a><a class=att href=/f/slow>slow.pdf</a>`),
		"/orders/2": page(`<form method=post action=/f/head><button class=att>head.pdf</button></form>`),
		"/orders/3": page(`<form method=post action=/f/body><button class=att>body.pdf</button></form>`),
		"/orders/4": page(`<form method=post action=/f/slow><button class=att>slow.pdf</button></form>`),
		"/f/head":   send(0, true),
		"/f/body":   send(3, true),
		"/f/slow":   send(slow, false),
	})))
	s.config.Times.File, s.config.Times.Idle = time.Minute, 3*time.Second // the browser tells nothing for 1.5 s on a busy machine
	var all []string
	for _, a := range mustRead(t, s, "1").Attachments {
		all = append(all, a.ID)
	}
	want := map[string]po.Cause{"head.pdf": po.Timeout, "body.pdf": po.Timeout, "slow.pdf": ""}
	for _, number := range []string{"1", "2", "3", "4"} {
		begun := time.Now()
		for _, a := range mustRead(t, s, number, all...).Attachments {
			if wanted, ok := want[a.Name]; !ok || a.Cause != wanted || (a.Saved != "") != (wanted == "") {
				t.Errorf("%s, %s: %s %s, saved as %q", number, a.Name, a.Cause, a.Detail, a.Saved)
			}
		}
		if took := time.Since(begun); took > 40*time.Second {
			t.Errorf("%s took %v", number, took)
		}
	}
}

func mustRead(t *testing.T, s *Session, number string, byBrowser ...string) po.Reading {
	t.Helper()
	r, err := s.Read(t.Context(), order(number), byBrowser)
	if err != nil {
		t.Fatalf("read %s: %v", number, err)
	}
	return r
}
