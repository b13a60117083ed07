package browser

import (
	"bufio"
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

func TestFirstError(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want string }{
		"nothing":     {"", ""},
		"plain":       {"no such option\n", "no such option"},
		"log line":    {"[7:7:1124/0:ERROR:zygote_host_impl_linux.cc(101)] Running as root without --no-sandbox is not supported.\nmore", "Running as root without --no-sandbox is not supported."},
		"bus first":   {"[1:2:ERROR:dbus/bus.cc(408)] Failed to connect\n[1:2:FATAL:x.cc(1)] Broken.", "Broken."},
		"only bus":    {"[1:2:ERROR:dbus/bus.cc(408)] Failed to connect", ""},
		"last remark": {"one\ntwo\n\n", "two"},
		"very long":   {strings.Repeat("ü", 400), strings.Repeat("ü", 150) + "…"},
	} {
		if got := firstError(row.text); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"": 0, "0": 0, "7": 7 * time.Second, " 120 ": 2 * time.Minute, "-3": 0, "soon": 0, "99999999999999999999": 0,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:03:05 GMT": 0,
	} {
		if got := retryAfter(value, now); got != want {
			t.Errorf("Retry-After %q: %v, want %v", value, got, want)
		}
	}
}

func TestLooksLikeSignIn(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://login.microsoftonline.com/x/oauth2/authorize": true,
		"https://idp.example.com/":                             true,
		"https://example.com/adfs/ls/?wa=wsignin1.0":           true,
		"https://example.com/a?SAMLRequest=abc":                true,
		"https://example.com/sessions/new":                     true,
		"https://example.com/author/login-less":                true,
		"https://ads.example.com/banner":                       false,
		"https://example.com/authors":                          false,
		"::":                                                   false,
	} {
		if got := looksLikeSignIn(address); got != want {
			t.Errorf("%s: %v, want %v", address, got, want)
		}
	}
}

func TestCookieServes(t *testing.T) {
	t.Parallel()
	p := portal.Portal{BaseURL: "https://acme.coupahost.com", AllowedHosts: []string{"files.example.com:8443", "*.cdn.example.net"}}
	for domain, want := range map[string]bool{
		"acme.coupahost.com": true, ".coupahost.com": true, "other.coupahost.com": false, "files.example.com": true, ".example.com": true,
		"x.cdn.example.net": true, "cdn.example.net": true, "evil.com": false, "acme.coupahost.com.evil.com": false, "coupahost.com.evil": false, "tecoupahost.com": false,
	} {
		if got := cookieServes(p, domain); got != want {
			t.Errorf("%s: %v, want %v", domain, got, want)
		}
	}
}

func TestDecide(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		mode     mode
		document document
		method   string
		answered bool
		want     verdict
	}{
		"a page":                        {modeRead, document{Main: true}, "GET", false, goOn},
		"its answer":                    {modeRead, document{Main: true, Status: 200}, "GET", true, goOn},
		"a foreign page":                {modeRead, document{Main: true, Foreign: true}, "GET", false, drop},
		"a foreign frame in a page":     {modeRead, document{Foreign: true}, "GET", false, goOn},
		"a foreign popup of a page":     {modeRead, document{Popup: true, Foreign: true}, "GET", false, drop},
		"a popup of a page":             {modeRead, document{Popup: true}, "GET", false, goOn},
		"a foreign frame of a click":    {modeTake, document{Foreign: true}, "GET", false, drop},
		"a foreign form":                {modeTake, document{Main: true, Foreign: true}, "POST", false, drop},
		"a click's address":             {modeTake, document{}, "GET", false, drop},
		"a click's form":                {modeTake, document{}, "POST", false, goOn},
		"the form's file":               {modeTake, document{Status: 200}, "POST", true, save},
		"the form's page":               {modeTake, document{Status: 200, HTML: true}, "POST", true, goOn},
		"a file's address":              {modeSave, document{}, "GET", false, goOn},
		"a file":                        {modeSave, document{Status: 200}, "GET", true, save},
		"a redirect of a file":          {modeSave, document{Status: 302}, "GET", true, goOn},
		"a file that leads elsewhere":   {modeSave, document{Foreign: true, Redirected: true}, "GET", false, drop},
		"an error instead of the file ": {modeSave, document{Status: 404}, "GET", true, goOn},
	} {
		if got := decide(row.mode, row.document, row.method, row.answered); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}

func TestAsAttachment(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"": "attachment", "inline": "attachment", `inline; filename="a.pdf"`: `attachment; filename="a.pdf"`,
		"attachment; filename*=UTF-8''x": "attachment; filename*=UTF-8''x",
	} {
		headers := []*proto.FetchHeaderEntry{{Name: "Content-Type", Value: "text/plain"}}
		if given != "" {
			headers = append(headers, &proto.FetchHeaderEntry{Name: "content-disposition", Value: given})
		}
		got := http.Header{}
		for _, h := range asAttachment(headers) {
			got.Add(h.Name, h.Value)
		}
		if diff := cmp.Diff(http.Header{"Content-Type": {"text/plain"}, "Content-Disposition": {want}}, got); diff != "" {
			t.Errorf("%q: %s", given, diff)
		}
	}
}

func TestNavigationFailure(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]po.ReadFailure{
		"net::ERR_CONNECTION_REFUSED":      {Cause: po.PortalError, Unreachable: true},
		"net::ERR_NAME_NOT_RESOLVED":       {Cause: po.PortalError, Unreachable: true},
		"net::ERR_PROXY_CONNECTION_FAILED": {Cause: po.PortalError, Unreachable: true},
		"net::ERR_CONNECTION_RESET":        {Cause: po.PortalError},
		"net::ERR_EMPTY_RESPONSE":          {Cause: po.PortalError},
		"net::ERR_ABORTED":                 {Cause: po.UnrecognisedPage},
	} {
		got := navigationFailure(text, "")
		if got.Cause != want.Cause || got.Unreachable != want.Unreachable {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

func TestEnvironmentAndFlags(t *testing.T) {
	t.Setenv("POACTOR_PROFILE", "x")
	t.Setenv("SSLKEYLOGFILE", "/x")
	env := environment("/short")
	for _, v := range env {
		if strings.HasPrefix(v, "POACTOR_") || strings.HasPrefix(v, "SSLKEYLOGFILE") {
			t.Errorf("the browser gets %s", v)
		}
	}
	for name, row := range map[string]struct {
		config Config
		has    []string
		lacks  []string
	}{
		"default": {Config{}, []string{"--headless=new", "--screen-info={1366x900}"}, []string{"--no-sandbox", "--blink-settings=imagesEnabled=false"}},
		"headful": {Config{Headful: true}, nil, []string{"--headless=new", "--screen-info={1366x900}"}},
		"asked":   {Config{NoSandbox: true, Portal: portal.Portal{Block: []string{"image"}}}, []string{"--no-sandbox", "--blink-settings=imagesEnabled=false"}, nil},
	} {
		got := flags(row.config, "/p")
		for _, f := range append(row.has, "--user-data-dir=/p") {
			if !slices.Contains(got, f) {
				t.Errorf("%s: %s is missing", name, f)
			}
		}
		for _, f := range row.lacks {
			if slices.Contains(got, f) {
				t.Errorf("%s: %s is there", name, f)
			}
		}
	}
}

func FuzzList(f *testing.F) {
	f.Add("https://a.example/f#x", "name", "", "name")
	f.Add("javascript:x", "a file attachment", "https://b.example/", "\x00")
	p := portal.Portal{BaseURL: "https://a.example", Attachments: portal.Attachments{NamePattern: `^(.+) file attachment$`}}
	f.Fuzz(func(t *testing.T, url1, name1, url2, name2 string) {
		list, indexes := newLister(p).attachments([]item{{name1, url1}, {name2, url2}, {name1, ""}, {name1, ""}})
		ids := map[string]bool{}
		for _, a := range list {
			if a.ID == "" && a.Cause == "" || ids[a.ID] {
				t.Errorf("ID %q of %+v is empty or not its own", a.ID, a)
			}
			ids[a.ID] = true
			if a.URL != "" && !strings.HasPrefix(strings.ToLower(a.URL), "https://a.example") {
				t.Errorf("%q is to be fetched", a.URL)
			}
		}
		if len(list) != len(indexes) {
			t.Errorf("%d attachments, %d elements", len(list), len(indexes))
		}
	})
}

func FuzzPipe(f *testing.F) {
	f.Add([]byte("{\"id\":1}\x00nonsense\x00[]\x00"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r := &pipe{buf: bufio.NewReader(bytes.NewReader(data))}
		for {
			msg, err := r.Read()
			if err != nil {
				return
			}
			if len(msg) == 0 {
				t.Error("an empty message")
			}
		}
	})
}

// A hang is to be noticed within 3 s (SPEC §6); the first of the pings may have been
// heard just before it.
func TestHangsAreNoticedInTime(t *testing.T) {
	if most := (pingsLost + 1) * pingEvery; most > 2700*time.Millisecond {
		t.Errorf("a hang is noticed after %v, and killing takes a moment too", most)
	}
}
