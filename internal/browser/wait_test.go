package browser

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
func TestFaultsListComesInParts(t *testing.T) {
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
	s.config.Times.Signs, s.config.Times.Pending = 20*time.Second, 15*time.Second
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
