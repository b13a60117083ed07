package browser

import (
	"context"
	_ "embed"
	"os"
	"path"
	"path/filepath"
	"slices"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// Evidence of a failure is the page as the browser shows it and as it is
// written, without what could be a secret.
const (
	evidenceDir     = ".poactor/evidence" // in the output directory
	evidenceTimeout = 3 * time.Second     // a page that hangs shows nothing more
	evidenceKept    = 5                   // of one order, the latest
	evidenceBytes   = 4 << 20             // of the page's text
)

// pageJS writes the page down without scripts, comments, queries of addresses
// and values of fields: any of them may hold a token.
//
//go:embed evidence.js
var pageJS string

// evidence keeps what the tab shows and returns the folder that it is in,
// relative to the output directory; empty if there is nothing to see, or it
// cannot be kept: that is no reason to fail.
func (s *Session) evidence(ctx context.Context, order po.Order, why po.Cause) string {
	if s.config.Out == "" || s.tab.id == "" {
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, evidenceTimeout)
	defer cancel()
	// It is taken at the page's full size, however small that is drawn.
	shot, err := proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng}.Call(s.page(ctx))
	if err != nil {
		return ""
	}
	text := s.pageText(ctx)
	folder := path.Join(evidenceDir, string(order.Key), time.Now().UTC().Format("20060102T150405.000")+"-"+string(why))
	dir := filepath.Join(s.config.Out, filepath.FromSlash(folder))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return ""
	}
	if os.WriteFile(filepath.Join(dir, "page.png"), shot.Data, 0o600) != nil ||
		os.WriteFile(filepath.Join(dir, "page.html"), []byte(text), 0o600) != nil {
		_ = os.RemoveAll(dir)
		return ""
	}
	prune(filepath.Dir(dir))
	return folder
}

// pageText is the page as it is written; empty where its scripts do not answer.
func (s *Session) pageText(ctx context.Context) string {
	w := s.page(ctx)
	world, err := proto.PageCreateIsolatedWorld{FrameID: proto.PageFrameID(s.tab.target), WorldName: "poactor"}.Call(w)
	if err != nil {
		return ""
	}
	var text string
	if w.evaluate(int(world.ExecutionContextID), pageJS, &text) != nil {
		return ""
	}
	return clip(text, evidenceBytes)
}

// prune removes the oldest evidence of an order.
func prune(dir string) {
	entries, err := os.ReadDir(dir) // sorted by name, which begins with the time
	if err != nil || len(entries) <= evidenceKept {
		return
	}
	for _, e := range slices.Clone(entries)[:len(entries)-evidenceKept] {
		_ = os.RemoveAll(filepath.Join(dir, e.Name()))
	}
}

// worthKeeping says of which failures the page tells something.
func worthKeeping(f *po.ReadFailure) bool {
	if f.Unreachable {
		return false
	}
	switch f.Cause {
	case po.BrowserDied, po.BrowserHung, po.Interrupted, po.DiskFull, po.ProfileFailed:
		return false
	}
	return true
}
