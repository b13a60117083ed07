package testportal

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
)

// callOf is what a page has for the script that asks for its list.
type callOf struct {
	Kind   string // the way; empty: the default
	Script string // empty: the usual one
	Token  string
	Order  string // by what the order is asked for
	Lines  string // address of a second call
}

// callOf makes it for an order.
func (p *Portal) callOf(o *order) callOf {
	late := p.lister.pages.Add(1) > int64(p.opts.Orders/2)
	switch p.opts.Lists {
	case ListsToken:
		return callOf{Kind: "token", Token: p.token(late)}
	case ListsTokenOnce, ListsTokenURL, ListsTokenBody:
		token := rand.Text()
		p.lister.tokens.Store(token, true)
		kind := string(p.opts.Lists)
		if p.opts.Lists == ListsTokenOnce {
			kind = "token"
		}
		return callOf{Kind: kind, Token: token, Order: o.number}
	case ListsGraphQL:
		return callOf{Kind: "graphql", Order: o.number}
	case ListsID:
		return callOf{Kind: "id", Order: p.idOf(o)}
	case ListsLookup:
		return callOf{Kind: "lookup", Order: o.number}
	case ListsCallPages:
		return callOf{Kind: "pages"}
	case ListsCallLines:
		if linesOf(o, len(o.files)) > 0 {
			return callOf{Kind: "lines", Lines: "/order_headers/" + o.number + "/lines.json"}
		}
		return callOf{Kind: "lines"}
	case ListsCallRelease:
		if late {
			p.lister.newer.Store(o.number, true)
			return callOf{Kind: "release", Script: "app2.js"}
		}
	case ListsCallClicks:
		return callOf{Kind: "clicks"}
	}
	return callOf{}
}

// token is the one that calls need; from the middle of a run on it is another.
func (p *Portal) token(late bool) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d token %t", p.opts.Seed, late))
	return hex.EncodeToString(sum[:20])
}

// mayCall says whether a call has the token that it needs.
func (p *Portal) mayCall(r *http.Request) bool {
	token := r.Header.Get("X-Csrf-Token")
	switch p.opts.Lists {
	case ListsToken:
		late := p.lister.pages.Load() > int64(p.opts.Orders/2)
		return token == p.token(late) || late && p.lister.pages.Load() <= int64(p.opts.Orders/2)+8 && token == p.token(false)
	case ListsTokenOnce:
		return p.spend(token)
	case ListsTokenURL:
		return p.spend(r.URL.Query().Get("token"))
	}
	return true
}

// spend says whether a token was given to a page, and is good for this one call.
func (p *Portal) spend(token string) bool {
	_, ok := p.lister.tokens.LoadAndDelete(token)
	return ok
}

// idOf is what the portal knows an order by, which nothing tells from its number.
func (p *Portal) idOf(o *order) string {
	for i, other := range p.orders {
		if other == o {
			return strconv.Itoa(70_001 + 37*i)
		}
	}
	return ""
}

func (p *Portal) byID(id string) *order {
	n, err := strconv.Atoi(id)
	if i := (n - 70_001) / 37; err == nil && n >= 70_001 && (n-70_001)%37 == 0 && i < len(p.orders) {
		return p.orders[i]
	}
	return nil
}

// routeCalls routes the calls that have addresses of their own.
func (p *Portal) routeCalls(mux *http.ServeMux) {
	ofID := func(r *http.Request) (string, int) {
		if o := p.byID(r.PathValue("id")); o != nil {
			return o.number, 0
		}
		return "", 0
	}
	mux.HandleFunc("GET /api/orders/{id}/documents", p.recorded(RequestList, ofID, p.guarded(func(w http.ResponseWriter, r *http.Request) {
		p.answerList(w, r, p.byID(r.PathValue("id")))
	})))
	mux.HandleFunc("GET /api/orders", p.recorded(RequestOther, aboutNothing, p.guarded(p.lookUp)))
	mux.HandleFunc("POST /api/documents", p.recorded(RequestList, aboutNothing, p.guarded(p.tokenInBody)))
	mux.HandleFunc("POST /graphql", p.recorded(RequestList, aboutNothing, p.guarded(p.graphQL)))
}

func (p *Portal) tokenInBody(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Number, Token string }
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil || json.Unmarshal(text, &asked) != nil || !p.spend(asked.Token) {
		http.Error(w, "bad token", http.StatusForbidden)
		return
	}
	p.answerList(w, r, p.byNumber[asked.Number])
}

func (p *Portal) lookUp(w http.ResponseWriter, r *http.Request) {
	o := p.byNumber[r.URL.Query().Get("number")]
	if o == nil || !p.wait(r.Context(), p.opts.ListLatency/4) {
		http.NotFound(w, r)
		return
	}
	answerJSON(w, http.StatusOK, map[string]any{"orders": []any{map[string]any{"id": json.Number(p.idOf(o)), "number": o.number, "state": "issued"}}})
}

func (p *Portal) graphQL(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Variables struct{ Number string } }
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil || json.Unmarshal(text, &asked) != nil {
		http.Error(w, "bad request", http.StatusBadRequest)
		return
	}
	o := p.byNumber[asked.Variables.Number]
	if o == nil || o.page != pageList {
		answerJSON(w, http.StatusOK, map[string]any{"data": nil, "errors": []any{map[string]string{"message": "no such order"}}})
		return
	}
	p.answerList(w, r, o)
}

// answerList answers a call for an order's list.
func (p *Portal) answerList(w http.ResponseWriter, r *http.Request, o *order) {
	if o == nil || o.page != pageList {
		http.NotFound(w, r)
		return
	}
	if p.meet(w, r, p.fault(RequestList, r.URL.Path, o.listTrouble)) || !p.wait(r.Context(), p.opts.ListLatency+o.listDelay) {
		return
	}
	answerJSON(w, http.StatusOK, p.listOf(o, r))
}

// pageSize is how many documents a call gives at once where they come page by page.
const pageSize = 3

// node is a document in answers that call things otherwise.
type node struct {
	ID     int    `json:"id"`
	Name   string `json:"name,omitempty"`
	Title  string `json:"title,omitempty"`
	Path   string `json:"path,omitempty"`
	Href   string `json:"href,omitempty"`
	Link   link   `json:"link,omitempty"`
	Kind   doc    `json:"kind"`
	Token  string `json:"token,omitempty"`
	Viewer bool   `json:"viewer"`
}

// listOf is the answer to a call for an order's list.
func (p *Portal) listOf(o *order, r *http.Request) any {
	all := p.listed(o.files)
	nodes := func(of func(f *file, l listed) node) []node {
		list := []node{}
		for i, f := range o.files {
			list = append(list, of(f, all[i]))
		}
		return list
	}
	switch p.opts.Lists {
	case ListsGraphQL:
		documents := nodes(func(f *file, l listed) node {
			return node{ID: f.id, Title: l.Name, Path: l.Path, Link: l.Link, Kind: l.Kind, Token: l.Token}
		})
		return map[string]any{"data": map[string]any{"order": map[string]any{
			"number": o.number, "supplier": map[string]string{"name": o.supplier}, "markup": o.markup(), "requisition": requisitionOf(o),
			"documents": map[string]any{"nodes": documents, "totalCount": len(documents)},
		}}}
	case ListsCallRelease:
		if _, newer := p.lister.newer.Load(o.number); newer {
			return map[string]any{"vendor": map[string]string{"name": o.supplier}, "markup": o.markup(), "requisition": requisitionOf(o),
				"files": nodes(func(f *file, l listed) node {
					return node{ID: f.id, Title: l.Name, Href: l.Path, Link: l.Link, Kind: l.Kind, Token: l.Token}
				})}
		}
	case ListsCallClicks:
		return map[string]any{"supplier": o.supplier, "markup": o.markup(), "requisition": requisitionOf(o),
			"documents": nodes(func(f *file, l listed) node {
				return node{ID: f.id, Name: l.Name, Kind: l.Kind, Viewer: f.link.inline()}
			})}
	case ListsCallOneUse:
		for i := range all {
			ticket := rand.Text()
			p.lister.tickets.Store(ticket, all[i].Path)
			all[i].Path += "?ticket=" + ticket
		}
	case ListsCallLines:
		all = all[:len(all)-linesOf(o, len(all))]
	case ListsCallPages:
		n, _ := strconv.Atoi(r.URL.Query().Get("page"))
		from := min(len(all), max(0, n-1)*pageSize)
		to := min(len(all), from+pageSize)
		return struct {
			listing
			Next bool `json:"next"`
		}{listing{Supplier: o.supplier, Markup: o.markup(), Twins: o.twins, Requisition: requisitionOf(o), Attachments: all[from:to]}, to < len(all)}
	}
	return listing{Supplier: o.supplier, Markup: o.markup(), Twins: o.twins, Requisition: requisitionOf(o), Attachments: all}
}
