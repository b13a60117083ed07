package poactor

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/fastlane"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// clickingSession reads pages of one document, which a click has led to.
type clickingSession struct{ actors.Session }

const clickPage = `<!doctype html><html><body><ul><li><span role="button" aria-label="%[1]s.pdf file attachment" data-at="/files/%[1]s">x</span></ul></body></html>`

func (clickingSession) Read(_ context.Context, o po.Order, _ []string) (po.Reading, error) {
	return po.Reading{Sign: po.SignAttachments, Attachments: []po.Attachment{{Name: o.Number + ".pdf", URL: "https://x.example/files/" + o.Number}},
		Traffic: &po.Traffic{Kind: "text/html; charset=utf-8", Document: fmt.Appendf(nil, clickPage, o.Number)}}, nil
}

// What a browser reads to save files itself teaches nothing: where its clicks lead does not show then.
func TestSavedFilesTeachNothing(t *testing.T) {
	t.Parallel()
	coupa, _ := portal.Builtin("coupa")
	coupa, err := coupa.WithBaseURL("https://x.example")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := fastlane.New(coupa)
	if err != nil {
		t.Fatal(err)
	}
	for name, byBrowser := range map[string][]string{"to be saved": {"- label=1.pdf"}, "read": nil} {
		learner := fastlane.NewLearner(reader, nil)
		s := watchedSession{clickingSession{}, &watcher{portal: coupa, learner: learner}}
		for n := range 5 {
			if r, err := s.Read(t.Context(), po.Order{Number: fmt.Sprint(n)}, byBrowser); err != nil || r.Traffic != nil {
				t.Errorf("%+v, %v", r.Traffic, err)
			}
		}
		address := coupa.OrderURL("9")
		page := learner.ReadPage("9", reader.Parse(fastlane.Answer{Asked: address, URL: address, Status: http.StatusOK,
			Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: fmt.Appendf(nil, clickPage, "9")}))
		if learned := page.Doubt == ""; learned != (byBrowser == nil) {
			t.Errorf("%s: learned %v: %s", name, learned, page.Doubt)
		}
	}
}
