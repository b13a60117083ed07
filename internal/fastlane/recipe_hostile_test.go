package fastlane

import (
	"net/http"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// A recipe that somebody else has written is no danger: what asks for something else than browsers do, if only by a
// header, is not used.
func TestForeignRecipes(t *testing.T) {
	t.Parallel()
	s := shapes["number in the path"]
	l, kept := learnerOf(t, s, 12)
	for name, foreign := range map[string]string{
		"another header":  strings.Replace(string(kept), `"header": [`, `"header": [{"name": "X-Http-Method-Override", "value": [{"text": "DELETE"}]},`, 1),
		"another method":  strings.Replace(string(kept), `"GET"`, `"POST"`, 1),
		"another address": strings.Replace(string(kept), `/attachments.json`, `/delete`, 1),
	} {
		again := NewLearner(l.reader, []byte(foreign))
		if foreign == string(kept) || again.kept == nil {
			t.Fatalf("%s: it is not taken", name)
		}
		for n := range minSamples - 1 {
			again.Saw(s.seen(n))
		}
		if again.recipe != nil {
			t.Errorf("%s: it is used", name)
		}
	}
}

// A recipe that is none is not taken.
func TestHostileRecipes(t *testing.T) {
	t.Parallel()
	_, kept := learnerOf(t, shapes["token in a meta element"], 12)
	p := coupa(t)
	if _, err := decodeRecipe(kept, p); err != nil {
		t.Fatal(err)
	}
	text := string(kept)
	for name, hostile := range map[string]string{
		"nothing":           "",
		"no JSON":           "x",
		"another portal":    strings.Replace(text, fingerprint(p), "0", 1),
		"another format":    strings.Replace(text, `"format": 1`, `"format": 2`, 1),
		"another method":    strings.Replace(text, `"GET"`, `"DELETE"`, 1),
		"a cookie":          strings.Replace(text, `"X-Csrf-Token"`, `"Cookie"`, 1),
		"a host":            strings.Replace(text, `"X-Csrf-Token"`, `"Host"`, 1),
		"a line break":      strings.Replace(text, `"X-Csrf-Token"`, `"X-A\r\nB"`, 1),
		"an unknown source": strings.Replace(text, `"kind": "meta"`, `"kind": "file"`, 1),
		"too long":          text + strings.Repeat(" ", MaxRecipe),
	} {
		if hostile == text {
			t.Fatalf("%s: nothing has changed", name)
		}
		if _, err := decodeRecipe([]byte(hostile), p); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func FuzzReadCall(f *testing.F) {
	s := shapes["number in a query"]
	f.Add(string(s.calls(4)[0].Answer))
	f.Add(`{"rows":[{"file":{"title":"a"},"id":{}}]}`)
	r, err := New(coupa(f))
	if err != nil {
		f.Fatal(err)
	}
	l := NewLearner(r, nil)
	for n := range 12 {
		l.Saw(s.seen(n))
	}
	asked := site + "/order_headers/1"
	page := r.Parse(Answer{Asked: asked, URL: asked, Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html></html>")})
	f.Fuzz(func(t *testing.T, body string) {
		got := r.readCall(l.recipe, surroundings{number: "1"}, page,
			Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(body)})
		if (got.Doubt == "") != (got.Sign == po.SignAttachments && len(got.Attachments) > 0) {
			t.Errorf("%+v", got)
		}
		for _, a := range got.Attachments {
			if !strings.HasPrefix(a.URL, site) {
				t.Errorf("%q is to be fetched", a.URL)
			}
		}
	})
}

func FuzzRecipe(f *testing.F) {
	p := coupa(f)
	f.Add(`{"format":1,"portal":"` + fingerprint(p) + `","recipe":{"call":{"method":"GET","address":[{"sources":[{"kind":"number"}]}]},"list":["[]"],` +
		`"names":[[{"field":"a"}]],"targets":{"rules":{"":[[{"field":"a"}]]}},"supplier":{}}}`)
	r, err := New(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		l := NewLearner(r, []byte(text))
		if l.recipe != nil {
			t.Error("it is used before anybody has asked for the same")
		}
		if l.recipe = l.kept; l.recipe == nil {
			return
		}
		o, _ := l.Order("4711", 0)
		page := r.Parse(Answer{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte("<html></html>")})
		o.HasPage(page, nil)
		o.NeedsPage()
		o.Lookup()
		o.Call()
		o.Read(page, Answer{Status: 200, Header: http.Header{"Content-Type": {"application/json"}}, Body: []byte(`[{"a":"x"}]`)})
	})
}
