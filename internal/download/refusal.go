package download

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/charset"

	"github.com/poactor/poactor/po"
)

// drainBytes is read of an answer that is no file, so that its connection can be used again.
const drainBytes = 64 << 10

// answered notes in a file's error that the portal has answered.
func answered(err error, status int) error {
	if r, ok := errors.AsType[*fileError](err); ok && r.Answer == "" {
		r.Answer = po.PortalAnswer(status, "")
	}
	return err
}

// wordsOf is the beginning of what a person would read of an answer that is no file.
func wordsOf(resp *http.Response, body io.Reader) string {
	raw, err := io.ReadAll(io.LimitReader(body, drainBytes))
	if len(raw) == 0 && err != nil {
		return ""
	}
	encodings := encodingsOf(resp.Header)
	if len(encodings) == 0 {
		return pageText(resp.Header.Get("Content-Type"), raw)
	}
	if !decodable(encodings) {
		return ""
	}
	var plain bytes.Buffer
	_ = copyDecoded(&limitedWriter{&plain, drainBytes}, bytes.NewReader(raw), encodings) // what came of it will do
	return pageText(resp.Header.Get("Content-Type"), plain.Bytes())
}

// limitedWriter takes no more than its bytes.
type limitedWriter struct {
	to   *bytes.Buffer
	left int
}

func (w *limitedWriter) Write(p []byte) (int, error) {
	n, _ := w.to.Write(p[:min(len(p), w.left)])
	if w.left -= n; n < len(p) {
		return n, io.ErrShortWrite
	}
	return n, nil
}

// pageText is the beginning of what a person would read of a page or a text; empty for
// any other content.
func pageText(contentType string, head []byte) string {
	k := kindOf(head)
	if !k.text() {
		return ""
	}
	if decoded, err := charset.NewReader(bytes.NewReader(head), contentType); err == nil {
		if plain, err := io.ReadAll(decoded); err == nil {
			head = plain
		}
	}
	if k.is != kindHTML {
		return po.Clip(string(head), 4<<10)
	}
	return htmlText(head)
}

// htmlText is the text of a page without its head, scripts and styles; of a page that
// has none, its title.
func htmlText(page []byte) string {
	var text, title strings.Builder
	skip := ""
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for text.Len() < 4<<10 {
		switch tokens.Next() {
		case html.ErrorToken:
			if strings.TrimSpace(text.String()) == "" {
				return title.String()
			}
			return text.String()
		case html.StartTagToken:
			name, _ := tokens.TagName()
			switch name := string(name); name {
			case "script", "style", "template", "noscript", "textarea", "title", "svg", "select":
				if skip == "" {
					skip = name
				}
			}
		case html.EndTagToken:
			if name, _ := tokens.TagName(); string(name) == skip {
				skip = ""
			}
		case html.TextToken:
			switch skip {
			case "":
				text.Write(tokens.Text())
				text.WriteByte(' ')
			case "title":
				title.Write(tokens.Text())
			}
		}
	}
	return text.String()
}

// refusal is what the portal said in the place of a file, without the values of cookies,
// which portals write into pages.
func (s *session) refusal(ctx context.Context, status int, text string) string {
	if s.browser.Cookies == nil {
		return po.PortalAnswer(status, text)
	}
	list, err := s.browser.Cookies.Cookies(ctx)
	if err != nil { // they could not be told from the text
		return po.PortalAnswer(status, "")
	}
	var values []string
	for _, c := range list {
		values = append(values, c.Value)
		if plain, err := url.PathUnescape(c.Value); err == nil && plain != c.Value {
			values = append(values, plain)
		}
	}
	return po.PortalAnswer(status, text, values...)
}
