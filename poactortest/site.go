package poactortest

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os"
	"path"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
)

// Site is what the pages of scripted browsers show to the work of RunTasks, by address. An
// address that is not there is a page with the HTTP status 404 and nothing on it.
type Site map[string]SitePage

// SitePage is one page, or one file, of a Site.
type SitePage struct {
	Status int               // of HTTP; 0: 200
	HTML   string            // what Page.HTML returns
	Texts  map[string]string // what Page.Text and Page.WaitFor find, by selector
	Links  map[string]string // addresses that a click leads to, by selector; of SaveDownload too
	File   []byte            // what SaveURL and SaveDownload get
	// Eval answers Page.Eval: what it returns becomes JSON. Nil: null.
	Eval func(function string, args []any) (any, error)
}

// onePixel is what every page looks like.
func onePixel() ([]byte, error) {
	var b bytes.Buffer
	err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 1, 1)))
	return b.Bytes(), err
}

// OpenPage implements poactor.PageSession.
func (s *scripted) OpenPage(ctx context.Context, task po.Order) (poactor.LentPage, error) {
	s.browsers.count(task.Key)
	if err := s.dead(); err != nil {
		return nil, err
	}
	return &scriptedPage{session: s}, ctx.Err()
}

// scriptedPage is a page on a Site.
type scriptedPage struct {
	session *scripted
	now     SitePage
	typed   map[string]string // by selector
	files   []po.Attachment
}

// look returns what the page shows under a selector, in one of its maps, as soon as it is
// there: a page that does not change never has more.
func (p *scriptedPage) look(ctx context.Context, selector string, in ...map[string]string) (string, error) {
	if err := p.session.dead(); err != nil {
		return "", err
	}
	for _, m := range in {
		if text, ok := m[selector]; ok {
			return text, nil
		}
	}
	select {
	case <-ctx.Done():
		return "", &po.ReadFailure{Cause: po.Timeout, Detail: fmt.Sprintf("nothing matches %q", selector)}
	case <-p.session.done:
		return "", p.session.dead()
	}
}

func (p *scriptedPage) Navigate(_ context.Context, url string) (int, error) {
	if err := p.session.dead(); err != nil {
		return 0, err
	}
	page, ok := p.session.browsers.Site[url]
	switch p.now = page; {
	case !ok:
		return 404, nil
	case page.Status == 0:
		return 200, nil
	case page.Status == 429:
		return 429, &po.ReadFailure{Cause: po.Throttled, Detail: "HTTP 429"}
	case page.Status >= 500:
		return page.Status, &po.ReadFailure{Cause: po.PortalError, Detail: fmt.Sprintf("HTTP %d", page.Status)}
	}
	return page.Status, nil
}

func (p *scriptedPage) WaitFor(ctx context.Context, selector string) error {
	_, err := p.look(ctx, selector, p.now.Texts, p.now.Links)
	return err
}

func (p *scriptedPage) Eval(_ context.Context, function string, result any, args ...any) error {
	if err := p.session.dead(); err != nil {
		return err
	}
	var value any
	if p.now.Eval != nil {
		var err error
		if value, err = p.now.Eval(function, args); err != nil {
			return err
		}
	}
	text, err := json.Marshal(value)
	if err != nil || result == nil {
		return err
	}
	return json.Unmarshal(text, result)
}

func (p *scriptedPage) Click(ctx context.Context, selector string) error {
	to, err := p.look(ctx, selector, p.now.Links, p.now.Texts)
	if _, leads := p.now.Links[selector]; err == nil && leads {
		_, err = p.Navigate(ctx, to)
	}
	return err
}

func (p *scriptedPage) Type(ctx context.Context, selector, text string) error {
	_, err := p.look(ctx, selector, p.now.Texts)
	if p.typed == nil {
		p.typed = map[string]string{}
	}
	p.typed[selector] = text
	return err
}

func (p *scriptedPage) Text(ctx context.Context, selector string) (string, error) {
	return p.look(ctx, selector, p.typed, p.now.Texts)
}

func (p *scriptedPage) HTML(context.Context) (string, error) { return p.now.HTML, p.session.dead() }

func (p *scriptedPage) Screenshot(context.Context) ([]byte, error) {
	if err := p.session.dead(); err != nil {
		return nil, err
	}
	return onePixel()
}

func (p *scriptedPage) Cookies(context.Context) ([]po.Cookie, error) { return nil, p.session.dead() }

func (p *scriptedPage) Intercept(context.Context, string, po.Interception) error {
	return p.session.dead()
}

func (p *scriptedPage) Save(_ context.Context, name string, content io.Reader) (po.File, error) {
	body, err := io.ReadAll(content)
	if err == nil {
		err = p.session.dead()
	}
	if err != nil {
		return po.File{}, err
	}
	sum := sha256.Sum256(body)
	file := po.File{ID: fmt.Sprint(len(p.files)+1, " ", name), Name: name, Bytes: int64(len(body)),
		SHA256: hex.EncodeToString(sum[:])}
	saved, err := os.CreateTemp(p.session.browsers.Dir, "poactortest-")
	if err != nil {
		return po.File{}, err
	}
	_, err = saved.Write(body)
	if err := errors.Join(err, saved.Close()); err != nil {
		return po.File{}, err
	}
	p.files = append(p.files, po.Attachment{ID: file.ID, Name: name, Saved: saved.Name(), SHA256: file.SHA256,
		Lane: po.LaneBrowser})
	return file, nil
}

func (p *scriptedPage) SaveURL(ctx context.Context, url, name string) (po.File, error) {
	page, ok := p.session.browsers.Site[url]
	if !ok || page.File == nil {
		return po.File{}, &po.ReadFailure{Cause: po.DownloadRejected, Detail: "there is no such file"}
	}
	if name == "" {
		name = path.Base(url)
	}
	return p.Save(ctx, name, bytes.NewReader(page.File))
}

func (p *scriptedPage) SaveDownload(ctx context.Context, selector, name string) (po.File, error) {
	to, err := p.look(ctx, selector, p.now.Links)
	if err != nil {
		return po.File{}, err
	}
	return p.SaveURL(ctx, to, name)
}

// Close implements poactor.LentPage. What it returns the run moves away.
func (p *scriptedPage) Close(err error) ([]po.Attachment, po.Trace) {
	if err == nil {
		return p.files, po.Trace{}
	}
	for _, f := range p.files {
		_ = os.Remove(f.Saved)
	}
	return nil, po.Trace{}
}
