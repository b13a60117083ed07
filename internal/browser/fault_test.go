package browser

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
)

// injectFault injects a fault, for which the system may have no means.
func injectFault(t *testing.T, s *Session, k fault.Kind) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	err := s.InjectFault(ctx, k)
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// What a browser does not survive: the Read under way and those to come end with
// the cause, and its Close leaves nothing.
func TestFaultEndsTheBrowser(t *testing.T) {
	t.Parallel()
	faultEnds(t, []faultRow{
		{fault.BrowserKill, "wait", po.BrowserDied},
		{fault.BrowserStop, "wait", po.BrowserHung},
		{fault.RendererCrash, "wait", po.BrowserDied},
		{fault.CDPCut, "wait", po.BrowserDied},
	})
}

func TestFaultsMoreFaultsEndTheBrowser(t *testing.T) {
	t.Parallel()
	faultEnds(t, []faultRow{
		{fault.BrowserKill, "pending", po.BrowserDied},
		{fault.BrowserStop, "pending", po.BrowserHung},
		{fault.RendererCrash, "late", po.BrowserDied}, // refused until the page comes
		{fault.CDPCut, "pending", po.BrowserDied},
		{fault.BrowserKill, "", po.BrowserDied},
		{fault.BrowserStop, "", po.BrowserHung},
		{fault.RendererCrash, "", po.BrowserDied},
		{fault.CDPCut, "", po.BrowserDied},
	})
}

type faultRow struct {
	fault fault.Kind
	order string // that is read meanwhile; empty: none
	cause po.Cause
}

func faultEnds(t *testing.T, rows []faultRow) {
	t.Helper()
	begun := make(chan struct{}, 10)
	tell := func() { begun <- struct{}{} }
	p := testPortal(serve(t, site{
		"/orders/wait":    page("nothing<img src=/shown>"),
		"/shown":          func(http.ResponseWriter, *http.Request) { tell() },
		"/orders/pending": func(_ http.ResponseWriter, r *http.Request) { tell(); <-r.Context().Done() },
		"/orders/late": func(w http.ResponseWriter, r *http.Request) {
			tell()
			time.Sleep(300 * time.Millisecond)
			page("nothing")(w, r)
		},
	}))
	for _, row := range rows {
		t.Run(strings.TrimSuffix(string(row.fault)+" "+row.order, " "), func(t *testing.T) {
			s := openSession(t, p)
			s.config.Times.Signs, s.config.Times.Navigation = time.Minute, time.Minute
			done := make(chan error, 1)
			if row.order == "" {
				done <- row.cause
			} else {
				go func() {
					_, err := s.Read(t.Context(), order(row.order), nil)
					done <- err
				}()
				<-begun
			}
			browser := groupOf(t, s.Process())
			struck := time.Now()
			injectFault(t, s, row.fault)
			diesSoon(t, s, done, row.cause)
			t.Logf("noticed after %v", time.Since(struck))
			if err := s.Close(); err != nil {
				t.Errorf("close: %v", err)
			}
			if browser.Alive() {
				t.Error("processes are left")
			}
			if err := s.InjectFault(t.Context(), row.fault); po.CauseOf(err) != row.cause {
				t.Errorf("a fault of a dead browser: %v, want %s", err, row.cause)
			}
		})
	}
}

// A stopped browser that nobody has noticed yet can be closed.
func TestFaultStopThenClose(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal("http://127.0.0.1:1"))
	browser := groupOf(t, s.Process())
	injectFault(t, s, fault.BrowserStop)
	if err := s.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if browser.Alive() {
		t.Error("processes are left")
	}
}

// A slow browser reads the same, takes longer, and is itself again afterwards.
func TestFaultSlow(t *testing.T) {
	t.Parallel()
	asked, answer := make(chan struct{}), make(chan struct{})
	s := openSession(t, testPortal(serve(t, site{
		"/orders/1": page(`<a class=att href=/f/1>one</a>`),
		"/orders/2": func(w http.ResponseWriter, r *http.Request) {
			close(asked)
			<-answer
			page(`<a class=att href=/f/2>two</a>`)(w, r)
		},
	})))
	s.config.Times.Signs = 10 * time.Second
	injectFault(t, s, fault.CDPSlow)
	begun := time.Now()
	r, err := s.Read(t.Context(), order("1"), nil)
	if err != nil || len(r.Attachments) != 1 {
		t.Errorf("a slow reading: %+v, %v", r, err)
	}
	// navigate, a world, a look around, cookies
	if took := time.Since(begun); took < 4*SlowBy {
		t.Errorf("a slow reading took %v only", took)
	}
	if s.conn.slow.Load() {
		t.Error("the browser stays slow after the reading")
	}

	done := make(chan error, 1)
	go func() {
		_, err := s.Read(t.Context(), order("2"), nil)
		done <- err
	}()
	<-asked
	injectFault(t, s, fault.CDPSlow)
	close(answer)
	if err := <-done; err != nil || s.conn.slow.Load() {
		t.Errorf("a reading that became slow: %v; slow afterwards: %v", err, s.conn.slow.Load())
	}
}

func TestFaultSignOut(t *testing.T) {
	t.Parallel()
	site, p := builtinPortal(t, testportal.Options{Mix: testportal.Plain, Orders: 1, SignIn: true, PageLatency: -1, ListLatency: -1})
	s := openSession(t, p)
	cookie := site.SessionCookie()
	if err := (proto.StorageSetCookies{Cookies: []*proto.NetworkCookieParam{{Name: cookie.Name, Value: cookie.Value, URL: site.URL()}}}).Call(s.browser(t.Context())); err != nil {
		t.Fatal(err)
	}
	for _, want := range []po.Sign{po.SignAttachments, po.SignSignedOut} {
		r, err := s.Read(t.Context(), order(string(site.Truth()[0].Key)), nil)
		if err != nil || r.Sign != want {
			t.Errorf("sign %q, %v; want %q", r.Sign, err, want)
		}
		injectFault(t, s, fault.ProfileSignOut)
	}
}

// A crash that is put off, as while the tab waits for a page, is none when the
// session ends otherwise meanwhile.
func TestFaultCrashThatNeverCame(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 10)
	s := openSession(t, testPortal(serve(t, site{
		"/orders/pending": func(_ http.ResponseWriter, r *http.Request) { begun <- struct{}{}; <-r.Context().Done() },
	})))
	s.config.Times.Navigation = time.Minute
	read, struck := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.Read(t.Context(), order("pending"), nil)
		read <- err
	}()
	<-begun
	go func() { struck <- s.InjectFault(t.Context(), fault.RendererCrash) }()
	time.Sleep(300 * time.Millisecond) // it is refused again and again
	injectFault(t, s, fault.BrowserKill)
	if err := <-struck; po.CauseOf(err) != po.BrowserDied {
		t.Errorf("a crash that did not come: %v", err)
	}
	if err := <-read; po.CauseOf(err) != po.BrowserDied {
		t.Errorf("the reading: %v", err)
	}
}

func TestFaultOfNoKind(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal("http://127.0.0.1:1"))
	if err := s.InjectFault(t.Context(), "rain"); err == nil || s.ctx.Err() != nil {
		t.Errorf("no such fault: %v, %v", err, s.ctx.Err())
	}
}
