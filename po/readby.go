package po

// ReadBy says how the page of an order was read, in a run that may do so without a browser.
type ReadBy string

// PageReader stands in the record in the place of a worker, where no browser has read a page.
const PageReader = "page-reader"

// The ways. In other runs it is empty.
const (
	ReadByBrowser ReadBy = "browser" // by a browser
	ReadByPage    ReadBy = "page"    // from the page as the portal sends it, without a browser
	ReadByBoth    ReadBy = "both"    // in both ways, and what they have found was the same
)
