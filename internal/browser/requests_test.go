package browser

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-rod/rod/lib/proto"
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
		"http://p/orders/1/lines":            "http://p/orders/1/lines",
		"http://p/lines?order=4500000001":    "http://p/lines?order=4500000001",
		"http://p/poll?_=1764446400123":      "http://p/poll",
		"http://p/poll?TS=12&since=3":        "http://p/poll?since=3",
		"http://p/socket.io/?EIO=4&sid=abc1": "http://p/socket.io/",
	} {
		if got := withoutCacheBusters(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
	}
}
