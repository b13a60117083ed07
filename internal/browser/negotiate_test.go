package browser

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/browser/launch"
)

// challenge answers 401 and asks for who the user of the machine is.
func challenge(body string, schemes ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Www-Authenticate"] = schemes
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprint(w, body)
	}
}

// A portal that asks for Kerberos, or what a company's portal takes beside it, of a
// browser that cannot show who its user is: the browser is not waited for, whether it may
// try or not. Of a file it is the file's, as the order's page is still there.
func TestFaultsNegotiate(t *testing.T) {
	t.Parallel()
	needBrowser(t)
	schemes := map[string][]string{
		"negotiate": {"Negotiate"}, "ntlm": {"NTLM"}, "all": {"Negotiate", "NTLM", `Basic realm="portal"`},
	}
	pages, want := site{}, map[string]string{}
	for name, list := range schemes {
		pages["/orders/"+name] = challenge("<h1>401</h1>", list...)
		pages["/orders/"+name+"-bare"] = challenge("", list...)
		want[name], want[name+"-bare"] = "signed_out", "signed_out"
		pages["/orders/"+name+"-file"] = page(`<a class=att href=/f/` + name + `>file</a>`)
		pages["/f/"+name] = challenge("<h1>401</h1>", list...)
		want[name+"-file"] = "attachments: forbidden"
		pages["/orders/"+name+"-click"] = page(`<form method=post action=/f/` + name + `><button class=att>file</button></form>`)
		want[name+"-click"] = "attachments: forbidden"
	}
	base := serve(t, pages)
	paths := map[string]string{"usual": *browserPath}
	if other, err := launch.Find(*browserPath, true); err == nil {
		paths["whole"] = other
	}
	for kind, path := range paths {
		for _, may := range [][]string{nil, {"127.0.0.1"}} {
			t.Run(fmt.Sprintf("%s %v", kind, may), func(t *testing.T) {
				t.Parallel()
				p := testPortal(base)
				p.SignIn.Negotiate = may
				s, err := New(Config{Portal: p, BrowserPath: path, NoSandbox: os.Geteuid() == 0, Lease: leaser(t, nil), Downloads: t.TempDir(),
					Times: Times{Navigation: time.Hour, Signs: time.Hour, Click: time.Hour, File: time.Hour}}).Open(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				got := map[string]string{}
				for _, name := range slices.Sorted(maps.Keys(want)) {
					got[name] = negotiated(t, s, name)
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
	}
}

// negotiated is what comes of an order, whose file is got by the browser.
func negotiated(t *testing.T, s *Session, name string) string {
	done := make(chan string, 1)
	go func() {
		r, err := s.Read(t.Context(), order(name), nil)
		if err == nil && strings.HasSuffix(name, "-file") {
			r, err = s.Read(t.Context(), order(name), []string{r.Attachments[0].ID})
		}
		if err != nil {
			done <- "failure " + err.Error()
			return
		}
		text := string(r.Sign)
		for _, a := range r.Attachments {
			text += ": " + string(a.Cause)
		}
		done <- text
	}()
	select {
	case got := <-done:
		return got
	case <-time.After(20 * time.Second):
		s.Close()
		return "hangs"
	}
}
