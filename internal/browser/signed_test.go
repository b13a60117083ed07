package browser

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
)

// A link that is another one at each look at the page is found again.
func TestSignedLinks(t *testing.T) {
	t.Parallel()
	var looks atomic.Int64
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := fmt.Sprint(looks.Load())
		switch {
		case strings.HasPrefix(r.URL.Path, "/orders/"):
			token = fmt.Sprint(looks.Add(1))
			page(fmt.Sprintf(`<a class=att href="/s3.txt?X-Amz-Signature=%[1]s">s3</a><a class=att href="/get?token=%[1]s">get</a><a class=att href="/%[1]s/path.txt">path</a>`, token))(w, r)
		case r.URL.RawQuery == "X-Amz-Signature="+token, r.URL.RawQuery == "token="+token, strings.HasPrefix(r.URL.Path, "/"+token+"/"):
			w.Header().Set("Content-Type", "text/csv")
			fmt.Fprint(w, "text")
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	s := openSession(t, testPortal(base))
	var ids []string
	for _, a := range mustRead(t, s, "1").Attachments {
		ids = append(ids, a.ID)
	}
	for _, a := range mustRead(t, s, "1", ids...).Attachments {
		if a.Saved == "" {
			t.Errorf("%s is not saved: %s", a.Name, a.Detail)
		}
	}
}
