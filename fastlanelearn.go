package poactor

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/fastlane"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// watchedBrowsers are browsers from whose readings is learned how lists are asked for.
type watchedBrowsers struct {
	actors.Browsers
	watcher *watcher
}

// Open implements the port.
func (b watchedBrowsers) Open(ctx context.Context) (actors.Session, error) {
	s, err := b.Browsers.Open(ctx)
	if err != nil {
		return nil, err
	}
	return watchedSession{s, b.watcher}, nil
}

type watchedSession struct {
	actors.Session
	watcher *watcher
}

// Read implements the port. What the page has asked for goes no further.
func (s watchedSession) Read(ctx context.Context, order po.Order, byBrowser []string) (po.Reading, error) {
	r, err := s.Session.Read(ctx, order, byBrowser)
	if err == nil && r.Traffic != nil && len(byBrowser) == 0 { // else it has saved what may have an address
		s.watcher.saw(ctx, order, &r)
	}
	r.Traffic = nil
	return r, err
}

// watcher hands what browsers did to the learner.
type watcher struct {
	portal  portal.Portal
	learner *fastlane.Learner
	recipes recipeFile
}

// saw hands a reading to the learner. Those of its requests that are made without a browser, too, get the names by
// which they are known from one load of the page to the next.
func (w *watcher) saw(ctx context.Context, order po.Order, r *po.Reading) {
	cookies, err := scriptCookies(ctx, r.Credentials)
	if err != nil {
		return
	}
	lesson := w.learner.Saw(fastlane.Seen{
		Number: order.Number, Asked: w.portal.OrderURL(order.Number), Reading: *r, Cookies: cookies,
		Now: time.Now().UnixMilli(),
	})
	if lesson.Learned {
		w.recipes.write(lesson.Keep)
	}
	for _, named := range lesson.Named {
		if i := slices.Index(r.Requests, browser.RequestHash(named.Call)); i >= 0 {
			r.Requests[i] = named.Name
		}
	}
}

// recipeFile keeps how a portal's pages ask for their lists, for other starts on the same output directory: it
// spares them learning it, and nothing else. There is no secret in it.
type recipeFile struct {
	out string // empty: nothing is kept
	log *logrus.Logger
}

const recipeName = "fastlane.json"

func (f recipeFile) read() []byte {
	if f.out == "" {
		return nil
	}
	dir, err := outdir.OpenState(f.out)
	if err != nil {
		return nil
	}
	defer dir.Close()
	file, err := dir.Open(recipeName)
	if err != nil {
		return nil
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, fastlane.MaxRecipe+1))
	if err != nil {
		return nil
	}
	return text
}

// write keeps a recipe; where there is nothing to keep, what was is removed, as it is no longer true.
func (f recipeFile) write(recipe []byte) {
	if f.out == "" {
		return
	}
	dir, err := outdir.OpenState(f.out)
	if err == nil {
		defer dir.Close()
		if recipe == nil {
			err = dir.Remove(recipeName)
		} else {
			err = outdir.ReplaceIn(dir, recipeName, 0o600, outdir.Bytes(recipe))
		}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.log.WithError(err).Warn("cannot keep how the portal is asked for lists")
	}
}
