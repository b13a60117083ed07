package testportal

import (
	"fmt"
	"net/url"
	"sync"
	"time"

	"github.com/poactor/poactor/po"
)

// page says what an order's page is.
type page int

const (
	pageList       page = iota // shows the attachments, or that there are none
	pageGone                   // 404 with a phrase
	pageGoneBare               // 404 without one
	pageGoneText               // 200 with a phrase
	pageDenied                 // 403
	pageDeniedText             // 200 with a phrase
	pageHalf                   // the frame of an order, and nothing that fills it
	pageBlank                  // 200 without content
)

// order is one purchase order of the portal.
type order struct {
	number      string // digits, as in the URL
	written     string // as in the batch
	kind        string
	lang        string // of its page: "en" or "pt"
	supplier    string
	page        page
	phrase      string // of a page that is gone or denied
	files       []*file
	requisition string  // number of the requisition behind it; empty if none
	reqFiles    []*file // of the requisition
	listDelay   time.Duration

	pageTrouble trouble
	listTrouble trouble

	cover    bool // a toolbar lies over the links
	twins    bool // each file has an icon that links to it as well
	controls bool // buttons that add and remove attachments
	widget   bool // a frame of another site

	status po.Status
	cause  po.Cause
}

// allFiles are those of the order and of its requisition.
func (o *order) allFiles() []*file {
	return append(append([]*file{}, o.files...), o.reqFiles...)
}

// wanted are the files that a run must fetch: the requisition's only where the
// order has none.
func (o *order) wanted() []*file {
	if !o.readable() {
		return nil
	}
	if len(o.files) > 0 {
		return o.files
	}
	return o.reqFiles
}

// readable reports whether a run can get at the order's list.
func (o *order) readable() bool {
	return o.page == pageList && !o.pageTrouble.forGood() && !o.listTrouble.forGood()
}

// seenSupplier is the supplier that a run can know.
func (o *order) seenSupplier() string {
	if !o.readable() {
		return ""
	}
	return o.supplier
}

// markup says in which of five ways the page shows the supplier.
func (o *order) markup() int { return int(o.number[7]-'0') % 5 }

// link says how a page lets people get at a file.
type link string

const (
	linkHref     link = "href"     // <a href>
	linkDownload link = "download" // <a href download="name">
	linkData     link = "data-url" // the address stands in data-url
	linkBlank    link = "blank"    // <a target=_blank>
	linkInline   link = "inline"   // <a href> to a PDF that the browser shows
	linkButton   link = "button"   // role=button; a script navigates
	linkWindow   link = "window"   // window.open
	linkViewer   link = "viewer"   // window.open of a PDF that the browser shows
	linkFrame    link = "frame"    // a hidden iframe
	linkForm     link = "form"     // a button posts a form
	linkBlob     link = "blob"     // a script fetches and saves a blob
)

// attributeLinks can be fetched without a click, clickLinks cannot.
var (
	attributeLinks = [...]link{linkHref, linkDownload, linkData, linkBlank, linkInline}
	clickLinks     = [...]link{linkButton, linkWindow, linkViewer, linkFrame, linkForm, linkBlob}
)

func (l link) click() bool {
	for _, c := range clickLinks {
		if l == c {
			return true
		}
	}
	return false
}

// inline links want a PDF, and the file's name at the end of its address.
func (l link) inline() bool { return l == linkInline || l == linkViewer }

// file is one attachment.
type file struct {
	id      int
	order   string // number of its order
	name    string // as the portal gives it
	doc     doc
	size    int // about; zero is exact
	link    link
	trouble trouble
	at      string // path of its URL, where that is not the usual one

	once sync.Once // guards body and sum
	body []byte
	sum  string
}

// path is that of the file's URL.
func (f *file) path() string {
	if f.at != "" {
		return f.at
	}
	last := "download"
	if f.link.inline() {
		last = url.PathEscape(f.name)
	}
	return fmt.Sprintf("/attachments/%d/%s", f.id, last)
}

// lost reports whether no number of attempts can get the file.
func (f *file) lost() bool { return f.trouble.forGood() }
