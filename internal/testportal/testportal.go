// Package testportal serves a believable procurement portal on loopback: the
// one of `poactor demo`, the end-to-end tests and the benchmark. It behaves
// like Coupa where that matters: sign-in, pages that a script fills from a slow
// call, links of every kind, odd files, faults. It knows what a correct run
// must end with and records every request that concerns an order.
//
// Start serves the Coupa-like portal, StartOther one that resembles it in
// nothing.
//
// Addresses of the first: /order_headers/{number} and /requisition_headers/{number},
// each with /attachments.json behind it; /attachments/{id}/… are the files,
// /sessions/new is the sign-in page, /assets/… may be cached, /tracker/… is slow.
package testportal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Mix says which orders a portal has.
type Mix string

// The mixes.
const (
	// Everything has each scenario that a run can settle within seconds, a
	// good part of the orders being ordinary ones. The default.
	Everything Mix = "everything"
	// Plain has ordinary orders with attachments only, without faults.
	Plain Mix = "plain"
	// Faulty adds to Everything what costs a client its time limits: hanging
	// pages and files, pages without a sign, errors that never pass.
	Faulty Mix = "faulty"
)

// Options say what to serve. The zero value is a good portal of 60 orders.
// In the latencies zero means the default and a negative value none.
type Options struct {
	Seed           uint64        // of orders, files and names; 0 means 1
	Orders         int           // 0 means 60, and 70 for Faulty: each scenario at least once
	Mix            Mix           // empty means Everything
	PageLatency    time.Duration // of a page; default 400 ms
	ListLatency    time.Duration // of the call that lists attachments; default 300 ms
	FileLatency    time.Duration // of a file's first byte; default 50 ms
	TrackerLatency time.Duration // of a tracker's answer; default 1.5 s
	Jitter         time.Duration // each latency varies by this much up and down; default a fifth of it
	SignIn         bool          // pages, lists and files need a session
	Sessions       Sessions      // what is special about them; only with SignIn
	Gone           float64       // share of the orders that are replaced by ones that are not found, up to 1
	Lists          Lists         // how they come into the pages, of the Coupa-like portal
	MaxFile        int           // bytes of the largest files, about; 0 means 25 MB for one, and 3 MB for the others
	// Inject says which fault a request meets that would meet none: of the
	// kinds RequestPage, RequestRequisition, RequestList and RequestFile, and
	// signed in where that is needed. SignOut is for all requests from this one
	// on, as by SetFault. It is called from many goroutines at once. Nil: none.
	Inject func(RequestKind) Fault
}

func (o Options) withDefaults() Options {
	if o.Seed == 0 {
		o.Seed = 1
	}
	if o.Mix == "" {
		o.Mix = Everything
	}
	if o.Orders == 0 {
		o.Orders = 60
		if o.Mix == Faulty {
			o.Orders += len(costlyScenarios())
		}
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&o.PageLatency, 400 * time.Millisecond},
		{&o.ListLatency, 300 * time.Millisecond},
		{&o.FileLatency, 50 * time.Millisecond},
		{&o.TrackerLatency, 1500 * time.Millisecond},
	} {
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	return o
}

func (o Options) validate() error {
	switch {
	case o.Orders < 0:
		return fmt.Errorf("%d orders", o.Orders)
	case !o.Lists.valid():
		return fmt.Errorf("unknown lists %q", o.Lists)
	case o.Gone < 0 || o.Gone > 1:
		return fmt.Errorf("a share of %g orders", o.Gone)
	case o.Sessions != (Sessions{}) && !o.SignIn:
		return errors.New("sessions without sign-in")
	case o.Mix != Everything && o.Mix != Plain && o.Mix != Faulty:
		return fmt.Errorf("unknown mix %q", o.Mix)
	}
	return o.Sessions.validate()
}

// Portal is a running portal. Its methods may be called from any goroutine.
type Portal struct {
	opts     Options
	site     site
	url      string
	servers  []*http.Server
	end      context.CancelFunc // ends waiting handlers
	serving  sync.WaitGroup
	handlers handlers

	orders        []*order
	byNumber      map[string]*order
	byRequisition map[string]*order
	files         map[int]*file
	press         *press
	assets        map[string]asset
	pages         *template.Template

	sessions    sessions
	steps       steps
	provider    provider
	providerURL string // of the identity provider; empty if there is none
	elsewhere   string // URL of the other host; empty if there is none

	lister lister
	record record
	faults faults
}

// site is what tells one portal of this package from the other.
type site struct {
	plan   func(Options) []*order
	routes func(*Portal) http.Handler
	cookie string // of the session

	// Paths: of the sign-in page, of its second step, of where an identity provider leads
	// back to, and of what ends the session.
	signIn, code, callback, signOut string

	vanish func(*order)                                      // makes an order one that is not found
	gone   func(*Portal, http.ResponseWriter)                // page of an order that is not found
	empty  func(*Portal, http.ResponseWriter, *http.Request) // page of the order, without attachments
}

// Start makes the orders of the Coupa-like portal and serves them on a free port of
// 127.0.0.1.
func Start(opts Options) (*Portal, error) {
	return start(opts, site{
		plan: plan, routes: (*Portal).coupa, cookie: "_coupa_session",
		signIn: "/sessions/new", code: "/sessions/code", callback: "/sessions/sso", signOut: "/sessions/destroy",
		vanish: coupaVanish, gone: (*Portal).coupaGone, empty: (*Portal).coupaEmpty,
	})
}

func start(opts Options, s site) (*Portal, error) {
	opts = opts.withDefaults()
	if err := opts.validate(); err != nil {
		return nil, fmt.Errorf("start portal: %w", err)
	}
	pages, err := template.ParseFS(pageFiles, "assets/*.html")
	if err != nil {
		return nil, fmt.Errorf("start portal: %w", err)
	}
	p := &Portal{opts: opts, site: s, press: newPress(opts.Seed), pages: pages}
	p.sessions.opts = opts.Sessions
	orders := s.plan(opts)
	for i, o := range orders {
		if int(opts.Gone*float64(i+1)) > int(opts.Gone*float64(i)) { // evenly over the batch
			s.vanish(o)
		}
	}
	p.index(orders)
	if err := p.serveAll(); err != nil {
		return nil, fmt.Errorf("start portal: %w", err)
	}
	return p, nil
}

// serveAll serves the portal, and the other hosts that it needs.
func (p *Portal) serveAll() error {
	hosts := []struct {
		url    *string
		name   string
		routes func() http.Handler
		wanted bool
	}{
		{&p.url, "127.0.0.1", func() http.Handler { return p.site.routes(p) }, true},
		{&p.providerURL, "localhost", p.providerRoutes, p.opts.Sessions.Provider != NoProvider},
		{&p.elsewhere, "localhost", p.elsewhereRoutes, p.opts.Sessions.leavesPortal()},
	}
	ctx, end := context.WithCancel(context.Background())
	p.end = end
	var listeners []net.Listener
	for _, h := range hosts {
		if !h.wanted {
			continue
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			end()
			for _, l := range listeners {
				_ = l.Close()
			}
			return err
		}
		listeners = append(listeners, listener)
		*h.url = fmt.Sprintf("http://%s:%d", h.name, listener.Addr().(*net.TCPAddr).Port)
		p.servers = append(p.servers, &http.Server{
			Handler:           p.handlers.guard(h.routes()),
			BaseContext:       func(net.Listener) context.Context { return ctx },
			ConnContext:       withConn,
			ReadHeaderTimeout: time.Minute,
			ErrorLog:          log.New(io.Discard, "", 0), // clients that go away are no news
		})
	}
	for i, server := range p.servers { // now that all addresses are known
		p.serving.Go(func() { _ = server.Serve(listeners[i]) }) // ends with ErrServerClosed
	}
	return nil
}

// index makes the orders findable by the parts of their addresses.
func (p *Portal) index(orders []*order) {
	p.orders = orders
	p.byNumber = make(map[string]*order)
	p.byRequisition = make(map[string]*order)
	p.files = make(map[int]*file)
	for _, o := range orders {
		p.byNumber[o.number] = o
		if o.requisition != "" {
			p.byRequisition[o.requisition] = o
		}
		for _, f := range o.allFiles() {
			if p.opts.MaxFile > 0 {
				f.size = min(f.size, p.opts.MaxFile)
			}
			p.files[f.id] = f
		}
	}
}

// URL is the portal's base URL, without a slash at its end.
func (p *Portal) URL() string { return p.url }

// Close ends the portal at once, waiting and hanging requests included, and
// returns when none is left. The connections go first, so that no client takes
// a request that was broken off for an empty answer.
func (p *Portal) Close() error {
	var errs []error
	for _, server := range p.servers {
		if err := server.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
			errs = append(errs, err)
		}
	}
	p.end()
	p.serving.Wait()
	p.handlers.wait()
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("close portal: %w", err)
	}
	return nil
}

// Batch writes the orders as a CSV file with columns of a user's own.
func (p *Portal) Batch(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString("PO_NUMBER,BUYER,COST_CENTRE\r\n")
	for i, o := range p.orders {
		fmt.Fprintf(&b, "%s,%s,%d\r\n", o.written, buyers[i%len(buyers)], 4000+10*(i%7))
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("write batch: %w", err)
	}
	return nil
}

// WriteBatch writes Batch to a file.
func (p *Portal) WriteBatch(path string) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(p.Batch(f), f.Close())
}
