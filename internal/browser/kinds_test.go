package browser

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/po"
)

// otherBrowser is the whole browser, where the headless shell is the one that is
// taken by itself: what may differ between them is tested in both.
func otherBrowser(t *testing.T) string {
	t.Helper()
	needBrowser(t)
	usual, _ := launch.Find(*browserPath, false)
	other, err := launch.Find(*browserPath, true)
	if err != nil || other == usual {
		t.Skip("there is one kind of browser here")
	}
	return other
}

// saveBlob is what pages have to save what they have fetched.
const saveBlob = `<script>
async function get(k, how) { const r = await fetch('/file/' + k, {method: how || 'POST'}); if (!r.ok) { alert('no ' + k); return; } save(await r.blob(), k); }
function save(b, k) { const a = document.createElement('a'); a.href = URL.createObjectURL(b); a.download = k + '.txt'; a.click(); }
function wait(ms) { return new Promise((r) => setTimeout(r, ms)); }
</script>`

// button is an attachment that is fetched by a script.
func button(label, script string) string {
	return `<button class=att onclick="` + script + `">` + label + `</button>`
}

// differ reports whether the two browsers may differ in a kind: the whole one shows
// what the shell only saves, and asks before a page downloads several files.
func differ(name string) bool {
	return strings.Contains(name, "viewer") || strings.Contains(name, "blob") || strings.HasPrefix(name, "two") || strings.HasPrefix(name, "three") || strings.HasPrefix(name, "a question")
}

// common are the kinds that most portals have, and one of each way to go wrong.
var common = map[string]bool{
	"two, the second slow": true, "one after the other": true,
	"the last is late, and the next not": true, "an answer that is refused and never read": true, "equal labels": true,
	"hidden fields": true, "drawn anew at each click": true, "drawn anew and sorted, nothing tells them apart": true,
	"data-method": true, "the data comes before the address": true,
	"a menu": true, "a preview beside a button": true, "a viewer with embed": true,
}

// kind is a page of one kind and what is to be had of it.
type kind struct {
	body   string
	want   string // by clicking, as gotten says it
	second string // by the browser, of the attachments that have an address; empty: it is not tried
}

func kinds() map[string]kind {
	row := func(k, attributes, script string) string {
		return `<tr` + attributes + `><td>` + k + `.txt<td><button class=att onclick="` + script + `">Download</button>`
	}
	form := func(k string) string {
		return `<li><form method=post action=/posted><input type=hidden name=csrf_token value=` + k + `1><input type=hidden name=k value=` + k + `><button class=att>Get posted</button></form>`
	}
	draw := func(item, after string) string {
		return `<ul id=list></ul>` + saveBlob + `<script>
let docs = ['a', 'b', 'c'], busy = {};
const draw = () => { list.innerHTML = docs.map((k, i) => ` + item + `).join(''); };
document.addEventListener('click', async (e) => { const el = e.target.closest('.att'); if (!el) return; const k = docs[[...document.querySelectorAll('.att')].indexOf(el)];
  busy[k] = 1; draw(); await get(k); busy[k] = 0; ` + after + ` draw(); });
draw();</script>`
	}
	many, had := "", ""
	for i := range singleAfter + 1 {
		many += button(fmt.Sprintf("n%d", i), fmt.Sprintf("get('%d')", i))
		had += fmt.Sprintf("n%[1]d saved POST %[1]d; ", i)
	}
	return map[string]kind{
		"many, and the last gives two": {body: saveBlob + many + button("both", "get('a');setTimeout(()=>get('b'),200)"), want: had + "a.txt saved POST a; b.txt saved POST b"},
		"sorted within the same elements": {body: saveBlob + strings.Repeat("<li><button class=att data-action=download></button>", 3) + `<script>
			let docs = ['a', 'b', 'c'];
			const els = [...document.querySelectorAll('.att')], draw = () => els.forEach((e, i) => { e.textContent = docs[i] + '.txt'; });
			els.forEach((e, i) => { e.onclick = async () => { const k = docs[i]; await get(k); docs = [...docs.filter((d) => d !== k), k]; draw(); }; });
			draw();</script>`, want: "a.txt saved POST a; b.txt saved POST b; c.txt saved POST c"},
		"a handler that comes with the rest of the page": {body: saveBlob + `<script async src="/late.js?track"></script>` + button("a.txt", "") + `<script>
			addEventListener('load', () => { document.querySelector('.att').onclick = () => get('a'); })</script>`, want: "a.txt saved POST a"},
		"a handler that comes soon": {body: saveBlob + `<script async src="/soon.js?track"></script>` + button("a.txt", "") + `<script>
			addEventListener('load', () => { document.querySelector('.att').onclick = () => get('a'); })</script>`, want: "a.txt saved POST a"},
		"made by a timer, and clicked before all was loaded": {body: saveBlob + `<script async src="/soon.js?track"></script>` +
			button("a.txt", "setTimeout(()=>save(new Blob(['made a']),'a'),700)") + button("z.txt", "setTimeout(()=>save(new Blob(['made z']),'z'),700)"),
			want: "a.txt saved made a; z.txt saved made z"},
		"an export that is polled, and clicked before all was loaded": {body: saveBlob + `<script async src="/soon.js?track"></script><script>const load = Math.random();
			async function make() { const n = await (await fetch('/export?' + load, {method: 'POST'})).text(); for (let i = 0; i < 9; i++) { await wait(280); await fetch('/state?' + n); } save(new Blob(['export ' + n]), 'a'); }</script>` +
			button("a.txt", "make()"), want: "a.txt saved export 1"},
		"two at once":          {body: saveBlob + button("both", "get('a');get('b')"), want: "a.txt saved POST a; b.txt saved POST b"},
		"two, by timer":        {body: saveBlob + button("both", "get('a');setTimeout(()=>get('b'),200)"), want: "a.txt saved POST a; b.txt saved POST b"},
		"two, the second slow": {body: saveBlob + button("both", "get('a');get('slow')"), want: "a.txt saved POST a; slow.txt saved POST slow"},
		"two, the second slow and worked on": {body: saveBlob + `<script>async function later(k) { const r = await fetch('/file/' + k, {method: 'POST'}), b = await r.blob(); await wait(250); save(b, k); }</script>` +
			button("one", "get('a');later('slow')") + button("two", "get('a');later('slow1')") + button("three", "get('a');later('slow2')"),
			want: "a.txt saved POST a; slow.txt saved POST slow; a.txt saved POST a; slow1.txt saved POST slow1; a.txt saved POST a; slow2.txt saved POST slow2"},
		"two, in turn": {body: saveBlob + button("both", "get('slow').then(()=>get('b'))"), want: "b.txt saved POST b; slow.txt saved POST slow"},
		"three addresses, by timer": {body: button("all", "['a','b','c'].forEach((k,i)=>setTimeout(()=>{const f=document.createElement('iframe');f.hidden=true;f.src='/file/'+k+'.pdf';document.body.append(f)},i*150))"),
			want: "a.pdf at /file/a.pdf; b.pdf at /file/b.pdf; c.pdf at /file/c.pdf", second: "a.pdf saved GET a.pdf; b.pdf saved GET b.pdf; c.pdf saved GET c.pdf"},
		"a blob and an address": {body: saveBlob + button("both", "get('a');setTimeout(()=>window.open('/file/b.pdf'),200)"), want: "a.txt saved POST a; b.pdf at /file/b.pdf"},
		"one after the other":   {body: saveBlob + button("a.txt", "get('a')") + button("b.txt", "get('b')"), want: "a.txt saved POST a; b.txt saved POST b"},
		"the last is late, and the next not": {body: saveBlob + button("late", "wait(60000).then(()=>get('a'))") + button("b.txt", "get('b')"),
			want: "late download_rejected; b.txt saved POST b"},
		"slow answer": {body: saveBlob + button("slow.txt", "get('slow')"), want: "slow.txt saved POST slow"},
		"polling, then an address": {body: saveBlob + button("x", "(async()=>{for(let i=0;i<8;i++){await wait(300);await fetch('/state')}location='/file/a.pdf'})()"),
			want: "x at /file/a.pdf", second: "x saved GET a.pdf"},
		"an answer that is refused and never read": {body: saveBlob + button("x", "fetch('/none',{method:'POST'})") + button("b.txt", "get('b')"),
			want: "x download_rejected; b.txt saved POST b"},
		"a blob that is revoked": {body: saveBlob + button("a.txt", "fetch('/file/a').then(r=>r.blob()).then(b=>{const a=document.createElement('a');a.href=window.URL.createObjectURL(b);a.download='a.txt';a.click();window.URL.revokeObjectURL(a.href)})"),
			want: "a.txt saved GET a"},
		"a question":                         {body: saveBlob + button("a.txt", "if(confirm('Download?'))get('a')"), want: "a.txt saved POST a"},
		"an alert beside":                    {body: saveBlob + button("a.txt", "alert('It begins');get('a')"), want: "a.txt saved POST a"},
		"equal labels":                       {body: saveBlob + `<table>` + row("a", "", "get('a')") + row("b", "", "get('b')") + `</table>`, want: "a.txt saved POST a; b.txt saved POST b"},
		"hidden fields":                      {body: `<ul>` + form("a") + form("b") + `</ul>`, want: "Get posted saved posted a; Get posted saved posted b"},
		"drawn anew at each click":           {body: draw("`<li><button class=att data-k=${k}>${busy[k] ? '… ' : ''}${k}.txt</button>`", ""), want: "a.txt saved POST a; b.txt saved POST b; c.txt saved POST c"},
		"drawn anew, no data":                {body: draw("`<li><button class=att>${busy[k] ? '… ' : ''}${k}.txt</button>`", ""), want: "a.txt saved POST a; b.txt saved POST b; c.txt saved POST c"},
		"drawn anew, sorted by what was got": {body: draw("`<li>${k}<button class=att>Download</button>`", "docs = [...docs.filter((d) => d !== k), k];"), want: "a.txt saved POST a; b.txt saved POST b; c.txt saved POST c"},
		"drawn anew, rows with a counter":    {body: draw("`<li data-id=${k}>${k} opened ${window.n = (window.n || 0) + 1} times<button class=att>Download</button>`", ""), want: "a.txt saved POST a; b.txt saved POST b; c.txt saved POST c"},
		"drawn anew and sorted, nothing tells them apart": {body: draw("`<li><button class=att>Download</button>`", "docs = [...docs.filter((d) => d !== k), k];"),
			want: "a.txt saved POST a; c.txt download_rejected; c.txt saved POST c"},
		"data-method": {body: `<a class=att href=/only/a data-method=post>a</a><a class=att href=/only/b data-method=post>b</a><script defer src=/late.js></script>`,
			want: "a saved POST a; b saved POST b"},
		"one address, other data": {body: `<a class=att href=/posted data-method=post data-params="k=a">a</a><a class=att href=/posted data-method=post data-params="k=b">b</a><script defer src=/late.js></script>`,
			want: "a saved posted a; b saved posted b"},
		"one address, other data, no method": {body: `<a class="att js" href=/posted data-k=a>a</a><a class="att js" href=/posted data-k=b>b</a><script defer src=/late.js></script>`,
			want: "a saved posted a; b saved posted b"},
		"one address, and an icon":                  {body: `<a class=att href=/file/a.pdf data-icon=1><i></i></a><a class=att href=/file/a.pdf>a.pdf</a>`, want: "a.pdf at /file/a.pdf"},
		"one address, and an icon with data":        {body: `<a class=att href=/file/a.pdf data-kind=icon>Download</a><a class=att href=/file/a.pdf data-kind=text>a.pdf</a>`, want: "a.pdf saved GET a.pdf"},
		"an address that only a script can ask for": {body: `<a class="att only" href=/only/a>a</a><script defer src=/late.js></script>`, want: "a at /only/a", second: "a saved POST a"},
		"the data comes before the address": {body: saveBlob + button("a.pdf", "fetch('/choose?k=a').then(()=>location='/chosen')") + button("b.pdf", "fetch('/choose?k=b').then(()=>location='/chosen')"),
			want: "a.pdf saved chosen a; b.pdf saved chosen b"},
		"a download of the page's own": {body: saveBlob + `<script>setTimeout(()=>save(new Blob(['own']),'own'),400)</script>` + button("slow.txt", "get('slow')") + button("b.txt", "get('b')"),
			want: "slow.txt saved POST slow; b.txt saved POST b"},
		"a download of the page's own, and a link that does nothing": {body: saveBlob + `<script>setTimeout(()=>save(new Blob(['own']),'own'),400)</script>` + button("dead", "1"), want: "dead download_rejected"},
		"a download of the page's own, again and again":              {body: saveBlob + `<script>setInterval(()=>save(new Blob(['own']),'own'),500)</script>` + button("dead", "1"), want: "dead download_rejected"},
		"a menu": {body: saveBlob + `<button class=att onclick="m.hidden=false">a.txt</button><div id=m hidden><a href="#" onclick="get('a');return false">Download</a><a href="#">Share</a></div>`,
			want: "a.txt saved POST a"},
		"a menu with two": {body: saveBlob + `<button class=att onclick="m.hidden=false">a.txt</button><div id=m hidden><button onclick="get('a')">Download PDF</button><button onclick="get('b')">Download XML</button></div>`,
			want: "a.txt download_rejected"},
		"a preview beside a button": {body: `<button class=att onclick="m.innerHTML='<iframe src=/file/preview.pdf></iframe><a href=/file/a.pdf download>Download original</a>'">a.pdf</button><div id=m></div>`,
			want: "a.pdf at /file/a.pdf", second: "a.pdf saved GET a.pdf"},
		"a viewer with embed":                     {body: button("a.pdf", "window.open('/viewer?embed')"), want: "a.pdf at /viewer?embed", second: "a.pdf saved GET a.pdf"},
		"a viewer with object":                    {body: button("a.pdf", "window.open('/viewer?object')"), want: "a.pdf at /viewer?object", second: "a.pdf saved GET a.pdf"},
		"a viewer with a frame":                   {body: button("a.pdf", "window.open('/viewer?frame')"), want: "a.pdf at /viewer?frame", second: "a.pdf saved GET a.pdf"},
		"a viewer that fetches":                   {body: button("a.pdf", "window.open('/viewer?fetch')"), want: "a.pdf at /viewer?fetch", second: "a.pdf saved GET a.pdf"},
		"a viewer that fetches late":              {body: button("a.pdf", "window.open('/viewer?fetchlate')"), want: "a.pdf at /viewer?fetchlate", second: "a.pdf saved GET a.pdf"},
		"a viewer with a blob":                    {body: button("a.pdf", "window.open('/viewer?blob')"), want: "a.pdf at /viewer?blob", second: "a.pdf saved GET a.pdf"},
		"a viewer with a button beside a preview": {body: button("a.pdf", "window.open('/viewer?both')"), want: "a.pdf at /viewer?both", second: "a.pdf saved GET a.pdf"},
		"a viewer with an icon beside a preview":  {body: button("a.pdf", "window.open('/viewer?icon')"), want: "a.pdf at /viewer?icon", second: "a.pdf saved POST a"},
		"a viewer with two documents":             {body: button("a.pdf", "window.open('/viewer?two')"), want: "a.pdf at /viewer?two", second: "a.pdf download_rejected"},
		"a viewer with a picture":                 {body: button("a.pdf", "window.open('/viewer?picture')"), want: "a.pdf at /viewer?picture", second: "a.pdf download_rejected"},
		"a viewer in the tab":                     {body: button("a.pdf", "location='/viewer?embed'"), want: "a.pdf at /viewer?embed", second: "a.pdf saved GET a.pdf"},
		"a viewer in the tab, with a button":      {body: button("a.pdf", "location='/viewer?both'"), want: "a.pdf at /viewer?both", second: "a.pdf saved GET a.pdf"},
		"a viewer that is posted to":              {body: `<button class=att onclick="f.submit()">a.pdf</button><form id=f method=post action=/viewer?both target=_blank></form>`, want: "a.pdf at /file/a.pdf"},
		"a frame with a blob": {body: saveBlob + button("a.pdf", "fetch('/file/a.pdf').then(r=>r.blob()).then(b=>{const f=document.createElement('iframe');f.src=window.URL.createObjectURL(b);document.body.append(f)})"),
			want: "a.pdf saved GET a.pdf"},
		"a window with a blob": {body: saveBlob + button("a.pdf", "fetch('/file/a.pdf').then(r=>r.blob()).then(b=>window.open(window.URL.createObjectURL(b)))"), want: "a.pdf saved GET a.pdf"},
		"a window that waits":  {body: button("a.pdf", "window.open('/waits')"), want: "a.pdf at /waits", second: "a.pdf saved GET a.pdf"},
	}
}

const minimalPDF = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF "

// kindSite serves what the pages of kinds ask for.
func kindSite() http.Handler {
	var mu sync.Mutex
	chosen := ""
	mux := http.NewServeMux()
	file := func(w http.ResponseWriter, r *http.Request, content string) {
		if strings.HasSuffix(r.URL.Path, ".pdf") || r.URL.Path == "/chosen" {
			w.Header().Set("Content-Type", "application/pdf")
			content = minimalPDF + content
		} else {
			w.Header().Set("Content-Type", "text/plain")
		}
		fmt.Fprint(w, content)
	}
	mux.HandleFunc("/file/{k}", func(w http.ResponseWriter, r *http.Request) {
		if k, slow := strings.CutPrefix(r.PathValue("k"), "slow"); slow {
			more, _ := strconv.Atoi(k)
			time.Sleep(time.Duration(15+more) * 100 * time.Millisecond) // longer than a click is given in tests
		}
		file(w, r, r.Method+" "+r.PathValue("k"))
	})
	mux.HandleFunc("POST /only/{k}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", "attachment")
		file(w, r, "POST "+r.PathValue("k"))
	})
	mux.HandleFunc("/posted", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Disposition", "attachment")
		file(w, r, "posted "+r.FormValue("k"))
	})
	mux.HandleFunc("/choose", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		chosen = r.FormValue("k")
	})
	mux.HandleFunc("/chosen", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		file(w, r, "chosen "+chosen)
	})
	mux.HandleFunc("/state", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "wait") })
	mux.HandleFunc("/none", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500); fmt.Fprint(w, "busy") })
	mux.HandleFunc("/waits", page(`Your document is being made<script>setTimeout(()=>location='/file/a.pdf',500)</script>`))
	mux.HandleFunc("/late.js", func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(600 * time.Millisecond)
		w.Header().Set("Content-Type", "text/javascript")
		fmt.Fprint(w, `document.addEventListener('click', (e) => { const l = e.target.closest('a[data-method],a.js,a.only'); if (!l) return; e.preventDefault();
			const f = document.createElement('form'); f.method = 'post'; f.action = l.href;
			for (const [k, v] of new URLSearchParams(l.dataset.params || (l.dataset.k ? 'k=' + l.dataset.k : ''))) { const i = document.createElement('input'); i.type = 'hidden'; i.name = k; i.value = v; f.append(i); }
			document.body.append(f); f.submit(); });`)
	})
	exports := map[string]int{} // by the load of the page
	mux.HandleFunc("POST /export", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		exports[r.URL.RawQuery]++
		fmt.Fprint(w, exports[r.URL.RawQuery])
	})
	mux.HandleFunc("/soon.js", func(http.ResponseWriter, *http.Request) { time.Sleep(200 * time.Millisecond) })
	viewers := map[string]string{
		"embed":     `<embed src=/file/a.pdf type=application/pdf width=300 height=300>`,
		"object":    `<object data=/file/a.pdf type=application/pdf width=300 height=300></object>`,
		"frame":     `<iframe src=/file/a.pdf></iframe>`,
		"fetch":     `<canvas></canvas><script>fetch('/file/a.pdf').then(r=>r.arrayBuffer())</script>`,
		"fetchlate": `<canvas></canvas><script>setTimeout(()=>fetch('/file/a.pdf').then(r=>r.arrayBuffer()),500)</script>`,
		"blob":      `<div id=d></div><script>fetch('/file/a.pdf').then(r=>r.blob()).then(b=>{d.innerHTML='<iframe src='+URL.createObjectURL(b)+'></iframe>'})</script>`,
		"both":      `<iframe src=/file/preview.pdf></iframe><a href=/file/a.pdf download>Download original</a>`,
		"icon":      saveBlob + `<iframe src=/file/preview.pdf></iframe><button aria-label="Download" onclick="get('a')"><i>⬇</i></button><button onclick="print()">Print</button>`,
		"two":       `<iframe src=/file/a.pdf></iframe><iframe src=/file/b.pdf></iframe>`,
		"picture":   `<img src=/file/prev.png width=100 height=100>`,
	}
	mux.HandleFunc("/viewer", func(w http.ResponseWriter, r *http.Request) { page(viewers[r.URL.RawQuery])(w, r) })
	all := kinds()
	mux.HandleFunc("/orders/{name}", func(w http.ResponseWriter, r *http.Request) { page(all[r.PathValue("name")].body)(w, r) })
	return mux
}

// What pages do at a click is of many kinds: each gives its own files and no other,
// or is said to have failed.
func TestKindsOfClicks(t *testing.T) {
	t.Parallel()
	all := kinds()
	for name := range common {
		if _, ok := all[name]; !ok {
			t.Errorf("there is no kind %q", name)
		}
	}
	clickKinds(t, *browserPath, func(name string) bool { return common[name] })
}

func TestFaultsKindsOfClicks(t *testing.T) {
	t.Parallel()
	t.Run("usual browser", func(t *testing.T) {
		t.Parallel()
		clickKinds(t, *browserPath, func(name string) bool { return !common[name] })
	})
	t.Run("other browser", func(t *testing.T) {
		t.Parallel()
		clickKinds(t, otherBrowser(t), differ)
	})
}

// clickKinds tests some of the kinds in a browser.
func clickKinds(t *testing.T, browser string, some func(name string) bool) {
	t.Helper()
	needBrowser(t)
	base := serve(t, kindSite())
	p := testPortal(base)
	p.Attachments.Name = []string{"text"}
	p.Attachments.NamePattern = ""
	s := openWith(t, p, browser)
	s.config.Times.Click = max(s.config.Times.Click, 2*time.Second)
	for name, kind := range kinds() {
		if !some(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			read := func(byBrowser ...string) (list []po.Attachment, lines string) {
				r, err := s.Read(t.Context(), order(name), byBrowser)
				if err != nil {
					return nil, outcome(r, err)
				}
				var all []string
				for _, a := range r.Attachments {
					if a.Cause != "" {
						t.Log(a.Name, a.Detail)
					}
					all = append(all, strings.ReplaceAll(gotten(t, base, a), minimalPDF, ""))
				}
				return r.Attachments, strings.Join(all, "; ")
			}
			var list []po.Attachment
			lines := patiently(t, s, kind.want, func() (lines string) { list, lines = read(); return lines })
			if diff := cmp.Diff(kind.want, lines); diff != "" {
				t.Error(diff)
			}
			if kind.second == "" {
				return
			}
			var ids []string
			for _, a := range list {
				if a.URL != "" {
					ids = append(ids, a.ID)
				}
			}
			again := func() string { _, lines := read(ids...); return lines }
			if diff := cmp.Diff(kind.second, patiently(t, s, kind.second, again)); diff != "" {
				t.Errorf("by the browser: %s", diff)
			}
		})
	}
}
