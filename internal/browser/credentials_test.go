package browser

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// The HTTP lane has the browser's cookies as they are, and the browser those that
// the HTTP lane was given, before its next request; also when it is gone.
func TestCookieJar(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var sent string // with the last page
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		sent = r.Header.Get("Cookie")
		mu.Unlock()
		if strings.HasSuffix(r.URL.Path, "/1") {
			w.Header().Add("Set-Cookie", "sid=1; Path=/; HttpOnly")
			w.Header().Add("Set-Cookie", "old=1; Path=/")
			w.Header().Add("Set-Cookie", "own=1; Path=/; Secure; SameSite=None; Partitioned")
		}
		page(`<a class=att href="/a.pdf">a.pdf</a>`)(w, r)
	}))
	s := openSession(t, testPortal(base))
	jar := mustRead(t, s, "1").Credentials.Cookies
	known := func() string {
		t.Helper()
		list, err := jar.Cookies(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, c := range list {
			names = append(names, c.Name+"="+c.Value+map[bool]string{true: " of " + c.Partition}[c.Partition != ""])
		}
		slices.Sort(names)
		return strings.Join(names, ", ")
	}
	if got, want := known(), "old=1, own=1 of http://127.0.0.1, sid=1"; got != want {
		t.Errorf("the jar has %s, want %s", got, want)
	}
	from, err := url.Parse(base + "/files/a.pdf?token=1")
	if err != nil {
		t.Fatal(err)
	}
	err = jar.SetCookies(t.Context(), from, []po.Cookie{
		{Name: "sid", Value: "2", Domain: "127.0.0.1", Path: "/", HTTPOnly: true},
		{Name: "old", Domain: "127.0.0.1", Path: "/", Expires: time.Unix(1, 0)},
		{Name: "own", Value: "2", Domain: "127.0.0.1", Path: "/", Secure: true, SameSite: http.SameSiteNoneMode, Partition: "http://127.0.0.1"},
		{Name: "json", Value: `{"a": "b"}`, Domain: "127.0.0.1", Path: "/", Expires: time.Now().Add(time.Hour), SameSite: http.SameSiteLaxMode},
		{Name: "deep", Value: "1", Domain: "127.0.0.1", Path: "/files"},
		{Name: "__Host-x", Value: "no", Domain: "127.0.0.1", Path: "/files"}, // which no browser takes
	})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := known(), `deep=1, json={"a": "b"}, own=2 of http://127.0.0.1, sid=2`; got != want {
		t.Errorf("the jar has %s, want %s", got, want)
	}
	mustRead(t, s, "2")
	mu.Lock()
	got := strings.Split(sent, "; ")
	mu.Unlock()
	slices.Sort(got)
	if diff := cmp.Diff([]string{`json={"a": "b"}`, "own=2", "sid=2"}, got); diff != "" {
		t.Errorf("the browser sent (-want +got):\n%s", diff)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if err := jar.SetCookies(t.Context(), from, []po.Cookie{{Name: "sid", Value: "3", Domain: "127.0.0.1", Path: "/"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := known(), `deep=1, json={"a": "b"}, own=2 of http://127.0.0.1, sid=3`; got != want {
		t.Errorf("without the browser the jar has %s, want %s", got, want)
	}
}

// Pages, their windows and the HTTP lane are told the same of who asks.
func TestOneClient(t *testing.T) {
	t.Parallel()
	fields := []string{"User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "Sec-Ch-Ua", "Sec-Ch-Ua-Mobile", "Sec-Ch-Ua-Platform", "Upgrade-Insecure-Requests"}
	var mu sync.Mutex
	seen := map[string]http.Header{}
	note := func(to string, header http.Header) {
		mu.Lock()
		defer mu.Unlock()
		seen[to] = http.Header{}
		for _, f := range fields {
			seen[to].Set(f, header.Get(f))
		}
	}
	base := serve(t, site{
		"/orders/1": func(w http.ResponseWriter, r *http.Request) {
			note("page", r.Header)
			page(`<form class=att method=post action=/w target=_blank onclick="this.submit()">w.txt</form><a class=att href=/f.txt>f.txt</a>`)(w, r)
		},
		"/f.txt": func(w http.ResponseWriter, r *http.Request) { note("file", r.Header); w.Write([]byte("text")) },
		"/w": func(w http.ResponseWriter, r *http.Request) {
			note("window", r.Header)
			w.Header().Set("Content-Disposition", "attachment")
			w.Write([]byte("text"))
		},
	})
	s := openSession(t, testPortal(base))
	note("HTTP lane", mustRead(t, s, "1", base+"/f.txt").Credentials.Header)
	mu.Lock()
	defer mu.Unlock()
	for _, to := range []string{"window", "file"} { // what a click leads to is asked for uncompressed
		if got := seen[to].Get("Accept-Encoding"); got != identity {
			t.Errorf("the %s is asked for with the encoding %q", to, got)
		}
		seen[to].Set("Accept-Encoding", seen["page"].Get("Accept-Encoding"))
	}
	for _, to := range []string{"window", "file", "HTTP lane"} {
		if diff := cmp.Diff(seen["page"], seen[to]); diff != "" {
			t.Errorf("a page and the %s are told different things (-page +it):\n%s", to, diff)
		}
	}
	if agent := seen["page"].Get("User-Agent"); !strings.Contains(agent, " Chrome/") || strings.Contains(agent, "Headless") {
		t.Errorf("the browser says that it is %s", agent)
	}
}

// What a click leads to is asked for uncompressed, which is not what the browser says
// of itself.
func TestDescribesItself(t *testing.T) {
	t.Parallel()
	var d requestHeaders
	for _, encoding := range []string{"gzip, br", identity} {
		d.learn(fmt.Appendf(nil, `{"headers": {"upgrade-insecure-requests": "1", "accept-encoding": %q}}`, encoding))
	}
	if got := d.get().Get("Accept-Encoding"); got != "gzip, br" {
		t.Errorf("Accept-Encoding: %q", got)
	}
}
