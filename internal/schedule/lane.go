package schedule

import (
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// lane is the reading of orders' pages without a browser: what it needs, and who it is to.
type lane struct {
	on          bool // the run is to use it
	ways        map[po.ReadBy]*trust
	requests    requests
	read        int               // pages, so far
	lost        int               // of those, within sessions that have ended
	later       bool              // none has agreed yet, and what browsers read next may show how pages are read: none is until then
	credentials po.Credentials    // of the browser that has last seen a list; zero: nobody has
	tries       int               // readings of browsers since then, or since there are none
	reading     int               // pages that are being read
	browsers    int               // that are needed; as many as may be where the lane is off
	calm        int               // orders in a row that were completed without a browser while none was short
	told        messages.FastLane // as the host was told last
	readAgain   int               // orders that were completed without a browser, and no longer count
}

func newLane(on bool) lane {
	return lane{on: on, requests: requests{}, ways: map[po.ReadBy]*trust{po.ReadByPage: newTrust(), po.ReadByCall: newTrust()}}
}

// trust is what is known of the way in which a page was read.
func (l *lane) trust(p po.PageReading) *trust {
	if p.By == po.ReadByCall {
		return l.ways[po.ReadByCall]
	}
	return l.ways[po.ReadByPage]
}

// off says why no page is read without a browser any more, in whatever way; empty: some are.
func (l *lane) off() string {
	page, call := l.ways[po.ReadByPage].off, l.ways[po.ReadByCall].off
	switch {
	case page == "" || call == "":
		return ""
	case page == call:
		return page
	}
	return page + "; by call: " + call
}

// without are the ways in which no page is read any more.
func (l *lane) without() (ways []po.ReadBy) {
	for _, by := range po.Ways() {
		if l.ways[by].off != "" {
			ways = append(ways, by)
		}
	}
	return ways
}

// hasAgreed says that some page was read as a browser reads it: what one says that needs a
// browser first is said of it alone.
func (l *lane) hasAgreed() bool {
	return l.ways[po.ReadByPage].agreed+l.ways[po.ReadByCall].agreed > 0
}

// isTrusted says that some pages need no browser.
func (l *lane) isTrusted() bool {
	return l.ways[po.ReadByPage].trusted() || l.ways[po.ReadByCall].trusted()
}

// passedOn takes a doubt of a page that was tried in every way.
func (l *lane) passedOn(why string) {
	for _, t := range l.ways {
		t.passedOn(why)
	}
}

// checkable is an order whose page a browser can still read for comparison.
type checkable struct {
	order po.Order
	page  po.PageReading
	at    int
}

const (
	// readAhead is how many pages for each worker may have been read of orders that wait for a
	// browser. As long as pages are not believed yet that is what the lane does beside the
	// browsers: once they are, their orders need none any more.
	readAhead = 10
	// pageLife is how long a page may wait until it is believed. What has waited longer, as in a pause, may
	// have another list by now, and is read again.
	pageLife = 3 * time.Minute
)

// usable says that pages can be read without a browser now.
func (l *lane) usable() bool { return l.on && l.off() == "" && l.credentials.Cookies != nil }

// isFor says whether an order is the lane's: its page is to be read without a browser first, or
// that is believed. What has failed before, or has files already, is for browsers.
func (l *lane) isFor(t *task) bool {
	return l.usable() && (l.believes(t) || !l.later && l.mayRead(t))
}

// believes says whether an order's page that was read without a browser is believed.
func (l *lane) believes(t *task) bool { return t.believed && l.trust(t.page).off == "" }

// mayRead says whether an order's page may be read without a browser.
func (l *lane) mayRead(t *task) bool {
	return t.stage == waiting && !t.isolated && !t.begun() && !t.pageRead && len(t.byBrowser) == 0 &&
		t.lease.Attempt <= 1 && t.lease.Deaths == 0 && len(t.kept.Files) == 0 && t.lease.ReadBy == ""
}

// whyBrowser says why a browser reads an order, in a run that reads orders without one.
func (l *lane) whyBrowser(t *task) string {
	switch {
	case !l.on:
		return ""
	case t.end != nil:
		return "its page is to be kept as evidence"
	case len(t.byBrowser) > 0:
		return "HTTP could not get some of its files"
	case t.why != "":
		return t.why
	case t.pageRead && l.trust(t.page).off != "":
		return l.trust(t.page).off
	case l.off() != "":
		return l.off()
	case t.isolated || t.lease.Deaths > 0:
		return "a browser has died with it in hand"
	case t.lease.Attempt > 1:
		return "an earlier try has failed"
	case t.lease.ReadBy != "" || len(t.kept.Files) > 0:
		return "it was read before, and is to be read again"
	}
	if l.later {
		return "what browsers read first may show how pages can be read without one"
	}
	return "no browser has seen a list yet with whose session pages can be read"
}

// WhyBrowser says why a browser has to read an order whose page was read without one; empty: it
// need not.
func (s *Scheduler) WhyBrowser(token string) string {
	if t := s.queue.tasks[token]; t != nil {
		return t.why
	}
	return ""
}

// readPages has the files fetched whose pages are believed, and hands out pages to be read
// without a browser, as many at once as there may be workers. It does not run far ahead of the
// browsers.
func (s *Scheduler) readPages(now time.Time) []Effect {
	if !s.lane.usable() || s.stopCause != "" || s.draining || s.userPause || s.paused(now) || s.suspended() {
		return nil
	}
	var fx []Effect
	for s.queue.inFlight() < s.maxInFlight() {
		t := s.next(s.lane.believes)
		if t == nil {
			break
		}
		if now.Sub(t.pageAsked) > pageLife {
			t.pageRead, t.believed, t.page, t.why = false, false, po.PageReading{}, ""
			continue
		}
		if t.why = s.lane.trust(t.page).needsBrowser(t.page, 1); t.why != "" { // no more
			t.believed = false
			continue
		}
		s.queue.pull(t)
		fx = append(fx, s.fetchPage(t))
	}
	for !s.lane.later && s.lane.reading < s.poolSize && s.mayReadMore() && s.queue.inFlight() < s.maxInFlight() &&
		s.forBrowser() < readAhead*s.poolSize && s.toShow() < s.poolSize {
		t := s.next(s.lane.mayRead)
		if t == nil {
			break
		}
		s.queue.pull(t)
		s.lane.reading++
		s.lane.read++
		t.stage, t.pageRead, t.pageAt, t.pageAsked = paging, true, s.lane.read, now
		fx = append(fx, ReadPage{Lease: t.lease, Credentials: s.lane.credentials, Without: s.lane.without()})
	}
	return fx
}

// fetchPage has the files fetched that an order's page lists without a browser.
func (s *Scheduler) fetchPage(t *task) Effect {
	s.portal.answered()
	t.stage, t.byPage, t.believed, t.reading = fetching, true, false, t.page.Reading
	return t.fetch()
}

// mayReadMore says whether the portal bears one more page at once.
func (s *Scheduler) mayReadMore() bool {
	return s.maxReading == 0 || len(s.workers.busy)+s.lane.reading < s.maxReading
}

// next is the first waiting order that is wanted, and is not read by a probe; nil if there is none.
func (s *Scheduler) next(wanted func(*task) bool) *task {
	for _, t := range s.queue.waiting {
		if wanted(t) && !s.sessions.isProbed(t.key()) {
			return t
		}
	}
	return nil
}

// IsPaging says whether a page still is to be read without a browser under a lease.
func (s *Scheduler) IsPaging(token string) bool {
	t := s.queue.in(paging, token)
	return t != nil && t.back.Cause == ""
}

// PageRead brings a page that was read without a browser.
func (s *Scheduler) PageRead(m messages.PageRead, now time.Time) []Effect {
	s.lane.reading--
	t := s.queue.in(paging, m.Token)
	if t == nil {
		return s.advance(now)
	}
	if t.back.Cause != "" {
		return append([]Effect{s.release(t, t.back)}, s.advance(now)...)
	}
	t.stage, t.page = waiting, m.Page
	s.lane.later = m.Page.Later && !s.lane.hasAgreed()
	if m.Failure.Cause != "" {
		t.page = po.PageReading{Doubt: m.Failure.Detail}
		if m.Failure.Cause == po.Throttled && s.attempts > 1 {
			return append(s.failed(t, m.Failure), s.advance(now)...)
		}
	}
	if t.page.Sign == po.SignSignedOut { // a browser will tell; until one has seen a list again no page is read
		s.lane.credentials = po.Credentials{}
	}
	if t.why = s.lane.trust(t.page).needsBrowser(t.page, s.random()); t.why != "" {
		if t.page.Doubt != "" && !t.page.Later { // else a browser may yet show how it is read
			s.lane.passedOn(t.page.Doubt)
		}
		if s.draining { // no order is begun any more
			return append([]Effect{s.release(t, po.Failure{Cause: po.Interrupted, Detail: s.detail})}, s.advance(now)...)
		}
		s.queue.push(t)
		return append(s.tellLane(), s.advance(now)...)
	}
	return append([]Effect{s.fetchPage(t)}, s.advance(now)...)
}

// believeMore looks again at the pages of orders that wait for a browser: a comparison has agreed.
func (s *Scheduler) believeMore() {
	for _, t := range s.queue.waiting {
		if t.pageRead && !t.begun() && !t.believed && t.why != chosen {
			t.why = s.lane.trust(t.page).needsBrowser(t.page, s.random())
			t.believed = t.why == ""
		}
	}
}

// toBrowser has a browser read an order whose page was read without one: what came of that is
// not to be its end.
func (s *Scheduler) toBrowser(t *task, why string) []Effect {
	t.stage, t.why, t.replaces, t.byPage = waiting, why, true, false
	s.queue.pushFront(t)
	return nil
}

// byBrowserRead takes what a browser has read of an order: what its page asks for, with which
// credentials pages can be read, and whether it is the same as without it.
func (s *Scheduler) byBrowserRead(t *task, m messages.OrderRead) []Effect {
	t.believed = false
	if !s.lane.on || t.end != nil { // it was for evidence
		return nil
	}
	s.lane.tries++
	s.lane.later = false
	if m.Failure.Cause != "" {
		return nil
	}
	own := s.lane.requests.ask(t.key(), m.Reading.Requests, t.page.Asked)
	if m.Reading.Sign == po.SignAttachments && !s.hasOldSession(m.Worker) {
		s.lane.credentials, s.lane.tries = m.Reading.Credentials, 0
	}
	if !t.pageRead || len(t.byBrowser) > 0 || t.page.Doubt != "" && !t.page.Later || m.Reading.Sign == po.SignSignedOut ||
		s.lane.trust(t.page).off != "" || t.checked {
		return nil
	}
	t.checked = true
	if t.page.Later {
		s.lane.passedOn(t.page.Doubt)
		return s.tellLane()
	}
	verdict, again := s.lane.trust(t.page).compare(t.key(), t.pageAt, t.page, len(own) > 0, m.Reading)
	if verdict == unsuited && len(own) > 0 {
		again = append(again, s.lane.trust(t.page).askedMore(t.page, own, s.lane.requests.shared)...)
	}
	t.agreed = verdict == agreement
	if s.lane.trust(t.page).off != "" {
		return s.readAgain(t.page, again)
	}
	if t.agreed {
		s.believeMore()
	}
	return s.tellLane()
}

// tellLane tells the host what has changed about the lane.
func (s *Scheduler) tellLane() []Effect {
	state := s.lane.state()
	if state == s.lane.told {
		return nil
	}
	if state.Trusted && !s.lane.told.Trusted {
		s.lane.browsers, s.lane.calm = min(s.lane.browsers, 2), 0
	}
	s.lane.told = state
	return []Effect{Notify{state}}
}

// state is how far the lane is, in the way that is furthest.
func (l *lane) state() messages.FastLane {
	page, call := l.ways[po.ReadByPage], l.ways[po.ReadByCall]
	way, t := po.ReadByPage, page
	if call.off == "" && (page.off != "" || call.learned() > page.learned()) {
		way, t = po.ReadByCall, call
	}
	return messages.FastLane{Way: way, Trusted: l.isTrusted(), Off: l.off(), Learned: t.learned(), Needed: trustAfter,
		Compared: page.compared + call.compared, Agreed: page.agreed + call.agreed, ReadAgain: l.readAgain}
}

// end ends the run.
func (s *Scheduler) end() []Effect {
	s.ended = true
	if !s.lane.on {
		return []Effect{End{}}
	}
	state := s.lane.state()
	state.Ended = true
	return []Effect{Notify{state}, End{}}
}

// readAgain puts back what no comparison has confirmed of the orders that were read in the same way as a page.
func (s *Scheduler) readAgain(page po.PageReading, keys []po.Key) []Effect {
	s.lane.readAgain += len(keys)
	way := s.lane.trust(page)
	for _, t := range s.queue.waiting {
		if t.believed && s.lane.trust(t.page) == way {
			t.believed, t.why = false, way.off
		}
	}
	return append(s.reopen(keys, "pages are no longer believed without a browser: "+way.off), s.tellLane()...)
}

// settledPage takes an order that is completed without a browser.
func (s *Scheduler) settledPage(t *task) {
	way := s.lane.trust(t.page)
	way.completed(t.key(), t.pageAt)
	s.lane.calm++
	if t.pageAt > way.last.at {
		way.last, way.checks = checkable{t.lease.Order, t.page, t.pageAt}, 0
	}
}
