package testportal

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

const (
	timeoutPath  = "/start"
	documentPath = "/view"
)

// TimeoutURL is where ToTimeout leads: a page on another host, localhost, and another
// port, which asks for nothing and says nothing of signing in. Empty without it.
func (p *Portal) TimeoutURL() string {
	if p.opts.Sessions.SignedOut != ToTimeout {
		return ""
	}
	return p.elsewhere + timeoutPath
}

// signedOut is the answer to who is not signed in.
func (p *Portal) signedOut(w http.ResponseWriter, r *http.Request) {
	kind := visitOf(r).kind
	if kind == RequestFile && p.opts.Sessions.Files != LikePages {
		http.Redirect(w, r, p.elsewhere+documentPath, http.StatusFound)
		return
	}
	switch p.opts.Sessions.SignedOut {
	case MaskedGone, MaskedEmpty:
		p.masked(w, r, kind)
		return
	}
	address := p.site.signIn + "?return_to=" + url.QueryEscape(r.URL.RequestURI())
	after := p.site.signIn // where the page goes whose list this is
	if p.opts.Sessions.SignedOut == ToTimeout {
		address, after = p.TimeoutURL(), p.TimeoutURL()
	}
	if strings.HasSuffix(r.URL.Path, ".json") || strings.HasPrefix(r.URL.Path, "/api/") || r.URL.Path == "/graphql" {
		answerJSON(w, http.StatusUnauthorized, map[string]string{"error": "signed out", "go_to": after})
		return
	}
	http.Redirect(w, r, address, http.StatusFound)
}

// masked answers who is not signed in as if there were nothing to see.
func (p *Portal) masked(w http.ResponseWriter, r *http.Request, kind RequestKind) {
	empty := p.opts.Sessions.SignedOut == MaskedEmpty
	switch {
	case kind == RequestProbe:
		p.home(w, r)
	case !p.wait(r.Context(), p.opts.PageLatency):
	case kind == RequestList && empty:
		answerJSON(w, http.StatusOK, listing{Attachments: []listed{}})
	case (kind == RequestPage || kind == RequestRequisition) && empty:
		p.site.empty(p, w, r)
	case kind == RequestPage:
		p.site.gone(p, w)
	default:
		p.message(w, http.StatusNotFound, "en", phraseOops)
	}
}

// coupaEmpty is an order's page as it is without attachments, whatever order it is.
func (p *Portal) coupaEmpty(w http.ResponseWriter, r *http.Request) {
	number := r.PathValue("number")
	p.render(w, http.StatusOK, "order.html", sheet{
		Lang: "en", Number: number, Words: words("en"), IsOrder: visitOf(r).kind == RequestPage,
		List: r.URL.Path + "/attachments.json", Account: p.account(r),
	})
}

func (p *Portal) coupaGone(w http.ResponseWriter) {
	p.message(w, http.StatusNotFound, "en", phraseOops)
}

func answerJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // a client that goes away is no news
}

// elsewhereRoutes are those of the other host.
func (p *Portal) elsewhereRoutes() http.Handler {
	page := func(w http.ResponseWriter, _ *http.Request) { p.render(w, http.StatusOK, "elsewhere.html", nil) }
	document := func(w http.ResponseWriter, r *http.Request) {
		if p.opts.Sessions.Files == ElsewhereNamed {
			w.Header().Set("Content-Disposition", "attachment; filename=invoice.pdf")
		}
		page(w, r)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+timeoutPath, p.recorded(RequestElsewhere, aboutNothing, page))
	mux.HandleFunc("GET "+documentPath, p.recorded(RequestElsewhere, aboutNothing, document))
	return mux
}
