package poactor

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/fastlane"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// pages reads orders' pages without a browser, as a port of the actors.
type pages struct {
	portal  portal.Portal
	archive *download.Archive
	reader  *fastlane.Reader
	learner *fastlane.Learner
	byCall  atomic.Bool // the last list came by a call
}

// ReadPage implements the port. The page is always asked for: it tells whether the session lives and which
// scripts are loaded, also where its list comes by a call. A call that needs nothing of the page is made
// beside it.
func (p *pages) ReadPage(
	ctx context.Context, order po.Order, without []po.ReadBy, c po.Credentials,
) (po.PageReading, error) {
	address := p.portal.OrderURL(order.Number)
	caller, known := p.learner.Order(order.Number, time.Now().UnixMilli())
	known = known && !slices.Contains(without, po.ReadByCall)
	onPage := c
	onPage.Referer = address
	ctx, cancel := context.WithCancel(ctx)
	call := sync.OnceValues(func() (callResult, error) { return p.call(ctx, caller, onPage) })
	atOnce := known && (p.byCall.Load() || slices.Contains(without, po.ReadByPage)) && !caller.NeedsPage()
	var calling sync.WaitGroup
	if atOnce {
		calling.Go(func() { _, _ = call() })
	}
	defer func() { cancel(); calling.Wait() }()
	answer, err := p.page(ctx, address, c)
	if err != nil {
		return po.PageReading{}, err
	}
	page := p.reader.Parse(answer)
	reading := po.PageReading{By: po.ReadByPage, Doubt: "no page is believed any more"}
	if !slices.Contains(without, po.ReadByPage) || page.Doubt() != "" {
		reading = p.learner.ReadPage(order.Number, page)
	}
	switch {
	case reading.Doubt == "" || page.Doubt() != "" || slices.Contains(without, po.ReadByCall):
	case !known:
		reading = po.PageReading{By: po.ReadByCall, Later: true,
			Doubt: reading.Doubt + ", and how it is asked for is not known yet"}
	default:
		if !atOnce {
			cookies, err := scriptCookies(ctx, c)
			if err != nil {
				return po.PageReading{}, err
			}
			caller.HasPage(page, cookies)
		}
		result, err := call()
		if err != nil {
			return po.PageReading{}, err
		}
		reading = po.PageReading{By: po.ReadByCall, Doubt: result.doubt}
		if result.doubt == "" {
			reading = caller.Read(page, result.answer)
		}
		reading.Asked = append(result.asked, caller.Names()...)
	}
	if reading.Sign == po.SignAttachments {
		p.byCall.Store(reading.By == po.ReadByCall)
		reading.Credentials, reading.Trace.Pages = c, []string{po.PublicURL(address)}
		reading.Credentials.Referer = answer.URL
	}
	return reading, nil
}

func (p *pages) page(ctx context.Context, address string, c po.Credentials) (fastlane.Answer, error) {
	page, err := p.archive.Page(ctx, address, c)
	return answerOf(address, page), err
}

func answerOf(asked string, p download.Page) fastlane.Answer {
	return fastlane.Answer{Asked: asked, URL: p.URL, Status: p.Status, Header: p.Header, Body: p.Body}
}

// callResult is what came of the request for an order's list.
type callResult struct {
	answer fastlane.Answer
	asked  []string // hashes of what was asked for
	doubt  string   // why there is no answer
}

// call asks for an order's list, and before that for what it is asked for by.
func (p *pages) call(ctx context.Context, o *fastlane.Order, c po.Credentials) (callResult, error) {
	var r callResult
	lookup, needed, ok := o.Lookup()
	if !ok {
		r.doubt = "what its list is asked for by is not in the page"
		return r, nil
	}
	if needed {
		r.asked = append(r.asked, browser.RequestHash(lookup))
		found, err := p.archive.Call(ctx, lookup, c)
		if err != nil {
			return r, err
		}
		if r.doubt = o.HasLookup(answerOf(lookup.URL, found)); r.doubt != "" {
			return r, nil
		}
	}
	list, ok := o.Call()
	if !ok {
		r.doubt = "what its list is asked for by is not in the page"
		return r, nil
	}
	r.asked = append(r.asked, browser.RequestHash(list))
	found, err := p.archive.Call(ctx, list, c)
	r.answer = answerOf(list.URL, found)
	return r, err
}

// scriptCookies are the cookies that scripts of the portal's pages can read.
func scriptCookies(ctx context.Context, c po.Credentials) (map[string]string, error) {
	if c.Cookies == nil {
		return nil, nil
	}
	list, err := c.Cookies.Cookies(ctx)
	if err != nil {
		return nil, err
	}
	values := map[string]string{}
	for _, cookie := range list {
		if !cookie.HTTPOnly {
			values[cookie.Name] = cookie.Value
		}
	}
	return values, nil
}

// pages makes the port of a run, and has its browsers watched; nil, and an event says why, where the portal's
// definition needs a browser whatever the page.
func (o *resources) pages(cfg Config) actors.Pages {
	reader, err := fastlane.New(cfg.Portal)
	if err == nil && strings.Contains(cfg.Portal.Order.Path, "#") {
		err = errors.New("a script decides by the address what the page shows")
	}
	if err != nil {
		cfg.OnEvent(messages.FastLane{Off: err.Error()})
		return nil
	}
	recipes := recipeFile{log: cfg.Log}
	if o.ledger != nil {
		recipes.out = cfg.Out
	}
	learner := fastlane.NewLearner(reader, recipes.read())
	o.browsers = watchedBrowsers{o.browsers, &watcher{portal: cfg.Portal, learner: learner, recipes: recipes}}
	return &pages{portal: cfg.Portal, archive: o.archive, reader: reader, learner: learner}
}
