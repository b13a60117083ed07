package fastlane

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

func learnerOf(t *testing.T, s shape, orders int) (l *Learner, kept []byte) {
	t.Helper()
	r, err := New(coupa(t))
	if err != nil {
		t.Fatal(err)
	}
	l = NewLearner(r, nil)
	for n := range orders {
		if lesson := l.Saw(s.seen(n)); lesson.Learned {
			kept = lesson.Keep
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

// A call with a token of the page that it was made by is the same for another load of that page, and for no other
// order's; one that is the same to the letter needs no name.
func TestSameCall(t *testing.T) {
	t.Parallel()
	const enough = minSamples + 1 // the last finds what its call is called
	for name, token := range map[string]bool{
		"token in a body": true, "token in the address": true, // which each load has its own of
		"identity in the page": false, "identity in the page's data": false, "number in a query": false, "token in a meta element": false,
	} {
		l, _ := learnerOf(t, shapes[name], enough)
		// another load of an order's page: all that it carries is another one
		again := shapes[name]
		anew := func(n int, text string) string {
			return strings.NewReplacer(secretOf(n), secretOf(n+1000), url.QueryEscape(secretOf(n)), url.QueryEscape(secretOf(n+1000)),
				id(n), id(n+1000)).Replace(text)
		}
		if again.page != nil {
			again.page = func(n int) string { return anew(n, shapes[name].page(n)) }
		}
		again.calls = func(n int) (list []po.Call) {
			for _, c := range shapes[name].calls(n) {
				c.URL, c.Body = anew(n, c.URL), anew(n, c.Body)
				list = append(list, c)
			}
			return list
		}
		names := func(n int) []string {
			seen := shapes[name].seen(n)
			o, _ := l.Order(seen.Number, seen.Now)
			o.HasPage(l.reader.Parse(Answer{Asked: seen.Asked, URL: seen.Asked, Status: 200,
				Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: seen.Reading.Traffic.Document}), nil)
			return o.Names()
		}
		of7, of8 := names(7), names(8)
		same := l.Saw(again.seen(7)).Named
		switch {
		case !token && len(of7)+len(same) > 0:
			t.Errorf("%s: %v and %+v, though nothing is another one at each load", name, of7, same)
		case token && (len(same) != 1 || len(of7) != 1 || same[0].Name != of7[0] || same[0].Call.URL != again.calls(7)[0].URL):
			t.Errorf("%s: %+v, want the one called %q", name, same, of7)
		case token && of7[0] == of8[0]:
			t.Errorf("%s: another order's call has the same name", name)
		}
		foreign := again
		foreign.page = shapes[name].page // which has not the token that the call has
		if same := l.Saw(foreign.seen(9)).Named; len(same) != 0 {
			t.Errorf("%s: %+v: a call with a token from elsewhere", name, same)
		}
	}
}

// What tells what is asked for is no token, whatever it looks like.
func TestNoTokens(t *testing.T) {
	t.Parallel()
	version := func(n int) string { return fmt.Sprintf("9f2c4e6a8b0d1f3579bdace024681357%d", n/100) } // of a query
	order := func(n int) string { return fmt.Sprintf("7c9e6679-7425-40de-944b-e07fc1f9%04d", n) }     // its identity
	for name, c := range map[string]struct {
		value  func(n int) string
		answer string
	}{
		"the version of a query":        {version, `{"s":"SUPPLIER","files":FILES}`},
		"an identity that looks random": {order, `{"s":"SUPPLIER","order":"VALUE","files":FILES}`},
	} {
		s := shape{
			page: func(n int) string { return `<meta name="hash" content="` + c.value(n) + `">` },
			calls: func(n int) []po.Call {
				return []po.Call{get("/files?of="+orderNumber5(n)+"&hash="+c.value(n), strings.NewReplacer("SUPPLIER", supplierOf(n), "VALUE", c.value(n),
					"FILES", listJSON(n, `{"name":"NAME","path":"PATH"}`)).Replace(c.answer))}
			},
		}
		l, _ := learnerOf(t, s, 3*minSamples)
		if len(l.tokens) > 0 || len(l.Saw(s.seen(7)).Named) > 0 {
			t.Errorf("%s is taken for a token", name)
		}
		if list, reading := s.replay(t, l, 20); len(list) == 0 {
			t.Errorf("%s: %s", name, reading.Doubt)
		}
	}
}
