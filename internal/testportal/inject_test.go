package testportal

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// injector answers Inject with one fault, and counts the requests.
type injector struct {
	mu    sync.Mutex
	fault Fault
	asked map[RequestKind]int
}

func (i *injector) inject(k RequestKind) Fault {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.asked == nil {
		i.asked = map[RequestKind]int{}
	}
	i.asked[k]++
	return i.fault
}

// use changes the fault and returns the count until then, which begins anew.
func (i *injector) use(f Fault) map[RequestKind]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	asked := i.asked
	i.fault, i.asked = f, nil
	return asked
}

// Each kind of request that an injector is asked about meets its fault, and no
// other does, in both portals.
func TestInject(t *testing.T) {
	t.Parallel()
	coupa := func(p *Portal, c *http.Client) map[RequestKind]int {
		o := ofKind(t, p, "on requisition")
		statuses := map[RequestKind]int{}
		for kind, path := range map[RequestKind]string{
			RequestPage: "/order_headers/" + o.number, RequestRequisition: "/requisition_headers/" + o.requisition,
			RequestList: "/order_headers/" + o.number + "/attachments.json", RequestFile: o.reqFiles[0].path(),
			RequestSignIn: "/sessions/new", RequestAsset: "/assets/app.js", RequestTracker: "/tracker/a.js", RequestOther: "/widget",
		} {
			statuses[kind] = get(t, c, p.URL()+path).status
		}
		return statuses
	}
	other := func(p *Portal, c *http.Client) map[RequestKind]int {
		f := p.orders[0].files[0]
		form := url.Values{"doc": {fmt.Sprint(f.id)}, "key": {p.formToken(f)}}
		return map[RequestKind]int{
			RequestPage: get(t, c, p.URL()+"/docs?po="+f.order).status, RequestFile: postForm(t, c, p.URL()+"/fetch", form).status,
			RequestSignIn: get(t, c, p.URL()+"/login").status,
		}
	}
	for name, row := range map[string]struct {
		start func(Options) (*Portal, error)
		ask   func(*Portal, *http.Client) map[RequestKind]int // once for each kind; returns the statuses
		out   map[RequestKind]int                             // statuses of who is signed out; those of the kinds that are asked about
	}{
		"coupa": {Start, coupa, map[RequestKind]int{RequestPage: 302, RequestRequisition: 302, RequestList: 401, RequestFile: 302}},
		"other": {StartOther, other, map[RequestKind]int{RequestPage: 302, RequestFile: 302}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var i injector
			p := served(t, row.start, Options{SignIn: true, Inject: i.inject})
			c := client(t)
			base, err := url.Parse(p.URL())
			if err != nil {
				t.Fatal(err)
			}
			c.Jar.SetCookies(base, []*http.Cookie{p.SessionCookie()})
			ask := func(step string, asked int, status func(RequestKind) int) {
				t.Helper()
				got := row.ask(p, c)
				want := map[RequestKind]int{}
				for kind := range got {
					want[kind] = http.StatusOK
					if _, struck := row.out[kind]; struck {
						want[kind] = status(kind)
					}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s: statuses (-want +got):\n%s", step, diff)
				}
				total := 0
				for _, n := range i.use(NoFault) {
					total += n
				}
				if total != asked {
					t.Errorf("%s: asked %d times, want %d", step, total, asked)
				}
			}
			always := func(status int) func(RequestKind) int { return func(RequestKind) int { return status } }
			signedOut := func(k RequestKind) int { return row.out[k] }

			ask("no fault", len(row.out), always(200))
			i.use(Error503)
			ask("fault", len(row.out), always(503))
			i.use(Throttle)
			p.SetFault(Error500)
			ask("under a fault of the whole portal", 0, always(500))
			p.SetFault(NoFault)
			i.use(SignOut)
			ask("sign-out", 1, signedOut)
			ask("after it", 0, signedOut)
			p.SetFault(NoFault)
			ask("when it is over", len(row.out), always(200))
		})
	}
}

// A request that meets the trouble of its order is left to that.
func TestInjectBesideTrouble(t *testing.T) {
	t.Parallel()
	i := injector{fault: Throttle}
	p := swift(t, Options{Inject: i.inject})
	page := p.URL() + "/order_headers/" + ofKind(t, p, "page 500 once").number
	if a := get(t, client(t), page); a.status != 500 || i.use(Throttle) != nil {
		t.Errorf("its own trouble: %d", a.status)
	}
	if a := get(t, client(t), page); a.status != 429 {
		t.Errorf("then: %d", a.status)
	}
}

// The injector is asked about each of many requests at once.
func TestInjectAtOnce(t *testing.T) {
	t.Parallel()
	var i injector
	p := swift(t, Options{Mix: Plain, Inject: i.inject})
	o := p.orders[0]
	var group sync.WaitGroup
	for range 8 {
		c := client(t)
		group.Go(func() {
			for range 20 {
				get(t, c, p.URL()+"/order_headers/"+o.number)
				get(t, c, p.URL()+"/order_headers/"+o.number+"/attachments.json")
			}
		})
	}
	group.Wait()
	if asked := i.use(NoFault); !maps.Equal(asked, map[RequestKind]int{RequestPage: 160, RequestList: 160}) {
		t.Errorf("asked %v", asked)
	}
}

// A file without a byte can be cut as well: what comes is not what was announced.
func TestInjectTruncate(t *testing.T) {
	t.Parallel()
	i := injector{fault: Truncate}
	p := swift(t, Options{Inject: i.inject})
	for _, kind := range []string{"ordinary", "empty file"} {
		if a := get(t, client(t), p.URL()+ofKind(t, p, kind).files[0].path()); !errors.Is(a.err, io.ErrUnexpectedEOF) {
			t.Errorf("%s: %d bytes, %v", kind, len(a.body), a.err)
		}
	}
}
