package schedule

import (
	"fmt"
	"maps"
	"slices"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// claim answers the oldest claim.
func (sim *simulator) claim() bool {
	if len(sim.claims) == 0 {
		return false
	}
	e := sim.claims[0]
	sim.claims = sim.claims[1:]
	c := po.Claim{Open: len(sim.open)}
	for len(c.Leases) < e.N && len(sim.free) > 0 {
		sim.tokens++
		l := sim.open[sim.free[0]]
		l.Token, l.Deaths = fmt.Sprint("t", sim.tokens), sim.deaths[sim.free[0]]
		sim.open[sim.free[0]] = l
		sim.held[l.Token] = sim.free[0]
		sim.free = sim.free[1:]
		c.Leases = append(c.Leases, l)
	}
	sim.do(sim.scheduler.Claimed(e.N, c, sim.now))
	return true
}

// write carries the oldest write out, or answers that it is fenced.
func (sim *simulator) write(expire bool) bool {
	if len(sim.writes) == 0 {
		return false
	}
	effect := sim.writes[0]
	sim.writes = sim.writes[1:]
	token, settles := "", false
	switch e := effect.(type) {
	case Assign:
		sim.startRead(e, expire)
		return true
	case ReadPage:
		sim.startPage(e, expire)
		return true
	case Fetch:
		sim.startFetch(e, expire)
		return true
	case Reopen:
		sim.reopen(e)
		return true
	case Settle:
		token, settles = e.Token, true
	case Retry:
		token = e.Token
		l := sim.open[sim.held[token]]
		if l.Attempt++; l.Attempt > 3 {
			sim.t.Fatalf("order %s has a fourth attempt", e.Order.Key)
		}
		l.Worker = e.Worker
		sim.open[sim.held[token]] = l
	case Release:
		token = e.Token
		if e.Failure.Cause == po.BrowserDied {
			sim.deaths[sim.held[token]]++
		}
	}
	key := sim.held[token]
	if key == "" {
		sim.t.Fatalf("%T under a lease that is not held", effect)
	}
	delete(sim.held, token)
	if settles && !expire {
		if sim.settled[key]++; sim.settled[key] > 1 {
			sim.t.Fatalf("order %s is settled twice", key)
		}
		sim.leases[key] = sim.open[key]
		delete(sim.open, key)
	} else {
		sim.free = append(sim.free, key)
	}
	sim.do(sim.scheduler.Recorded(token, settles && !expire, sim.now))
	return true
}

// failWrites has all writes fail that are asked for, as on a full disk: nothing of them
// is recorded.
func (sim *simulator) failWrites() {
	effects := sim.writes
	for _, c := range sim.claims {
		effects = append(effects, c)
	}
	if len(effects) == 0 {
		return
	}
	sim.writes, sim.claims = nil, nil
	sim.stopped, sim.writesFailed = true, true
	for _, effect := range effects {
		token := ""
		switch e := effect.(type) {
		case Settle:
			token = e.Token
		case Retry:
			token = e.Token
		case Release:
			token = e.Token
		}
		if key, ok := sim.held[token]; ok { // until the next start
			delete(sim.held, token)
			sim.free = append(sim.free, key)
		}
		sim.do(sim.scheduler.WriteFailed(effect, po.DiskFull, sim.now))
	}
}

// audit opens some settled order again, whose files are gone.
func (sim *simulator) audit() {
	keys := slices.Sorted(maps.Keys(sim.leases))
	keys = slices.DeleteFunc(keys, func(key string) bool { return sim.settled[key] == 0 })
	if len(keys) == 0 || sim.ends > 0 || sim.scheduler.queue.open <= 0 {
		return
	}
	key := rapid.SampledFrom(keys).Draw(sim.t, "audited")
	sim.settled[key]--
	for by, list := range sim.unconfirmed {
		sim.unconfirmed[by] = slices.DeleteFunc(list, func(k string) bool { return k == key })
	}
	sim.open[key], sim.free = sim.leases[key], append(sim.free, key)
	sim.scheduler.queue.open++ // as the next claim says
	sim.do(sim.scheduler.Wake(sim.now))
}

// reopen is what the ledger does with outcomes that do not count.
func (sim *simulator) reopen(e Reopen) {
	n := 0
	for _, key := range e.Keys {
		key := string(key)
		for by, list := range sim.unconfirmed {
			sim.unconfirmed[by] = slices.DeleteFunc(list, func(k string) bool { return k == key })
		}
		if sim.settled[key] == 0 {
			continue
		}
		n++
		sim.settled[key]--
		l := sim.leases[key]
		l.Attempt = 1
		sim.deaths[key] = 0
		sim.open[key], sim.free = l, append(sim.free, key)
	}
	sim.do(sim.scheduler.Reopened(n, sim.now))
}

// startRead is what the dispatcher does when it is recorded who reads an order.
func (sim *simulator) startRead(e Assign, expire bool) {
	switch wanted := sim.scheduler.IsReading(e.Worker, e.Lease.Token); {
	case expire && wanted:
		sim.fence(e.Lease.Token)
		sim.do(sim.scheduler.Unassigned(e.Worker, sim.now))
	case !wanted:
		sim.do(sim.scheduler.Unassigned(e.Worker, sim.now))
	default:
		sim.checkRead(e)
		sim.reads = append(sim.reads, e)
	}
}

// startPage is what it does when it is recorded that a page is read without a browser.
func (sim *simulator) startPage(e ReadPage, expire bool) {
	wanted := sim.scheduler.IsPaging(e.Lease.Token)
	if expire && wanted {
		sim.fence(e.Lease.Token)
		wanted = false
	}
	if !wanted {
		sim.do(sim.scheduler.PageRead(messages.PageRead{Token: e.Lease.Token}, sim.now))
		return
	}
	if sim.restoring {
		sim.t.Fatalf("the page of order %s is read while the session is restored", e.Lease.Order.Key)
	}
	for _, r := range sim.reads {
		if r.Lease.Token == e.Lease.Token {
			sim.t.Fatalf("order %s is read by %v, and without a browser", e.Lease.Order.Key, r.Worker)
		}
	}
	sim.pages = append(sim.pages, e)
}

// startFetch is what it does when it is recorded where an order's files will be.
func (sim *simulator) startFetch(e Fetch, expire bool) {
	switch wanted := sim.scheduler.IsFetching(e.Token); {
	case expire && wanted:
		sim.fence(e.Token)
	case wanted:
		sim.fetches = append(sim.fetches, e)
	default:
		sim.do(sim.scheduler.Fetched(messages.FilesFetched{Token: e.Token, Failure: po.Interrupted}, sim.now))
	}
}

// fence gives an order that is being read or fetched to somebody else.
func (sim *simulator) fence(token string) {
	key := sim.held[token]
	delete(sim.held, token)
	sim.free = append(sim.free, key)
	sim.do(sim.scheduler.Fenced([]string{token}, sim.now))
}

// inFlight lists the tokens of what is being read or fetched.
func (sim *simulator) inFlight() []string {
	var list []string
	for _, r := range sim.reads {
		if sim.scheduler.queue.in(reading, r.Lease.Token) != nil {
			list = append(list, r.Lease.Token)
		}
	}
	for _, p := range sim.pages {
		if sim.scheduler.queue.in(paging, p.Lease.Token) != nil {
			list = append(list, p.Lease.Token)
		}
	}
	for _, f := range sim.fetches {
		if sim.scheduler.queue.in(fetching, f.Token) != nil {
			list = append(list, f.Token)
		}
	}
	return list
}
