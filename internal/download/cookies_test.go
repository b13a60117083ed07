package download

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// jar is a browser's.
type jar struct {
	mu   sync.Mutex
	list []po.Cookie
}

func (j *jar) Cookies(context.Context) ([]po.Cookie, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.list), nil
}

func (j *jar) SetCookies(_ context.Context, _ *url.URL, cookies []po.Cookie) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		j.list = slices.DeleteFunc(j.list, func(o po.Cookie) bool { return o.Name == c.Name && o.Domain == c.Domain && o.Path == c.Path })
		j.list = append(j.list, c)
	}
	return nil
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

var someDay = time.Date(2025, 11, 24, 12, 0, 0, 0, time.UTC)

func TestCookieHeader(t *testing.T) {
	t.Parallel()
	list := []po.Cookie{
		{Name: "host", Value: "1", Domain: "acme.coupahost.com", Path: "/"},
		{Name: "wide", Value: "2", Domain: ".coupahost.com", Path: "/"},
		{Name: "secure", Value: "3", Domain: "acme.coupahost.com", Path: "/", Secure: true},
		{Name: "deep", Value: "4", Domain: "acme.coupahost.com", Path: "/files"},
		{Name: "other", Value: "5", Domain: "evil.example", Path: "/"},
		{Name: "past", Value: "6", Domain: "acme.coupahost.com", Path: "/", Expires: someDay.Add(-time.Second)},
		{Name: "raw", Value: `{"a":1, "b":"x y"}`, Domain: "raw.example", Path: "/"},
		{Name: "quoted", Value: `"q"`, Domain: "raw.example", Path: "/"},
		{Name: "split", Value: "a\r\nX: y", Domain: "raw.example", Path: "/"},
		{Name: "semi", Value: "a; admin=1", Domain: "raw.example", Path: "/"},
		{Name: "local", Value: "7", Domain: "127.0.0.1", Path: "/", Secure: true},
		{Name: "six", Value: "8", Domain: "::1", Path: "/"},
		{Name: "strict", Value: "9", Domain: "cdn.example", Path: "/", SameSite: http.SameSiteStrictMode},
		{Name: "lax", Value: "10", Domain: "cdn.example", Path: "/", SameSite: http.SameSiteLaxMode},
		{Name: "own", Value: "11", Domain: "cdn.example", Path: "/", Partition: "https://cdn.example"},
		{Name: "framed", Value: "12", Domain: "cdn.example", Path: "/", Partition: "https://acme.example"},
	}
	const page = "https://acme.coupahost.com/order/1"
	for _, row := range []struct{ page, to, want string }{
		{page, "https://acme.coupahost.com/", "host=1; wide=2; secure=3"},
		{page, "http://acme.coupahost.com/", "host=1; wide=2"},
		{page, "https://acme.coupahost.com/files/1", "deep=4; host=1; wide=2; secure=3"},
		{page, "https://acme.coupahost.com/filesX", "host=1; wide=2; secure=3"},
		{page, "https://cdn.coupahost.com/", "wide=2"},
		{page, "https://x.acme.coupahost.com/", "wide=2"},
		{page, "https://evilcoupahost.com/", ""},
		{page, "https://acme.coupahost.com.evil.io/", ""},
		{page, "https://raw.example/", `raw={"a":1, "b":"x y"}; quoted="q"`},
		{page, "http://127.0.0.1:8080/", "local=7"},
		{page, "http://[::1]:8080/", "six=8"},
		{page, "https://cdn.example/", "lax=10; own=11"},
		{"https://cdn.example/page", "https://cdn.example/", "strict=9; lax=10; own=11"},
		{"", "https://cdn.example/", "strict=9; lax=10; own=11"},
	} {
		if got := cookieHeader(list, row.page, parse(t, row.to), someDay); got != row.want {
			t.Errorf("cookies for %s from %s: %q, want %q", row.to, row.page, got, row.want)
		}
	}
}

func TestCookiesOf(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		from, field string
		want        po.Cookie // zero: none
	}{
		{"https://a.example/files/1", "sid=1", po.Cookie{Name: "sid", Value: "1", Domain: "a.example", Path: "/files"}},
		{"https://a.example", "sid=1", po.Cookie{Name: "sid", Value: "1", Domain: "a.example", Path: "/"}},
		{"https://a.example/", "sid=1; Path=/; HttpOnly; Secure; SameSite=None; Partitioned", po.Cookie{Name: "sid", Value: "1", Domain: "a.example", Path: "/",
			Secure: true, HTTPOnly: true, SameSite: http.SameSiteNoneMode, Partition: "https://a.example"}},
		{"https://x.a.example/", `j={"a": "b,c"}; domain=.A.example; samesite=strict; path=x`, po.Cookie{Name: "j", Value: `{"a": "b,c"}`, Domain: ".a.example", Path: "/", SameSite: http.SameSiteStrictMode}},
		{"https://a.example/", `q="v w"; Max-Age=60`, po.Cookie{Name: "q", Value: `"v w"`, Domain: "a.example", Path: "/", Expires: someDay.Add(time.Minute)}},
		{"https://a.example/", "sid=; Max-Age=0", po.Cookie{Name: "sid", Domain: "a.example", Path: "/", Expires: time.Unix(1, 0)}},
		{"https://a.example/", "sid=; Expires=Thu, 01-Jan-1970 00:00:10 GMT", po.Cookie{Name: "sid", Domain: "a.example", Path: "/", Expires: time.Unix(10, 0).UTC()}},
		{"https://a.example/", "nameless", po.Cookie{Value: "nameless", Domain: "a.example", Path: "/"}},
		{"http://127.0.0.1:81/", "sid=1; Domain=127.0.0.1; Secure", po.Cookie{Name: "sid", Value: "1", Domain: "127.0.0.1", Path: "/", Secure: true}},
		{"http://a.example/", "sid=1; Secure", po.Cookie{}},
		{"https://a.example/", "sid=1; Domain=b.example", po.Cookie{}},
		{"https://a.co.uk/", "sid=1; Domain=co.uk", po.Cookie{}},
		{"https://a.example/", "=; Path=/", po.Cookie{}},
	} {
		var want []po.Cookie
		if row.want.Domain != "" {
			want = []po.Cookie{row.want}
		}
		got := cookiesOf(http.Header{"Set-Cookie": {row.field}}, parse(t, row.from), someDay)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s from %s (-want +got):\n%s", row.field, row.from, diff)
		}
	}
}

func TestHeaderFor(t *testing.T) {
	t.Parallel()
	browser := http.Header{"User-Agent": {"Chrome"}, "Accept": {"text/html"}, "Accept-Encoding": {"gzip, br, zz, zstd"}, "Accept-Language": {"en"}, "Upgrade-Insecure-Requests": {"1"},
		"Sec-Ch-Ua": {"Chromium"}, "Sec-Ch-Ua-Arch": {"x86"}, "Sec-Fetch-Mode": {"navigate"}}
	const page = "https://acme.example/order/1?q=2#f"
	plain := []string{"Accept", "Accept-Encoding", "Accept-Language", "Upgrade-Insecure-Requests", "User-Agent"}
	fetch := []string{"Sec-Ch-Ua", "Sec-Fetch-Dest", "Sec-Fetch-Mode", "Sec-Fetch-Site", "Sec-Fetch-User"}
	for name, row := range map[string]struct {
		page, to string
		away     bool
		site     string
		referer  string
		fields   []string // beside the referer
	}{
		"same host":    {page, "https://acme.example/f", false, "same-origin", "https://acme.example/order/1?q=2", append(append([]string{"Sec-Ch-Ua-Arch"}, plain...), fetch...)},
		"same site":    {page, "https://files.acme.example/f", false, "same-site", "https://acme.example/", append(slices.Clone(plain), fetch...)},
		"other site":   {page, "https://cdn.io/f", false, "cross-site", "https://acme.example/", append(slices.Clone(plain), fetch...)},
		"and back":     {page, "https://acme.example/f", true, "cross-site", "https://acme.example/order/1?q=2", append(append([]string{"Sec-Ch-Ua-Arch"}, plain...), fetch...)},
		"not safe":     {page, "http://acme.example/f", false, "", "", plain},
		"no page":      {"", "https://acme.example/f", false, "none", "", append(slices.Clone(plain), fetch...)},
		"user in page": {"https://u:p@acme.example/o", "https://acme.example/f", false, "same-origin", "https://acme.example/o", append(append([]string{"Sec-Ch-Ua-Arch"}, plain...), fetch...)},
		"about:blank":  {"about:blank", "https://acme.example/f", false, "none", "", append(slices.Clone(plain), fetch...)},
	} {
		h := headerFor(browser, row.page, parse(t, row.to), row.away)
		if h.Get("Referer") != row.referer || h.Get("Sec-Fetch-Site") != row.site {
			t.Errorf("%s: from %q as %q, want %q as %q", name, h.Get("Referer"), h.Get("Sec-Fetch-Site"), row.referer, row.site)
		}
		encodings := "gzip, br, zstd"
		if row.site == "" {
			encodings = "gzip"
		}
		if got := h.Get("Accept-Encoding"); got != encodings {
			t.Errorf("%s: accepts %q, want %q", name, got, encodings)
		}
		h.Del("Referer")
		var got []string
		for field := range h {
			got = append(got, field)
		}
		slices.Sort(got)
		slices.Sort(row.fields)
		if diff := cmp.Diff(row.fields, got); diff != "" {
			t.Errorf("%s: fields (-want +got):\n%s", name, diff)
		}
	}
}

// What an answer sets, whatever it is else, is the browser's before anything more
// is asked for; and what the browser has got meanwhile is sent.
func TestCookiesFlowBothWays(t *testing.T) {
	t.Parallel()
	j := &jar{list: []po.Cookie{{Name: "sid", Value: "0", Domain: "127.0.0.1", Path: "/"}}}
	var seen []string // one request after the other
	base, allowed := portal(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.URL.Path+" "+r.Header.Get("Cookie"))
		switch r.URL.Path {
		case "/a":
			w.Header().Set("Set-Cookie", "sid=1; Path=/")
			http.Redirect(w, r, "/b", http.StatusFound)
		case "/b":
			w.Header().Set("Set-Cookie", "sid=2; Path=/")
			w.Write([]byte(pdf))
		case "/c":
			w.Header().Set("Set-Cookie", "sid=4; Path=/")
			w.WriteHeader(500)
		}
	}))
	a := openArchive(t, Config{Allowed: allowed})
	get := func(path string) {
		if _, err := a.Fetch(t.Context(), po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Credentials: po.Credentials{Cookies: j},
			Attachments: []po.Attachment{{ID: path, Name: "a.pdf", URL: base + path}}}); err != nil {
			t.Fatal(err)
		}
	}
	get("/a")
	j.SetCookies(t.Context(), nil, []po.Cookie{{Name: "sid", Value: "3", Domain: "127.0.0.1", Path: "/"}}) // as the browser reads on
	get("/c")
	want := []string{"/a sid=0", "/b sid=1", "/c sid=3"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if j.list[0].Value != "4" {
		t.Errorf("the browser has %+v, want what came last", j.list)
	}
}
