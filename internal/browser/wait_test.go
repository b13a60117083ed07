package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-rod/rod/lib/proto"
	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/portal"
)

// after answers late, with a text of some type.
func after(d time.Duration, kind, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(d):
		case <-r.Context().Done():
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		fmt.Fprint(w, text)
	}
}

// links are n attachments from the number first on.
func links(first, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `<li><a class=att href=/f/%[1]d>%[1]d</a></li>`, first+i)
	}
	return b.String()
}

// listed is what outcome says of links(0, n).
func listed(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, " %d", i)
	}
	return "attachments" + b.String()
}

const (
	late   = 700 * time.Millisecond
	answer = `<li><a class=att href=/f/1>1</a></li>`
	// oneFirst shows the first of two attachments, and has a way to add the second.
	oneFirst = `<ul id=d><li><a class=att href=/f/0>0</a></li></ul><script>const add=t=>d.insertAdjacentHTML('beforeend',t);`
)

// A list is whole only when nothing that the page still waits for can change it,
// whichever way it comes.
func TestListComesInParts(t *testing.T) {
	t.Parallel()
	other := serve(t, site{"/rest": after(late, "text/plain", answer)})
	pages := site{
		"/orders/fetch":     page(oneFirst + `fetch('/rest').then(r=>r.text()).then(add)</script>`),
		"/orders/unread":    page(oneFirst + `fetch('/now');fetch('/rest').then(r=>r.text()).then(add)</script>`),
		"/orders/unreadget": page(oneFirst + `fetch('/rest');fetch('/rest').then(r=>r.text()).then(add)</script>`),
		"/orders/kept":      page(oneFirst + `fetch('/now').then(r=>window.kept=r);fetch('/rest').then(r=>r.text()).then(add)</script>`),
		"/orders/chunk":     page(oneFirst + `const s=document.createElement('script');s.src='/chunk.js';document.head.append(s)</script>`),
		"/orders/import":    page(oneFirst + `window.add=add;import('/chunk.js')</script>`),
		"/orders/jsonp":     page(oneFirst + `const s=document.createElement('script');s.src='/jsonp';document.head.append(s)</script>`),
		"/orders/deferred":  page(oneFirst + `window.add=add</script><script defer src=/chunk.js></script>`),
		"/orders/module":    page(oneFirst + `window.add=add</script><script type=module src=/chunk.js></script>`),
		"/orders/events":    page(oneFirst + `const e=new EventSource('/events');e.onmessage=m=>{add(m.data);e.close()}</script>`),
		"/orders/worker":    page(oneFirst + `new Worker('/worker.js').onmessage=m=>add(m.data)</script>`),
		"/orders/frame":     page(oneFirst + `onmessage=m=>add(m.data)</script><iframe hidden src=/frame></iframe>`),
		"/orders/seenframe": page(oneFirst + `onmessage=m=>add(m.data)</script><iframe src=/frame></iframe>`),
		"/orders/slowframe": page(oneFirst + `onmessage=m=>add(m.data)</script><iframe src=/lateframe></iframe>`),
		"/lateframe":        after(late, "text/html", `<script>parent.postMessage('`+answer+`','*')</script>`),
		"/orders/host":      page(oneFirst + `fetch('` + other + `/rest').then(r=>r.text()).then(add)</script>`),
		"/orders/stream":    page(oneFirst + `fetch('/slowbody').then(r=>r.text()).then(add)</script>`),
		"/orders/rows":      page(oneFirst + `(async()=>{for await(const c of (await fetch('/rows')).body.pipeThrough(new TextDecoderStream()))add(c)})()</script>`),
		"/orders/greeting":  page(oneFirst + `const e=new EventSource('/greeting');e.addEventListener('docs',m=>{add(m.data);e.close()})</script>`),
		"/orders/async":     page(`<script async src=/async.js></script><ul id=d><li><a class=att href=/f/0>0</a></li></ul>`),
		"/orders/asyncnone": page(`<script async src=/none.js></script><div id=b><p class=none>none</p></div>`),
		"/orders/again":     page(oneFirst + `const c=new AbortController();fetch('/rest',{signal:c.signal}).catch(()=>0);c.abort();fetch('/rest').then(r=>r.text()).then(add)</script>`),
		"/orders/shared":    page(oneFirst + `const w=new SharedWorker('/shared.js');w.port.start();w.port.onmessage=m=>add(m.data)</script>`),
		"/rows": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/x-ndjson")
			fmt.Fprint(w, "<!-- rows -->")
			w.(http.Flusher).Flush()
			time.Sleep(3 * late)
			fmt.Fprint(w, answer)
		},
		"/async.js":  after(late, "text/javascript", `fetch('/rest').then(r=>r.text()).then(t=>d.insertAdjacentHTML('beforeend',t))`),
		"/none.js":   after(late, "text/javascript", `b.innerHTML='<li><a class=att href=/f/0>0</a></li>'+'`+answer+`'`),
		"/shared.js": after(0, "text/javascript", `onconnect=e=>fetch('/rest').then(r=>r.text()).then(t=>e.ports[0].postMessage(t))`),
		"/greeting": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/event-stream")
			fmt.Fprint(w, "data: connected\n\n")
			w.(http.Flusher).Flush()
			time.Sleep(late)
			fmt.Fprint(w, "event: docs\ndata: "+answer+"\n\n")
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		},
		"/orders/none":   page(`<p class=none id=n>none</p><ul id=d></ul><script>fetch('/rest').then(r=>r.text()).then(t=>{n.remove();d.innerHTML='<li><a class=att href=/f/0>0</a></li>'+t})</script>`),
		"/orders/repair": page(oneFirst + `const get=()=>fetch('/flaky').then(r=>{if(!r.ok)throw 0;return r.text()}).then(add).catch(()=>setTimeout(get,200));get()</script>`),
		"/rest":          after(late, "text/plain", answer),
		"/now":           after(0, "application/json", "{}"),
		"/chunk.js":      after(late, "text/javascript", `fetch('/rest').then(r=>r.text()).then(add)`),
		"/jsonp":         after(late, "text/javascript", "add('"+answer+"')"),
		"/events":        after(late, "text/event-stream", "data: "+answer+"\n\n"),
		"/worker.js":     after(0, "text/javascript", `fetch('/rest').then(r=>r.text()).then(postMessage)`),
		"/frame":         page(`<script>fetch('/rest').then(r=>r.text()).then(t=>parent.postMessage(t,'*'))</script>`),
		"/slowbody": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "text/plain")
			fmt.Fprint(w, answer[:5])
			w.(http.Flusher).Flush()
			time.Sleep(3 * late)
			fmt.Fprint(w, answer[5:])
		},
	}
	asked := 0
	pages["/flaky"] = func(w http.ResponseWriter, r *http.Request) {
		if asked++; asked%2 == 1 {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
		fmt.Fprint(w, answer)
	}
	p := testPortal(serve(t, pages))
	p.AllowedHosts = []string{strings.TrimPrefix(other, "http://")}
	p.Attachments.Settle = 0
	s := openSession(t, p)
	s.config.Times.Signs, s.config.Times.Calls = 20*time.Second, 15*time.Second
	for path := range pages {
		if number, ok := strings.CutPrefix(path, "/orders/"); ok {
			t.Run(number, func(t *testing.T) {
				if diff := cmp.Diff(listed(2), readPatiently(t, s, number, listed(2))); diff != "" {
					t.Error(diff)
				}
			})
		}
	}
}

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

// The rest of a list is brought up by what says so near it, and by scrolling.
func TestRestOfList(t *testing.T) {
	t.Parallel()
	button := func(label string) string {
		return `<section><h2>Files</h2><ul id=d>` + links(0, 3) + `</ul><button id=m onclick="fetch('/more').then(r=>r.text()).then(t=>{m.remove();d.insertAdjacentHTML('beforeend',t)})">` + label + `</button></section>`
	}
	// rows shows a window of n rows, of 40 pixels each.
	const rows = `<div id=v style="height:200px;overflow:auto"><div id=i style="position:relative;height:%[1]dpx"></div></div><script>
		const n=%[2]d, draw=()=>{const a=Math.floor(v.scrollTop/40);i.innerHTML='';for(let k=a;k<Math.min(n,a+6);k++)i.insertAdjacentHTML('beforeend','<a class=att style="position:absolute;top:'+k*40+'px" href=/f/'+k+'>'+k+'</a>')};
		v.onscroll=draw;draw()</script>`
	const pager = `<div><ul id=d></ul><nav class=pagination><button id=n onclick="go(p+1)">Next</button></nav></div><script>
		let p=0;const go=q=>fetch('/page?'+q).then(r=>r.text()).then(t=>{p=q;d.innerHTML=t;n.disabled=q==2});go(0)</script>`
	const samePages = `<div><ul id=d></ul><nav class=pagination><button id=n onclick="go(p+1)">Next</button></nav></div><script>
		let p=0;const go=q=>fetch('/page?'+q).then(r=>r.text()).then(t=>{p=q;d.innerHTML=t.replace(/>\\d</g,'>Download<');n.disabled=q==2});go(0)</script>`
	const grows = `<ul id=d style="line-height:400px">%s</ul><div id=end style="height:10px"></div><script>
		let k=3;new IntersectionObserver(e=>{if(e[0].isIntersecting&&k<9)fetch('/now').then(()=>{for(let j=0;j<3;j++,k++)d.insertAdjacentHTML('beforeend','<li><a class=att href=/f/'+k+'>'+k+'</a></li>')})}).observe(end)</script>`
	pages := site{
		"/orders/load":      page(button("Load 4 more files")),
		"/orders/more":      page(button("Show more…")),
		"/orders/all":       page(button("Show all (7)")),
		"/orders/german":    page(button("Weitere Dateien anzeigen")),
		"/orders/spanish":   page(button("Ver más")),
		"/orders/plus":      page(button("+4 more")),
		"/orders/named":     page(`<div id=d>` + links(0, 3) + `</div><i id=m role=x onclick="fetch('/more').then(r=>r.text()).then(t=>{m.remove();d.insertAdjacentHTML('beforeend',t)})">→ rest</i>`),
		"/orders/fruitless": page(`<ul>` + links(0, 7) + `</ul><button onclick="fetch('/now')">Show more</button>`),
		"/orders/pager":     page(pager),
		"/orders/samename":  page(samePages),
		"/orders/icons":     page(`<section><h2>Files</h2><ul id=d>` + links(0, 3) + `</ul><div class=table-footer>Showing 1 to 3 of 7 <button aria-label="Go to next page" onclick="fetch('/more').then(r=>r.text()).then(t=>{d.innerHTML=t;this.disabled=true;this.parentElement.firstChild.data='Showing 4 to 7 of 7 '})">›</button></div></section>`),
		"/orders/virtual":   page(fmt.Sprintf(rows, 40*40, 40)),
		"/orders/infinite":  page(fmt.Sprintf(grows, links(0, 3))),
		"/more":             after(100*time.Millisecond, "text/html", links(3, 4)),
		"/now":              after(0, "text/plain", "x"),
		"/page": func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprint(w, map[string]string{"0": links(0, 3), "1": links(3, 3), "2": links(6, 1)}[r.URL.RawQuery])
		},
	}
	p := testPortal(serve(t, pages))
	p.Attachments.Settle = 0
	s := openSession(t, p)
	q := p
	q.Attachments.More.Click = []string{"#m"}
	named := openSession(t, q)
	for path := range pages {
		number, ok := strings.CutPrefix(path, "/orders/")
		if !ok {
			continue
		}
		t.Run(number, func(t *testing.T) {
			want, with := map[string]int{"virtual": 40, "infinite": 9}[number], s
			if want == 0 {
				want = 7
			}
			if number == "named" {
				with = named
			}
			got, err := with.Read(t.Context(), order(number), nil)
			have := map[string]bool{}
			for _, a := range got.Attachments {
				have[a.Name] = true
			}
			if err != nil || len(got.Attachments) != want || len(have) != want && number != "samename" {
				t.Errorf("%s: %v, want %d", outcome(got, nil), err, want)
			}
		})
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

// The longest time that a definition may ask for fits into a reading.
func TestLongestSettle(t *testing.T) {
	t.Parallel()
	p := testPortal(serve(t, site{"/orders/1": page(`<ul>` + links(0, 2) + `</ul>`)}))
	p.Attachments.Settle = 5000
	s := openSession(t, p)
	s.config.Times.Signs = 2 * time.Second
	begun := time.Now()
	if got := outcome(s.Read(t.Context(), order("1"), nil)); got != listed(2) || time.Since(begun) < 5*time.Second {
		t.Errorf("%s after %v", got, time.Since(begun))
	}
}

// Only what is the same to the letter for several orders, and never comes in its
// time, is left out.
func TestRequestsThatWaitForNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p pendingRequests
		p.init()
		read := func(page string, keys ...string) (out int) {
			p.read(page)
			for _, key := range keys {
				p.begin(proto.NetworkRequestID(key), request{key: key, address: key})
			}
			list, _, _ := p.pending(time.Now())
			return len(list)
		}
		for i, row := range []struct {
			page string
			keys []string
			want int
		}{
			{"1", []string{"poll", "list 1"}, 2},
			{"1", []string{"poll", "list 1"}, 2}, // again: it may be this order's
			{"2", []string{"poll", "list 2"}, 2},
			{"1", []string{"poll", "list 1"}, 1},
			{"3", []string{"poll", "list 3"}, 1},
		} {
			if got := read(row.page, row.keys...); got != row.want {
				t.Errorf("%d: %d requests are waited for, want %d", i, got, row.want)
			}
			p.giveUp()
		}
		// One that is answered in its time in between is no such request.
		read("4", "slow")
		p.giveUp()
		read("5", "slow")
		p.update("slow", 0, func(r *request) bool { p.settle(*r, ""); return true })
		read("6", "slow")
		p.giveUp()
		if got := read("7", "slow"); got != 1 {
			t.Error("a request that was answered is left out")
		}
	})
}

func TestWithoutNonces(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"http://p/orders/1/lines":            "http://p/orders/1/lines",
		"http://p/lines?order=4500000001":    "http://p/lines?order=4500000001",
		"http://p/poll?_=1764446400123":      "http://p/poll",
		"http://p/poll?TS=12&since=3":        "http://p/poll?since=3",
		"http://p/socket.io/?EIO=4&sid=abc1": "http://p/socket.io/",
	} {
		if got := withoutNonces(address); got != want {
			t.Errorf("%s: %s, want %s", address, got, want)
		}
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
