package po

// ReadBy says how the page of an order was read, in a run that may do so without a browser.
type ReadBy string

// PageReader stands in the record in the place of a worker, where no browser has read a page.
const PageReader = "page-reader"

// The ways. In other runs it is empty.
const (
	ReadByBrowser  ReadBy = "browser"   // by a browser
	ReadByPage     ReadBy = "page"      // from the page as the portal sends it, without a browser
	ReadByCall     ReadBy = "call"      // by the request that its page makes for its list, without a browser
	ReadByBoth     ReadBy = "both"      // by a browser and from the page: what they have found was the same
	ReadByBothCall ReadBy = "both_call" // by a browser and by the request: what they have found was the same
)

// Ways are those that need no browser, in the order in which they are tried.
func Ways() []ReadBy { return []ReadBy{ReadByPage, ReadByCall} }

// WithoutBrowser says whether no browser has read the page.
func (r ReadBy) WithoutBrowser() bool { return r == ReadByPage || r == ReadByCall }
