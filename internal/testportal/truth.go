package testportal

import (
	"strings"

	"github.com/poactor/poactor/po"
)

// Order is what a correct run must end with for one order.
type Order struct {
	Number   string    // as the batch has it, like "PO15262984"
	Key      po.Key    // of its digits
	Kind     string    // which scenario it is, like "link blob" or "file cut once"
	Status   po.Status // with three attempts
	Cause    po.Cause  // empty if nothing went wrong
	Supplier string    // as the page shows it; empty where no page of the order does
	Found    int       // attachments that the page lists
	Files    []File    // those that can be had, in the order of the page
}

// File is one attachment that can be had.
type File struct {
	Name   string // as the portal gives it: hostile
	Path   string // of its URL
	Kind   string // "pdf", "docx", "xlsx", "msg", "zip" or "png"
	Click  bool   // only a click leads to it, no attribute of the page
	Bytes  int64
	SHA256 string // 64 lower-case hexadecimal digits
}

// Truth returns every order of the portal, in the order of the batch. The
// first call makes all files, which takes part of a second.
func (p *Portal) Truth() []Order {
	truth := make([]Order, 0, len(p.orders))
	for _, o := range p.orders {
		truth = append(truth, p.truthOf(o))
	}
	return truth
}

// Order returns the truth of one order, named as in the batch or by its
// digits; ok is false if the portal has no such order.
func (p *Portal) Order(number string) (truth Order, ok bool) {
	o, ok := p.byNumber[strings.TrimLeft(strings.ToUpper(number), "POM")]
	if !ok {
		return Order{}, false
	}
	return p.truthOf(o), true
}

// Content returns the bytes of a file of the truth; nil if there is none.
func (p *Portal) Content(f File) []byte {
	for _, own := range p.files {
		if own.path() == f.Path {
			body, _ := p.press.print(own)
			return body
		}
	}
	return nil
}

func (p *Portal) truthOf(o *order) Order {
	t := Order{
		Number: o.written, Key: po.Key(o.number), Kind: o.kind,
		Status: o.status, Cause: o.cause, Supplier: o.seenSupplier(), Found: len(o.wanted()),
	}
	if o.status != po.Completed && o.status != po.Partial {
		return t
	}
	for _, f := range o.wanted() {
		if f.lost() {
			continue
		}
		body, sum := p.press.print(f)
		t.Files = append(t.Files, File{
			Name: f.name, Path: f.path(), Kind: string(f.doc), Click: f.link.click(),
			Bytes: int64(len(body)), SHA256: sum,
		})
	}
	return t
}
