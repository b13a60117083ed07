package browser

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poactor/poactor/po"
)

// What the portal said of a file comes with it, whatever the file was got by.
func TestAnswerOfSavedFile(t *testing.T) {
	t.Parallel()
	file := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/csv")
		w.Header().Set("Content-Disposition", "attachment; filename=x.csv")
		w.Header().Set("Set-Cookie", "sid=s3cret")
		fmt.Fprint(w, "a;b")
	}
	base := serve(t, site{
		"/orders/1": page(`<a class=att href="/a.csv">link</a>
			<form class=att method=post action=/b.csv onclick="this.submit()">form</form>
			<form class=att method=post action=/b.csv target=_blank onclick="this.submit()">window</form>
			<button class=att onclick="const a = document.createElement('a'); a.download = 'made.csv'; a.href = window.URL.createObjectURL(new Blob(['1'])); a.click()">script</button>`),
		"/a.csv": func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/b.csv?token=1", http.StatusFound) },
		"/b.csv": file,
	})
	s := openSession(t, testPortal(base))
	r := mustRead(t, s, "1", base+"/a.csv")
	answer := po.Answer{Status: 200, Name: "x.csv", Header: http.Header{
		"Content-Type": {"text/csv"}, "Content-Disposition": {"attachment; filename=x.csv"}, "Content-Length": {"3"}}}
	want := []po.Attachment{{Name: "link", Answer: answer}, {Name: "form", Answer: answer}, {Name: "window", Answer: answer},
		{Name: "script", Answer: po.Answer{Name: "made.csv"}}}
	if diff := cmp.Diff(want, r.Attachments, cmpopts.IgnoreFields(po.Attachment{}, "ID", "URL", "Saved")); diff != "" {
		t.Errorf("attachments (-want +got):\n%s", diff)
	}
}
