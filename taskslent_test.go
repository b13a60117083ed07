package poactor

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/po"
)

// lenders are browsers without any process, whose pages save files and do nothing else.
type lenders struct {
	dir    string
	opened atomic.Int64
	alive  atomic.Int64
}

func (l *lenders) Open(context.Context) (actors.Session, error) {
	l.alive.Add(1)
	return &lender{lenders: l, name: fmt.Sprint("lender-", l.opened.Add(1)), done: make(chan struct{})}, nil
}

type lender struct {
	actors.Session
	*lenders
	name string
	once sync.Once
	done chan struct{}
}

func (l *lender) Profile() string       { return l.name }
func (l *lender) Memory() int64         { return 0 }
func (l *lender) Done() <-chan struct{} { return l.done }
func (l *lender) Close() error          { l.once.Do(func() { close(l.done); l.alive.Add(-1) }); return nil }

func (l *lender) OpenPage(context.Context, po.Order) (LentPage, error) {
	return &lentPage{lender: l}, nil
}

// lentPage saves files, in the directory of its lenders; Click kills its browser.
type lentPage struct {
	Page
	lender *lender
	files  []po.Attachment
}

func (p *lentPage) Click(context.Context, string) error {
	p.lender.Close()
	return &po.ReadFailure{Cause: po.BrowserDied, Detail: "killed"}
}

func (p *lentPage) WaitFor(ctx context.Context, _ string) error {
	<-ctx.Done()
	return ctx.Err()
}

func (p *lentPage) Save(_ context.Context, name string, content io.Reader) (po.File, error) {
	text, err := io.ReadAll(content)
	if err != nil {
		return po.File{}, err
	}
	f, err := os.CreateTemp(p.lender.dir, "")
	if err != nil {
		return po.File{}, err
	}
	_, err = f.Write(text)
	sum := sha(string(text))
	p.files = append(p.files, po.Attachment{ID: sum + name, Name: name, Saved: f.Name(), SHA256: sum, Lane: po.LaneBrowser})
	return po.File{Name: name, Bytes: int64(len(text)), SHA256: sum}, errors.Join(err, f.Close())
}

func (p *lentPage) Close(err error) ([]po.Attachment, po.Trace) {
	if err != nil {
		return nil, po.Trace{}
	}
	return p.files, po.Trace{}
}

func lentConfig(t *testing.T) (Config, *lenders) {
	t.Helper()
	l := &lenders{dir: t.TempDir()}
	return Config{Browsers: l, Out: t.TempDir(), Workers: 3}, l
}

func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint("task ", i)
	}
	return keys
}

func sha(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
