package poactortest

import (
	"context"
	"errors"
	"iter"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// PortalOptions say what a Portal has. The zero value is 60 orders of every kind: with and
// without attachments, not found, forbidden, with files that fail at first.
type PortalOptions struct {
	Orders int           // 0: 60
	Plain  bool          // every order is an ordinary one, with attachments: a run ends COMPLETED
	Delay  time.Duration // of each answer; 0: none
	Faults Faults        // that meet its answers: those named portal_…
	Seed   uint64        // of orders, files and faults; 0: 1
}

// Portal is the built-in portal, which behaves like Coupa, served on loopback by the program itself.
type Portal struct {
	site       *testportal.Portal
	definition portal.Portal
}

// NewPortal serves a portal until the test ends. A fault that it does not know fails the test.
func NewPortal(t testing.TB, o PortalOptions) *Portal {
	t.Helper()
	p, err := StartPortal(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Close() })
	return p
}

// StartPortal serves a portal until Close: for programs, and examples. A fault that it does
// not know is an error.
func StartPortal(o PortalOptions) (*Portal, error) {
	none := func(d time.Duration) time.Duration {
		if d == 0 {
			return -1
		}
		return d
	}
	seed := max(o.Seed, 1)
	opts := testportal.Options{Seed: seed, Orders: o.Orders, MaxFile: 64 << 10, Jitter: -1,
		PageLatency: none(o.Delay), ListLatency: none(o.Delay), FileLatency: none(o.Delay), TrackerLatency: none(o.Delay)}
	if o.Plain {
		opts.Mix = testportal.Plain
	}
	plan, err := o.Faults.forPortal(seed)
	if err != nil {
		return nil, err
	}
	if !plan.Empty() {
		injector := fault.NewInjector(plan)
		opts.Inject = func(kind testportal.RequestKind) testportal.Fault {
			f, _ := testportal.NextFault(injector, kind)
			return f
		}
	}
	p := &Portal{}
	if p.site, err = testportal.Start(opts); err != nil {
		return nil, err
	}
	coupa, _ := portal.Builtin("coupa")
	if p.definition, err = coupa.WithBaseURL(p.site.URL()); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// Close ends the portal, requests under way included.
func (p *Portal) Close() error { return p.site.Close() }

// URL is where it is served.
func (p *Portal) URL() string { return p.site.URL() }

// Definition describes it, for Config.Portal.
func (p *Portal) Definition() portal.Portal { return p.definition }

// Orders yields all its orders, as Run takes them.
func (p *Portal) Orders() iter.Seq2[po.Order, error] {
	return func(yield func(po.Order, error) bool) {
		for _, o := range p.site.Truth() {
			key, number, err := p.definition.Parse(o.Number)
			if !yield(po.Order{Key: key, Number: number, RawNumber: o.Number}, err) || err != nil {
				return
			}
		}
	}
}

// WriteList writes a list of its orders, as OpenBatch reads it, with columns of a user's own.
func (p *Portal) WriteList(path string) error { return p.site.WriteBatch(path) }

// Expected is what a run that is right ends with for an order.
type Expected struct {
	Status   po.Status
	Cause    po.Cause // empty if nothing went wrong
	Supplier string
	Files    []ExpectedFile // in the order of the page
}

// ExpectedFile is one attachment that can be had.
type ExpectedFile struct {
	Name   string // as the portal gives it
	Bytes  int64
	SHA256 string // 64 lower-case hexadecimal digits
}

// Expected says how an order ends; false: there is no such order.
func (p *Portal) Expected(key po.Key) (Expected, bool) {
	truth, ok := p.site.Order(string(key))
	if !ok {
		return Expected{}, false
	}
	e := Expected{Status: truth.Status, Cause: truth.Cause, Supplier: truth.Supplier}
	for _, f := range truth.Files {
		e.Files = append(e.Files, ExpectedFile{f.Name, f.Bytes, f.SHA256})
	}
	return e, true
}

// Request is one request that concerned an order.
type Request struct {
	Kind    string    // page, requisition, list or file, and others
	Order   string    // digits of its order
	Browser string    // which one it came from; empty for a client that keeps no cookies
	Status  int       // of the answer; 0: none was given
	Start   time.Time // when it came
	End     time.Time // zero while it is being answered
}

// Requests lists what was asked, in the order of arrival.
func (p *Portal) Requests() []Request {
	all := p.site.Requests()
	list := make([]Request, len(all))
	for i, r := range all {
		list[i] = Request{
			Kind:    string(r.Kind),
			Order:   r.Order,
			Browser: r.Browser,
			Status:  r.Status,
			Start:   r.Start,
			End:     r.End,
		}
	}
	return list
}

// Read is what a browser reads of an order's page, at once: for Browsers.Read. The files come
// over HTTP as in any run. It is for a Plain portal.
func (p *Portal) Read(_ context.Context, order po.Order, _ int) (po.Reading, error) {
	truth, ok := p.site.Order(string(order.Key))
	if !ok {
		return po.Reading{Sign: po.SignNotFound}, nil
	}
	r := po.Reading{Sign: po.SignAttachments, URL: p.URL() + "/order_headers/" + order.Number, Supplier: truth.Supplier}
	for _, f := range truth.Files {
		u := p.URL() + f.Path
		r.Attachments = append(r.Attachments, po.Attachment{ID: po.AttachmentID(u), Name: f.Name, URL: u})
	}
	return r, nil
}
