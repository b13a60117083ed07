package browser

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/po"
)

// filling fills the storage of its site until the browser refuses, and says so in
// the page.
const filling = `<script>(async () => {
	const part = new Uint8Array(4 << 20);
	for (let k = 0; k < part.length; k += 65536) crypto.getRandomValues(part.subarray(k, k + 65536));
	let n = 0;
	try {
		for (const store = await caches.open('x'); n < 200; n++) await store.put('/x' + n, new Response(part));
	} catch { /* that is it */ }
	document.body.innerHTML = n < 200 ? '<p class=none>No attachments</p>' : '<p>without end</p>';
})()</script>`

// What a page stores is bounded by the browser, not by the disk.
func TestFaultsStorageIsBounded(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal(serve(t, site{"/orders/1": page(filling)})))
	s.config.Times.Signs = time.Minute
	if r, err := s.Read(t.Context(), order("1"), nil); err != nil || r.Sign != po.SignEmpty {
		t.Errorf("%+v, %v", r, err)
	}
	if got := s.profileSize(); got > launch.ProfileGrowth {
		t.Errorf("the profile has %d MB", got>>20)
	}
}

// A browser whose profile grows too much is replaced.
func TestFaultsProfileIsWeighed(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	site := httptest.NewServer(http.HandlerFunc(page(filling + `<p>and goes on`)))
	t.Cleanup(site.Close)
	times := quickTimes
	times.Signs = time.Minute
	s, err := New(Config{
		Portal: testPortal(site.URL), BrowserPath: *browserPath, NoSandbox: os.Geteuid() == 0, Lease: leaser(t, nil),
		Downloads: t.TempDir(), Times: times, maxGrowth: 40 << 20,
	}).Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for t.Context().Err() == nil {
		_, err = s.Read(t.Context(), order("1"), nil)
		if failure, ok := errors.AsType[*po.ReadFailure](err); ok {
			if failure.Cause != po.BrowserDied || !strings.Contains(failure.Detail, "into the browser's profile") {
				t.Errorf("%v: %s", failure.Cause, failure.Detail)
			}
			return
		}
	}
}
