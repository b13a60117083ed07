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
	begun   chan *download
	unasked []*download // that began while nobody waited, since the page was opened
	known   map[string]*download
}

// download is a file that the browser saves, under its GUID.
type download struct {
	guid, url, name string
	frame           proto.PageFrameID // that began it
	blocked         bool              // it comes from elsewhere, and was cancelled
	age             time.Duration     // of the page when it began
	bytes           float64           // that have come
	more            chan struct{}     // holds a value when bytes have come since the last one was taken

	done     chan struct{} // closed at the end; then:
	complete bool
	missing  int64 // bytes that were announced and did not come; 0 if unknown
}

func (t *fileTable) init() {
	t.begun, t.known = make(chan *download, maxFiles), map[string]*download{}
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
		for len(t.begun) > 0 {
			<-t.begun
		}
	}
	set(true)
	return func() { set(false) }
}

// opened is for a page that is opened: what the former began is of no interest.
func (t *fileTable) opened() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.unasked = nil
}

// alone tells which downloads have begun while nobody waited.
func (t *fileTable) alone() []*download {
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
	case t.begun <- d:
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
			d.bytes = e.ReceivedBytes
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
	close(d.done)
}

// downloadBegins takes the event of that name.
func (s *Session) downloadBegins(params json.RawMessage) {
	var e proto.BrowserDownloadWillBegin
	if json.Unmarshal(params, &e) != nil {
		return
	}
	d := &download{guid: e.GUID, url: e.URL, frame: e.FrameID, name: clip(e.SuggestedFilename, maxNameChars), more: make(chan struct{}, 1), done: make(chan struct{})}
	d.blocked = !mayDownload(s.config.Portal, e.URL)
	if s.guard.saves(e.FrameID, e.URL) || !s.files.begin(d) {
		s.cancelDownload(d.guid)
	}
}

func (s *Session) downloadGoesOn(params json.RawMessage) {
	var e proto.BrowserDownloadProgress
	if json.Unmarshal(params, &e) == nil {
		s.files.progress(e)
	}
}

func (s *Session) cancelDownload(guid string) {
	s.soon(func(w wire) error { return proto.BrowserCancelDownload{GUID: guid}.Call(w) })
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
	late, err := s.finish(ctx, d)
	if err != nil || late != "" {
		s.cancelDownload(d.guid)
		if late != "" {
			a.Cause, a.Detail = po.Timeout, late
		}
		return err
	}
	if d.complete {
		a.Saved = filepath.Join(s.downloads, d.guid)
		s.saved[a.Saved] = d
		if plain.MatchString(a.Name) && d.name != "" {
			a.Name = d.name
		}
		return nil
	}
	if free, err := freeBytes(s.downloads); err == nil && free < uint64(max(d.missing, 1<<20)) {
		return &po.ReadFailure{Cause: po.DiskFull, Detail: "no space for the browser's download"}
	}
	a.Cause, a.Detail = po.DownloadIncomplete, "the browser's download broke off"
	return nil
}

// finish waits for a download's end. late says which time was over before.
func (s *Session) finish(ctx context.Context, d *download) (late string, err error) {
	times := s.config.Times
	end, silence := time.NewTimer(times.File), time.NewTimer(times.Silence)
	defer end.Stop()
	defer silence.Stop()
	for {
		select {
		case <-d.done:
			return "", nil
		case <-d.more:
			silence.Reset(times.Silence)
		case <-silence.C:
			return "nothing of the browser's download came for " + times.Silence.String(), nil
		case <-end.C:
			return "the browser's download took longer than " + times.File.String(), nil
		case <-ctx.Done():
			return "", ctx.Err()
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
