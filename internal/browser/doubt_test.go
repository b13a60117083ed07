package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/portal"
)

// What the page says, or fails to get, keeps its list from being believed.
func TestDoubtfulLists(t *testing.T) {
	t.Parallel()
	pages := site{
		"/orders/of":       page(`<h1>Order 2001</h1><ul>` + links(0, 10) + `</ul><p>Showing 10 of 14</p>`),
		"/orders/range":    page(`<ul>` + links(0, 10) + `</ul><p>1–10 von 14 Einträgen</p>`),
		"/orders/heading":  page(`<section><h2>Attachments (14)</h2><table><tr><td><a class=att href=/f/0>0</a></td></tr></table></section>`),
		"/orders/badge":    page(`<div><h3>Documents <span>3</span></h3><ul>` + links(0, 2) + `</ul></div>`),
		"/orders/andmore":  page(`<ul>` + links(0, 2) + `</ul><p>and 4 more</p>`),
		"/orders/pages":    page(`<ul>` + links(0, 2) + `</ul><p>Page 1 of 2</p>`),
		"/orders/numbers":  page(`<ul>` + links(0, 2) + `</ul><div class=pager><b>1</b> <a href="?p=2">2</a></div>`),
		"/orders/next":     page(`<ul>` + links(0, 2) + `</ul><a rel=next href="?p=2">›</a>`),
		"/orders/viewall":  page(`<ul>` + links(0, 2) + `</ul><a href=/all>View all attachments</a>`),
		"/orders/failed":   page(oneFirst + `fetch('/500').then(r=>r.text()).then(()=>{})</script>`),
		"/orders/refused":  page(oneFirst + `fetch('/cut').catch(()=>{})</script>`),
		"/orders/nochunk":  page(oneFirst + `import('/gone.js').catch(()=>{})</script>`),
		"/orders/endless":  page(oneFirst + `fetch('/never?x=1').then(r=>r.text()).then(add)</script>`),
		"/orders/timeout":  page(oneFirst + `fetch('/never',{signal:AbortSignal.timeout(500)}).catch(()=>0)</script>`),
		"/orders/xtimeout": page(oneFirst + `const x=new XMLHttpRequest();x.timeout=500;x.open('GET','/never?y=1');x.send()</script>`),
		"/orders/tab":      page(`<div><h2>Attachments (2)</h2><p class=none>none</p></div>`),
		"/orders/parts":    page(`<p><a class=att href=/f/9>9</a></p><ul>` + links(0, 3) + `</ul><p>Showing 1 to 3 of 5</p>`),
		"/orders/postback": page(`<ul>` + links(0, 3) + `</ul><button onclick="location='/page2'">Show more</button>`),
		"/orders/moved":    page(`<ul id=d>` + links(0, 3) + `</ul><div class=pager><button onclick="history.pushState(0,'','/orders/other');d.innerHTML='<li><a class=att href=/f/8>8</a></li>'">Next</button></div>`),
		"/page2":           page(`<ul>` + links(3, 3) + `</ul>`),
		"/orders/says":     page(`<ul>` + links(0, 3) + `</ul><p class=oops>Some documents could not be loaded</p>`),
		"/orders/saysnone": page(`<p class=none>none</p><p class=oops>Some documents could not be loaded</p>`),
		"/500":             status(500),
		"/cut": func(w http.ResponseWriter, r *http.Request) {
			conn, _, _ := http.NewResponseController(w).Hijack()
			conn.Close()
		},
		"/never": func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	p := testPortal(serve(t, pages))
	p.Signs.Error = portal.Mark{Texts: []string{"could not be loaded"}}
	p.Attachments.Settle = 0
	s := openSession(t, p)
	want := map[string]string{"failed": "portal_error", "refused": "portal_error", "nochunk": "portal_error", "endless": "timeout", "timeout": "portal_error", "xtimeout": "portal_error",
		"says": "portal_error", "saysnone": "portal_error"}
	for path := range pages {
		number, ok := strings.CutPrefix(path, "/orders/")
		if !ok {
			continue
		}
		t.Run(number, func(t *testing.T) {
			cause := want[number]
			if cause == "" {
				cause = "unrecognised_page"
			}
			if want := "failure " + cause; readPatiently(t, s, number, want) != want {
				_, err := s.Read(t.Context(), order(number), nil)
				t.Errorf("%v, want %s", err, cause)
			}
		})
	}
}

// What is said elsewhere, or of something else, is nothing to doubt a list for.
func TestListsWithoutDoubt(t *testing.T) {
	t.Parallel()
	pages := site{
		"/orders/number":   page(`<h1>Order 2001</h1><h2>Attachments</h2><ul>` + links(0, 2) + `</ul>`),
		"/orders/count":    page(`<h1>Order 2001</h1><p>Attachments (2)</p><ul>` + links(0, 2) + `</ul>`),
		"/orders/names":    page(`<ul><li><a class=att href=/f/0>0</a> page 1 of 3, 14 files</li><li><a class=att href=/f/1>1</a> 2 of 3</li></ul>`),
		"/orders/limit":    page(`<ul>` + links(0, 2) + `</ul><p>Max. 20 files, up to 10 documents. Files: 25 MB each. Documents 2026-11-29</p>`),
		"/orders/date":     page(`<ul>` + links(0, 2) + `</ul><p>2/10/2026, 1.2 of 3.5 kg</p>`),
		"/orders/comments": page(`<section><h2>Files</h2><ul>` + links(0, 2) + `</ul></section><section><h2>Comments</h2><button onclick="document.body.innerHTML=''">Show more</button><p>2 of 30</p></section>`),
		"/orders/other":    page(`<ul>` + links(0, 2) + `</ul><button onclick="document.body.innerHTML=''">Add more</button><a href=/orders>View all orders</a>`),
		"/orders/approved": page(`<p>Approved by 2 of 3 approvers</p><ul>` + links(0, 2) + `</ul><p>Received: 2 / 10 pieces, watched by Smith and 3 others</p>`),
		"/orders/scan":     page(`<dl><dt>Scan page 1 of 3.pdf<dd><a class=att href=/f/0>0</a><dt>Scan page 2 of 3.pdf<dd><a class=att href=/f/1>1</a></dl>`),
		"/orders/table":    page(`<table><tr><th>Item<th>Documents<tr><td>10<td>x<tr><td>20<td><a class=att href=/f/0>0</a> <a class=att href=/f/1>1</a></table>`),
		"/orders/top":      page(`<div>News <a href=/news>View all</a></div><nav><a href=/orders/0>Previous</a> <a href=/orders/2>Next</a></nav><ul>` + links(0, 2) + `</ul>`),
		"/orders/records":  page(`<nav aria-label=Orders><button onclick="d.innerHTML=''">Next</button></nav><ul id=d>` + links(0, 2) + `</ul>`),
		"/orders/poll":     page(`<ul>` + links(0, 2) + `</ul><script>navigator.sendBeacon('/500')</script><img src=/500>`),
		"/orders/missing":  page(`<ul>` + links(0, 2) + `</ul><script>fetch('/404')</script>`),
		"/500":             status(500),
	}
	p := testPortal(serve(t, pages))
	p.Attachments.Settle = 0
	s := openSession(t, p)
	for path := range pages {
		if number, ok := strings.CutPrefix(path, "/orders/"); ok {
			t.Run(number, func(t *testing.T) {
				got, err := s.Read(t.Context(), order(number), nil)
				if err != nil || len(got.Attachments) != 2 {
					t.Errorf("%s: %v", outcome(got, nil), err)
				}
			})
		}
	}
}

// The definition's own signs of a list decide.
func TestSignsOfAList(t *testing.T) {
	t.Parallel()
	frame := serve(t, site{"/inner": page(`<ul>` + links(0, 2) + `</ul>`)})
	pages := site{
		"/orders/complete":   page(oneFirst + `setTimeout(()=>{add('` + answer + `');document.body.insertAdjacentHTML('beforeend','<b class=whole>all there</b>')},700)</script>`),
		"/orders/never":      page(`<ul>` + links(0, 2) + `</ul>`),
		"/orders/despite":    page(`<b class=whole>.</b><ul>` + links(0, 2) + `</ul><p>2 of 9</p><script>fetch('/hang')</script>`),
		"/orders/incomplete": page(oneFirst + `setTimeout(()=>{add('` + answer + `');spin.remove()},700)</script><b class=spin id=spin>Loading</b>`),
		"/orders/spins":      page(`<ul>` + links(0, 2) + `</ul><b class=spin>Loading</b>`),
		"/orders/spinsempty": page(`<p class=none>none</p><b class=spin>Loading</b>`),
		"/orders/count":      page(oneFirst + `setTimeout(()=>add('` + answer + `'),700)</script><b class=count>2 papers</b>`),
		"/orders/toofew":     page(`<ul>` + links(0, 2) + `</ul><b class=count>1-2 / 3</b>`),
		"/orders/nocount":    page(`<ul>` + links(0, 2) + `</ul>`),
		"/orders/emptycount": page(`<p class=none>none</p><b class=count>3</b>`),
		"/orders/frame":      page(`<p>order</p><iframe class=list src=/inner></iframe>`),
		"/orders/foreign":    page(`<p>order</p><iframe class=list src="` + frame + `/inner"></iframe>`),
		"/inner":             page(`<ul>` + links(0, 2) + `</ul>`),
		"/hang":              func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	}
	base := serve(t, pages)
	for _, row := range []struct {
		name   string
		change func(*portal.Attachments)
		want   map[string]string
	}{
		{"complete", func(a *portal.Attachments) { a.Complete.Selectors = []string{".whole"} },
			map[string]string{"complete": listed(2), "never": "failure unrecognised_page", "despite": listed(2)}},
		{"incomplete", func(a *portal.Attachments) { a.Incomplete.Texts = []string{"loading"} },
			map[string]string{"incomplete": listed(2), "spins": "failure unrecognised_page", "spinsempty": "failure unrecognised_page"}},
		{"count", func(a *portal.Attachments) { a.Count = []string{".count"} },
			map[string]string{"count": listed(2), "toofew": "failure unrecognised_page", "nocount": "failure unrecognised_page", "emptycount": "failure unrecognised_page"}},
		{"frames", func(a *portal.Attachments) { a.Frames = []string{"iframe.list"} },
			map[string]string{"frame": listed(2), "foreign": "failure unrecognised_page"}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			p := testPortal(base)
			p.Attachments.Settle = 0
			row.change(&p.Attachments)
			s := openSession(t, p)
			s.config.Times.Signs *= 2
			for number, want := range row.want {
				if diff := cmp.Diff(want, readPatiently(t, s, number, want)); diff != "" {
					t.Errorf("%s: %s", number, diff)
				}
			}
		})
	}
}

// The former order's page is never read as the next one's.
func TestWhosePage(t *testing.T) {
	t.Parallel()
	// app shows the order behind #, some time after it has changed.
	const app = `<div id=d></div><script>const show=()=>fetch('/api/'+location.hash.split('/').pop()).then(r=>r.text()).then(t=>d.innerHTML=t);
		addEventListener('hashchange',()=>setTimeout(show,500));show()</script>`
	pages := site{
		"/app": page(app),
		"/kept": page(`<div id=d></div><script>d.innerHTML=localStorage.last||'';const n=new URL(location).searchParams.get('n');
			setTimeout(()=>{localStorage.last=d.innerHTML='<a class=att href=/f/'+n+'>'+n+'</a>'},700)</script>`),
		"/same": page(`<a class=att href=/f/1>1</a>`),
	}
	for i := range 4 {
		pages[fmt.Sprintf("/api/%d", i)] = after(50*time.Millisecond, "text/plain", fmt.Sprintf(`<h1>Order %[1]d</h1><a class=att href=/f/%[1]d>%[1]d</a>`, i))
	}
	stale := 0
	pages["/stale"] = func(w http.ResponseWriter, r *http.Request) { // shows the former order, but where it is asked anew
		n := r.FormValue("n")
		if stale++; r.Header.Get("Cache-Control") == "" && n != "0" {
			n = "0"
		}
		page(`<h1>Order `+n+`</h1><a class=att href=/f/`+n+`>`+n+`</a>`)(w, r)
	}
	// current shows the order that the server's session is at, by a call that may be cached.
	current := `<div id=d></div><script>fetch('/current').then(r=>r.text()).then(t=>d.innerHTML=t)</script>`
	pages["/current"] = func(w http.ResponseWriter, r *http.Request) {
		c, _ := r.Cookie("order")
		w.Header().Set("Cache-Control", "private, max-age=60")
		if c.Value == "0" {
			fmt.Fprint(w, `<p class=none>none</p>`)
			return
		}
		fmt.Fprintf(w, `<button class=att>%s</button>`, c.Value)
	}
	pages["/cached"] = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Set-Cookie", "order="+r.FormValue("n"))
		page(current)(w, r)
	}
	base := serve(t, pages)
	read := func(t *testing.T, path string, id portal.Identity, numbers ...string) (got []string) {
		p := testPortal(base)
		p.Attachments.Settle = 0
		p.Order.Path, p.Order.Identity = path, id
		s := openSession(t, p)
		for _, n := range numbers {
			got = append(got, outcome(s.Read(t.Context(), order(n), nil)))
		}
		return got
	}
	right := []string{"attachments 0", "attachments 1", "attachments 2"}
	proof := portal.Identity{Texts: []string{"Order {number}"}}
	for name, row := range map[string]struct {
		path    string
		id      portal.Identity
		numbers []string
		want    []string
	}{
		"hash":           {"/app#/orders/{number}", portal.Identity{}, []string{"0", "1", "2"}, right},
		"again":          {"/app#/orders/{number}", portal.Identity{}, []string{"1", "1"}, []string{"attachments 1", "attachments 1"}},
		"proved":         {"/app#/orders/{number}", proof, []string{"0", "1", "2"}, right},
		"by selector":    {"/app#/orders/{number}", portal.Identity{Selectors: []string{"h1"}}, []string{"0", "1"}, right[:2]},
		"by its address": {"/app#/orders/{number}", portal.Identity{Selectors: []string{"a[href$='/{number}']"}}, []string{"0", "1"}, right[:2]},
		"not proved":     {"/same?n={number}", proof, []string{"0"}, []string{"failure unrecognised_page"}},
		"stale":          {"/stale?n={number}", portal.Identity{}, []string{"0", "1", "2"}, right},
		"kept":           {"/kept?n={number}", portal.Identity{}, []string{"0", "1", "2"}, right},
		"cached":         {"/cached?n={number}", portal.Identity{}, []string{"0", "1", "2", "0"}, []string{"empty", "attachments 1", "attachments 2", "empty"}},
		"part of number": {"/app#/orders/{number}", portal.Identity{Texts: []string{"der {number}"}}, []string{"1"}, right[1:2]},
		"another number": {"/stale?n=11&x={number}", portal.Identity{Texts: []string{"Order {number}"}}, []string{"1"}, []string{"failure unrecognised_page"}},
		"truly the same": {"/same?n={number}", portal.Identity{}, []string{"0", "1"}, []string{"attachments 1", "attachments 1"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, read(t, row.path, row.id, row.numbers...)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
