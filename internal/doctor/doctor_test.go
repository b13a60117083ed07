package doctor

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poactor/poactor/po"
)

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 4, 5, 6, 7, 400e6, time.UTC)
	for name, tt := range map[string]struct {
		date  string
		at    time.Time
		state State
		text  string
	}{
		"right":       {"Wed, 04 Mar 2026 05:06:07 GMT", now, OK, "differ by 0s"},
		"ahead":       {"Wed, 04 Mar 2026 04:59:07 GMT", now, Warn, "7m0s ahead of"},
		"behind":      {"Wed, 04 Mar 2026 05:13:07 GMT", now, Warn, "7m0s behind"},
		"no date":     {"", now, Skipped, "does not say"},
		"nonsense":    {"<b>today</b>", now, Skipped, "does not say"},
		"no answer":   {"Wed, 04 Mar 2026 05:06:07 GMT", time.Time{}, Skipped, "has not answered"},
		"just enough": {"Wed, 04 Mar 2026 05:05:07 GMT", now, OK, "1m0s"},
	} {
		f := clock(answered{date: tt.date, at: tt.at})
		if f.State != tt.state || !strings.Contains(f.Text, tt.text) || (f.State == Warn) != (f.Hint != "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// What a proxy's address has for a secret is not shown.
func TestProxy(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"http://ada:secret@proxy.example:8080/x?y": "http://proxy.example:8080",
		"ada:secret@proxy.example:8080":            "http://proxy.example:8080",
		"proxy.example:8080":                       "http://proxy.example:8080",
		"socks5://proxy.example":                   "socks5://proxy.example",
		"::secret::":                               "(no address)",
	} {
		d := &doctor{}
		d.Env = func(name string) (string, bool) {
			if name != "https_proxy" {
				return "", false
			}
			return value, true
		}
		f := d.proxy(t.Context())
		if !strings.Contains(f.Text, "https_proxy="+want) || strings.Contains(f.Text, "secret") || f.Facts["https_proxy"] != want {
			t.Errorf("%s: %+v", value, f)
		}
	}
}

// A page that nobody is signed in on is recognised by what it asks for; one that shows
// neither may be that of a portal which needs no sign-in.
func TestRecognised(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		proof po.Proof
		order string
		want  State
	}{
		"signed in":         {po.Proof{SignedIn: true, User: "Ada"}, "", OK},
		"asks":              {po.Proof{Asks: true, Detail: "the portal asks for a sign-in"}, "", OK},
		"neither":           {po.Proof{Detail: "nothing"}, "", Warn},
		"neither, an order": {po.Proof{Detail: "nothing"}, "1", Warn},
	} {
		d := &doctor{Config: Config{Order: tt.order}}
		if f := d.recognised(tt.proof); f.State != tt.want || (f.State == OK) != (f.Hint == "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

// What both ways of reading an order come to.
func TestSuits(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		why, differs string
		requests     int
		state        State
		suits        bool
		text         string
	}{
		"the same":      {"", "", 0, OK, true, "--fast suits, as far as one order shows"},
		"scripts ask":   {"", "", 3, OK, true, "--fast may suit: "},
		"left to one":   {"a script fills the list", "", 3, OK, false, "from its page alone: a script fills the list; a run learns"},
		"not the same":  {"", "the supplier", 0, Warn, false, "differ: the supplier"},
		"other portals": {"a script decides", "", 0, OK, false, "a script decides"},
	} {
		f := suits(tt.why, tt.differs, tt.requests)
		if f.State != tt.state || f.Facts["suits"] != tt.suits || !strings.Contains(f.Text, tt.text) || (f.State == Warn) != (f.Hint != "") {
			t.Errorf("%s: %+v", name, f)
		}
	}
}

func TestLanes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		browser, http bool
		want          State
	}{{true, true, OK}, {true, false, Warn}, {false, true, Fail}, {false, false, Skipped}} {
		var got Finding
		d := &doctor{served: tt.http, report: Report{Counts: map[State]int{}}, tell: func(f Finding) { got = f }}
		if d.lanes(tt.browser); got.State != tt.want || got.Check != CheckLanes || d.report.Able() != (tt.want != Fail) {
			t.Errorf("browser %v, http %v: %+v", tt.browser, tt.http, got)
		}
	}
}

// A check that hangs, and does not mind being told to end, fails and holds nothing up; when
// no time is left the others are left out.
func TestHangingCheck(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), quick)
		defer cancel()
		release := make(chan struct{})
		began := time.Now()
		f, got := timed(ctx, quick, func(context.Context) (Finding, int) {
			<-release
			return Finding{State: OK}, 1
		})
		if f.State != Fail || f.Hint == "" || got != 0 || time.Since(began) != quick+grace {
			t.Errorf("%+v, %d after %v", f, got, time.Since(began))
		}
		close(release)
		f, _ = timed(ctx, quick, func(context.Context) (Finding, int) { return Finding{State: OK}, 1 })
		if f.State != Skipped {
			t.Errorf("without any time: %+v", f)
		}
	})
}

// Hints tell neither to ask the doctor, nor to run again what never ran.
func TestFailed(t *testing.T) {
	t.Parallel()
	f := failed(&po.Error{Cause: po.DiskFull, Msg: "the disk is full", Hint: "make room; " + po.HintResume})
	if f.State != Fail || f.Text != "the disk is full" || f.Hint != "make room" || f.Facts["cause"] != "disk_full" {
		t.Errorf("%+v", f)
	}
}
