package po

// PageReading is what an order's page tells without a browser.
type PageReading struct {
	Reading
	// By is the way in which it was read, ReadByPage or ReadByCall; with a doubt the one that
	// was tried last.
	By ReadBy
	// Asked are hashes of what was asked for besides the page, as in Requests of a browser's reading.
	Asked []string
	// Doubt says in words why a browser has to read the page; empty: nothing speaks
	// against what was read.
	Doubt string
	// Later says, with a doubt, that pages may be read without a browser once it is learned how, from
	// what browsers do.
	Later bool
	// Parts are hashes of the kinds of parts that the page is built of, each once, in
	// order: elements within elements, classes, states and data, but for what they say of
	// one order. Pages with the same parts have one shape.
	Parts []uint64
	// Edition tells apart which scripts of the portal the page loads: another release of
	// the portal has another.
	Edition string
}
