package fastlane

import (
	"fmt"
	"net/http"
	"slices"
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

func learnerOf(t *testing.T, s shape, orders int) (l *Learner, kept []byte) {
	t.Helper()
	r, err := New(coupa(t))
	if err != nil {
		t.Fatal(err)
	}
	l = NewLearner(r, nil)
	for n := range orders {
		if learned, recipe := l.Saw(s.seen(n)); learned {
			kept = recipe
		}
	}
	return l, kept
}

// What was learned of some orders reads others.
func TestLearn(t *testing.T) {
	t.Parallel()
	for name, s := range shapes {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, kept := learnerOf(t, s, minSamples)
			for n := minSamples; n < 40; n++ {
				list, reading := s.replay(t, l, n)
				names, addresses := documents(n)
				var want []string
				for i := range names {
					want = append(want, names[i]+" "+addresses[i])
				}
				if diff := cmp.Diff(want, list); diff != "" || reading.Supplier != supplierOf(n) {
					t.Fatalf("order %d: doubt %q, supplier %q\n%s", n, reading.Doubt, reading.Supplier, diff)
				}
			}
			if strings.Contains(string(kept), "tok9f8e") {
				t.Errorf("a token is kept:\n%s", kept)
			}
			again := NewLearner(l.reader, kept)
			for n := range adoptAfter {
				if again.recipe != nil {
					t.Error("what was kept is used after", n, "samples")
				}
				again.Saw(s.seen(n))
			}
			if again.recipe == nil || again.recipe.id() != l.recipe.id() {
				t.Errorf("what was kept is not what was learned:\n%s", kept)
			}
		})
	}
}

// A click that gives several files is a document of which nothing in an answer tells.
func TestClickThatGivesSeveral(t *testing.T) {
	t.Parallel()
	s := shapes["number in the path"]
	r, err := New(coupa(t))
	if err != nil {
		t.Fatal(err)
	}
	l := NewLearner(r, nil)
	for n := range minSamples + 1 {
		l.Saw(s.seen(n))
	}
	if _, known := l.Order("4711", 0); !known {
		t.Fatal("nothing was learned")
	}
	several := s.seen(7)
	several.Reading.Attachments[0].ID = po.Identity{Key: "click:x", Part: "a.pdf"}.String()
	for n := range 2 * minSamples {
		l.Saw(several)
		l.Saw(s.seen(n))
	}
	if _, known := l.Order("4711", 0); known {
		t.Error("it is asked for by a call")
	}
}

// Where nothing explains how the list is asked for, nothing is learned.
func TestNothingToLearn(t *testing.T) {
	t.Parallel()
	plain := func(n int) string {
		return `{"s":"` + supplierOf(n) + `","files":` + listJSON(n, `{"name":"NAME","path":"PATH"}`) + `}`
	}
	for name, s := range map[string]shape{
		"an identity from nowhere": {calls: func(n int) []po.Call { return []po.Call{get("/api/"+id(n*n+1), plain(n))} }},
		"a signature":              {calls: func(n int) []po.Call { return []po.Call{get("/f/"+orderNumber5(n)+"?sig="+secretOf(n), plain(n))} }},
		"a mutation": {calls: func(n int) []po.Call {
			return []po.Call{{Method: "POST", URL: site + "/graphql", Header: http.Header{}, Answer: []byte(plain(n)),
				Body: `{"query":"mutation { open(number: \"` + orderNumber5(n) + `\") { id } }"}`}}
		}},
		"other names": {calls: func(n int) []po.Call {
			return []po.Call{get("/f/"+orderNumber5(n), strings.ReplaceAll(plain(n), "Offer", "Bill"))}
		}},
		"another list": {calls: func(n int) []po.Call { return []po.Call{get("/f/"+orderNumber5(n), plain(n+1))} }},
		"no supplier": {calls: func(n int) []po.Call {
			return []po.Call{get("/f/"+orderNumber5(n), strings.ReplaceAll(plain(n), "Supplier", ""))}
		}},
		"no addresses": {calls: func(n int) []po.Call {
			return []po.Call{get("/f/"+orderNumber5(n), strings.ReplaceAll(plain(n), "path", "path")[:0]+`{"s":"`+supplierOf(n)+`","files":`+listJSON(n, `{"name":"NAME"}`)+`}`)}
		}},
		"nothing was got": {calls: func(int) []po.Call { return nil }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if l, _ := learnerOf(t, s, 12); l.recipe != nil {
				t.Errorf("%+v", l.recipe)
			}
		})
	}
}

// Nothing is believed of an answer that may say something else than the list of the order.
func TestCallDoubts(t *testing.T) {
	t.Parallel()
	s := shapes["number in a query"]
	l, _ := learnerOf(t, s, 12)
	in := surroundings{number: orderNumber5(4)}
	good := string(s.calls(4)[0].Answer)
	address := s.calls(4)[0].URL
	for name, row := range map[string]struct {
		page   string
		change func(*Answer)
		body   string
		doubt  bool
	}{
		"as it should be": {},
		"an error":        {body: strings.Replace(good, "{", `{"errors":[{"message":"x"}],`, 1), doubt: true},
		"no errors":       {body: strings.Replace(good, "{", `{"errors":[],`, 1)},
		"error false":     {body: strings.Replace(good, "{", `{"error":false,`, 1)},
		"says failed":     {body: strings.Replace(good, "{", `{"error":"timeout",`, 1), doubt: true},
		"empty":           {body: `{"party":{"name":"x"},"total":0,"rows":[]}`, doubt: true},
		"null":            {body: `{"party":{"name":"x"},"total":2,"rows":null}`, doubt: true},
		"no list":         {body: `{"party":{"name":"x"}}`, doubt: true},
		"a list of texts": {body: `{"party":{"name":"x"},"total":1,"rows":["x"]}`, doubt: true},
		"counts more":     {body: strings.Replace(good, `"total":2`, `"total":7`, 1), doubt: true},
		"counts nothing":  {body: strings.Replace(good, `"total":2`, `"all":2`, 1), doubt: true},
		"no name":         {body: strings.Replace(good, `"title"`, `"label"`, 1), doubt: true},
		"no id":           {body: strings.Replace(good, `"id"`, `"key"`, 1), doubt: true},
		"not UTF-8":       {body: strings.Replace(good, "Offer 4-1", "\xdcbung", 1), doubt: true},
		"another charset": {body: strings.Replace(good, "Offer 4-1", "Übung", 1), change: func(a *Answer) {
			a.Header.Set("Content-Type", "application/json; charset=iso-8859-1")
		}, doubt: true},
		"UTF-8": {body: strings.Replace(good, "Offer 4-1", "Übung", 1), change: func(a *Answer) {
			a.Header.Set("Content-Type", "application/json; charset=UTF-8")
		}},
		"two of one name": {body: strings.ReplaceAll(good, "4-1.pdf", "4-0.pdf"), doubt: true},
		"white space":     {body: strings.ReplaceAll(good, "Offer 4-1", "Offer  4-1"), doubt: true},
		"cut off":         {body: good[:len(good)-1], doubt: true},
		"more behind it":  {body: good + "{}", doubt: true},
		"403":             {change: func(a *Answer) { a.Status = 403 }, doubt: true},
		"206":             {change: func(a *Answer) { a.Status = 206 }, doubt: true},
		"elsewhere":       {change: func(a *Answer) { a.URL = site + "/home" }, doubt: true},
		"HTML":            {change: func(a *Answer) { a.Header = http.Header{"Content-Type": {"text/html"}} }, doubt: true},
		"another page":    {change: func(a *Answer) { a.Header.Set("Link", `</x?page=2>; rel="next"`) }, doubt: true},
		"says not found":  {page: `<b>Access denied</b>`, doubt: true},
		"refresh":         {page: `<meta http-equiv=refresh content=1>`, doubt: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := Answer{Asked: address, URL: address, Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(good)}
			if row.body != "" {
				a.Body = []byte(row.body)
			}
			if row.change != nil {
				row.change(&a)
			}
			asked := site + "/order_headers/" + in.number
			page := l.reader.Parse(Answer{Asked: asked, URL: asked, Status: 200, Header: http.Header{"Content-Type": {"text/html"}},
				Body: []byte("<html><body>" + row.page + "</body></html>")})
			got := l.reader.readCall(l.recipe, in, page, a)
			if (got.Doubt != "") != row.doubt || row.doubt && got.Attachments != nil {
				t.Errorf("doubt %q: %+v", got.Doubt, got.Attachments)
			}
		})
	}
}

// Answers of one shape differ in what they say of an order.
func TestAnswerShapes(t *testing.T) {
	t.Parallel()
	const base = `{"number":"4711","total":2,"more":null,"open":false,"files":[{"name":"Offer 1.pdf","kind":"pdf","lines":0}]}`
	shapeOf := func(text string) []uint64 {
		value, err := parseJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		f := features{}
		answerFeatures(f, "answer", value, map[string]string{fromNumber: "4711", "other": "4711"})
		return f.parts()
	}
	for name, row := range map[string]struct {
		old, new string
		same     bool
	}{
		"another name":     {"Offer 1", "Bill 2", true},
		"another count":    {"2", "3", true},
		"one more":         {`]}`, `,{"name":"B 2.pdf","kind":"pdf","lines":0}]}`, true},
		"another order":    {`"4711"`, `"4712"`, false},
		"another kind":     {`"kind":"pdf"`, `"kind":"form"`, false},
		"with lines":       {`"lines":0`, `"lines":3`, false},
		"another page":     {`null`, `"/x?page=2"`, false},
		"another state":    {"false", "true", false},
		"a new key":        {`"more"`, `"x":7,"more"`, false},
		"a key less":       {`"more":null,`, ``, false},
		"a text, a number": {`"total":2`, `"total":"2"`, false},
	} {
		if got := slices.Equal(shapeOf(base), shapeOf(strings.Replace(base, row.old, row.new, 1))); got != row.same {
			t.Errorf("%s: same shape %v", name, got)
		}
	}
}
