package poactor

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// clickSite is a portal whose documents only clicks lead to. Of some orders, which nothing in a page tells from the
// others, a click gives two: two says of which.
func clickSite(two func(order int) bool) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{order}", func(w http.ResponseWriter, r *http.Request) {
		n, err := strconv.Atoi(r.PathValue("order"))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html><body><h1>Order %[1]d</h1><p class=supplier>Acme</p><ul>`, n)
		for i := range 1 + n%2 {
			fmt.Fprintf(w, `<li><button class=att data-id="%d">document %c</button></li>`, 10*n+i, 'a'+i)
		}
		fmt.Fprint(w, `</ul><script>
			for (const el of document.querySelectorAll('.att')) el.onclick = async () => {
				for (const address of await (await fetch('/documents/' + el.dataset.id)).json()) {
					const frame = document.createElement('iframe');
					frame.hidden = true;
					frame.src = address;
					document.body.append(frame);
				}
			};
		</script></body></html>`)
	})
	mux.HandleFunc("GET /documents/{id}", func(w http.ResponseWriter, r *http.Request) {
		id, _ := strconv.Atoi(r.PathValue("id"))
		w.Header().Set("Content-Type", "application/json")
		if two(id / 10) {
			fmt.Fprintf(w, `["/files/%[1]d","/files/%[1]d-second"]`, id)
			return
		}
		fmt.Fprintf(w, `["/files/%d"]`, id)
	})
	mux.HandleFunc("GET /files/{file}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		w.Header().Set("Content-Disposition", `attachment; filename="`+r.PathValue("file")+`.txt"`)
		fmt.Fprintln(w, "document", r.PathValue("file"))
	})
	return mux
}

// A click that gives two documents, where others give one, is not read without a browser.
func TestFaultsFastClicksThatGiveTwo(t *testing.T) {
	t.Parallel()
	if _, err := launch.Find("", false); err != nil {
		t.Skip(err)
	}
	const orders = 60
	for name, row := range map[string]struct {
		two  func(order int) bool
		lane bool // some orders may be read without a browser
	}{
		"none":                {func(int) bool { return false }, true},
		"some":                {func(order int) bool { return order%5 == 0 }, false},
		"from some moment on": {func(order int) bool { return order >= orders/2 }, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			site := httptest.NewServer(clickSite(row.two))
			t.Cleanup(site.Close)
			cfg := Config{Out: t.TempDir(), Workers: 4, NoSandbox: os.Geteuid() == 0, Fast: true, Portal: portal.Portal{
				Name: "clicks", BaseURL: site.URL, Order: portal.OrderPage{Path: "/orders/{number}"},
				Signs: portal.Signs{NotFound: portal.Sign{Statuses: []int{404}},
					SignedOut: portal.Sign{Selectors: []string{"input[type=password]"}}, Empty: portal.Sign{Selectors: []string{".none"}}},
				Attachments: portal.Attachments{Links: []string{".att"}, Name: []string{"text"}},
				Supplier:    []string{".supplier"},
			}}
			list := func(yield func(po.Order) bool) {
				for n := range orders {
					if number := strconv.Itoa(n); !yield(po.Order{Key: po.Key(number), Number: number, RawNumber: number}) {
						return
					}
				}
			}
			if _, err := Run(t.Context(), cfg, Orders(list)); err != nil {
				t.Fatal(err)
			}
			record, err := ledger.OpenReadOnly(cfg.Out)
			if err != nil {
				t.Fatal(err)
			}
			defer record.Close()
			var outcomes []po.Outcome
			for o, err := range record.Outcomes(t.Context()) {
				if err != nil {
					t.Fatal(err)
				}
				outcomes = append(outcomes, o)
				n, _ := strconv.Atoi(string(o.Key))
				want := 1 + n%2
				if row.two(n) {
					want *= 2
				}
				if o.Status != po.Completed || len(o.Files) != want {
					var names []string
					for _, f := range o.Files {
						names = append(names, f.Name)
					}
					t.Errorf("order %d, read by %s: %s with %s, want %d files", n, o.ReadBy, o.Status, strings.Join(names, ", "), want)
				}
			}
			by := readBy(outcomes)
			t.Log(by)
			if n := by[po.ReadByPage] + by[po.ReadByCall]; len(outcomes) != orders || !row.lane && n > 0 || name == "none" && n == 0 {
				t.Errorf("of %d orders %d were read without a browser", len(outcomes), n)
			}
		})
	}
}
