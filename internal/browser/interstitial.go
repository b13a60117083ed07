package browser

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// An interstitial is a page that stands before every other for a while, whatever
// was asked for: a check of the browser, maintenance, a waiting room. It says
// nothing about an order. Most move on by themselves; such a page is waited for
// first. One that stays is the portal's trouble, and is told as such.

// Waits around a page that came instead of the order's.
const (
	interstitialWait = 30 * time.Second      // for one that is known to be an interstitial
	movesWait        = 10 * time.Second      // for one that may move on, by what is in it
	movedPoll        = 25 * time.Millisecond // between two looks whether it has
	glanceTime       = 5 * time.Second       // for a look at it
)

// glance is what a look at a page tells that shows none of the portal's signs.
type glance struct {
	Title   string `json:"title"`
	Heading string `json:"heading"` // its first headings
	Text    string `json:"text"`    // its visible text, the beginning
	Length  int    `json:"length"`  // of all of that
	Refresh bool   `json:"refresh"` // it loads another page by itself
	Scripts bool   `json:"scripts"`
}

// glanceJS looks at a page when it is parsed.
const glanceJS = `(async () => {
	for (let i = 0; document.readyState === 'loading' && i < 100; i++) await new Promise((r) => setTimeout(r, 20));
	const text = document.body ? document.body.innerText : '';
	return {
		title: document.title.slice(0, 300),
		heading: [...document.querySelectorAll('h1, h2')].slice(0, 5).map((el) => el.innerText).join('\n').slice(0, 1000),
		text: text.slice(0, 3000), length: text.length,
		refresh: document.querySelector('meta[http-equiv=refresh i]') !== null,
		scripts: document.scripts.length > 0,
	};
})()`

// checkPhrases are words of checks of the browser, maintenancePhrases of pages
// that say the portal is away. They are whole phrases, as an order's own page may
// have any word of them in it.
var (
	checkPhrases = []string{
		"just a moment", "checking your browser", "checking if the site connection is secure", "verify you are human",
		"verifying you are human", "needs to review the security of your connection", "attention required! | cloudflare",
		"ddos protection by", "pardon our interruption", "incapsula incident", "please wait while we", "please wait...",
		"please wait…", "one moment, please", "access to this page has been denied", "sorry, you have been blocked", "please stand by, while we are checking", "you are now in line", "waiting room",
	}
	maintenancePhrases = []string{
		"under maintenance", "scheduled maintenance", "planned maintenance", "system maintenance", "site maintenance",
		"maintenance mode", "maintenance window", "down for maintenance", "undergoing maintenance", "maintenance in progress",
		"performing maintenance", "out for maintenance", "closed for maintenance", "temporarily down", "temporarily offline", "currently unavailable",
		"be right back", "be back soon", "be back shortly", "wartungsarbeiten", "wegen wartung",
		"en maintenance", "maintenance en cours", "em manutenção", "temporariamente indisponível", "en mantenimiento", "in manutenzione",
	}
	// statusPhrases say no more than the status 503 does, where there is one.
	statusPhrases = []string{"service unavailable", "temporarily unavailable"}
)

// shortPage is how much text a page has at most that shows nothing but a notice.
const shortPage = 1500

// interstitial says which kind of page an answer is that stands before every
// other, in words; empty if it is none by all that is known. An answer without
// an error's status is believed to be one only where the page has little else.
func (s *Session) interstitial(d document, g glance) string {
	if by := challengeHeader(d.Header); by != "" {
		return "a check of the browser (" + by + ")"
	}
	if d.Status == http.StatusNotFound || d.Status == http.StatusGone || d.Status == http.StatusUnauthorized {
		return "" // about the address, or the user
	}
	unavailable := statusPhrases
	if d.Status >= 500 {
		unavailable = nil
	}
	place := g.Title + "\n" + g.Heading
	if d.Status >= 400 || g.Length <= shortPage {
		place += "\n" + g.Text
	}
	place = strings.ToLower(strings.Join(strings.Fields(strings.ReplaceAll(place, "’", "'")), " "))
	for _, kind := range []struct {
		words   string
		phrases []string
	}{
		{"a page that stands before all others", s.config.Portal.Interstitial.Texts},
		{"a check of the browser", checkPhrases},
		{"maintenance", maintenancePhrases},
		{"that it is not available", unavailable},
	} {
		for _, phrase := range kind.phrases {
			if strings.Contains(place, strings.ToLower(strings.Join(strings.Fields(phrase), " "))) {
				return kind.words + " (“" + po.Clip(phrase, 60) + "”)"
			}
		}
	}
	return ""
}

// challengeHeader names the field by which what stands before a portal marks a
// page of its own.
func challengeHeader(h http.Header) string {
	for _, name := range []string{"Cf-Mitigated", "X-Amzn-Waf-Action", "X-Vercel-Mitigated"} {
		switch strings.ToLower(h.Get(name)) {
		case "challenge", "captcha":
			return strings.ToLower(name)
		}
	}
	return ""
}

// mayMoveOn reports whether a page that is not known may be one that goes on to
// another by itself: it says so, or is a script with little beside.
func mayMoveOn(d document, g glance) bool {
	return d.Header.Get("Refresh") != "" || g.Refresh || g.Scripts && g.Length <= shortPage/3
}

// suspicious reports whether an answer has to be looked at before its status is
// believed. Good pages are not looked at: that costs time.
func suspicious(d document) bool {
	return d.Status == http.StatusForbidden || d.Status == http.StatusTooManyRequests || d.Status >= 500 || challengeHeader(d.Header) != ""
}

// waitOutInterstitial waits while the page that came is one that stands before the order's,
// and may make room for it. The error is a *po.ReadFailure where it did not.
func (s *Session) waitOutInterstitial(ctx context.Context) error {
	begun := time.Now()
	for {
		documents := s.documents.Load()
		d := s.interceptor.lastAnswer()
		if !suspicious(d) {
			return nil
		}
		g, err := s.glance(ctx)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case isProtocolError(err) && time.Since(begun) < s.config.Times.Interstitial: // it is being left
			if err := pause(ctx, movedPoll); err != nil {
				return err
			}
			continue
		case isProtocolError(err), errors.Is(err, context.DeadlineExceeded): // there is nothing to see
			return nil
		case err != nil:
			return err
		case d.URL != s.interceptor.lastAnswer().URL || documents != s.documents.Load():
			continue // what was looked at is not what was answered
		}
		kind, limit := s.interstitial(d, g), time.Duration(0)
		switch {
		case kind != "" && (g.Scripts || g.Refresh || d.Header.Get("Refresh") != ""):
			limit = s.config.Times.Interstitial
		case kind == "" && mayMoveOn(d, g):
			limit = min(movesWait, s.config.Times.Interstitial)
		}
		switch moved, err := s.movesOn(ctx, documents, limit-time.Since(begun)); {
		case err != nil:
			return err
		case moved:
		case kind == "":
			return nil
		default:
			return portalWideFailure(kind, d)
		}
	}
}

// notAnOrder looks at a page that has shown none of the portal's signs in its time:
// it may be one that stands before all others.
func (s *Session) notAnOrder(ctx context.Context, failure error) error {
	if po.CauseOf(failure) != po.UnrecognisedPage {
		return failure
	}
	g, err := s.glance(ctx)
	if err != nil {
		return failure
	}
	d := s.interceptor.lastAnswer()
	if kind := s.interstitial(d, g); kind != "" {
		return portalWideFailure(kind, d)
	}
	return failure
}

// portalWideFailure is the failure of an order whose page did not come since the portal
// shows the same to everybody.
func portalWideFailure(kind string, d document) *po.ReadFailure {
	f := &po.ReadFailure{Cause: po.PortalError, Detail: "the portal shows " + kind, PortalWide: true, URL: d.URL}
	if d.Status >= 400 {
		f.Detail = fmt.Sprintf("the portal answers %d and shows %s", d.Status, kind)
	}
	f.RetryAfter = po.RetryAfter(d.Header.Get("Retry-After"), time.Now())
	return f
}

// movesOn waits until the tab shows another document.
func (s *Session) movesOn(ctx context.Context, documents uint64, limit time.Duration) (bool, error) {
	for end := time.Now().Add(limit); time.Now().Before(end); {
		if s.documents.Load() != documents {
			return true, nil
		}
		if err := pause(ctx, movedPoll); err != nil {
			return false, err
		}
	}
	return false, nil
}

// glance looks at the tab's page.
func (s *Session) glance(ctx context.Context) (glance, error) {
	ctx, cancel := context.WithTimeout(ctx, glanceTime)
	defer cancel()
	var g glance
	w := s.page(ctx)
	world, err := w.isolatedWorld(proto.PageFrameID(s.tab.target))
	if err != nil {
		return g, err
	}
	return g, w.evaluate(world, glanceJS, &g)
}
