package browser

import (
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// answerWith gives a body as a file of a type; disposition may be empty.
func answerWith(kind, disposition, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", kind)
		if disposition != "" {
			w.Header().Set("Content-Disposition", disposition)
		}
		fmt.Fprint(w, body)
	}
}

// asked counts the requests for each path.
type asked struct {
	mu    sync.Mutex
	count map[string]int
	h     http.Handler
}

func (a *asked) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	a.count[r.URL.Path]++
	a.mu.Unlock()
	a.h.ServeHTTP(w, r)
}

// gotten says in one line how an attachment can be had.
func gotten(t *testing.T, base string, a po.Attachment) string {
	t.Helper()
	switch {
	case a.Cause != "":
		return a.Name + " " + string(a.Cause)
	case a.Saved != "":
		data, err := os.ReadFile(a.Saved)
		if err != nil {
			t.Errorf("the saved file: %v", err)
		}
		return a.Name + " saved " + string(data)
	}
	return a.Name + " at " + strings.TrimPrefix(a.URL, base)
}

func TestClicks(t *testing.T) {
	t.Parallel()
	foreign := &asked{count: map[string]int{}, h: answerWith("application/pdf", "", "foreign")}
	away := serve(t, foreign)
	cover := `<div style="position:fixed;inset:0;z-index:9"></div>`
	pages := site{
		"/f/a.pdf":      answerWith("application/pdf", "", "inline"),
		"/f/b.png":      answerWith("image/png", "", "picture"),
		"/f/c.txt":      answerWith("text/plain", `inline; filename="c of server.txt"`, "text"),
		"/f/page":       page("a page"),
		"/f/login":      redirect("/sessions/new"),
		"/f/away":       redirect(away + "/x.pdf"),
		"/f/500":        status(500),
		"/f/403":        status(403),
		"/f/empty":      answerWith("application/pdf", "", ""),
		"/sessions/new": page("<input type=password>"),
		"/post": func(w http.ResponseWriter, r *http.Request) {
			answerWith("application/pdf", `attachment; filename="posted.pdf"`, r.Method)(w, r)
		},
		"/short": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "100")
			w.Header().Set("Content-Type", "application/pdf")
			fmt.Fprint(w, "short")
			w.(http.Flusher).Flush()
			conn, _, _ := http.NewResponseController(w).Hijack()
			conn.Close()
		},
	}
	one := func(number, body string) { pages["/orders/"+number] = page(body) }
	one("role", cover+`<span role=button class=att onclick="location='/f/a.pdf'">n</span>`)
	one("open", `<button class=att onclick="window.open('/f/a.pdf')">n</button>`)
	one("openlate", `<button class=att onclick="const w=window.open('');setTimeout(()=>w.location='/f/a.pdf',100)">n</button>`)
	one("frame", `<button class=att onclick="f.src='/f/a.pdf'">n</button><iframe id=f hidden></iframe>`)
	one("blank", `<a href="#" class=att onclick="b.click();return false">n</a><a id=b target=_blank href=/f/a.pdf></a>`)
	one("script", `<a href="javascript:go()" class=att>n</a><script>function go(){location='/f/a.pdf'}</script>`)
	one("dllink", `<button class=att onclick="const a=document.createElement('a');a.href='/f/a.pdf';a.download='q.pdf';a.click()">n</button>`)
	one("post", `<button class=att onclick="f.submit()"></button><form id=f method=post action=/post></form>`)
	one("postblank", `<button class=att onclick="f.submit()">n</button><form id=f method=post action=/post target=_blank></form>`)
	one("postin", `<form method=post action=/post><button class=att>n</button></form>`)
	one("postframe", `<button class=att onclick="f.submit()">n</button><form id=f method=post action=/post target=i></form><iframe name=i hidden></iframe>`)
	one("blob", `<button class=att onclick="const a=document.createElement('a');a.href=window.URL.createObjectURL(new Blob(['made']));a.download='made.txt';a.click()"></button>`)
	one("fetchblob", `<button class=att onclick="fetch('/f/c.txt').then(r=>r.blob()).then(b=>{const a=document.createElement('a');a.href=window.URL.createObjectURL(b);a.download='x';a.click()})">n</button>`)
	one("nothing", `<button class=att onclick="1">n</button><button class=att onclick="location='/f/b.png'">m</button>`)
	one("foreign", `<button class=att onclick="location='`+away+`/f.pdf'">n</button>`)
	one("foreignopen", `<button class=att onclick="window.open('`+away+`/f.pdf')">n</button>`)
	one("foreigndl", `<button class=att onclick="const a=document.createElement('a');a.href='`+away+`/dl.pdf';a.download='q';a.click()">n</button>`)
	one("twins", `<button class=att onclick="location='/f/1'">n</button><button class=att onclick="location='/f/2'">n</button>`)
	one("schemes", `<a class=att href="mailto:x@y">m</a><a class=att href="file:///etc/passwd">f</a><a class=att href="`+away+`/f">e</a>`)
	one("postpage", `<button class=att onclick="f.submit()">n</button><form id=f method=post action=/f/page></form><button class=att onclick="location='/f/b.png'">m</button>`)
	one("postlogin", `<button class=att onclick="f.submit()">n</button><form id=f method=post action=/sessions/new></form>`)
	one("gone", `<button class=att onclick="this.remove();location='/f/a.pdf'">n</button><button class=att onclick="location='/f/b.png'">m</button>`)
	one("nested", `<div class=att aria-label="frame"><a class=att href=/f/a.pdf>n</a></div><a class=att href=/f/b.png>m<i class=att>icon</i></a>`)

	counted := &asked{count: map[string]int{}, h: pages}
	base := serve(t, counted)
	s := openSession(t, testPortal(base))
	read := func(t *testing.T, number string, byBrowser ...string) string {
		r, err := s.Read(t.Context(), order(number), byBrowser)
		if err != nil {
			return "failure " + string(po.CauseOf(err))
		}
		var lines []string
		for _, a := range r.Attachments {
			lines = append(lines, gotten(t, base, a))
		}
		return strings.Join(lines, "; ")
	}
	readAgain := func(t *testing.T, want, number string, byBrowser ...string) string {
		return patiently(t, s, want, func() string { return read(t, number, byBrowser...) })
	}
	for _, row := range []struct{ number, want string }{
		{"role", "n at /f/a.pdf"},
		{"open", "n at /f/a.pdf"},
		{"openlate", "n at /f/a.pdf"},
		{"frame", "n at /f/a.pdf"},
		{"blank", "n at /f/a.pdf"},
		{"script", "n at /f/a.pdf"},
		{"dllink", "n at /f/a.pdf"},
		{"twins", "n at /f/1; n at /f/2"},
		{"schemes", "m blocked_host; f blocked_host; e blocked_host"},
		{"nested", "n at /f/a.pdf; micon at /f/b.png"},
		{"gone", "n at /f/a.pdf; m at /f/b.png"},
	} {
		t.Run(row.number, func(t *testing.T) {
			if diff := cmp.Diff(row.want, readAgain(t, row.want, row.number)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for path, n := range counted.count {
		if strings.HasPrefix(path, "/f/") {
			t.Errorf("%s was asked for %d times; a click's target is noted, not fetched", path, n)
		}
	}
	for _, row := range []struct{ number, want string }{
		{"post", "posted.pdf saved POST"},
		{"postblank", "n saved POST"},
		{"postin", "n saved POST"},
		{"postframe", "n saved POST"},
		{"blob", "made.txt saved made"},
		{"fetchblob", "n saved text"},
		{"nothing", "n download_rejected; m at /f/b.png"},
		{"foreign", "n blocked_host"},
		{"foreignopen", "n blocked_host"},
		{"foreigndl", "n blocked_host"},
		{"postpage", "n download_rejected; m at /f/b.png"},
		{"postlogin", "n forbidden"},
	} {
		t.Run(row.number, func(t *testing.T) {
			if diff := cmp.Diff(row.want, readAgain(t, row.want, row.number)); diff != "" {
				t.Error(diff)
			}
		})
	}
	for name, want := range map[string]string{
		"a.pdf": "x saved inline", "b.png": "x saved picture", "c.txt": "x saved text", "page": "x download_rejected", "login": "x forbidden",
		"away": "x blocked_host", "500": "x portal_error", "403": "x forbidden", "empty": "x saved ",
	} {
		pages["/orders/by"+name] = page(`<a class=att href=/f/` + name + `>x</a>`)
		t.Run("by browser "+name, func(t *testing.T) {
			if diff := cmp.Diff(want, readAgain(t, want, "by"+name, base+"/f/"+name)); diff != "" {
				t.Error(diff)
			}
		})
	}
	pages["/f/soon"] = page(`<script>location='/f/a.pdf'</script>`)
	pages["/f/form"] = page(`<script>setTimeout(()=>document.body.innerHTML+='<input type=password>',50)</script>`)
	pages["/f/leaves"] = page(`<script>setTimeout(()=>location='/sessions/new',50)</script>`)
	for name, want := range map[string]string{"page": "x download_rejected", "soon": "x saved inline", "form": "x forbidden", "leaves": "x forbidden"} {
		pages["/orders/quick"+name] = page(`<a class=att href=/f/` + name + `>x</a>`)
		t.Run("quick "+name, func(t *testing.T) {
			defer func(was time.Duration) { s.config.Times.Click = was }(s.config.Times.Click)
			s.config.Times.Click = time.Minute // what is clear at once does not wait for it
			begun := time.Now()
			if diff := cmp.Diff(want, read(t, "quick"+name, base+"/f/"+name)); diff != "" {
				t.Error(diff)
			}
			took := time.Since(begun)
			t.Log(took)
			if took > 55*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
	one("byclick", `<button class=att onclick="window.open('/f/a.pdf')">n</button>`)
	one("byshort", `<a class=att href=/short>x</a><a class=att href=/f/a.pdf>y</a>`)
	for _, row := range []struct{ number, id, want string }{
		{"byclick", "- label=n", "n saved inline"},
		{"byshort", base + "/short", "x download_incomplete; y at /f/a.pdf"},
	} {
		t.Run(row.number, func(t *testing.T) {
			if diff := cmp.Diff(row.want, readAgain(t, row.want, row.number, row.id)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if len(foreign.count) > 0 {
		t.Errorf("the foreign host was asked: %v", foreign.count)
	}
}

// A frame that loads itself again while something is clicked is not what the
// click led to; a frame that the click sends elsewhere is.
func TestFramesThatReload(t *testing.T) {
	t.Parallel()
	loads := make(chan struct{}, 1000)
	base := serve(t, site{
		"/clock": func(w http.ResponseWriter, r *http.Request) {
			loads <- struct{}{}
			page(`<script>setTimeout(()=>location.search='?'+Math.random(),30)</script>`)(w, r)
		},
		"/orders/none":  page(`<iframe src=/clock></iframe><button class=att onclick="1">n</button>`),
		"/orders/late":  page(`<iframe src=/clock></iframe><button class=att onclick="setTimeout(()=>location='/f/a.pdf',400)">n</button>`),
		"/orders/frame": page(`<iframe src=/clock></iframe><iframe id=f></iframe><button class=att onclick="f.src='/f/a.pdf'">n</button>`),
	})
	s := openSession(t, testPortal(base))
	s.config.Times.Signs = 20 * time.Second // the frame leaves the page little rest
	for number, want := range map[string]string{"none": "n download_rejected", "late": "n at /f/a.pdf", "frame": "n at /f/a.pdf"} {
		r, err := s.Read(t.Context(), order(number), nil)
		if err != nil || len(r.Attachments) != 1 {
			t.Errorf("%s: %+v, %v", number, r, err)
			continue
		}
		if diff := cmp.Diff(want, gotten(t, base, r.Attachments[0])); diff != "" {
			t.Errorf("%s: %s", number, diff)
		}
	}
	if len(loads) < 4 {
		t.Error("the frame does not load itself again")
	}
}

// What a page began to load while it was read is not the file of a later click,
// however late it comes.
func TestPreviewIsNotTheFile(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"in a frame":          `<iframe src=/preview></iframe>`,
		"in a frame, by way":  `<iframe src=/way></iframe>`,
		"in a window of it":   `<script>window.open('/preview')</script>`,
		"in a frame, instead": `<iframe src=/page name=i></iframe><script>i.location='/preview'</script>`,
	} {
		t.Run(name, func(t *testing.T) {
			clicked, shown := make(chan struct{}), make(chan struct{})
			click, show := sync.OnceFunc(func() { close(clicked) }), sync.OnceFunc(func() { close(shown) })
			late := func(next http.HandlerFunc) http.HandlerFunc {
				return func(w http.ResponseWriter, r *http.Request) {
					select {
					case <-clicked:
					case <-r.Context().Done():
					}
					next(w, r)
				}
			}
			preview := func(w http.ResponseWriter, r *http.Request) {
				answerWith("application/zip", "", "preview")(w, r)
				show()
			}
			base := serve(t, site{
				"/orders/1": page(body + `<form method=post action=/post target=o><button class=att>n</button></form><iframe name=o></iframe>`),
				"/preview":  late(preview),
				"/way":      late(redirect("/preview")),
				"/page":     page("page"),
				"/post": func(w http.ResponseWriter, r *http.Request) {
					click()
					select {
					case <-shown:
						time.Sleep(300 * time.Millisecond) // the preview's answer comes first
					case <-time.After(500 * time.Millisecond): // the browser does not ask for it
					}
					answerWith("application/pdf", "attachment", "file")(w, r)
				},
			})
			s := openSession(t, testPortal(base))
			r, err := s.Read(t.Context(), order("1"), nil)
			if err != nil || len(r.Attachments) != 1 {
				t.Fatalf("%+v, %v", r, err)
			}
			if got := gotten(t, base, r.Attachments[0]); got != "n saved file" {
				t.Errorf("got %q", got)
			}
		})
	}
}
