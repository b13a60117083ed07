package browser

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// testPortal is a definition whose signs are plain to see in a test's page.
func testPortal(base string) portal.Portal {
	return portal.Portal{
		Name:    "test",
		BaseURL: base,
		Order:   portal.OrderPage{Path: "/orders/{number}"},
		Signs: portal.Signs{
			Empty:     portal.Sign{Selectors: []string{".none"}, Texts: []string{"No attachments"}},
			NotFound:  portal.Sign{Texts: []string{"We couldn't find what you wanted"}, Statuses: []int{404}},
			Forbidden: portal.Sign{Texts: []string{"Access denied"}, Statuses: []int{403}},
			SignedOut: portal.Sign{Selectors: []string{"input[type=password]"}, Statuses: []int{401}, URLs: []string{"/sessions/new"}},
		},
		Attachments: portal.Attachments{
			Links:       []string{".att"},
			Name:        []string{"download", "aria-label", "text", "url"},
			NamePattern: `^(.+) file attachment$`,
			Target:      []string{"href", "data-url"},
			Settle:      100,
		},
		Supplier: []string{".supplier"},
		Fallback: portal.Fallback{Links: []string{"a.req"}, Texts: []string{"Requisition"}},
	}
}

// quickTimes keep tests of what never comes short, on a machine where a browser
// starts in quickStart.
const (
	quickStart = 600 * time.Millisecond
	slowest    = 6 // a start beside many others says nothing of what follows
)

var quickTimes = Times{Navigation: 2 * time.Second, Signs: 5 * time.Second, Interstitial: 4 * time.Second, Pending: time.Second, Click: time.Second,
	NextFile: 300 * time.Millisecond, File: 10 * time.Second}

var profiles atomic.Int64

// leaser makes empty profiles.
func leaser(t testing.TB, released *atomic.Int64) func(context.Context) (Profile, error) {
	return func(context.Context) (Profile, error) {
		dir, err := os.MkdirTemp("", "pa")
		if err != nil {
			return Profile{}, err
		}
		p := Profile{ID: fmt.Sprintf("profile-%d", profiles.Add(1)), Dir: filepath.Join(dir, "p"), TempDir: filepath.Join(dir, "t")}
		p.Release = func() error {
			if released != nil {
				released.Add(1)
			}
			return os.RemoveAll(dir)
		}
		return p, errors.Join(os.MkdirAll(p.Dir, 0o700), os.MkdirAll(p.TempDir, 0o700))
	}
}

var browserPath = flag.String("browser", "", "browser to test with; default: what launch.Find finds")

func needBrowser(t testing.TB) {
	t.Helper()
	if _, err := launch.Find(*browserPath, false); err != nil {
		t.Skipf("no browser is installed: %v", err)
	}
}

// groupOf holds a browser's processes, by the number of its main process.
func groupOf(t testing.TB, pid int) *process.Group {
	t.Helper()
	g, err := process.NewGroup()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	p, err := os.FindProcess(pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Add(p); err != nil {
		t.Fatal(err)
	}
	return g
}

// openSession opens a browser on a portal.
func openSession(t testing.TB, p portal.Portal) *Session {
	t.Helper()
	needBrowser(t)
	return openWith(t, p, *browserPath)
}

func openWith(t testing.TB, p portal.Portal, path string) *Session {
	t.Helper()
	begun := time.Now()
	s, err := New(Config{
		Portal: p, BrowserPath: path, NoSandbox: os.Geteuid() == 0, Lease: leaser(t, nil),
		Downloads: t.TempDir(), Times: quickTimes,
	}).Open(t.Context())
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	if slow := min(float64(time.Since(begun))/float64(quickStart), slowest); slow > 1 {
		scale(&s.config.Times, slow)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// readPatiently is the outcome of reading an order, patiently.
func readPatiently(t testing.TB, s *Session, number, want string) string {
	t.Helper()
	return patiently(t, s, want, func() string { return outcome(s.Read(t.Context(), order(number), nil)) })
}

// patiently reads, and reads again with twice the time where a reading, or a click,
// has run out of its time and that is not what is wanted. On a busy machine the
// short times of tests are not enough; what is wrong, and not late, stays wrong.
func patiently(t testing.TB, s *Session, want string, read func() string) string {
	t.Helper()
	times := &s.config.Times
	was := *times
	defer func() { *times = was }()
	for {
		got := read()
		if got == want || times.Signs > time.Minute || !outOfTime(got) {
			return got
		}
		t.Logf("%s within %v: again", got, times.Signs)
		scale(times, 2)
	}
}

// outOfTime reports whether an outcome is one that too little time can have.
func outOfTime(got string) bool {
	for _, cause := range []po.Cause{po.Timeout, po.UnrecognisedPage, po.DownloadRejected} {
		if strings.Contains(got, string(cause)) {
			return true
		}
	}
	return false
}

// scale makes the times of a reading longer.
func scale(times *Times, by float64) {
	for _, d := range []*time.Duration{
		&times.Navigation, &times.Signs, &times.Interstitial, &times.Pending, &times.Click, &times.NextFile, &times.File,
	} {
		*d = time.Duration(float64(*d) * by)
	}
}

// site serves pages by path; what it does not know is not found.
type site map[string]http.HandlerFunc

func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h, ok := s[r.URL.Path]; ok {
		h(w, r)
		return
	}
	http.NotFound(w, r)
}

func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return server.URL
}

// page answers with a body of HTML.
func page(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, "<!doctype html><title>t</title><body><i class=supplier hidden>ACME</i>%s</body>", body)
	}
}

func order(number string) po.Order { return po.Order{Key: po.Key(number), Number: number} }
