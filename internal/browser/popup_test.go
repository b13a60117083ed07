package browser

import (
	"context"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// countWindows counts the browser's tabs and windows.
func countWindows(t *testing.T, s *Session) (n int) {
	t.Helper()
	targets, err := proto.TargetGetTargets{}.Call(s.browser(t.Context()))
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range targets.TargetInfos {
		if target.Type == proto.TargetTargetInfoTypePage {
			n++
		}
	}
	return n
}

// alone waits until there is no window but the tab: they close in their own time.
func alone(t *testing.T, s *Session, when string) {
	t.Helper()
	for begun := time.Now(); countWindows(t, s) != 1; time.Sleep(5 * time.Millisecond) {
		if time.Since(begun) > 20*time.Second {
			t.Fatalf("%d windows %s, want the tab alone", countWindows(t, s), when)
		}
	}
}

// A page that opens windows without end keeps none, or its browser ends.
func TestFaultsPopupsWithoutEnd(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal(serve(t, site{
		"/orders/1": page(`<script>for(let i=0;i<30;i++)window.open('/here?'+i)</script><a class=att href=/f/a.pdf>a</a>`),
		"/here":     page("here"),
	})))
	s.config.Times = Times{}.orDefaults() // a window takes its time, and the page stands still
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, err := s.Read(ctx, order("1"), nil)
	if err == nil {
		if r.Sign != po.SignAttachments {
			t.Errorf("%+v", r)
		}
		alone(t, s, "after the reading")
		return
	}
	if po.CauseOf(err) != po.BrowserDied || !strings.Contains(err.Error(), "windows without end") {
		t.Fatal(err)
	}
	<-s.Done()
}

// A page's own windows neither lead elsewhere nor stay, also where the browser
// lets the page open them.
func TestPopupsOfPages(t *testing.T) {
	t.Parallel()
	var abroad atomic.Int32
	foreign := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { abroad.Add(1); page("elsewhere")(w, r) }))
	s := openSession(t, testPortal(serve(t, site{
		"/orders/1": page(`<script>window.open('` + foreign + `/own');setInterval(()=>window.open('` + foreign + `/late'),50)</script><a class=att href=/f/a.pdf>a</a>`),
		"/orders/2": page(`<a class=att href=/f/a.pdf>a</a>`),
		"/here":     page("here"),
	})))
	read := func(number string) {
		if r, err := s.Read(t.Context(), order(number), nil); err != nil || r.Sign != po.SignAttachments {
			t.Fatalf("read: %+v, %v", r, err)
		}
	}
	for range 3 {
		read("1")
	}
	time.Sleep(2 * maxWindows * 50 * time.Millisecond) // its windows are not the next order's
	read("2")
	alone(t, s, "after readings")
	for _, address := range []string{foreign + "/gesture", "/here"} {
		if err := s.page(t.Context()).run(0, "window.open('"+address+"','_blank') && 0", true, nil); err != nil {
			t.Fatal(err)
		}
	}
	alone(t, s, "while nothing is read")
	read("2")
	if n := abroad.Load(); n > 0 {
		t.Errorf("the foreign host was asked %d times", n)
	}
}
