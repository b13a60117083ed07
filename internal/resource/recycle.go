package resource

import "fmt"

// Recycling says when a browser is worn out. Its zero value has the defaults.
type Recycling struct {
	// Orders is how many a browser reads; default 500. In 400 orders of one
	// browser its own memory went between 150 and 230 MB without a trend, so
	// this is for what other portals may leak slowly. A start costs about 0.6
	// CPU seconds and an order 0.15: less than 1 % at 500.
	Orders int
	// Bytes is what its processes may take (Trees); default 1 GiB, five times
	// the usual.
	Bytes uint64
}

// Browser is what one worker's browser has done. Orders counts since its start.
type Browser struct {
	Worker string
	Orders int
	Bytes  uint64 // 0 if unknown
	// Away is set while the worker has no browser ready: it starts, restarts,
	// or is being recycled.
	Away bool
}

// enough is how many orders a browser reads at least: where a single page takes
// more than the bound, a new browser would be past it at once.
const enough = 10

// Pick names the worker whose browser is to be replaced now, when it has
// finished what it does, and why, for people; ok is false if none is. While any
// browser is away none is picked, so that the pool is never short of two. The
// largest past the bound goes first, else the one with most orders; of equals
// the first.
func (r Recycling) Pick(browsers []Browser) (worker, why string, ok bool) {
	r = r.withDefaults()
	var heavy, old *Browser
	for i := range browsers {
		b := &browsers[i]
		if b.Away {
			return "", "", false
		}
		if b.Bytes > r.Bytes && b.Orders >= enough && (heavy == nil || b.Bytes > heavy.Bytes) {
			heavy = b
		}
		if b.Orders >= r.Orders && (old == nil || b.Orders > old.Orders) {
			old = b
		}
	}
	switch {
	case heavy != nil:
		return heavy.Worker, fmt.Sprintf("its browser takes %s, more than %s", size(heavy.Bytes), size(r.Bytes)), true
	case old != nil:
		return old.Worker, fmt.Sprintf("its browser has read %s", orders(old.Orders)), true
	}
	return "", "", false
}

func (r Recycling) withDefaults() Recycling {
	if r.Orders == 0 {
		r.Orders = 500
	}
	if r.Bytes == 0 {
		r.Bytes = 1 << 30
	}
	return r
}
