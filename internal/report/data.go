package report

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/poactor/poactor/po"
)

// Ledger is what the report is written from.
type Ledger interface {
	// Changes counts what was recorded: where it is as before, nothing is new.
	Changes() uint64
	// View gives do a context in which all readings see one moment.
	View(ctx context.Context, do func(ctx context.Context) error) error
	// Counts says how many orders of the batch are settled, by status, and how many are open.
	Counts(ctx context.Context) (counts map[po.Status]int, open int, err error)
	// Open returns the orders that are open.
	Open(ctx context.Context) (map[po.Key]bool, error)
	// Outcomes yields the orders of the batch in its order; Status is empty where one has not ended.
	Outcomes(ctx context.Context) iter.Seq2[po.Outcome, error]
	// Attempts yields the attempts at them, in the same order.
	Attempts(ctx context.Context) iter.Seq2[po.OrderAttempt, error]
	// ReadBy says how the pages of settled orders were read, where that is known.
	ReadBy(ctx context.Context) (map[po.ReadBy]int, error)
	// Starts lists the starts on the output directory, the first first.
	Starts(ctx context.Context) ([]po.Start, error)
}

// maxOrders is how many orders a page has at most: a browser opens a page of so many at
// once. Beyond, those that ended well are left out first.
const maxOrders = 50_000

// page is what the page has as JSON. No list of it is null.
type page struct {
	Dir     string            `json:"dir"`     // the output directory, as the run was given it
	Quoted  string            `json:"quoted"`  // Dir as a shell takes it
	AsOf    time.Time         `json:"as_of"`   // when this was written
	Running bool              `json:"running"` // by a run that goes on
	Counts  map[po.Status]int `json:"counts"`
	Open    int               `json:"open"`
	ReadBy  map[po.ReadBy]int `json:"read_by"` // settled orders, of those of which it is known
	Files   int               `json:"files"`
	Bytes   int64             `json:"bytes"`
	Causes  map[po.Cause]help `json:"causes"` // all that occur
	Starts  []po.Start        `json:"starts"`
	Events  []moment          `json:"events"`
	Orders  []order           `json:"orders"`
	// Thumbnails are pictures as data: URLs, by the folder of the evidence. Pictures are
	// the folders that have one in full.
	Thumbnails map[string]string `json:"thumbnails"`
	Pictures   map[string]bool   `json:"pictures"`
}

// help is what the page says of a cause.
type help struct {
	Text  string `json:"text"`
	Cure  string `json:"cure"`
	Retry bool   `json:"retry"` // orders with it may end well as they stand in the list
}

// order is one order with its story.
type order struct {
	po.Outcome
	Open     bool      `json:"open,omitempty"`
	Time     time.Time `json:"time,omitzero"`
	Evidence string    `json:"evidence,omitempty"`
	Tries    []try     `json:"tries"`
}

// try is one attempt at an order.
type try struct {
	po.Attempt
	Pages    []string `json:"pages,omitempty"`
	Evidence string   `json:"evidence,omitempty"`
}

// read makes a page of a record.
func (p *page) read(ctx context.Context, from Ledger) (err error) {
	if p.Counts, p.Open, err = from.Counts(ctx); err != nil {
		return err
	}
	if p.ReadBy, err = from.ReadBy(ctx); err != nil {
		return err
	}
	starts, err := from.Starts(ctx)
	if err != nil {
		return err
	}
	p.Starts = append([]po.Start{}, starts...)
	for i := range p.Starts {
		p.explain(p.Starts[i].Cause)
		p.Starts[i].Detail, p.Starts[i].BaseURL = mask(p.Starts[i].Detail), po.PublicURL(p.Starts[i].BaseURL)
	}
	places, err := p.readOrders(ctx, from)
	if err != nil {
		return err
	}
	for a, err := range from.Attempts(ctx) {
		if err != nil {
			return err
		}
		if at, there := places[a.Key]; there {
			p.Orders[at].Tries = append(p.Orders[at].Tries, p.try(a.Attempt))
		}
	}
	for i := range p.Orders {
		if tries := p.Orders[i].Tries; len(tries) > 0 { // what the outcome says is not said twice
			if last := &tries[len(tries)-1]; last.Ending == po.EndSettled {
				last.Missing, last.Detail = nil, ""
			}
		}
	}
	return nil
}

// readOrders reads the orders, and says which place each one has in the page.
func (p *page) readOrders(ctx context.Context, from Ledger) (map[po.Key]int, error) {
	open, err := from.Open(ctx)
	if err != nil {
		return nil, err
	}
	rest := p.Open + p.Counts[po.Failed] + p.Counts[po.Partial]
	room := max(0, maxOrders-rest) // for orders that ended well
	places := map[po.Key]int{}
	for o, err := range from.Outcomes(ctx) {
		if err != nil {
			return nil, err
		}
		p.Files += len(o.Files)
		for _, f := range o.Files {
			p.Bytes += f.Bytes
		}
		if o.Status.Settled() && !open[o.Key] {
			if room == 0 {
				continue
			}
			room--
		}
		if len(p.Orders) < maxOrders {
			places[o.Key] = len(p.Orders)
			p.Orders = append(p.Orders, p.order(o, open[o.Key]))
		}
	}
	return places, nil
}

// order makes of an outcome what may be shown: records of older versions have addresses
// with queries.
func (p *page) order(o po.Outcome, open bool) order {
	o.URL, o.Detail, o.Missing = po.PublicURL(o.URL), mask(o.Detail), p.missing(o.Missing)
	p.explain(o.Cause)
	return order{Outcome: o, Open: open, Time: o.Time, Evidence: o.Trace.Evidence, Tries: []try{}}
}

func (p *page) try(a po.Attempt) try {
	a.Detail, a.Reason, a.Missing = mask(a.Detail), mask(a.Reason), p.missing(a.Missing)
	p.explain(a.Cause)
	t := try{Attempt: a, Evidence: a.Trace.Evidence}
	for _, address := range a.Trace.Pages {
		t.Pages = append(t.Pages, po.PublicURL(address))
	}
	return t
}

func (p *page) missing(list []po.Missing) []po.Missing {
	var shown []po.Missing
	for _, m := range list {
		m.URL, m.Detail, m.Answer = po.PublicURL(m.URL), mask(m.Detail), mask(m.Answer)
		p.explain(m.Cause)
		shown = append(shown, m)
	}
	return shown
}

func (p *page) explain(c po.Cause) {
	if c != "" {
		p.Causes[c] = help{Text: c.Text(), Cure: c.Cure(), Retry: c != po.InvalidNumber && c != po.Internal}
	}
}

// folders yields the folders of all evidence, that of orders that did not end well first. small says whether there is
// to be a small picture of it: not of tries before an order's last.
func (p *page) folders(yield func(folder string, small bool) bool) {
	for _, o := range p.Orders {
		if o.Evidence != "" && !yield(o.Evidence, true) {
			return
		}
		for _, m := range o.Missing {
			if m.Evidence != "" && !yield(m.Evidence, true) {
				return
			}
		}
	}
	for _, o := range p.Orders {
		last := true
		for _, t := range slices.Backward(o.Tries) {
			if t.Evidence == "" {
				continue
			}
			if !yield(t.Evidence, last) {
				return
			}
			last = false
		}
	}
}
