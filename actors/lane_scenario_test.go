package actors

import (
	"context"
	"net/url"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/poactor/poactor/internal/resource"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// fakePages reads pages without a browser.
type fakePages struct {
	read func(atOnce, n int) error // how long it takes is its own to say; n counts the pages from 1

	mu     sync.Mutex
	pages  int
	atOnce int
	asked  []time.Time
}

func (p *fakePages) ReadPage(_ context.Context, order po.Order, _ []po.ReadBy, _ po.Credentials) (po.PageReading, error) {
	p.mu.Lock()
	p.pages++
	p.atOnce++
	n, atOnce := p.pages, p.atOnce
	p.asked = append(p.asked, time.Now())
	p.mu.Unlock()
	err := p.read(atOnce, n)
	p.mu.Lock()
	p.atOnce--
	p.mu.Unlock()
	if err != nil {
		return po.PageReading{}, err
	}
	return po.PageReading{Reading: listed(order.Key), Edition: "e", Parts: []uint64{1}}, nil
}

// emptyJar is a browser's jar without cookies.
type emptyJar struct{}

func (emptyJar) Cookies(context.Context) ([]po.Cookie, error)            { return nil, nil }
func (emptyJar) SetCookies(context.Context, *url.URL, []po.Cookie) error { return nil }

// listed is what both ways read of an order.
func listed(key po.Key) po.Reading {
	return po.Reading{Sign: po.SignAttachments, Credentials: po.Credentials{Cookies: emptyJar{}},
		Attachments: []po.Attachment{{ID: string(key), Name: "a.pdf", URL: "https://portal.test/" + string(key)}}}
}

// laneScenario is a run whose pages are read without a browser where that can be.
func laneScenario(workers, orders int, l Limiter, pages *fakePages) *scenario {
	return &scenario{workers: workers, orders: orders, limiter: l, pages: pages,
		browsers: &fakeBrowsers{read: func(_ context.Context, _ *fakeSession, key po.Key, _ int) (po.Reading, error) {
			time.Sleep(800 * time.Millisecond)
			return listed(key), nil
		}}}
}

// A pause that the portal asks a page without a browser for holds for the browsers, too, and so does
// what they are held to afterwards.
func TestPortalPausesTheLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		limits := Limits{Workers: 4, Reading: 4, LimitedBy: messages.LimitedByUser}
		l := &fakeLimiter{begun: time.Now(), last: limits, measure: func(time.Duration) Limits { return limits }}
		l.answered = func(a Answer) Limits {
			if a.Cause != po.Throttled {
				return limits
			}
			limits = Limits{Workers: 4, Reading: 2, LimitedBy: messages.LimitedByPortal,
				Reason: "the portal asked for a pause of 20 s"}
			held := limits
			held.Hold = a.RetryAfter
			return held
		}
		var refused time.Time
		p := &fakePages{}
		p.read = func(_, n int) error {
			time.Sleep(400 * time.Millisecond)
			if n != 100 {
				return nil
			}
			refused = time.Now()
			return &po.ReadFailure{Cause: po.Throttled, RetryAfter: 20 * time.Second, Answered: true}
		}
		s := laneScenario(4, 200, l, p)
		var begun []time.Time
		read := s.browsers.read
		s.browsers.read = func(ctx context.Context, f *fakeSession, key po.Key, n int) (po.Reading, error) {
			p.mu.Lock()
			begun = append(begun, time.Now())
			p.mu.Unlock()
			return read(ctx, f, key, n)
		}
		s.run(t)
		s.want(t, "", 0, completed(200))
		after := 0
		for _, at := range append(p.asked, begun...) {
			switch d := at.Sub(refused); {
			case d > time.Millisecond && d < 20*time.Second:
				t.Errorf("a page was asked for %v after the portal asked for a pause", d)
			case d >= 20*time.Second:
				after++
			}
		}
		if paced := all[messages.PortalPaced](s); after < 80 || len(paced) != 1 || paced[0].Reading != 2 {
			t.Errorf("%d pages after the pause; %+v", after, paced)
		}
		lane := 0
		for _, a := range l.answers {
			if a.WithoutBrowser && a.Sign == po.SignAttachments && a.Took == 400*time.Millisecond {
				lane++
			}
		}
		if lane < p.pages-1 {
			t.Errorf("the governor heard of %d pages of %d", lane, p.pages)
		}
	})
}

// portalLimiter is the portal's limit alone, as the governor of a run has it.
type portalLimiter struct {
	mu     sync.Mutex
	portal resource.Portal
}

func (l *portalLimiter) limits() Limits {
	return Limits{Workers: 8, Reading: l.portal.Limit(8), LimitedBy: messages.LimitedByPortal, Reason: l.portal.Text()}
}

func (l *portalLimiter) Measure(context.Context) Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limits()
}

func (l *portalLimiter) Answered(a Answer) Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.portal = l.portal.Answered(resource.Answer{Took: a.Took, WithoutBrowser: a.WithoutBrowser, Sign: a.Sign,
		Cause: a.Cause, RetryAfter: a.RetryAfter, Retried: a.Retried}, 8, time.Now())
	return l.limits()
}

// A portal that gets slow when more than four pages are asked for at once gets no more, though no
// browser sees it.
func TestSlowPortalHoldsTheLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := &portalLimiter{}
		p := &fakePages{}
		slow := 0 // of the last third
		p.read = func(atOnce, n int) error {
			if atOnce <= 4 {
				time.Sleep(400 * time.Millisecond)
				return nil
			}
			if n > 800 {
				p.mu.Lock()
				slow++
				p.mu.Unlock()
			}
			time.Sleep(1600 * time.Millisecond)
			return nil
		}
		s := laneScenario(8, 1200, l, p)
		s.run(t)
		s.want(t, "", 0, completed(1200))
		if slow > 100 {
			t.Errorf("%d of the last 400 pages were slow", slow)
		}
		if paced := all[messages.PortalPaced](s); len(paced) < 2 {
			t.Errorf("%+v", paced)
		}
	})
}
