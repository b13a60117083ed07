package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/storagestate"
	"github.com/poactor/poactor/portal"
)

// exports are one session, as tools export it. HOST and VALUE stand for the portal's
// host and the session's value; END is a time to come, in seconds.
var exports = map[string]string{
	"Playwright":                `{"cookies":[{"name":"sid","value":"VALUE","domain":"HOST","path":"/","expires":END.25,"httpOnly":true,"secure":false,"sameSite":"Lax"}],"origins":[]}`,
	"Playwright, session":       `{"cookies":[{"name":"sid","value":"VALUE","domain":"HOST","path":"/","expires":-1,"httpOnly":true,"secure":false,"sameSite":"Lax"}]}`,
	"Netscape":                  "# Netscape HTTP Cookie File\n#HttpOnly_HOST\tFALSE\t/\tFALSE\tEND\tsid\tVALUE\n",
	"Netscape, session":         "# Netscape HTTP Cookie File\n#HttpOnly_HOST\tFALSE\t/\tFALSE\t0\tsid\tVALUE\n",
	"Netscape, blanks and CRLF": "\ufeff# HTTP Cookie File\r\n\r\n#HttpOnly_HOST FALSE / FALSE END sid VALUE\r\n",
	"Netscape, milliseconds":    "HOST\tFALSE\t/\tFALSE\tEND000\tsid\tVALUE",
	"Cookie-Editor":             `[{"domain":"HOST","expirationDate":END.5,"hostOnly":true,"httpOnly":true,"name":"sid","path":"/","sameSite":"no_restriction","secure":false,"session":false,"storeId":"0","value":"VALUE"}]`,
	"Cookie-Editor, unset":      `[{"domain":"HOST","hostOnly":true,"httpOnly":true,"name":"sid","path":"/","sameSite":null,"secure":false,"session":true,"storeId":null,"value":"VALUE"}]`,
	"EditThisCookie":            `[{"domain":".HOST","expirationDate":END,"hostOnly":true,"httpOnly":true,"name":"sid","path":"/","sameSite":"unspecified","secure":false,"session":false,"storeId":"0","value":"VALUE","id":1}]`,
	"puppeteer":                 `[{"name":"sid","value":"VALUE","domain":"HOST","path":"/","expires":-1,"size":8,"httpOnly":true,"secure":false,"session":true,"sameParty":false,"sourceScheme":"NonSecure","sourcePort":80}]`,
	"DevTools protocol":         `[{"name":"sid","value":"VALUE","domain":"HOST","path":"/","expires":END.123456,"size":8,"httpOnly":true,"secure":false,"session":false,"priority":"Medium","sameSite":"Strict"}]`,
	"Selenium":                  `[{"domain":"HOST","expiry":END,"httpOnly":true,"name":"sid","path":"/","sameSite":"Lax","secure":false,"value":"VALUE"}]`,
	"address in place of host":  `[{"name":"sid","value":"VALUE","url":"http://HOST/","expires":0}]`,
	"no longer good":            `[{"name":"sid","value":"VALUE","domain":"HOST","path":"/","expirationDate":1000000000}]`,
	"end out of range":          `[{"name":"sid","value":"VALUE","domain":"HOST","path":"/","expirationDate":END000000}]`,
	"bad among good":            `[{"name":"bad","value":"a;b","domain":"HOST"},{"name":"sid","value":"VALUE","domain":"HOST"}]`,
}

// What an export has in it signs in, in every dialect, or is named with the reason.
func TestDialects(t *testing.T) {
	t.Parallel()
	const value = "s3cr3t-v4lu3"
	p := testPortal(serve(t, site{"/home": func(w http.ResponseWriter, r *http.Request) {
		if c, err := r.Cookie("sid"); err == nil && c.Value == value {
			page(`<a href="/sessions/destroy">Sign out</a>`)(w, r)
			return
		}
		page(`<form><input type=password></form>`)(w, r)
	}}))
	p.Signs.SignedIn, p.Probe.Path = portal.Mark{Selectors: []string{"a[href='/sessions/destroy']"}}, "/home"
	s := openSession(t, p)
	s.config.Times.Navigation, s.config.Times.Signs = time.Minute, 10*time.Second
	refused := map[string]string{ // what is said of it
		"Cookie-Editor":    "cookie sid of 127.0.0.1: browsers drop it: SameSite=None needs Secure",
		"no longer good":   "cookie sid of 127.0.0.1: it expired on 2001-09-09 01:46 UTC",
		"end out of range": "cookie sid of 127.0.0.1: when it expires cannot be read, or is out of range",
		"bad among good":   "cookie bad of 127.0.0.1: browsers drop it: its name or value has characters that are not allowed",
	}
	for name, text := range exports {
		text = strings.NewReplacer("HOST", "127.0.0.1", "VALUE", value, "END", "4102444800").Replace(text)
		state, report, err := storagestate.Parse([]byte(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		w := s.browser(t.Context())
		if err := (proto.StorageClearCookies{}).Call(w); err != nil {
			t.Fatal(err)
		}
		if err := s.Seed(t.Context(), state); err != nil {
			t.Fatal(err)
		}
		there, err := jar(w)
		if err != nil {
			t.Fatal(err)
		}
		notes := append(report.Dropped, storagestate.Missing(state.Cookies, there, time.Now())...)
		var said []string
		for _, n := range notes {
			said = append(said, n.String())
		}
		if got := strings.Join(said, "; "); got != refused[name] {
			t.Errorf("%s: said %q, want %q", name, got, refused[name])
		}
		want := "not: the portal asks for a sign-in"
		if refused[name] == "" || name == "bad among good" {
			want = ""
		}
		if got := proofText(s.Prove(t.Context())); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}
