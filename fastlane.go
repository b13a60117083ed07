package poactor

import (
	"context"
	"errors"
	"strings"

	"github.com/poactor/poactor/actors"
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
}

// ReadPage implements the port.
func (p pages) ReadPage(ctx context.Context, order po.Order, c po.Credentials) (po.PageReading, error) {
	address := p.portal.OrderURL(order.Number)
	page, err := p.archive.Page(ctx, address, c)
	if err != nil {
		return po.PageReading{}, err
	}
	reading := p.reader.Read(order.Number, fastlane.Answer{
		Asked: address, URL: page.URL, Status: page.Status, Header: page.Header, Body: page.Body})
	if reading.Sign == po.SignAttachments {
		reading.Credentials, reading.Trace.Pages = c, []string{po.PublicURL(address)}
		reading.Credentials.Referer = page.URL
	}
	return reading, nil
}

// pages makes the port of a run; nil, and an event says why, where the portal's definition needs a
// browser whatever the page.
func (o *resources) pages(cfg Config) actors.Pages {
	reader, err := fastlane.New(cfg.Portal)
	if err == nil && strings.Contains(cfg.Portal.Order.Path, "#") {
		err = errors.New("a script decides by the address what the page shows")
	}
	if err != nil {
		cfg.OnEvent(messages.FastLane{Off: err.Error()})
		return nil
	}
	return pages{cfg.Portal, o.archive, reader}
}
