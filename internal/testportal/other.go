package testportal

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/poactor/poactor/po"
)

// StartOther makes a portal that has nothing in common with Coupa and serves it on
// a free port of 127.0.0.1. Mix does not matter to it. A person who describes
// it sees this:
//
//   - an order like "B-100234" is at /docs?po=B-100234
//   - its page comes ready from the server; the vendor is in td.vendor
//   - each document is a row of table.papers, with a form that posts to /fetch
//     and a button.get whose data-file attribute is the name
//   - an order without documents says "There is nothing on file for this order"
//   - an unknown order is answered with 200 and "Unknown order reference", a secret one
//     with 200 and "This order is confidential"
//   - sign-in is at /login, the session is the cookie SID, /logout ends it
func StartOther(opts Options) (*Portal, error) {
	return start(opts, site{
		plan: planOther, routes: (*Portal).other, cookie: "SID",
		signIn: "/login", code: "/login/code", callback: "/login/sso", signOut: "/logout",
		vanish: otherVanish, gone: (*Portal).otherGone, empty: (*Portal).otherEmpty,
	})
}

// planOther makes orders with one to four documents, and one in six without:
// in turn empty, unknown and secret.
func planOther(opts Options) []*order {
	b := newPlanner(opts.Seed)
	var orders []*order
	for i := range opts.Orders {
		number := "B-" + b.number()[2:]
		o := &order{number: number, written: number, kind: "ordinary", supplier: suppliers[b.rng.IntN(len(suppliers))], status: po.Completed}
		switch i % 18 {
		case 3:
			o.kind, o.status = "empty", po.NoAttachments
		case 9:
			otherVanish(o)
		case 15:
			o.kind, o.page, o.status, o.cause = "secret", pageDeniedText, po.Failed, po.Forbidden
		default:
			b.fill(o, 1+b.rng.IntN(4), linkForm)
		}
		for _, f := range o.files {
			f.at = "/fetch"
		}
		orders = append(orders, o)
	}
	return orders
}

func otherVanish(o *order) {
	o.kind, o.page, o.files = "unknown", pageGoneText, nil
	o.status, o.cause = po.NotFound, po.CauseNotFound
}

// other routes the requests of the portal that is unlike Coupa.
func (p *Portal) other() http.Handler {
	aboutPage := func(r *http.Request) (order string, file int) { return r.FormValue("po"), 0 }
	aboutDocument := func(r *http.Request) (order string, file int) {
		id, _ := strconv.Atoi(r.PostFormValue("doc"))
		if f := p.files[id]; f != nil {
			return f.order, id
		}
		return "", id
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /docs", p.recorded(RequestPage, aboutPage, p.guarded(p.otherPage)))
	mux.HandleFunc("POST /fetch", p.recorded(RequestFile, aboutDocument, p.guarded(p.otherFile)))
	p.routeSignIn(mux)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		p.record.count(RequestOther)
		http.NotFound(w, r)
	})
	return mux
}

// otherSheet is what the template of a page is given.
type otherSheet struct {
	Number, Vendor string
	Text           string // all there is to say, if not empty
	Papers         []paper
}

type paper struct {
	ID    int
	Name  string
	Token string
}

func (p *Portal) otherPage(w http.ResponseWriter, r *http.Request) {
	o := p.byNumber[r.FormValue("po")]
	if p.meet(w, r, p.fault(RequestPage, r.URL.RequestURI(), trouble{})) || !p.wait(r.Context(), p.opts.PageLatency) {
		return
	}
	if o == nil || o.page == pageGoneText {
		p.otherGone(w)
		return
	}
	var s otherSheet
	switch {
	case o.page == pageDeniedText:
		s.Text = "This order is confidential"
	default:
		s.Number, s.Vendor = o.number, o.supplier
		for _, f := range o.files {
			s.Papers = append(s.Papers, paper{f.id, f.name, p.formToken(f)})
		}
	}
	p.render(w, http.StatusOK, "other.html", s)
}

func (p *Portal) otherGone(w http.ResponseWriter) {
	p.render(w, http.StatusOK, "other.html", otherSheet{Text: "Unknown order reference"})
}

// otherEmpty is an order's page as it is without documents, whatever order it is.
func (p *Portal) otherEmpty(w http.ResponseWriter, r *http.Request) {
	p.render(w, http.StatusOK, "other.html", otherSheet{Number: r.FormValue("po")})
}

func (p *Portal) otherFile(w http.ResponseWriter, r *http.Request) {
	id, _ := strconv.Atoi(r.PostFormValue("doc"))
	f := p.files[id]
	if f == nil || r.PostFormValue("key") != p.formToken(f) {
		http.Error(w, "no such document", http.StatusBadRequest)
		return
	}
	fault := p.fault(RequestFile, fmt.Sprint("/fetch/", id), f.trouble)
	if p.meet(w, r, fault) || !p.wait(r.Context(), p.opts.FileLatency) {
		return
	}
	p.serve(w, f, fault)
}
