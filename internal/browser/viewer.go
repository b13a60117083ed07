package browser

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"
)

//go:embed viewer.js
var viewerJS string

// viewerWithin bounds one look at what a page offers.
const viewerWithin = 2 * time.Second

// viewer is what a page has beside a file: of a viewer, what it shows and its own
// button to download.
type viewer struct {
	Controls int      `json:"controls"` // different ones
	Shown    []string `json:"shown"`    // addresses of what is embedded or was fetched
	Ready    bool     `json:"ready"`    // the page is whole
	URL      string   `json:"url"`

	page  wire // where it was seen
	world int
}

// inspectViewer looks at a page. what is "mark", "new" or "all", see viewer.js.
func inspectViewer(page wire, world int, what string) (viewer, error) {
	ctx, cancel := context.WithTimeout(page.ctx, viewerWithin)
	defer cancel()
	found := viewer{page: page, world: world}
	bounded := page
	bounded.ctx = ctx
	err := bounded.evaluate(world, fmt.Sprintf("(%s)(%q)", viewerJS, what), &found)
	return found, err
}

// clickControl clicks the page's own button to download.
func (o viewer) clickControl() error {
	ctx, cancel := context.WithTimeout(o.page.ctx, viewerWithin)
	defer cancel()
	page := o.page
	page.ctx = ctx
	return page.run(o.world, "poactorControl.click()", true, nil)
}

// findViewers looks for what a click has brought beside a file: a menu or a preview in
// the page itself, a window with a viewer, or, if left is set, a viewer in place of
// the page. What cannot be looked at, as it is just being left, offers nothing.
func (s *Session) findViewers(ctx context.Context, at *listPage, left bool) []viewer {
	var list []viewer
	add := func(page wire, world int, what string) {
		if found, err := inspectViewer(page, world, what); err == nil {
			list = append(list, found)
		}
	}
	if !left {
		add(s.page(ctx), at.seen.world, "new")
	} else if world, err := isolated(s.page(ctx), proto.PageFrameID(s.tab.target)); err == nil {
		add(s.page(ctx), world, "all")
	}
	for _, id := range s.interceptor.popups() {
		page, err := s.window(ctx, id)
		if err != nil {
			continue
		}
		if world, err := isolated(page, proto.PageFrameID(id)); err == nil {
			add(page, world, "all")
		}
	}
	return list
}

// window attaches to a window beside the tab, for as long as it is open.
func (s *Session) window(ctx context.Context, id proto.TargetTargetID) (wire, error) {
	bounded, cancel := context.WithTimeout(ctx, viewerWithin)
	defer cancel()
	attached, err := proto.TargetAttachToTarget{TargetID: id, Flatten: true}.Call(s.browser(bounded))
	if err != nil {
		return wire{}, err
	}
	page := s.page(ctx)
	page.tab = attached.SessionID
	return page, nil
}

// isolated is isolatedWorld, bounded.
func isolated(page wire, frame proto.PageFrameID) (int, error) {
	ctx, cancel := context.WithTimeout(page.ctx, viewerWithin)
	defer cancel()
	page.ctx = ctx
	return page.isolatedWorld(frame)
}

// viewerChoice is what is done about what was offered.
type viewerChoice struct {
	control *viewer // press its button
	shown   string  // have the browser save what is shown, from the page at referrer
	by      *viewer // the page that shows it
	several bool    // there is more than one, and no telling which is the document
}

// chooseDocument prefers a button to download, for what is shown may be a preview. What is
// shown counts only where a page is whole.
func chooseDocument(offers []viewer) viewerChoice {
	var c viewerChoice
	controls := 0
	var shown []string
	for i, o := range offers {
		controls += o.Controls
		if o.Controls > 0 {
			c.control = &offers[i]
		}
		for _, address := range o.Shown {
			if o.Ready && !slices.Contains(shown, address) {
				shown, c.shown, c.by = append(shown, address), address, &offers[i]
			}
		}
	}
	switch {
	case controls > 1:
		return viewerChoice{several: true}
	case controls == 1:
		return viewerChoice{control: c.control}
	case len(shown) > 1:
		return viewerChoice{several: true}
	}
	c.control = nil
	return c
}

// local reports whether an address means something to the page's own process only.
func local(address string) bool {
	return strings.HasPrefix(address, "blob:") || strings.HasPrefix(address, "data:")
}

// saveShown has the browser save what a page shows.
func (s *Session) saveShown(ctx context.Context, at *listPage, c viewerChoice) error {
	ctx, cancel := context.WithTimeout(ctx, s.config.Times.Idle)
	defer cancel()
	if local(c.shown) {
		page, world := c.by.page, c.by.world
		if c.by.URL == c.shown && page.tab != s.tab.id { // a window with the document, and nothing else
			page, world = s.page(ctx), at.seen.world
		}
		page.ctx = ctx
		return page.run(world, fmt.Sprintf(`(() => { const a = document.createElement('a'); a.href = %q; a.download = ''; a.click(); })()`, c.shown), true, nil)
	}
	_, err := proto.PageNavigate{URL: c.shown, Referrer: c.by.URL}.Call(s.page(ctx))
	if errors.Is(err, context.DeadlineExceeded) {
		return nil // awaitResult tells
	}
	return err
}
