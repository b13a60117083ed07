package browser

import (
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

func TestSmoke(t *testing.T) {
	s := openSession(t, testPortal(serve(t, site{
		"/orders/1": page(`<span class=supplier>ACME</span><a class=att href=/f/1.pdf>one.pdf</a><a class=att href=/f/2.pdf aria-label="two.pdf file attachment">x</a>`),
	})))
	for range 3 {
		t0 := time.Now()
		r, err := s.Read(t.Context(), order("1"), nil)
		t.Logf("%+v %v %v", r, err, time.Since(t0))
		if err != nil || r.Sign != po.SignAttachments || len(r.Attachments) != 2 {
			t.Fail()
		}
	}
}
