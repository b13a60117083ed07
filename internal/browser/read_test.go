package browser

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// truncated is a page whose connection breaks in the middle of its list.
func truncated(chunked bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		if !chunked {
			w.Header().Set("Content-Length", "100000")
		}
		fmt.Fprint(w, `<!doctype html><body><a class=att href=/f/1.pdf>one</a><a class=att href=/f/2.pdf>two</a>`)
		w.(http.Flusher).Flush()
		conn, _, _ := http.NewResponseController(w).Hijack()
		conn.Close()
	}
}

func status(code int, headers ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		fmt.Fprint(w, "<!doctype html><h1>status</h1>")
	}
}

func redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusFound) }
}

// outcome is what a reading comes to, in one line.
func outcome(r po.Reading, err error) string {
	if err != nil {
		f, ok := err.(*po.ReadFailure)
		if !ok {
			return "not a ReadFailure: " + err.Error()
		}
		line := "failure " + string(f.Cause)
		if f.RetryAfter > 0 {
			line += " after " + f.RetryAfter.String()
		}
		if f.Unreachable {
			line += " unreachable"
		}
		return line
	}
	line := string(r.Sign)
	for _, a := range r.Attachments {
		line += " " + a.Name
	}
	return line
}

func TestPages(t *testing.T) {
	t.Parallel()
	var elsewhere strings.Builder
	foreign := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		elsewhere.WriteString(r.URL.Path + " ")
		if r.URL.Path == "/frame" {
			page("a frame")(w, r)
			return
		}
		page("<input type=password>")(w, r)
	}))
	block := make(chan struct{})
	pages := site{
		"/orders/list":       page(`<a class=att href=/f/1.pdf>one</a><a class=att href="/f/2.pdf#x">two</a><a class=att href=/f/2.pdf>again</a>`),
		"/orders/late":       page(`<div id=d></div><script>setTimeout(()=>d.innerHTML='<a class=att href=/f/1>one</a>',300);setTimeout(()=>d.innerHTML+='<a class=att href=/f/2>two</a>',370)</script>`),
		"/orders/empty":      page(`<p class=none>none</p>`),
		"/orders/emptytext":  page(`<p>There are <b>no</b>   attachments here</p>`),
		"/orders/hiddennone": page(`<p class=none style="display:none">x</p><a class=att href=/f/1>one</a>`),
		"/orders/emptyfirst": page(`<p class=none id=n>none</p><div id=d></div><script>setTimeout(()=>{n.remove();d.innerHTML='<a class=att href=/f/1>one</a>'},60)</script>`),
		"/orders/exit": page(`<a class=att href="/sessions/destroy?return=attachment" title="attachment log.txt">log.txt</a>
			<a class=att href=/Log-Out/>x</a><a class=att href=/f/logout.pdf>logout.pdf</a>`),
		"/orders/exitonly": page(`<a class=att href=/users/sign_out>a</a><p class=none>none</p>`),
		"/orders/404":      status(404),
		"/orders/phrase":   page(`<h1>Oops! We couldn’t <em>find</em> what you wanted</h1>`),
		"/orders/inscript": page(`<script>const s="We couldn't find what you wanted"</script><a class=att href=/f/1>one</a>`),
		"/orders/404bare":  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(404) },
		"/orders/404pdf": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/pdf")
			w.WriteHeader(404)
		},
		"/orders/401basic": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("WWW-Authenticate", "Basic")
			w.WriteHeader(401)
		},
		"/orders/500bare":  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) },
		"/orders/418bare":  func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(418) },
		"/orders/403":      status(403),
		"/orders/denied":   page(`<div>Access denied</div><a class=att href=/f/1>one</a>`),
		"/orders/401":      status(401),
		"/orders/form":     page(`<input type=password><div>Access denied</div>`),
		"/orders/302":      redirect("/sessions/new"),
		"/sessions/new":    page(`<h1>Welcome</h1>`),
		"/orders/js":       page(`<script>setTimeout(()=>location="/orders/list",150)</script>`),
		"/orders/sso":      redirect(foreign + "/saml/sso?SAMLRequest=x"),
		"/orders/evil":     redirect(foreign + "/evil"),
		"/orders/jsevil":   page(`<script>setTimeout(()=>location="` + foreign + `/evil",50)</script>`),
		"/orders/frame":    page(`<iframe src="` + strings.Replace(foreign, "127.0.0.1", "localhost", 1) + `/frame"></iframe><a class=att href=/f/1>one</a>`),
		"/orders/429":      status(429, "Retry-After", "7"),
		"/orders/503after": status(503, "Retry-After", "3"),
		"/orders/503":      status(503),
		"/orders/500":      status(500),
		"/orders/blank":    page(""),
		"/orders/alert":    page(`<script>alert(1);confirm(2)</script><a class=att href=/f/1>one</a>`),
		"/orders/busy":     page(`<a class=att href=/f/1>one</a><div id=d></div><script>let i=0;setInterval(()=>d.innerHTML='<a class=att href=/f/n'+(i++)+'>n</a>',30)</script>`),
		"/orders/stuck":    page(`<script>setTimeout(()=>{for(;;);},50)</script>`),
		"/orders/hang":     func(w http.ResponseWriter, r *http.Request) { <-block },
		"/orders/cut":      truncated(false),
		"/orders/cutchunk": truncated(true),
		"/orders/file": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Disposition", "attachment")
			fmt.Fprint(w, "x")
		},
		"/orders/tricky":   page(`<script>Array.prototype.toJSON=()=>'no';document.querySelector=()=>null;MutationObserver=null</script><a class=att href=/f/1>one</a>`),
		"/orders/fall":     page(`<p class=none></p>none<a class=req href=/req/1>r</a>`),
		"/orders/fallx":    page(`<p class=none>none</p><a href=/req/gone>  requisition </a>`),
		"/orders/fallno":   page(`<p class=none>none</p><a class=req href=/req/no>r</a>`),
		"/orders/fallevil": page(`<p class=none>none</p><a class=req href="` + foreign + `/x">r</a>`),
		"/req/1":           page(`<a class=att href=/f/r>req</a>`),
		"/req/gone":        status(404),
		"/req/no":          status(403),
	}
	p := testPortal(serve(t, pages))
	t.Cleanup(func() { close(block) })
	s := openSession(t, p)
	for _, row := range []struct{ number, want string }{
		{"list", "attachments one two"},
		{"late", "attachments one two"},
		{"empty", "empty"},
		{"emptytext", "empty"},
		{"hiddennone", "attachments one"},
		{"exit", "attachments logout.pdf"},
		{"exitonly", "empty"},
		{"emptyfirst", "attachments one"},
		{"404", "not_found"},
		{"404bare", "not_found"},
		{"404pdf", "not_found"},
		{"401basic", "signed_out"},
		{"500bare", "failure portal_error"},
		{"418bare", "failure unrecognised_page"},
		{"phrase", "not_found"},
		{"inscript", "attachments one"},
		{"403", "forbidden"},
		{"denied", "forbidden"},
		{"401", "signed_out"},
		{"form", "signed_out"},
		{"302", "signed_out"},
		{"js", "attachments one two"},
		{"sso", "signed_out"},
		{"evil", "failure blocked_host"},
		{"jsevil", "failure blocked_host"},
		{"frame", "attachments one"},
		{"429", "failure throttled after 7s"},
		{"503after", "failure throttled after 3s"},
		{"503", "failure portal_error"},
		{"500", "failure portal_error"},
		{"blank", "failure unrecognised_page"},
		{"alert", "attachments one"},
		{"busy", "failure unrecognised_page"},
		{"stuck", "failure timeout"},
		{"list", "attachments one two"},
		{"hang", "failure timeout"},
		{"list", "attachments one two"},
		{"cut", "failure timeout"}, // a half list is never taken for whole
		{"cutchunk", "failure timeout"},
		{"file", "failure unrecognised_page"},
		{"list", "attachments one two"},
		{"tricky", "attachments one"},
		{"fall", "attachments req"},
		{"fallx", "empty"},
		{"fallno", "failure forbidden"},
		{"fallevil", "failure blocked_host"},
	} {
		t.Run(row.number, func(t *testing.T) {
			if diff := cmp.Diff(row.want, readPatiently(t, s, row.number, row.want)); diff != "" {
				t.Error(diff)
			}
		})
	}
	if r, err := s.Read(t.Context(), order("fall"), nil); err != nil || r.Supplier != "ACME" || r.URL != p.BaseURL+"/req/1" {
		t.Errorf("the page behind an order: %+v, %v", r, err)
	}
	if got := strings.TrimSpace(strings.ReplaceAll(elsewhere.String(), "/frame ", "")); got != "" {
		t.Errorf("the foreign host was asked for %q, want only the frame", got)
	}
}

// A list that comes bit by bit is taken whole, also where the definition leaves
// it to the page to show that it is: by timers, by frames, by answers to calls.
func TestListBitByBit(t *testing.T) {
	t.Parallel()
	const add = `<div id=d></div><script>let i=0;const add=()=>{const a=document.createElement('a');a.className='att';a.href='/f/'+i;a.textContent=i++;d.append(a);return i<12};`
	pages := site{
		"/orders/timer":    page(add + `const go=()=>add()&&setTimeout(go,30);go()</script>`),
		"/orders/interval": page(add + `const t=setInterval(()=>add()||clearInterval(t),25)</script>`),
		"/orders/frames":   page(add + `const go=()=>add()&&requestAnimationFrame(go);go()</script>`),
		"/orders/frames2":  page(add + `const go=()=>add()&&requestAnimationFrame(()=>requestAnimationFrame(go));go()</script>`),
		"/orders/idle":     page(add + `const go=()=>add()&&requestIdleCallback(go);go()</script>`),
		"/orders/calls":    page(add + `const go=()=>add()&&fetch('/tick').then(r=>r.text()).then(go);go()</script>`),
		"/orders/xhr":      page(add + `const go=()=>{if(!add())return;const x=new XMLHttpRequest();x.onload=go;x.open('GET','/slow');x.send()};go()</script>`),
		"/orders/work":     page(add + `const go=()=>{if(add())setTimeout(()=>{const e=performance.now()+80;while(performance.now()<e);go()},20)};go()</script>`),
		"/tick":            func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "x") },
		"/slow":            func(w http.ResponseWriter, _ *http.Request) { time.Sleep(200 * time.Millisecond); fmt.Fprint(w, "x") },
	}
	p := testPortal(serve(t, pages))
	p.Attachments.Settle = 0
	s := openSession(t, p)
	s.config.Times.Signs, s.config.Times.Pending = 10*time.Second, 5*time.Second
	for path := range pages {
		number := strings.TrimPrefix(path, "/orders/")
		if number == path {
			continue
		}
		r, err := s.Read(t.Context(), order(number), nil)
		if err != nil || len(r.Attachments) != 12 {
			t.Errorf("%s: %d attachments of 12, %v", number, len(r.Attachments), err)
		}
	}
}

func TestReadIsCalledOff(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal(serve(t, site{"/orders/1": page("nothing"), "/orders/2": page(`<p class=none>x</p>`)})))
	s.config.Times.Signs = 5 * time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	begun := time.Now()
	if got := outcome(s.Read(ctx, order("1"), nil)); got != "failure interrupted" {
		t.Errorf("a reading called off: %s", got)
	}
	if took := time.Since(begun); took > time.Minute {
		t.Errorf("it took %v to end", took)
	}
	if got := outcome(s.Read(t.Context(), order("2"), nil)); got != "empty" {
		t.Errorf("the next reading: %s", got)
	}
}

func TestRefusedPort(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal("http://"+unusedAddress(t)))
	got := outcome(s.Read(t.Context(), order("1"), nil))
	if !strings.HasSuffix(got, "portal_error unreachable") {
		t.Errorf("a port where nobody listens: %s", got)
	}
}

// Only the portal's own host can be what gives no answer.
func TestUnreachableIsThePortal(t *testing.T) {
	t.Parallel()
	dead := unusedAddress(t)
	base := serve(t, site{
		"/orders/redirect": redirect("http://" + dead + "/x"),
		"/orders/fall":     page(`<p class=none>none</p><a class=req href="http://` + dead + `/x">r</a>`),
	})
	p := testPortal(base)
	p.AllowedHosts = []string{dead}
	s := openSession(t, p)
	for _, number := range []string{"redirect", "fall"} {
		if got := outcome(s.Read(t.Context(), order(number), nil)); got != "failure portal_error" {
			t.Errorf("%s to a dead host that is not the portal: %s", number, got)
		}
	}
}

// A proxy that gives no tunnel says that of the host that was asked for.
func TestUnreachableByProxy(t *testing.T) {
	t.Parallel()
	g := &interceptor{}
	g.init(testPortal("https://a.example"))
	for _, row := range []struct {
		asked []string
		want  bool
	}{
		{nil, false},
		{[]string{"https://a.example/1"}, false},
		{[]string{"https://a.example/1", "https://b.example/x", "https://a.example/2"}, false},
		{[]string{"https://a.example/1", "https://a.example/2", "https://b.example/x"}, true},
	} {
		g.setMode(modeRead, nil)
		for _, address := range row.asked {
			g.record(document{Main: true, URL: address}, false)
		}
		g.record(document{URL: "https://c.example/frame"}, false)
		if got := g.leftFirstHost(); got != row.want {
			t.Errorf("%v: diverted %v", row.asked, got)
		}
	}
}

// unusedAddress is one where nobody listens.
func unusedAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// A page finds itself at its full size, though it is drawn at a part of it.
func TestFullSize(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal(serve(t, site{"/orders/1": page(`<p id=p style="border:1px solid;width:3px"></p><script>
		const b = document.getElementById('p').getBoundingClientRect();
		const seen = [innerWidth, innerHeight, screen.width, screen.height, devicePixelRatio, b.width, b.height, visualViewport.scale, document.visibilityState].join(' ');
		document.write('<a class=att href=/f/1>' + seen + '</a>');
	</script>`)})))
	r := mustRead(t, s, "1")
	const want = "1366 900 1366 900 1 5 2 1 visible"
	if len(r.Attachments) != 1 || r.Attachments[0].Name != want {
		t.Errorf("the page sees %+v, want %s", r.Attachments, want)
	}
}
