package browser

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// fileTable follows the browser's downloads: those that begin while somebody waits
// for what comes of a click or of an address. What the browser begins besides is
// cancelled.
type fileTable struct {
	mu      sync.Mutex
	wanted  bool
	started chan *download
	unasked []*download // that began while nobody waited, since the page was opened
	known   map[string]*download
	answers map[answerKey]po.Answer // answers that downloads may begin with
	encoded string                  // the encoding of an answer that a script has got, and may make a file of
}

// download is a file that the browser saves, under its GUID.
type download struct {
	guid, url string
	frame     proto.PageFrameID // that began it
	answer    po.Answer
	blocked   bool          // it comes from elsewhere, and was cancelled
	age       time.Duration // of the page when it began
	bytes     float64       // that have come
	total     float64       // that were announced; 0 if unknown
	more      chan struct{} // holds a value when bytes have come since the last one was taken

	done     chan struct{} // closed at the end; then:
	complete bool
	missing  int64 // bytes that were announced and did not come; 0 if unknown
}

func (t *fileTable) init() {
	t.started, t.known, t.answers = make(chan *download, maxFiles), map[string]*download{}, map[answerKey]po.Answer{}
}

// maxFiles bounds the files of one click.
const maxFiles = 100

// expect begins to take downloads. The returned function ends that.
func (t *fileTable) expect() func() {
	set := func(wanted bool) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.wanted = wanted
		clear(t.known)
		clear(t.answers)
		t.encoded = ""
		for len(t.started) > 0 {
			<-t.started
		}
	}
	set(true)
	return func() { set(false) }
}

// pageOpened is for a page that is opened: what the former began is of no interest.
func (t *fileTable) pageOpened() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unasked = nil
}

// pageDownloads tells which downloads have begun while nobody waited.
func (t *fileTable) pageDownloads() []*download {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Clone(t.unasked)
}

// begin notes a download; false: nobody wants it.
func (t *fileTable) begin(d *download) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.wanted {
		if len(t.unasked) < maxFiles {
			t.unasked = append(t.unasked, d)
		}
		return false
	}
	select {
	case t.started <- d:
		t.known[d.guid] = d
		return !d.blocked
	default:
		return false
	}
}

func (t *fileTable) progress(e proto.BrowserDownloadProgress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	d := t.known[e.GUID]
	switch {
	case d == nil:
		return
	case e.State == proto.BrowserDownloadProgressStateInProgress:
		if e.ReceivedBytes > d.bytes {
			d.bytes, d.total = e.ReceivedBytes, e.TotalBytes
			select {
			case d.more <- struct{}{}:
			default:
			}
		}
		return
	}
	delete(t.known, e.GUID)
	d.complete = e.State == proto.BrowserDownloadProgressStateCompleted
	d.missing = int64(e.TotalBytes - e.ReceivedBytes)
	d.bytes = max(d.bytes, e.ReceivedBytes)
	close(d.done)
}

// onDownloadBegin takes the event of that name.
func (s *Session) onDownloadBegin(params json.RawMessage) {
	var e proto.BrowserDownloadWillBegin
	if json.Unmarshal(params, &e) != nil {
		return
	}
	d := &download{guid: e.GUID, url: e.URL, frame: e.FrameID, answer: s.files.answerTo(e), more: make(chan struct{}, 1), done: make(chan struct{})}
	d.blocked = !mayDownload(s.config.Portal, e.URL)
	if s.interceptor.isFrameDownload(e.FrameID, e.URL) || !s.files.begin(d) {
		s.cancelDownload(d.guid)
	}
}

func (s *Session) onDownloadProgress(params json.RawMessage) {
	var e proto.BrowserDownloadProgress
	if json.Unmarshal(params, &e) == nil {
		s.files.progress(e)
	}
}

func (s *Session) cancelDownload(guid string) {
	s.async(func(w cdpClient) error { return proto.BrowserCancelDownload{GUID: guid}.Call(w) })
}

// mayDownload reports whether a file may come from an address. Those that the
// page's own scripts have made (blob:, data:) come from the page.
func mayDownload(p portal.Portal, address string) bool {
	return strings.HasPrefix(address, "data:") || allowed(p, strings.TrimPrefix(address, "blob:"))
}

// save waits until a download is whole and says in the attachment where it is,
// or why it is not.
func (s *Session) save(ctx context.Context, d *download, a *po.Attachment) error {
	if d.blocked {
		a.Cause, a.Detail = po.BlockedHost, "the file comes from "+hostOf(d.url)+", which is not one of the portal's hosts"
		return nil
	}
	cause, detail, err := s.finish(ctx, d)
	if err != nil || cause != "" {
		s.cancelDownload(d.guid)
		if cause == po.DiskFull {
			return &po.ReadFailure{Cause: cause, Detail: detail}
		}
		a.Cause, a.Detail = cause, detail
		return err
	}
	if d.complete {
		a.Saved, a.Answer = filepath.Join(s.downloads, d.guid), d.answer
		s.saved[a.Saved] = d
		if genericNames.MatchString(a.Name) && d.answer.Name != "" {
			a.Name = d.answer.Name
		}
		return nil
	}
	bytes, total := s.files.size(d)
	needed := max(d.missing, 1<<20)
	if total <= 0 { // what came of it is gone from the disk by now
		needed = max(needed, bytes)
	}
	switch cause, detail := s.config.checkQuota(bytes, total, needed); cause {
	case po.DiskFull:
		return &po.ReadFailure{Cause: cause, Detail: detail}
	case po.DownloadRejected:
		a.Cause, a.Detail = cause, detail
	default:
		a.Cause, a.Detail = po.DownloadIncomplete, "the browser's download broke off"
	}
	return nil
}

// size is what has come of a download, and what was announced.
func (t *fileTable) size(d *download) (bytes, total int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return int64(d.bytes), int64(d.total)
}

// finish waits for a download's end. The cause says why it is not to be waited for
// any longer.
func (s *Session) finish(ctx context.Context, d *download) (cause po.Cause, detail string, err error) {
	times := s.config.Times
	end, idle := time.NewTimer(times.File), time.NewTimer(times.Idle)
	defer end.Stop()
	defer idle.Stop()
	for {
		select {
		case <-d.done:
			return "", "", nil
		case <-d.more:
			idle.Reset(times.Idle)
			bytes, total := s.files.size(d)
			if cause, detail := s.config.checkQuota(bytes, total, 0); cause != "" {
				return cause, detail, nil
			}
		case <-idle.C:
			return po.Timeout, "nothing of the browser's download came for " + times.Idle.String(), nil
		case <-end.C:
			return po.Timeout, "the browser's download took longer than " + times.File.String(), nil
		case <-ctx.Done():
			return "", "", ctx.Err()
		}
	}
}

// sameFile reports whether two files that the browser has saved have the same
// content; not if either is none.
func sameFile(a, b string) bool {
	x, errX := sumOf(a)
	y, errY := sumOf(b)
	return errX == nil && errY == nil && x == y
}

func sumOf(name string) (sum [sha256.Size]byte, err error) {
	file, err := os.Open(name)
	if err != nil {
		return sum, err
	}
	defer file.Close()
	hash := sha256.New()
	_, err = io.Copy(hash, file)
	return [sha256.Size]byte(hash.Sum(nil)), err
}
