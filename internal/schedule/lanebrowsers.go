package schedule

const (
	// calmAfter is how long it must be calm until there is one browser less: to open one costs
	// as much as to read five orders.
	calmAfter = 50
	// blindAfter is how many orders a browser must have read without seeing a list until there are as
	// many browsers as may be.
	blindAfter = 3
)

// forBrowser counts the orders that wait for a browser.
func (s *Scheduler) forBrowser() int {
	n := 0
	for _, t := range s.queue.waiting {
		if !t.isolated && !s.lane.isFor(t) {
			n++
		}
	}
	return n
}

// toShow counts the orders that wait for a browser which may show how pages like theirs are read:
// many more such pages would be asked for in vain.
func (s *Scheduler) toShow() int {
	n := 0
	for _, t := range s.queue.waiting {
		if t.page.Later {
			n++
		}
	}
	return n
}

// browsersFor is how many browsers there should be of those that there may be: one at first, all
// when that has started and pages are still to be compared, then two at most, and more as long as
// so many orders wait for one.
func (s *Scheduler) browsersFor(n int) int {
	l := &s.lane
	short := s.forBrowser()
	switch {
	case !l.on || l.off() != "" || l.credentials.Cookies == nil && l.tries >= blindAfter:
		return n
	case !l.isTrusted() && !s.workers.everReady:
		l.browsers = 1
	case !l.isTrusted():
		l.browsers = n
	case (short > l.browsers*n || s.toShow() >= n) && s.workers.withBrowser() == s.workers.active():
		l.browsers++
		l.calm = 0
	case short > 0 && s.workers.idleInPool() == 0:
		l.calm = 0
	case l.calm >= calmAfter:
		l.browsers--
		l.calm = 0
	}
	l.browsers = max(1, min(l.browsers, n))
	return l.browsers
}
