package schedule

import (
	"slices"

	"github.com/poactor/poactor/po"
)

// requests are what pages ask the portal for: with each the first order whose page did so, or no order where
// those of several did. Nothing of one order's list can be in what is asked for to the letter for others.
type requests map[string]po.Key

// maxRequests bounds what is remembered.
const maxRequests = 1 << 16

// ask takes what an order's page has asked the portal for, and returns what of it may be of this order alone, but
// for what was asked for without a browser, too.
func (r requests) ask(key po.Key, list, asked []string) (own []string) {
	for _, request := range list {
		alone := true
		first, known := r[request]
		switch {
		case known && (first == "" || first != key):
			r[request] = ""
			alone = false
		case !known && len(r) < maxRequests:
			r[request] = key
		}
		if alone && !slices.Contains(asked, request) {
			own = append(own, request)
		}
	}
	return own
}

// shared says whether pages of several orders have asked for something.
func (r requests) shared(request string) bool {
	first, known := r[request]
	return known && first == ""
}
