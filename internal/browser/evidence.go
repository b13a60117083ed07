package browser

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"html"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/go-rod/rod/lib/proto"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// Evidence of a failure is the page as the browser shows it, its text and structure, what
// it wrote to its console and which of its requests failed, without what could be a
// secret or do anything when it is opened; and a text that says what it is of.
const (
	evidenceTimeout  = 3 * time.Second // a page that hangs shows nothing more
	evidenceBytes    = 1 << 20         // of the page's text
	maxFileEvidence  = 5               // missing files of one reading whose pages are kept
	maxEvidenceLines = 200             // of the console, and of failed requests: the latest
	maxEvidenceLine  = 500             // bytes of each
)

// The files of evidence.
const (
	shotFile     = "page.png"
	pageFile     = "page.html"
	consoleFile  = "console.txt"
	requestsFile = "requests.txt"
	aboutFile    = "about.txt"
)

// pageJS writes the page down.
//
//go:embed evidence.js
var pageJS string

// subject is what evidence is of: an order's page or, where an attachment is given, that
// of a missing file.
type subject struct {
	order      po.Order
	attachment *po.Attachment
	cause      po.Cause
	detail     string
	page       bool // the browser lives, and may show something
}

// evidence keeps what the tab shows and returns the folder that it is in, relative to
// the output directory; empty if it cannot be kept: that is no reason to fail.
func (s *Session) evidence(ctx context.Context, of subject) string {
	if s.config.Out == "" {
		return ""
	}
	if cause, _ := s.config.checkQuota(0, 0, 0); cause != "" {
		return "" // what is left of the disk is for files
	}
	ctx, cancel := context.WithTimeout(ctx, evidenceTimeout)
	defer cancel()
	files := map[string][]byte{}
	lacks := "the order's time was over: there was none left for a look at the page"
	if s.ctx.Err() != nil {
		lacks = "the browser has ended: no page is left"
	}
	if of.page && s.tab.id != "" {
		lacks = s.capture(ctx, files)
	}
	if failed := s.failures.list(); len(failed) > 0 {
		files[requestsFile] = []byte(strings.Join(failed, "\n") + "\n")
	}
	files[aboutFile] = []byte(s.about(of, lacks))
	at := time.Now().UTC().Format("20060102T150405.000")
	folder := path.Join(outdir.EvidenceDir, string(of.order.Key), at+"-"+string(of.cause))
	folder, err := s.config.evidence.keep(s.config.Out, folder, files)
	if err != nil {
		s.config.Log.WithField("profile", s.profile.ID).Debugf("keep evidence: %v", err)
	}
	if folder == "" || err != nil {
		return ""
	}
	return path.Join(outdir.StateDir, folder)
}

// capture takes the page's picture, text and console, and says what it could not.
func (s *Session) capture(ctx context.Context, files map[string][]byte) (lacks string) {
	// It is taken at the page's full size, however small that is drawn.
	shot, err := proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng}.Call(s.page(ctx))
	if err != nil {
		return "the page did not answer: there is no picture and no text of it"
	}
	files[shotFile] = shot.Data
	secrets, err := s.secrets(ctx)
	if err != nil { // they could not be told from the text
		return "the browser did not tell its cookies, which would have to be left out: there is no text of the page"
	}
	if text := s.pageText(ctx, secrets); text != "" {
		files[pageFile] = []byte(text)
	} else {
		lacks = "the page's scripts did not answer: there is no text of it"
	}
	if lines := s.consoleLines(ctx, secrets); len(lines) > 0 {
		files[consoleFile] = []byte(strings.Join(lines, "\n") + "\n")
	}
	return lacks
}

// about says in words what evidence is of.
func (s *Session) about(of subject, lacks string) string {
	var b strings.Builder
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%-9s %s\n", name, cleanLine(text))
		}
	}
	line("order", of.order.RawNumber)
	line("time", time.Now().UTC().Format(time.RFC3339))
	if a := of.attachment; a != nil {
		var m po.Missing
		m.Of(*a)
		line("missing", m.Name)
		line("address", m.URL)
		line("answer", a.Refusal)
	}
	line("cause", string(of.cause))
	line("detail", of.detail)
	for _, page := range s.pages {
		line("page", page)
	}
	line("browser", s.version)
	line("lacks", lacks)
	return b.String()
}

// pageText is the page as it is written; empty where its scripts do not answer.
func (s *Session) pageText(ctx context.Context, secrets []string) string {
	w := s.page(ctx)
	world, err := w.isolatedWorld(proto.PageFrameID(s.tab.target))
	if err != nil {
		return ""
	}
	var text string
	if w.evaluate(world, fmt.Sprintf("(%s)(%d)", pageJS, evidenceBytes), &text) != nil {
		return ""
	}
	return po.Clip(withoutSecrets(text, secrets), evidenceBytes)
}

// secrets are the values of the browser's cookies in every form in which portals write
// them into pages.
func (s *Session) secrets(ctx context.Context) ([]string, error) {
	jar, err := proto.StorageGetCookies{}.Call(s.browser(ctx))
	if err != nil {
		return nil, err
	}
	var values []string
	for _, c := range jar.Cookies {
		plain, err := url.PathUnescape(c.Value)
		if err != nil {
			plain = c.Value
		}
		for _, value := range []string{c.Value, strings.Trim(c.Value, `"`), plain, url.QueryEscape(c.Value)} {
			if len(value) >= cookieLeast {
				values = append(values, value)
			}
		}
	}
	return values, nil
}

// cookieLeast is how many characters a cookie's value has that is looked for in a text.
const cookieLeast = 6

// withoutSecrets takes values out of a page's text.
func withoutSecrets(text string, secrets []string) string {
	var values []string
	for _, value := range secrets {
		escaped := html.EscapeString(value)
		values = append(values, value, escaped, strings.ReplaceAll(escaped, "&#34;", "&quot;"))
	}
	slices.SortFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, value := range values {
		pairs = append(pairs, value, "[removed]")
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// cleanLine is a foreign text as a line of a text file.
func cleanLine(text string, secrets ...string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r <= 0x9f || r >= 0x200b && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return ' '
		}
		return r
	}, po.MaskSecrets(po.Clip(text, 4*maxEvidenceLine), secrets...))
	return po.Clip(text, maxEvidenceLine)
}
