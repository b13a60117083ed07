package download

import (
	"sync"
	"time"

	"github.com/poactor/poactor/po"
)

// progressInterval is how often an order's files are told of, at most. Files that come at
// once are not told of at all.
const progressInterval = 500 * time.Millisecond

// OnProgress has tell called while files that take long are fetched: at most twice a second
// an order, from several goroutines.
func (a *Archive) OnProgress(tell func(order po.Order, p po.FileProgress)) { a.tell.Store(&tell) }

// progress is how far the fetch of one order is.
type progress struct {
	tell func(p po.FileProgress)

	mu       sync.Mutex
	told     time.Time // last; when it began if nothing was
	whole    int       // files
	files    int       // that are listed
	interval time.Duration
}

// progressOf begins with the files that are there already; nil where nobody is told.
func (a *Archive) progressOf(order po.Order, parts []*part) *progress {
	tell := a.tell.Load()
	if tell == nil {
		return nil
	}
	p := &progress{tell: func(f po.FileProgress) { (*tell)(order, f) }, told: time.Now(), files: len(parts),
		interval: a.progressInterval}
	for _, part := range parts {
		if part.kept != nil {
			p.whole++
		}
	}
	return p
}

// received takes it that so many bytes of an attachment have come; size is what was
// announced, or negative.
func (p *progress) received(att po.Attachment, bytes, size int64) {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	if now.Sub(p.told) < p.interval {
		return
	}
	p.told = now
	p.tell(po.FileProgress{Name: po.NewMissing(att, "", "").Name, Bytes: bytes, Size: max(size, 0),
		Whole: p.whole, Files: p.files})
}

// done takes it that another file is whole.
func (p *progress) done() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.whole = min(p.whole+1, p.files) // one that is fetched again is whole again
}
