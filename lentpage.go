package poactor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/po"
)

// looseFiles makes the place where the files of one attempt at a task are gathered.
type looseFiles func() (*download.Loose, error)

// looseCount makes the names of such places differ.
var looseCount atomic.Uint64

// newLoose implements looseFiles. Browsers come and go; what their pages have saved stays.
func (o *resources) newLoose() (*download.Loose, error) {
	return o.archive.NewLoose(filepath.Join(o.looseDir(), fmt.Sprint(looseCount.Add(1))))
}

func (o *resources) looseDir() string { return filepath.Join(o.incoming, "tasks") }

// removeLoose removes what attempts have saved that came to nothing. A second call does
// nothing.
func (o *resources) removeLoose() error {
	if o.incoming == "" {
		return nil
	}
	return os.RemoveAll(o.looseDir())
}

// OpenPage implements PageSession.
func (s session) OpenPage(ctx context.Context, task po.Order) (LentPage, error) {
	files, err := s.loose()
	if err != nil {
		return nil, err
	}
	page, err := s.Session.OpenPage(ctx)
	if err != nil {
		files.Close(false)
		return nil, err
	}
	return &browserPage{page, files, task}, nil
}

// browserPage is a real browser's page on loan, with what it has saved.
type browserPage struct {
	*browser.Page
	files *download.Loose
	task  po.Order
}

func (p *browserPage) Cookies(ctx context.Context) ([]po.Cookie, error) {
	c, err := p.Credentials(ctx)
	if err != nil {
		return nil, err
	}
	return c.Cookies.Cookies(ctx)
}

func (p *browserPage) Save(ctx context.Context, name string, content io.Reader) (po.File, error) {
	return p.files.Write(ctx, name, content)
}

func (p *browserPage) SaveURL(ctx context.Context, url, name string) (po.File, error) {
	c, err := p.Credentials(ctx)
	if err != nil {
		return po.File{}, err
	}
	return p.files.Fetch(ctx, url, name, c)
}

func (p *browserPage) SaveDownload(ctx context.Context, selector, name string) (po.File, error) {
	saved, err := p.Page.SaveDownload(ctx, selector)
	if err != nil {
		return po.File{}, err
	}
	return p.files.Take(ctx, saved, name)
}

func (p *browserPage) Close(err error) ([]po.Attachment, po.Trace) {
	var failure *po.ReadFailure
	if err != nil && !errors.As(err, &failure) {
		failure = &po.ReadFailure{Cause: causeOfWork(err), Detail: po.DetailOf(err)}
	}
	return p.files.Close(err == nil), p.Page.Close(p.task, failure)
}
