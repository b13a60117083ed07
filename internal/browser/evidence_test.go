package browser

import (
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// A failure leaves what the page showed, without anything that could be a
// secret.
func TestEvidence(t *testing.T) {
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
	for range evidenceKept + 2 {
		s.Read(t.Context(), order("odd"), nil)
	}
	if kept, _ := os.ReadDir(filepath.Dir(dir)); len(kept) != evidenceKept {
		t.Errorf("%d kept", len(kept))
	}
}
