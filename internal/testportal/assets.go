package testportal

import (
	"bytes"
	_ "embed" // the page's own script and style
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"golang.org/x/image/font/gofont/goregular"
)

var (
	//go:embed assets/app.js
	appScript []byte
	//go:embed assets/page.js
	pageScript []byte
	//go:embed assets/style.css
	styleSheet []byte
)

const (
	vendorBytes = 400_000 // of script, as much as a portal's page loads
	icons       = 12
)

// asset is a file that browsers may keep.
type asset struct {
	mediaType string
	body      []byte
}

func makeAssets(seed uint64) map[string]asset {
	rng := rand.New(rand.NewPCG(seed, 0x617373))
	assets := map[string]asset{
		"app.js":    {"text/javascript; charset=utf-8", appScript},
		"app2.js":   {"text/javascript; charset=utf-8", appScript}, // of the next release
		"page.js":   {"text/javascript; charset=utf-8", pageScript},
		"page2.js":  {"text/javascript; charset=utf-8", pageScript}, // of the next release
		"style.css": {"text/css; charset=utf-8", styleSheet},
		"vendor.js": {"text/javascript; charset=utf-8", vendorScript()},
		"go.ttf":    {"font/ttf", goregular.TTF},
	}
	for i := range icons {
		assets[fmt.Sprintf("icon-%d.png", i)] = asset{"image/png", icon(rng)}
	}
	return assets
}

// vendorScript stands for the libraries of a portal's page: many small modules
// that are parsed, registered and run once.
func vendorScript() []byte {
	var b bytes.Buffer
	b.WriteString("(function(w){\"use strict\";var m=w.__modules={};\n")
	areas := []string{"approvals", "billing", "catalog", "contracts", "invoices", "receiving", "suppliers", "workflow"}
	for i := 0; b.Len() < vendorBytes; i++ {
		area := areas[i%len(areas)]
		fmt.Fprintf(&b, `m["%[1]s/%[2]d"]=function(n){var rows=[],i;for(i=0;i<n;i++){rows.push({id:i,area:"%[1]s",label:"Step %[2]d of "+n,rate:(i*%[2]d)%%97/100});}`+
			`return rows.filter(function(row){return row.rate>0.3;}).map(function(row){return row.label+": "+row.area+"-"+row.id;}).join(", ").length;};`+
			`m["%[1]s/%[2]d"].messages={en:{title:"%[1]s %[2]d",save:"Save changes",cancel:"Cancel"},pt:{title:"%[1]s %[2]d",save:"Salvar altera\u00e7\u00f5es",cancel:"Cancelar"}};`+"\n", area, i)
	}
	b.WriteString("var total=0;Object.keys(m).forEach(function(k){total+=m[k](8);});w.__boot=total;})(window);\n")
	return b.Bytes()
}

// icon draws a disc of some colour.
func icon(rng *rand.Rand) []byte {
	const size = 48
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	c := color.NRGBA{uint8(rng.IntN(200)), uint8(rng.IntN(200)), uint8(rng.IntN(200)), 255}
	for y := range size {
		for x := range size {
			dx, dy := x-size/2, y-size/2
			if d := dx*dx + dy*dy; d < 22*22 && d > 8*8 {
				c.A = uint8(255 - d/8)
				img.SetNRGBA(x, y, c)
			}
		}
	}
	var b bytes.Buffer
	_ = png.Encode(&b, img) // a buffer takes everything
	return b.Bytes()
}

func (p *Portal) asset(w http.ResponseWriter, r *http.Request) {
	p.record.count(RequestAsset)
	a, ok := p.assets[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", a.mediaType)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.body))
}

// tracker is a third party that takes its time; a page's load event waits for it.
func (p *Portal) tracker(w http.ResponseWriter, r *http.Request) {
	p.record.count(RequestTracker)
	if !p.wait(r.Context(), p.opts.TrackerLatency) {
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	if strings.HasSuffix(r.URL.Path, ".js") {
		w.Header().Set("Content-Type", "text/javascript")
		_, _ = w.Write([]byte("window.__tracked=true;"))
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
