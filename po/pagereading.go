package po

// PageReading is what an order's page tells without a browser.
type PageReading struct {
	Reading
	// Doubt says in words why a browser has to read the page; empty: nothing speaks
	// against what was read.
	Doubt string
	// Shape tells pages apart that are built in another way: by elements, classes,
	// states and data, but for what they say of one order.
	Shape string
	// Edition tells apart which scripts of the portal the page loads: another release of
	// the portal has another.
	Edition string
}
