package browser

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"net/url"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// Evidence of a failure is the page as the browser shows it, and its text and
// structure, without what could be a secret or do anything when it is opened.
const (
	evidenceTimeout = 3 * time.Second // a page that hangs shows nothing more
	evidenceKept    = 5               // of one order, the latest
	evidenceBytes   = 4 << 20         // of the page's text
	cookieLeast     = 6               // characters of a cookie's value that is looked for in the text
)

// pageJS writes the page down.
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
	at := time.Now().UTC().Format("20060102T150405.000")
	folder := path.Join(outdir.EvidenceDir, string(order.Key), at+"-"+string(why))
	if keepEvidence(s.config.Out, folder, shot.Data, []byte(text)) != nil {
		return ""
	}
	return path.Join(outdir.StateDir, folder)
}

// keepEvidence writes evidence into a folder of the state directory, and removes
// the oldest of the same order. What lies in the way, be it a link, is left alone.
func keepEvidence(out, folder string, shot, text []byte) error {
	root, err := outdir.MakeState(out)
	if err != nil {
		return err
	}
	defer root.Close()
	above := path.Dir(folder)
	for _, dir := range []string{outdir.EvidenceDir, above, folder} {
		if err := root.Mkdir(dir, 0o700); err != nil && !outdir.IsDir(root, dir) {
			return err
		}
	}
	err = errors.Join(root.WriteFile(path.Join(folder, "page.png"), shot, 0o600), root.WriteFile(path.Join(folder, "page.html"), text, 0o600))
	if err != nil {
		_ = root.RemoveAll(folder)
		return err
	}
	prune(root, above)
	return nil
}

// pageText is the page as it is written; empty where its scripts do not answer.
func (s *Session) pageText(ctx context.Context) string {
	w := s.page(ctx)
	world, err := w.isolatedWorld(proto.PageFrameID(s.tab.target))
	if err != nil {
		return ""
	}
	jar, err := proto.StorageGetCookies{}.Call(s.browser(ctx))
	if err != nil { // they could not be told from the text
		return ""
	}
	var text string
	if w.evaluate(world, fmt.Sprintf("(%s)(%d)", pageJS, evidenceBytes), &text) != nil {
		return ""
	}
	return po.Clip(withoutCookies(text, jar.Cookies), evidenceBytes)
}

// withoutCookies takes the values of cookies out of a page's text: portals write
// them into pages.
func withoutCookies(text string, cookies []*proto.NetworkCookie) string {
	var values []string
	for _, c := range cookies {
		plain, err := url.PathUnescape(c.Value)
		if err != nil {
			plain = c.Value
		}
		for _, value := range []string{c.Value, strings.Trim(c.Value, `"`), plain, url.QueryEscape(c.Value)} {
			if len(value) >= cookieLeast {
				values = append(values, value, html.EscapeString(value), strings.ReplaceAll(html.EscapeString(value), "&#34;", "&quot;"))
			}
		}
	}
	slices.SortFunc(values, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, value := range values {
		pairs = append(pairs, value, "[removed]")
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// prune removes the oldest evidence of an order.
func prune(root *os.Root, dir string) {
	entries, err := fs.ReadDir(root.FS(), dir) // sorted by name, which begins with the time
	if err != nil || len(entries) <= evidenceKept {
		return
	}
	for _, e := range entries[:len(entries)-evidenceKept] {
		_ = root.RemoveAll(path.Join(dir, e.Name()))
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
