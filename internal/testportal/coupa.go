package testportal

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// coupa routes the requests of the Coupa-like portal.
func (p *Portal) coupa() http.Handler {
	p.assets = makeAssets(p.opts.Seed)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /order_headers/{number}", p.recorded(RequestPage, p.aboutOrder, p.guarded(p.orderPage)))
	mux.HandleFunc("GET /order_headers/{number}/attachments.json", p.recorded(RequestList, p.aboutOrder, p.guarded(p.orderList)))
	mux.HandleFunc("GET /requisition_headers/{number}", p.recorded(RequestRequisition, p.aboutOrder, p.guarded(p.requisitionPage)))
	mux.HandleFunc("GET /requisition_headers/{number}/attachments.json", p.recorded(RequestList, p.aboutOrder, p.guarded(p.requisitionList)))
	p.routeCalls(mux)
	mux.HandleFunc("GET /order_headers/{number}/lines.json", p.recorded(RequestList, p.aboutOrder, p.guarded(p.lines)))
	mux.HandleFunc("/attachments/{id}/{name}", p.recorded(RequestFile, p.aboutFile, p.guarded(p.attachment)))
	p.routeSignIn(mux)
	mux.HandleFunc("GET /assets/{name}", p.asset)
	mux.HandleFunc("GET /tracker/{name}", p.tracker)
	mux.HandleFunc("GET /widget", p.widget)
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		p.record.count(RequestOther)
		p.message(w, http.StatusNotFound, "en", phraseOops)
	})
	return mux
}

// aboutOrder names the order that a request for a page or a list concerns.
func (p *Portal) aboutOrder(r *http.Request) (order string, file int) {
	number := r.PathValue("number")
	if o := p.byRequisition[number]; o != nil && strings.HasPrefix(r.URL.Path, "/requisition_headers/") {
		return o.number, 0
	}
	return number, 0
}

func (p *Portal) aboutFile(r *http.Request) (order string, file int) {
	id, _ := strconv.Atoi(r.PathValue("id"))
	if f := p.files[id]; f != nil {
		return f.order, id
	}
	return "", id
}

func aboutNothing(*http.Request) (order string, file int) { return "", 0 }

// wait lets a latency pass, give or take the jitter. It reports whether the
// client is still there.
func (p *Portal) wait(ctx context.Context, latency time.Duration) bool {
	if latency <= 0 {
		return ctx.Err() == nil
	}
	jitter := p.opts.Jitter
	if jitter == 0 {
		jitter = latency / 5
	}
	if jitter > 0 {
		latency += time.Duration(rand.Int64N(int64(2*jitter))) - jitter
	}
	return sleep(ctx, latency)
}

// sleep reports whether the time passed before the context ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
