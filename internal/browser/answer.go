package browser

import (
	"net/http"
	"strings"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/po"
)

// answerKey says which answer a download belongs to.
type answerKey struct {
	frame proto.PageFrameID
	url   string
}

// maxAnswers bounds what is remembered at a click's time.
const maxAnswers = 64

// noteAnswer notes the answer of a document which may turn out to be a download.
func (t *fileTable) noteAnswer(e *proto.FetchRequestPaused) {
	if e.ResponseStatusCode == nil {
		return
	}
	a := po.Answer{Status: *e.ResponseStatusCode, Header: http.Header{}}
	for _, h := range e.ResponseHeaders {
		if strings.HasPrefix(strings.ToLower(h.Name), "content-") { // no cookies
			a.Header.Add(h.Name, h.Value)
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.answers) < maxAnswers {
		t.answers[answerKey{e.FrameID, e.Request.URL}] = a
	}
}

// answerTo is what is known of the answer that a download began with.
func (t *fileTable) answerTo(e proto.BrowserDownloadWillBegin) po.Answer {
	t.mu.Lock()
	defer t.mu.Unlock()
	address, _, _ := strings.Cut(e.URL, "#")
	a := t.answers[answerKey{e.FrameID, address}]
	if t.encoded != "" && strings.HasPrefix(address, "blob:") {
		a.Header = http.Header{"Content-Encoding": {t.encoded}}
	}
	a.Name = po.Clip(e.SuggestedFilename, maxNameChars)
	return a
}
