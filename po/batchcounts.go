package po

// BatchCounts says what is in a list of orders.
type BatchCounts struct {
	Rows      int // that are not empty
	Orders    int // different ones to work on, with a number of the portal
	Completed int // rows that say so already: left alone
	Blank     int // rows with cells and no number
	Malformed int // rows whose number is not one of the portal's
	Invalid   int // different malformed numbers
	Duplicate int // rows whose order an earlier row has
	Other     int // rows of something else than an order
}

// Bad is how many rows need a look.
func (c BatchCounts) Bad() int { return c.Blank + c.Malformed + c.Duplicate + c.Other }
