package browser

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestBlock(t *testing.T) {
	t.Parallel()
	pages := site{"/orders/1": page(`<link rel=stylesheet href=/s.css><img src=/i.png><script src=/tracker/t.js></script><script src=/app.js></script>` +
		`<style>@font-face{font-family:f;src:url(/f.woff)} p{font-family:f}</style><video src=/v.mp4></video><p>text</p>`)}
	pages["/app.js"] = answerWith("text/javascript", "", `document.fonts.ready.then(()=>document.body.innerHTML+='<a class=att href=/f/1>one</a>')`)
	for name, row := range map[string]struct {
		block []string
		never []string
	}{
		"nothing":    {nil, nil},
		"kinds":      {[]string{"image", "font", "media", "stylesheet"}, []string{"/i.png", "/f.woff", "/v.mp4", "/s.css"}},
		"an address": {[]string{"*://*/tracker/*"}, []string{"/tracker/t.js"}},
	} {
		t.Run(name, func(t *testing.T) {
			counted := &asked{count: map[string]int{}, h: pages}
			p := testPortal(serve(t, counted))
			p.Block = row.block
			if got := outcome(openSession(t, p).Read(t.Context(), order("1"), nil)); got != "attachments one" {
				t.Errorf("the reading: %s", got)
			}
			counted.mu.Lock()
			defer counted.mu.Unlock()
			var blocked []string
			for _, path := range []string{"/i.png", "/f.woff", "/v.mp4", "/s.css", "/tracker/t.js"} {
				if counted.count[path] == 0 {
					blocked = append(blocked, path)
				}
			}
			if diff := cmp.Diff(row.never, blocked); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTooManyAttachments(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	for i := range maxItems + 1 {
		if i == maxItems-1 {
			list.WriteString("<hr>")
		}
		fmt.Fprintf(&list, "<a class=att href=/f/%d>n</a>", i)
	}
	most, _, _ := strings.Cut(list.String(), "<hr>")
	s := openSession(t, testPortal(serve(t, site{"/orders/over": page(list.String()), "/orders/most": page(most)})))
	s.config.Times.Signs = 10 * time.Second
	if r, err := s.Read(t.Context(), order("most"), nil); err != nil || len(r.Attachments) != maxItems-1 {
		t.Errorf("%d attachments: %d, %v", maxItems-1, len(r.Attachments), err)
	}
	if got := outcome(s.Read(t.Context(), order("over"), nil)); got != "failure unrecognised_page" {
		t.Errorf("%d attachments: %s", maxItems+1, got)
	}
}
