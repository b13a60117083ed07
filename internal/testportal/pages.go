package testportal

import (
	"bytes"
	"embed"
	"fmt"
	"net/http"
	"strings"
)

//go:embed assets/*.html
var pageFiles embed.FS

// words are the texts of a page in its language.
func words(lang string) map[string]string {
	if lang == "pt" {
		return map[string]string{
			"order": "Pedido de compra", "requisition": "Requisição", "supplier": "Fornecedor", "status": "Situação", "issued": "Emitido",
			"attachments": "Anexos", "none": "Nenhum anexo", "loading": "Carregando…", "lines": "Linhas", "item": "Item", "quantity": "Quantidade", "price": "Preço", "total": "Total",
		}
	}
	return map[string]string{
		"order": "Purchase Order", "requisition": "Requisition", "supplier": "Supplier", "status": "Status", "issued": "Issued",
		"attachments": "Attachments", "none": "No attachments", "loading": "Loading…", "lines": "Lines", "item": "Item", "quantity": "Quantity", "price": "Price", "total": "Total",
	}
}

// sheet is what the template of an order's or requisition's page is given.
type sheet struct {
	Lang, Number, List string
	IsOrder            bool
	Words              map[string]string
	Lines              []line
	Total              string
	Icons              []int
	Cover, Controls    bool
	Widget             string       // address of a frame; empty if none
	Half               bool         // without what fills the page
	Written            *writtenList // nil: a script fills it
	Call               callOf       // how that asks for it
	Account            account
}

// line is one line of an order.
type line struct {
	Number   int
	Item     string
	Quantity int
	Price    string
}

func (p *Portal) orderPage(w http.ResponseWriter, r *http.Request) {
	o := p.byNumber[r.PathValue("number")]
	var own trouble
	if o != nil {
		own = o.pageTrouble
	}
	if p.meet(w, r, p.fault(RequestPage, r.URL.Path, own)) || !p.wait(r.Context(), p.opts.PageLatency) {
		return
	}
	if o == nil {
		p.message(w, http.StatusNotFound, "en", phraseOops)
		return
	}
	switch o.page {
	case pageGone:
		p.message(w, http.StatusNotFound, o.lang, o.phrase)
	case pageGoneBare:
		w.WriteHeader(http.StatusNotFound)
	case pageDenied:
		p.message(w, http.StatusForbidden, o.lang, o.phrase)
	case pageGoneText, pageDeniedText:
		p.message(w, http.StatusOK, o.lang, o.phrase)
	case pageBlank:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
	default:
		s := p.sheet(o, o.number)
		s.Account = p.account(r)
		s.IsOrder, s.List = true, r.URL.Path+"/attachments.json"
		if p.opts.Lists.byCall() && !s.Half {
			s.Call = p.callOf(o)
		} else if !s.Half {
			s.Written = p.write(o, o.files, r.URL.Path)
			if o.requisition != "" {
				s.Written.Requisition, s.Written.RequisitionText = "/requisition_headers/"+o.requisition, words(o.lang)["requisition"]
			}
		}
		p.render(w, http.StatusOK, "order.html", s)
	}
}

func (p *Portal) requisitionPage(w http.ResponseWriter, r *http.Request) {
	o := p.byRequisition[r.PathValue("number")]
	if p.meet(w, r, p.fault(RequestRequisition, r.URL.Path, trouble{})) || !p.wait(r.Context(), p.opts.PageLatency) {
		return
	}
	if o == nil {
		p.message(w, http.StatusNotFound, "en", phraseOops)
		return
	}
	s := p.sheet(o, o.requisition)
	s.Account = p.account(r)
	s.List = r.URL.Path + "/attachments.json"
	p.render(w, http.StatusOK, "order.html", s)
}

func (p *Portal) sheet(o *order, number string) sheet {
	s := sheet{Lang: o.lang, Number: number, Words: words(o.lang), Cover: o.cover, Controls: o.controls, Half: o.page == pageHalf}
	total := 0
	for i := range 3 + int(o.number[7]-'0')%4 {
		quantity, cents := 1+(i*7)%9, 1250+i*i*3791
		total += quantity * cents
		s.Lines = append(s.Lines, line{i + 1, fmt.Sprintf("Item %s-%02d, as per quotation", o.number[4:], i+1), quantity, money(cents)})
	}
	s.Total = money(total)
	for i := range icons {
		s.Icons = append(s.Icons, i)
	}
	if o.widget {
		s.Widget = strings.Replace(p.url, "127.0.0.1", "localhost", 1) + "/widget"
	}
	return s
}

func money(cents int) string { return fmt.Sprintf("%d.%02d EUR", cents/100, cents%100) }

// listing is the answer of the call that fills a page.
type listing struct {
	Supplier    string           `json:"supplier"`
	Markup      int              `json:"markup"` // which of the ways to show a supplier
	Requisition *requisitionLink `json:"requisition,omitempty"`
	Twins       bool             `json:"twins,omitempty"`
	Attachments []listed         `json:"attachments"`
}

type requisitionLink struct {
	Path string `json:"path"`
	Text string `json:"text"`
}

type listed struct {
	Name  string `json:"name"`
	Path  string `json:"path"`
	Link  link   `json:"link"`
	Kind  doc    `json:"kind"`
	Token string `json:"token,omitempty"` // that a form sends
}

func (p *Portal) orderList(w http.ResponseWriter, r *http.Request) {
	o := p.byNumber[r.PathValue("number")]
	if o == nil || o.page != pageList {
		http.NotFound(w, r)
		return
	}
	if !p.mayCall(r) {
		answerJSON(w, http.StatusForbidden, map[string]string{"error": "the token is not valid"})
		return
	}
	p.answerList(w, r, o)
}

func requisitionOf(o *order) *requisitionLink {
	if o.requisition == "" {
		return nil
	}
	return &requisitionLink{"/requisition_headers/" + o.requisition, words(o.lang)["requisition"]}
}

func (p *Portal) requisitionList(w http.ResponseWriter, r *http.Request) {
	o := p.byRequisition[r.PathValue("number")]
	if o == nil {
		http.NotFound(w, r)
		return
	}
	p.list(w, r, o, listing{Attachments: p.listed(o.reqFiles)})
}

func (p *Portal) list(w http.ResponseWriter, r *http.Request, o *order, l listing) {
	if p.meet(w, r, p.fault(RequestList, r.URL.Path, o.listTrouble)) || !p.wait(r.Context(), p.opts.ListLatency+o.listDelay) {
		return
	}
	l.Supplier, l.Markup, l.Twins = o.supplier, o.markup(), o.twins
	answerJSON(w, http.StatusOK, l)
}

func (p *Portal) listed(files []*file) []listed {
	list := []listed{}
	for _, f := range files {
		list = append(list, listed{f.name, f.path(), f.link, f.doc, p.formToken(f)})
	}
	return list
}

// widget is what a frame of another site shows.
func (p *Portal) widget(w http.ResponseWriter, _ *http.Request) {
	p.record.count(RequestOther)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write([]byte(`<!doctype html><title>Help</title><body style="font:13px sans-serif">Questions? <a href="#chat">Chat with us</a></body>`))
}

// message answers with a page that says one thing.
func (p *Portal) message(w http.ResponseWriter, status int, lang, text string) {
	p.render(w, status, "message.html", map[string]string{"Lang": lang, "Text": text})
}

// render answers with a page. The templates escape whatever they show.
func (p *Portal) render(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := p.pages.ExecuteTemplate(&b, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}
