package fastlane

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// clicked is an element that only a click gets at, and where that led; empty: to no address.
type clicked struct{ element, name, address string }

// saw has a learner see an order's page with such elements.
func saw(l *Learner, number string, list ...clicked) {
	reading := po.Reading{Sign: po.SignAttachments}
	var body strings.Builder
	for _, c := range list {
		body.WriteString("<li>" + c.element)
		if c.address != "" {
			c.address = site + c.address
		}
		reading.Attachments = append(reading.Attachments, po.Attachment{Name: c.name, URL: c.address})
	}
	reading.Traffic = &po.Traffic{Document: []byte("<!doctype html><html><body><ul>" + body.String() + "</ul></body></html>"), Kind: "text/html; charset=utf-8"}
	l.Saw(Seen{Number: number, Asked: site + "/order_headers/" + number, Reading: reading})
}

// readElement has a learner read the page of an order with one element.
func readElement(l *Learner, number, element string) po.PageReading {
	address := site + "/order_headers/" + number
	return l.ReadPage(number, l.reader.Parse(Answer{Asked: address, URL: address, Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte("<!doctype html><html><body><ul><li>" + element + "</ul></body></html>")}))
}

// The address of a document that only a click leads to is made of what its element has, as browsers have shown.
func TestClicks(t *testing.T) {
	t.Parallel()
	button := func(attributes string, n int) clicked {
		name := fmt.Sprintf("Offer %d.pdf", n)
		return clicked{fmt.Sprintf(`<span role="button" aria-label="%s file attachment" %s>%s</span>`, name, attributes, name), name, ""}
	}
	for name, row := range map[string]struct {
		seen func(n int) clicked
		want string // of order 4711's document 9; empty: it needs a browser
	}{
		"an address in an attribute": {func(n int) clicked {
			c := button(fmt.Sprintf(`data-at="/files/%d/x"`, n), n)
			c.address = fmt.Sprintf("/files/%d/x", n)
			return c
		}, "/files/9/x"},
		"an identity in an attribute, beside the order's number": {func(n int) clicked {
			c := button(fmt.Sprintf(`data-id="a%d"`, n), n)
			c.address = fmt.Sprintf("/orders/%d/files/a%d", 4702+n, n)
			return c
		}, "/orders/4711/files/a9"},
		"an identity in the row": {func(n int) clicked {
			c := button("", n)
			c.element = fmt.Sprintf(`<p data-doc="b%d">%s</p>`, n, c.element)
			c.address = fmt.Sprintf("/files/b%d", n)
			return c
		}, "/files/b9"},
		"a script in an attribute": {func(n int) clicked {
			c := button(fmt.Sprintf(`onclick="openFile('k%d', %d)"`, n, 3*n), n)
			c.address = fmt.Sprintf("/files?key=k%d&of=%d", n, 3*n)
			return c
		}, "/files?key=k9&of=27"},
		"the name": {func(n int) clicked {
			c := button("", n)
			c.address = fmt.Sprintf("/files/Offer%%20%d.pdf", n)
			return c
		}, "/files/Offer%209.pdf"},
		"nothing of the page": {func(n int) clicked {
			c := button(fmt.Sprintf(`data-id="%d"`, n), n)
			c.address = fmt.Sprintf("/files/%d", n*n+17)
			return c
		}, ""},
		"the same for all": {func(n int) clicked {
			c := button("", n)
			c.address = "/files/open"
			return c
		}, ""},
		"no address": {func(n int) clicked { return button(fmt.Sprintf(`data-at="/files/%d"`, n), n) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := New(coupa(t))
			if err != nil {
				t.Fatal(err)
			}
			l := NewLearner(r, nil)
			last := row.seen(9)
			for n := range minClicked {
				if got := readElement(l, "4711", last.element); got.Doubt == "" {
					t.Fatalf("after %d clicks: %v", n, names(got))
				}
				saw(l, fmt.Sprint(4702+n), row.seen(n))
			}
			got := readElement(l, "4711", last.element)
			var want []string
			if row.want != "" {
				want = []string{last.name + " " + row.want}
			}
			if diff := cmp.Diff(want, names(got)); diff != "" || (got.Doubt == "") != (want != nil) {
				t.Errorf("doubt %q (-want +got):\n%s", got.Doubt, diff)
			}
		})
	}
}

// Of several kinds of elements some lead to an address, and some do not.
func TestClicksOfKinds(t *testing.T) {
	t.Parallel()
	r, err := New(coupa(t))
	if err != nil {
		t.Fatal(err)
	}
	l := NewLearner(r, nil)
	element := func(kind string, n int) string {
		return fmt.Sprintf(`<span role="button" aria-label="%d.pdf file attachment" data-opens="%s" data-at="/files/%d">%d.pdf</span>`, n, kind, n, n)
	}
	form := func(n int) string {
		return fmt.Sprintf(`<form method="post" action="/files/%d"><button aria-label="%d.pdf file attachment">%d.pdf</button></form>`, n, n, n)
	}
	for n := range 4 {
		name, address := fmt.Sprintf("%d.pdf", n), fmt.Sprintf("/files/%d", n)
		saw(l, fmt.Sprint(4700+n), clicked{element("window", n), name, address})
		saw(l, fmt.Sprint(4710+n), clicked{element("blob", n), name, ""}, clicked{form(n), name, ""})
	}
	rows := map[string]struct{ element, want string }{
		"window": {element("window", 9), "/files/9"},
		"blob":   {element("blob", 9), ""},
		"form":   {form(9), ""},
	}
	for name, row := range rows {
		got := readElement(l, "4711", row.element)
		if row.want == "" && got.Doubt == "" || row.want != "" && !cmp.Equal(names(got), []string{"9.pdf " + row.want}) {
			t.Errorf("%s: doubt %q, %v", name, got.Doubt, names(got))
		}
	} // Where a click gives several files nothing tells which do.
	reading := po.Reading{Sign: po.SignAttachments, Attachments: []po.Attachment{
		{ID: po.Identity{Key: "click:9.pdf", Part: "a.pdf"}.String(), Name: "a.pdf", URL: site + "/files/9"},
		{ID: po.Identity{Key: "click:9.pdf", Part: "b.pdf"}.String(), Name: "b.pdf", URL: site + "/files/10"},
	}, Traffic: &po.Traffic{Document: []byte(element("window", 9)), Kind: "text/html"}}
	l.Saw(Seen{Number: "4720", Asked: site + "/order_headers/4720", Reading: reading})
	for name, row := range rows {
		if got := readElement(l, "4711", row.element); got.Doubt == "" {
			t.Errorf("%s, after a click that gave two files: %v", name, names(got))
		}
	}
}
