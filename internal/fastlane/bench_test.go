package fastlane

import (
	"fmt"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// BenchmarkLearn learns from pages that are as large as portals' are, with much that says nothing of lists.
func BenchmarkLearn(b *testing.B) {
	r, err := New(coupa(b))
	if err != nil {
		b.Fatal(err)
	}
	var filler, rows strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&filler, `<div class="row" data-id="%d" data-name="n%d"><span>line %d</span></div>`, i, i, i)
		fmt.Fprintf(&rows, `{"id":%d,"name":"row %d","path":"/x/%d"},`, i, i, i)
	}
	s := shape{
		page: func(n int) string {
			return filler.String() + `<meta name="csrf-token" content="` + secretOf(n) + `"><script>var big = [` + rows.String() + `{}]</script>`
		},
		calls: func(n int) []po.Call {
			var calls []po.Call
			for i := range 20 {
				calls = append(calls, get(fmt.Sprint("/other/", i), `{"rows":[`+rows.String()+`{}]}`))
			}
			c := get("/orders/"+orderNumber5(n)+"/files", `{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)
			c.Header.Set("X-Csrf-Token", secretOf(n))
			return append(calls, c)
		},
	}
	var seen []Seen
	for n := range 12 {
		seen = append(seen, s.seen(n))
	}
	for b.Loop() {
		l := NewLearner(r, nil)
		for _, one := range seen {
			l.Saw(one)
		}
		if l.recipe == nil {
			b.Fatal("nothing was learned")
		}
	}
}
