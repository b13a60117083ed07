package live

import (
	"fmt"
	"strings"
	"time"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// lane is the reading of orders without a browser.
type lane struct {
	used    bool // by the run
	since   time.Time
	pages   map[po.Key]time.Time // asked for, and not here yet
	settled map[po.ReadBy]int
	messages.FastLane
}

func newLane() lane { return lane{pages: map[po.Key]time.Time{}, settled: map[po.ReadBy]int{}} }

// applyToLane takes in what happens to orders that are read without a browser.
func (s *State) applyToLane(event any, at time.Time) {
	l := &s.lane
	switch e := event.(type) {
	case messages.FastLane:
		l.used, l.FastLane = true, e
	case messages.PageRequested:
		l.used, l.since = true, at
		l.pages[e.Key] = at
		s.inHand[e.Key] = true
	case messages.PageRead:
		delete(l.pages, e.Key)
		l.since = at
		s.lasted(paging, time.Duration(e.Took))
		if e.Reason == "" && e.Failure.Cause == "" {
			s.fetches[e.Key] = &fetch{number: e.RawNumber, worker: po.PageReader, since: at, sign: at,
				FileProgress: po.FileProgress{Files: len(e.Page.Attachments)}}
		}
	case messages.OrderReleased:
		delete(l.pages, e.Key)
	case messages.OrderRetried:
		delete(l.pages, e.Key)
	case messages.OrderSettled:
		if e.ReadBy != "" {
			l.settled[e.ReadBy]++
		}
	case messages.OrdersReopened:
		for _, o := range e.Outcomes {
			if o.ReadBy != "" {
				l.settled[o.ReadBy]--
			}
		}
	}
}

// laneRow says what is read without a browser, and how far that is believed.
func (s *State) laneRow(now time.Time) row {
	l := &s.lane
	r := row{name: po.PageReader, step: string(idle), took: now.Sub(l.since)}
	var details []string
	fetches := s.fetchesOf(po.PageReader)
	switch {
	case len(l.pages) > 0:
		r.step, r.number = string(reading), progress.Count(len(l.pages), "page")
		for _, since := range l.pages {
			r.took = max(r.took, now.Sub(since))
		}
		if r.took > s.usually(paging)+patience {
			r.trouble = true
			details = append(details, "slow: usually "+span(s.usually(paging)))
		}
	case len(fetches) > 0:
		r.step, r.took = string(fetching), now.Sub(fetches[0].since)
	case l.Off != "":
		r.step = "off"
	}
	for _, f := range fetches {
		if s.isStalled(f, now) {
			r.trouble = true
			details = append(details, fmt.Sprintf("NO BYTES for %s, %s: %s", span(now.Sub(f.sign)), progress.Clean(f.number), f.text()))
		}
	}
	details = append(details, l.trustText())
	if n := len(fetches); n > 0 {
		details = append(details, "files of "+progress.Count(n, "order"))
	}
	r.detail = strings.Join(details, "; ")
	return r
}

// trustText says how far pages are believed that were read without a browser.
func (l *lane) trustText() string {
	switch {
	case l.Off != "" && l.ReadAgain > 0:
		return fmt.Sprintf("off, %s read again: %s", progress.Count(l.ReadAgain, "order"), progress.Clean(l.Off))
	case l.Off != "":
		return "off: " + progress.Clean(l.Off)
	case !l.Trusted && l.Needed > 0:
		return fmt.Sprintf("learning: %d of %d comparisons", l.Learned, l.Needed)
	case !l.Trusted:
		return "learning"
	}
	return fmt.Sprintf("trusted, %d compared; %s", l.Compared, progress.Ways(l.settled))
}
