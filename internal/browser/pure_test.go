package browser

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

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
	p := portal.Portal{BaseURL: "https://acme.coupahost.com", AllowedHosts: []string{"files.example.com:8443", "http://old.example.com:8080", "*.cdn.example.net"}}
	for domain, want := range map[string]bool{
		"acme.coupahost.com": true, ".coupahost.com": true, "other.coupahost.com": false, "files.example.com": true, ".example.com": true, "old.example.com": true,
		"x.cdn.example.net": true, "cdn.example.net": true, "evil.com": false, "acme.coupahost.com.evil.com": false, "coupahost.com.evil": false, "tecoupahost.com": false,
	} {
		if got := ServesPortal(p, domain); got != want {
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
		"a page":                        {modeRead, document{Main: true}, "GET", false, letPass},
		"its answer":                    {modeRead, document{Main: true, Status: 200}, "GET", true, letPass},
		"a foreign page":                {modeRead, document{Main: true, OffPortal: true}, "GET", false, abort},
		"a foreign frame in a page":     {modeRead, document{OffPortal: true}, "GET", false, letPass},
		"a foreign popup of a page":     {modeRead, document{Popup: true, OffPortal: true}, "GET", false, abort},
		"a popup of a page":             {modeRead, document{Popup: true}, "GET", false, letPass},
		"a foreign frame of a click":    {modeCapture, document{OffPortal: true}, "GET", false, abort},
		"a foreign form":                {modeCapture, document{Main: true, OffPortal: true}, "POST", false, abort},
		"a click's address":             {modeCapture, document{}, "GET", false, abort},
		"a click's form":                {modeCapture, document{}, "POST", false, letPass},
		"the form's file":               {modeCapture, document{Status: 200}, "POST", true, saveAsFile},
		"the form's page":               {modeCapture, document{Status: 200, HTML: true}, "POST", true, letPass},
		"a file's address":              {modeSave, document{}, "GET", false, letPass},
		"a file":                        {modeSave, document{Status: 200}, "GET", true, saveAsFile},
		"a redirect of a file":          {modeSave, document{Status: 302}, "GET", true, letPass},
		"a file that leads elsewhere":   {modeSave, document{OffPortal: true, Redirected: true}, "GET", false, abort},
		"an error instead of the file ": {modeSave, document{Status: 404}, "GET", true, letPass},
	} {
		if got := decide(row.mode, row.document, row.method, row.answered); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}

// What the page began to load before a click is not the click's; what a click loads
// in the same frame is.
func TestWhoseDocument(t *testing.T) {
	t.Parallel()
	const base = "https://portal.example"
	type step struct {
		frame, request, path string
		status               int // 0: the request
		kind                 string
		want                 verdict
	}
	file := func(frame, request, path string, want verdict) step {
		return step{frame, request, path, 200, "application/zip", want}
	}
	html := func(frame, request, path string, want verdict) step {
		return step{frame, request, path, 200, "text/html", want}
	}
	ask := func(frame, request, path string, want verdict) step { return step{frame, request, path, 0, "", want} }
	for name, row := range map[string]struct {
		before, at []step // a click
		seen       int    // of the latter that count as its effects
		saves      string // this download in the frame f is the page's
		not        string // this is not
	}{
		"a preview":              {before: []step{ask("f", "1", "/p", letPass)}, at: []step{file("f", "1", "/p", abort)}, saves: "/p", not: "/q"},
		"by way of another":      {before: []step{ask("f", "1", "/way", letPass)}, at: []step{ask("f", "1", "/p", letPass), file("f", "1", "/p", abort)}, saves: "/p", not: "/way"},
		"the frame's page again": {before: []step{ask("f", "1", "/p", letPass)}, at: []step{ask("f", "2", "/p?2", letPass), html("f", "2", "/p?2", letPass)}, not: "/p"},
		"a file from there":      {before: []step{ask("f", "1", "/p", letPass)}, at: []step{ask("f", "2", "/p?2", letPass), file("f", "2", "/p?2", letPass)}, not: "/p?2"},
		"another in the frame":   {before: []step{ask("f", "1", "/p", letPass)}, at: []step{ask("f", "2", "/q", letPass), file("f", "2", "/q", saveAsFile)}, seen: 2, not: "/q"},
		"in a window":            {before: []step{ask("w", "1", "/p", letPass)}, at: []step{file("w", "1", "/p", abort)}, not: "/p"},
		"the page moves on":      {before: []step{ask("main", "1", "/p", letPass)}, at: []step{html("main", "1", "/p", letPass)}, seen: 1},
		"and leaves the portal":  {before: []step{ask("main", "1", "/p", letPass)}, at: []step{ask("main", "1", "//elsewhere.example/", abort)}, seen: 1},
		"as does a window":       {before: []step{ask("w", "1", "/p", letPass)}, at: []step{ask("w", "1", "//elsewhere.example/", abort)}},
		"requests without an ID": {before: []step{ask("main", "", "/p", letPass)}, at: []step{ask("main", "", "/q", letPass), file("main", "", "/q", saveAsFile)}, seen: 2},
		"an unknown frame":       {not: "/p"},
		"a frame that is full of it": {before: []step{ask("f", "1", "/"+strings.Repeat("x", maxURLChars), letPass)},
			at: []step{file("f", "1", "/"+strings.Repeat("x", maxURLChars), abort)}, not: "/p"},
	} {
		t.Run(name, func(t *testing.T) {
			var g interceptor
			g.init(testPortal(base))
			g.setMainFrame("main")
			g.windowOpened(&proto.TargetTargetInfo{TargetID: "w", OpenerID: "main"})
			meet := func(s step) verdict {
				address := base + s.path
				if strings.HasPrefix(s.path, "//") {
					address = "https:" + s.path
				}
				e := &proto.FetchRequestPaused{FrameID: proto.PageFrameID(s.frame), NetworkID: proto.NetworkRequestID(s.request),
					ResourceType: proto.NetworkResourceTypeDocument, Request: &proto.NetworkRequest{URL: address, Method: "GET"}}
				if s.status != 0 {
					e.ResponseStatusCode = &s.status
					e.ResponseHeaders = []*proto.FetchHeaderEntry{{Name: "Content-Type", Value: s.kind}}
				}
				return g.handlePaused(e)
			}
			for _, s := range row.before {
				if got := meet(s); got != s.want {
					t.Errorf("before: %+v: %v", s, got)
				}
			}
			g.setMode(modeSave, nil)
			for _, s := range row.at {
				if got := meet(s); got != s.want {
					t.Errorf("at the click: %+v: %v", s, got)
				}
			}
			if len(g.documents) != row.seen {
				t.Errorf("%d documents count as the click's, want %d", len(g.documents), row.seen)
			}
			if row.saves != "" && !g.isFrameDownload("f", base+row.saves) {
				t.Errorf("%s is not the page's own", row.saves)
			}
			if row.not != "" && g.isFrameDownload("f", base+row.not) {
				t.Errorf("%s is the page's own", row.not)
			}
		})
	}
}

// An address that was taken counts, whatever the browser tells of a download that
// it had begun there.
func TestCapturedBeforeStarted(t *testing.T) {
	t.Parallel()
	s := &Session{config: Config{}.withDefaults()}
	s.interceptor.init(testPortal("https://portal.example"))
	s.files.init()
	for range 50 { // two channels are ready: either may be looked at first
		s.interceptor.documents <- document{URL: "https://portal.example/f", Main: true, Captured: true}
		s.files.started <- &download{url: "https://portal.example/f"}
		got, err := s.awaitResult(t.Context(), &listPage{}, false)
		if err != nil {
			t.Fatal(err)
		}
		for len(s.interceptor.documents) > 0 {
			got.capture(<-s.interceptor.documents)
		}
		parts, err := s.recordResult(t.Context(), got, &listPage{}, po.Attachment{})
		if err != nil || len(parts) != 1 || parts[0].URL != "https://portal.example/f" {
			t.Fatalf("%+v, %v", parts, err)
		}
		for len(s.files.started) > 0 {
			<-s.files.started
		}
	}
	s.files.started <- &download{guid: "1"}
	if got, err := s.awaitResult(t.Context(), &listPage{}, false); err != nil || len(got.files) != 1 {
		t.Errorf("a download alone: %+v, %v", got, err)
	}
}

// A window that a page opens by itself is told from one that a click opens and from
// the tab, and there is a bound for all.
func TestWindows(t *testing.T) {
	t.Parallel()
	var g interceptor
	g.init(testPortal("https://portal.example"))
	open := func(id int, opener proto.TargetTargetID, uncalled, tooMany bool) {
		t.Helper()
		u, m := g.windowOpened(&proto.TargetTargetInfo{TargetID: proto.TargetTargetID(strconv.Itoa(id)), OpenerID: opener})
		if u != uncalled || m != tooMany {
			t.Errorf("window %d: uncalled %v, too many %v", id, u, m)
		}
	}
	open(1, "", false, false)
	open(2, "1", true, false)
	g.setMode(modeCapture, nil)
	for id := 3; id <= maxWindows; id++ {
		open(id, "1", false, false)
	}
	open(maxWindows+1, "1", false, true)
	g.targetClosed([]byte(`{"targetId":"2"}`))
	g.targetClosed([]byte(`{"targetId":"3"}`))
	open(maxWindows+2, "1", false, false)
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

// A hang is to be noticed within 3 s (docs/spec.md §6); the first of the pings may have been
// heard just before it.
func TestHangsAreNoticedInTime(t *testing.T) {
	if most := (pingsLost + 1) * pingEvery; most > 2700*time.Millisecond {
		t.Errorf("a hang is noticed after %v, and killing takes a moment too", most)
	}
}
