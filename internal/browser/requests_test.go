package browser

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// Only what is the same to the letter for several orders, and never comes in its
// time, is left out.
func TestLongPolls(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p pendingRequests
		p.init()
		read := func(page string, keys ...string) (out int) {
			p.startPage(page)
			for _, key := range keys {
				p.add(proto.NetworkRequestID(key), request{key: key, address: key})
			}
			list, _, _ := p.pending(time.Now())
			return len(list)
		}
		for i, row := range []struct {
			page string
			keys []string
			want int
		}{
			{"1", []string{"poll", "list 1"}, 2},
			{"1", []string{"poll", "list 1"}, 2}, // again: it may be this order's
			{"2", []string{"poll", "list 2"}, 2},
			{"1", []string{"poll", "list 1"}, 1},
			{"3", []string{"poll", "list 3"}, 1},
		} {
			if got := read(row.page, row.keys...); got != row.want {
				t.Errorf("%d: %d requests are waited for, want %d", i, got, row.want)
			}
			p.giveUp()
		}
		// One that is answered in its time in between is no such request.
		read("4", "slow")
		p.giveUp()
		read("5", "slow")
		p.update("slow", 0, func(r *request) bool { p.recordAnswer(*r, ""); return true })
		read("6", "slow")
		p.giveUp()
		if got := read("7", "slow"); got != 1 {
			t.Error("a request that was answered is left out")
		}
	})
}

func TestWithoutCacheBusters(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"http://p/orders/1/lines":             "http://p/orders/1/lines",
		"http://p/lines?order=4500000001":     "http://p/lines?order=4500000001",
		"http://p/poll?_=1764446400123":       "http://p/poll",
		"http://p/poll?TS=1764446400&since=3": "http://p/poll?since=3",
		"http://p/poll?t=0.7312":              "http://p/poll",
		"http://p/lines?t=files":              "http://p/lines?t=files",
		"http://p/lines?time=12":              "http://p/lines?time=12",
		"http://p/socket.io/?EIO=4&sid=abc1":  "http://p/socket.io/",
	} {
		if got := withoutCacheBusters(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}

// What a script has asked for as a script may be a list (JSONP): it counts among what the page asks for. Scripts
// that stand in the page do not.
func TestScriptsAsRequests(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	script := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = io.WriteString(w, "0")
	}
	body := `<script src="/stands.js?NUMBER"></script><a class=att href=/f>f</a>
		<script>document.head.append(Object.assign(document.createElement('script'), {src: '/lines.js?of=NUMBER'}))</script>`
	base := serve(t, site{
		"/orders/1":  page(strings.ReplaceAll(body, "NUMBER", "1")),
		"/stands.js": script,
		"/lines.js":  script,
	})
	s := openSession(t, testPortal(base))
	reading, err := s.Read(t.Context(), order("1"), nil)
	if err != nil {
		t.Fatal(err)
	}
	hash := func(address string) string { return RequestHash(po.Call{Method: "GET", URL: base + address}) }
	if got := reading.Requests; !slices.Contains(got, hash("/lines.js?of=1")) || slices.Contains(got, hash("/stands.js?1")) {
		t.Errorf("%d requests: the inserted script %v, the one that stands %v", len(got),
			slices.Contains(got, hash("/lines.js?of=1")), slices.Contains(got, hash("/stands.js?1")))
	}
}
