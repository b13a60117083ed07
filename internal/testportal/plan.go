package testportal

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/poactor/poactor/po"
)

const (
	smallestFile = 5 << 10
	largestFile  = 3 << 20
	bigFile      = 25 << 20
	// sizeSkew makes the mean of sizes about 260 KB; 1 would be log-uniform
	// with a mean of 470 KB.
	sizeSkew = 2
	slowList = 2 * time.Second // more than the usual latency
)

// planner makes orders. All it does follows from the seed.
type planner struct {
	rng      *rand.Rand
	numbers  map[string]bool
	nextFile int
}

func newPlanner(seed uint64) *planner {
	return &planner{rng: rand.New(rand.NewPCG(seed, 0x706f)), numbers: make(map[string]bool)}
}

// plan makes the orders of a portal. Beyond the first round of scenarios the
// rest repeats them, without the big file.
func plan(opts Options) []*order {
	b := newPlanner(opts.Seed)
	var orders []*order
	for round := 0; len(orders) < opts.Orders; round++ {
		var batch []*order
		for _, s := range scenariosOf(opts.Mix) {
			for range s.times {
				if round == 0 || s.kind != "big file" {
					batch = append(batch, b.order(s))
				}
			}
		}
		b.rng.Shuffle(len(batch), func(i, j int) { batch[i], batch[j] = batch[j], batch[i] })
		orders = append(orders, batch...)
	}
	return orders[:opts.Orders]
}

// order makes an order and lets its scenario change it. It ends COMPLETED
// unless the scenario says otherwise.
func (b *planner) order(s scenario) *order {
	number := b.number()
	o := &order{
		number: number, written: "PO" + number, kind: s.kind, lang: "en",
		supplier: suppliers[b.rng.IntN(len(suppliers))], status: po.Completed,
	}
	switch b.rng.IntN(10) {
	case 0:
		o.written = "PM" + number
	case 1:
		o.written = number
	}
	if b.rng.IntN(5) == 0 {
		o.lang = "pt"
	}
	s.make(b, o)
	return o
}

// number returns eight digits that no other order or requisition has.
func (b *planner) number() string {
	for {
		n := fmt.Sprint(15_000_000 + b.rng.IntN(900_000))
		if !b.numbers[n] {
			b.numbers[n] = true
			return n
		}
	}
}

// file makes a file of an order.
func (b *planner) file(o *order, d doc, l link) *file {
	b.nextFile++
	if l.inline() {
		d = docPDF
	}
	u := math.Pow(b.rng.Float64(), sizeSkew)
	size := smallestFile * math.Pow(float64(largestFile)/smallestFile, u)
	return &file{id: 7000 + b.nextFile, order: o.number, name: b.fileName(d, b.nextFile), doc: d, size: int(size), link: l}
}

// fill adds n files of any kind behind links of the given kinds.
func (b *planner) fill(o *order, n int, links ...link) {
	for range n {
		o.files = append(o.files, b.file(o, docs[b.rng.IntN(len(docs))], links[b.rng.IntN(len(links))]))
	}
}

// fillRequisition puts a requisition with n files behind an order.
func (b *planner) fillRequisition(o *order, n int) {
	o.requisition = b.number()
	for range n {
		o.reqFiles = append(o.reqFiles, b.file(o, docs[b.rng.IntN(len(docs))], linkHref))
	}
}

// scenario is one kind of order.
type scenario struct {
	kind  string
	times int // in a round
	make  func(*planner, *order)
}

func scenariosOf(m Mix) []scenario {
	switch m {
	case Plain:
		return plainScenarios()
	case Faulty:
		return append(everyScenario(), costlyScenarios()...)
	default:
		return everyScenario()
	}
}

func plainScenarios() []scenario {
	return []scenario{
		{"ordinary", 6, ordinary},
		{"ordinary with click", 1, func(b *planner, o *order) {
			ordinary(b, o)
			b.fill(o, 1, clickLinks[:]...)
		}},
	}
}

// ordinary is an order with one to seven attachments, few of them mostly.
func ordinary(b *planner, o *order) {
	b.fill(o, 1+min(b.rng.IntN(7), b.rng.IntN(7)), linkHref, linkHref, linkDownload, linkData, linkBlank)
	if b.rng.IntN(3) == 0 {
		b.fillRequisition(o, 1) // which nobody is to fetch
	}
}

// troubled is an order with n files, the first of which meets a fault.
func troubled(n int, d doc, f Fault, times int) func(*planner, *order) {
	return func(b *planner, o *order) {
		b.fill(o, n, linkHref, linkDownload)
		o.files[0] = b.file(o, d, linkHref)
		o.files[0].trouble = trouble{f, times}
	}
}

// lostFor is troubled for good: the file never comes.
func lostFor(n int, f Fault, status po.Status, cause po.Cause) func(*planner, *order) {
	return func(b *planner, o *order) {
		troubled(n, docPDF, f, forever)(b, o)
		o.status, o.cause = status, cause
	}
}

// pageTroubled is an ordinary order whose page meets a fault.
func pageTroubled(f Fault, times int) func(*planner, *order) {
	return func(b *planner, o *order) {
		ordinary(b, o)
		o.pageTrouble = trouble{f, times}
	}
}

// ends makes an order that has no files to be had.
func ends(p page, lang, phrase string, status po.Status, cause po.Cause) func(*planner, *order) {
	return func(_ *planner, o *order) {
		o.page, o.lang, o.phrase, o.status, o.cause = p, lang, phrase, status, cause
	}
}
