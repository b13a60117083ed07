package download

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// A file that takes long is told of while it comes, with its name, its bytes and what the
// order has already; one that comes at once is not.
func TestProgress(t *testing.T) {
	t.Parallel()
	const half = 40 << 10
	seen := make(chan struct{}) // closed when the first half was told
	serve := func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/long" {
			fmt.Fprint(w, "content of "+r.URL.Path)
			return
		}
		w.Header().Set("Content-Length", fmt.Sprint(2*half))
		fmt.Fprint(w, strings.Repeat("x", half))
		w.(http.Flusher).Flush()
		select {
		case <-seen:
		case <-time.After(time.Minute):
			t.Error("nothing is told of the first half")
		}
		fmt.Fprint(w, strings.Repeat("x", half))
	}
	base, allowed := portal(t, http.HandlerFunc(serve))
	a := openArchive(t, Config{Allowed: allowed})
	kept := fetch(t, a, job(base, po.Saved{}, "/a=a.txt")).Saved
	var mu sync.Mutex
	var told []po.FileProgress
	a.progressInterval = 0
	a.OnProgress(func(order po.Order, p po.FileProgress) {
		mu.Lock()
		defer mu.Unlock()
		if order.Key != "1" {
			t.Errorf("told of order %q", order.Key)
		}
		if told = append(told, p); p.Bytes == half {
			close(seen)
		}
	})
	fetch(t, a, job(base, kept, "/a=a.txt", "/long=long.txt"))
	if len(told) < 2 {
		t.Fatalf("told %v", told)
	}
	want := po.FileProgress{Name: "long.txt", Bytes: 2 * half, Size: 2 * half, Whole: 1, Files: 2}
	if diff := cmp.Diff(want, told[len(told)-1]); diff != "" {
		t.Errorf("the last (-want +got):\n%s", diff)
	}
	told = nil
	a.progressInterval = time.Hour
	fetch(t, a, job(base, kept, "/b=b.txt"))
	if told != nil {
		t.Errorf("of a file that comes at once: %v", told)
	}
}

// A file of which an earlier fetch is not believed is fetched again, and counts once.
func TestProgressOfRefetch(t *testing.T) {
	t.Parallel()
	p := &progress{files: 1}
	p.done()
	p.done()
	if p.whole != 1 {
		t.Errorf("%d of %d files are whole", p.whole, p.files)
	}
}
