package fastlane

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// shape is a portal whose pages ask for their lists: how a browser sees it. n is which of the orders.
type shape struct {
	page   func(n int) string // body of the order's page
	calls  func(n int) []po.Call
	cookie func(n int) map[string]string
}

func orderNumber5(n int) string { return fmt.Sprint(20_511 + 7*n) }

// documents of an order: one to three.
func documents(n int) (names, addresses []string) {
	for i := range 1 + n%3 {
		names = append(names, fmt.Sprintf("Offer %d-%d.pdf", n, i))
		addresses = append(addresses, fmt.Sprintf("%s/attachments/%d/download", site, 9000+10*n+i))
	}
	return names, addresses
}

// listJSON writes the documents as an array.
func listJSON(n int, element string) string {
	names, addresses := documents(n)
	var all []string
	for i := range names {
		id := strings.Split(addresses[i], "/")[4]
		all = append(all, strings.NewReplacer("NAME", names[i], "ID", id, "PATH", strings.TrimPrefix(addresses[i], site), "STEM",
			strings.TrimSuffix(names[i], ".pdf")).Replace(element))
	}
	return "[" + strings.Join(all, ",") + "]"
}

func get(address, answer string) po.Call {
	return po.Call{Method: "GET", URL: site + address, Header: http.Header{"Accept": {"application/json"}}, Answer: []byte(answer)}
}

func supplierOf(n int) string { return fmt.Sprint("Supplier ", 'A'+n) }

func (s shape) seen(n int) Seen {
	names, addresses := documents(n)
	reading := po.Reading{Sign: po.SignAttachments, Supplier: supplierOf(n)}
	for i := range names {
		reading.Attachments = append(reading.Attachments, po.Attachment{Name: names[i], URL: addresses[i]})
	}
	page := ""
	if s.page != nil {
		page = s.page(n)
	}
	reading.Traffic = &po.Traffic{Document: []byte("<!doctype html><html><body>" + page + "</body></html>"), Kind: "text/html; charset=utf-8", Calls: s.calls(n)}
	seen := Seen{Number: orderNumber5(n), Asked: site + "/order_headers/" + orderNumber5(n), Reading: reading, Now: 1_700_000_000_000}
	if s.cookie != nil {
		seen.Cookies = s.cookie(n)
	}
	return seen
}

// replay reads an order by what a learner knows, and the portal's answers; doubt says why not.
func (s shape) replay(t *testing.T, l *Learner, n int) (list []string, reading po.PageReading) {
	t.Helper()
	seen := s.seen(n)
	o, ok := l.Order(seen.Number, seen.Now)
	if !ok {
		return nil, po.PageReading{Doubt: "nothing was learned"}
	}
	answer := func(c po.Call) Answer {
		for _, made := range s.calls(n) {
			if made.Method == c.Method && made.URL == c.URL && made.Body == c.Body && cmp.Equal(made.Header, c.Header) {
				return Answer{Asked: c.URL, URL: c.URL, Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: made.Answer}
			}
		}
		return Answer{Asked: c.URL, URL: c.URL, Status: 404}
	}
	page := l.reader.Parse(Answer{Asked: seen.Asked, URL: seen.Asked, Status: 200, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}},
		Body: seen.Reading.Traffic.Document})
	o.HasPage(page, seen.Cookies)
	if c, needed, ok := o.Lookup(); !ok {
		return nil, po.PageReading{Doubt: "the lookup cannot be made"}
	} else if needed {
		if why := o.HasLookup(answer(c)); why != "" {
			return nil, po.PageReading{Doubt: why}
		}
	}
	c, ok := o.Call()
	if !ok {
		return nil, po.PageReading{Doubt: "the call cannot be made"}
	}
	reading = o.Read(page, answer(c))
	for _, a := range reading.Attachments {
		list = append(list, a.Name+" "+a.URL)
	}
	return list, reading
}

func id(n int) string { return fmt.Sprint(77_003 + 13*n) }

// secretOf is a token as a session has it.
func secretOf(n int) string { return fmt.Sprintf("tok9f8e7d6c5b4a%04dXyZ+/==", n) }

var shapes = map[string]shape{
	"number in the path": {calls: func(n int) []po.Call {
		return []po.Call{get("/news.json", `{"items":[]}`), get("/order_headers/"+orderNumber5(n)+"/attachments.json",
			`{"supplier":"`+supplierOf(n)+`","attachments":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)}
	}},
	"number in a query": {calls: func(n int) []po.Call {
		return []po.Call{get("/documents?of=PO-"+orderNumber5(n)+"&all=1", `{"party":{"name":"`+supplierOf(n)+`"},"total":`+fmt.Sprint(1+n%3)+
			`,"rows":`+listJSON(n, `{"file":{"title":"NAME"},"id":ID}`)+`}`)}
	}},
	"token in a meta element": {
		page: func(n int) string { return `<meta name="csrf-token" content="` + secretOf(n) + `">` },
		calls: func(n int) []po.Call {
			c := get("/orders/"+orderNumber5(n)+"/files", `{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)
			c.Header.Set("X-Csrf-Token", secretOf(n))
			return []po.Call{c}
		},
	},
	"token in the address": {
		page: func(n int) string { return `<meta name="csrf-token" content="` + secretOf(n) + `">` },
		calls: func(n int) []po.Call {
			return []po.Call{get("/orders/"+orderNumber5(n)+"/files?token="+url.QueryEscape(secretOf(n)),
				`{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)}
		},
	},
	"token in a body": {
		page: func(n int) string { return `<input type=hidden name=token value="` + secretOf(n) + `">` },
		calls: func(n int) []po.Call {
			c := get("/files", `{"s":"`+supplierOf(n)+`","of":`+orderNumber5(n)+`,"files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)
			c.Method, c.Body = "POST", `{"of":"`+orderNumber5(n)+`","token":"`+secretOf(n)+`"}`
			return []po.Call{c}
		},
	},
	"one token for the whole session": {
		page: func(int) string { return `<script>window.app = {csrf: "` + secretOf(0) + `", user: "kim"}</script>` },
		calls: func(n int) []po.Call {
			c := get("/orders/"+orderNumber5(n)+"/files", `{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)
			c.Header.Set("Authorization", "Bearer "+secretOf(0))
			return []po.Call{c}
		},
	},
	"token in a cookie": {
		cookie: func(n int) map[string]string {
			return map[string]string{"XSRF-TOKEN": strings.NewReplacer("+", "%2B", "/", "%2F", "=", "%3D").Replace(secretOf(n))}
		},
		calls: func(n int) []po.Call {
			c := get("/orders/"+orderNumber5(n)+"/files", `{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)
			c.Header.Set("X-Xsrf-Token", secretOf(n))
			return []po.Call{c}
		},
	},
	"identity in the page": {
		page: func(n int) string { return `<main id="order" data-id="` + id(n) + `"></main>` },
		calls: func(n int) []po.Call {
			return []po.Call{get("/api/orders/"+id(n)+"/documents", `{"s":"`+supplierOf(n)+`","order":`+id(n)+`,"files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)}
		},
	},
	"identity in the page's data": {
		page: func(n int) string {
			return `<script type="application/json">{"order": {"id": ` + id(n) + `, "lines": [{"lineId": 5}]}}</script>`
		},
		calls: func(n int) []po.Call {
			return []po.Call{get("/api/orders/"+id(n)+"/documents", `{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)}
		},
	},
	"identity by a call before": {calls: func(n int) []po.Call {
		return []po.Call{get("/api/orders?number="+orderNumber5(n), `{"orders":[{"id":`+id(n)+`,"number":"`+orderNumber5(n)+`"}]}`),
			get("/api/orders/"+id(n)+"/documents", `{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)}
	}},
	"GraphQL": {calls: func(n int) []po.Call {
		return []po.Call{{Method: "POST", URL: site + "/graphql", Header: http.Header{"Content-Type": {"application/json"}},
			Body: `{"operationName":"Docs","variables":{"number":"` + orderNumber5(n) + `"},"query":"query Docs($number: String!) { order(number: $number) { id } }"}`,
			Answer: []byte(`{"data":{"order":{"supplier":{"name":"` + supplierOf(n) + `"},"documents":{"edges":` +
				listJSON(n, `{"node":{"stem":"STEM","type":"pdf","url":"`+site+`PATH"}}`) + `}}}}`)}}
	}},
	"a form": {calls: func(n int) []po.Call {
		return []po.Call{{Method: "POST", URL: site + "/list", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
			Body:   "order=PO+" + orderNumber5(n) + "&sort=name",
			Answer: []byte(`{"s":"` + supplierOf(n) + `","files":` + listJSON(n, `{"name":"NAME","path":"PATH"}`) + `}`)}}
	}},
	"lists within a list": {calls: func(n int) []po.Call {
		return []po.Call{get("/orders/"+orderNumber5(n)+"/lines", `{"s":"`+supplierOf(n)+`","lines":[{"no":1,"files":[]},{"no":2,"files":`+
			listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}]}`)}
	}},
	"the time against caches": {calls: func(n int) []po.Call {
		return []po.Call{get("/orders/"+orderNumber5(n)+"/files?_=1700000000000", `{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME","path":"PATH"}`)+`}`)}
	}},
}
