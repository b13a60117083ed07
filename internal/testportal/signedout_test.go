package testportal

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

func TestSignedOut(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		sessions Sessions
		page     string // part of what an order's page says in the end
		status   int    // of it
		list     int
		file     int // in the end
		host     string
	}{
		"sign-in page":      {Sessions{}, `type="password"`, 200, 401, 200, "127.0.0.1"},
		"time-out":          {Sessions{SignedOut: ToTimeout}, "Canteen", 200, 401, 200, "localhost"},
		"gone":              {Sessions{SignedOut: MaskedGone}, "couldn&#39;t find", 404, 404, 404, "127.0.0.1"},
		"empty":             {Sessions{SignedOut: MaskedEmpty}, "Purchase Order #", 200, 200, 404, "127.0.0.1"},
		"files elsewhere":   {Sessions{Files: Elsewhere}, `type="password"`, 200, 401, 200, "127.0.0.1"},
		"files named":       {Sessions{Files: ElsewhereNamed}, `type="password"`, 200, 401, 200, "127.0.0.1"},
		"identity provider": {Sessions{Provider: ProviderLeads}, `type="password"`, 200, 401, 200, "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := guarded(t, c.sessions)
			o := p.orders[0]
			address := p.URL() + "/order_headers/" + o.number
			var host string
			client := walker(t)
			client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
				host = r.URL.Hostname()
				return nil
			}
			host = "127.0.0.1"
			page := get(t, client, address)
			if page.status != c.status || host != c.host || !strings.Contains(string(page.body), c.page) {
				t.Errorf("page: %d at %s\n%s", page.status, host, page.body)
			}
			l := get(t, client, address+"/attachments.json")
			if l.status != c.list || (c.list == 200 && len(list(t, client, p, "/order_headers/"+o.number).Attachments) != 0) {
				t.Errorf("list: %d\n%s", l.status, l.body)
			}
			host = ""
			file := get(t, client, p.URL()+o.files[0].path())
			if file.status != c.file || !strings.HasPrefix(file.head.Get("Content-Type"), "text/html") {
				t.Errorf("file: %d, %v", file.status, file.head)
			}
			if c.sessions.Files != LikePages && host != "localhost" {
				t.Errorf("file: led to %q", host)
			}
			named := file.head.Get("Content-Disposition") == "attachment; filename=invoice.pdf"
			if named != (c.sessions.Files == ElsewhereNamed) {
				t.Errorf("file: %v", file.head)
			}
			if got := who(t, client, p); got != "" {
				t.Errorf("signed in as %q", got)
			}
			give(t, client, p.URL(), p.SessionCookie())
			if got := len(list(t, client, p, "/order_headers/"+o.number).Attachments); got != len(o.files) {
				t.Errorf("signed in: %d files, want %d", got, len(o.files))
			}
		})
	}
}

// Nothing on the page of the time-out speaks of signing in, and a list tells the
// order's page to go there.
func TestTimeoutURL(t *testing.T) {
	t.Parallel()
	p := guarded(t, Sessions{SignedOut: ToTimeout})
	c := client(t)
	page := get(t, c, p.TimeoutURL())
	for _, word := range []string{"password", "sign", "log in", "login", "session"} {
		if strings.Contains(strings.ToLower(string(page.body)), word) {
			t.Errorf("the page says %q", word)
		}
	}
	var out struct {
		GoTo string `json:"go_to"`
	}
	l := get(t, c, p.URL()+"/order_headers/"+p.orders[0].number+"/attachments.json")
	if err := json.Unmarshal(l.body, &out); err != nil || out.GoTo != p.TimeoutURL() {
		t.Errorf("the list says %s, %v", l.body, err)
	}
	if got := p.Counts()[RequestElsewhere]; got != 1 {
		t.Errorf("%d requests elsewhere", got)
	}
}

// The other portal's pages are masked in its own words.
func TestOtherMasked(t *testing.T) {
	t.Parallel()
	for masked, says := range map[SignedOut]string{
		MaskedGone: "Unknown order reference", MaskedEmpty: "There is nothing on file for this order",
	} {
		p := served(t, StartOther, Options{Orders: 1, SignIn: true, Sessions: Sessions{SignedOut: masked}})
		a := get(t, client(t), p.URL()+"/docs?po="+p.orders[0].number)
		if a.status != http.StatusOK || !strings.Contains(string(a.body), says) {
			t.Errorf("%s: %d\n%s", masked, a.status, a.body)
		}
	}
}
