package fastlane

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

const site = "https://portal.example"

// coupa is the built-in definition.
func coupa(t testing.TB) portal.Portal {
	t.Helper()
	p, _ := portal.Builtin("coupa")
	p, err := p.WithBaseURL(site)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// read has a page's body read as that of order 4711.
func read(t testing.TB, p portal.Portal, body string) po.PageReading {
	t.Helper()
	r, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	const address = site + "/order_headers/4711"
	return r.readPage("4711", r.Parse(Answer{Asked: address, URL: address, Status: http.StatusOK,
		Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte("<!doctype html><html><body>" + body + "</body></html>")}),
		targets{})
}

// names are what a reading lists: name and address of each.
func names(p po.PageReading) (list []string) {
	for _, a := range p.Attachments {
		list = append(list, a.Name+" "+strings.TrimPrefix(a.URL, site))
	}
	return list
}

func TestLists(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		body string
		want []string
	}{
		"one link": {`<a href="/attachments/1/download">Offer.pdf</a>`, []string{"Offer.pdf /attachments/1/download"}},
		"in the page's order": {`<ul><li><a href="/attachments/2/x">b</a><li><a href="/attachments/1/x">a</a></ul>`,
			[]string{"b /attachments/2/x", "a /attachments/1/x"}},
		"name in download":    {`<a href="/attachments/1/x" download="Offer 1.pdf">Download</a>`, []string{"Offer 1.pdf /attachments/1/x"}},
		"name in a label":     {`<a href="/attachments/1/x" aria-label="Offer.pdf file attachment">x</a>`, []string{"Offer.pdf /attachments/1/x"}},
		"address in data-url": {`<a href="#" data-url="/attachments/1/x" title="Offer.pdf">Open</a>`, []string{"Offer.pdf /attachments/1/x"}},
		"icon and text are one": {`<div><a href="/attachments/1/x"><img alt=""></a><a href="/attachments/1/x">Offer.pdf</a></div>`,
			[]string{"x /attachments/1/x"}}, // which is what the first one's address says
		"text of several lines": {`<a href="/attachments/1/x"><div>Offer</div><div>1.pdf</div></a>`, []string{"Offer 1.pdf /attachments/1/x"}},
		"hidden text is none":   {`<a href="/attachments/1/x">Offer.pdf<span hidden> (new)</span></a>`, []string{"Offer.pdf /attachments/1/x"}},
		"name in the address":   {`<a href="/attachments/1/Offer%201.pdf"></a>`, []string{"Offer 1.pdf /attachments/1/Offer%201.pdf"}},
		"space in the address":  {`<a href="/attachments/1/Offer 1ü.pdf">a</a>`, []string{"a /attachments/1/Offer%201%C3%BC.pdf"}},
		"relative address":      {`<a href="../attachments/1/x">a</a>`, []string{"a /attachments/1/x"}},
		"base":                  {`<base href="/sub/"><a href="attachments/1/x">a</a>`, []string{"a /sub/attachments/1/x"}},
		"not a template": {`<template><a href="/attachments/9/x">t</a></template><a href="/attachments/1/x">a</a>`,
			[]string{"a /attachments/1/x"}},
		"not what edits": {`<a href="/attachments/new">+</a><a href="#upload" title="Upload attachment">+</a><a href="/attachments/1/x">a</a>`,
			[]string{"a /attachments/1/x"}},
		"not what signs out": {`<a href="/sessions/destroy?attachment">bye</a><a href="/attachments/1/x">a</a>`, []string{"a /attachments/1/x"}},
		"said to be so many": {`<h2>Attachments (2)</h2><a href="/attachments/1/x">a</a><a href="/attachments/2/x">b</a>`,
			[]string{"a /attachments/1/x", "b /attachments/2/x"}},
		"a name with a number of documents": {`<ul><li><a href="/attachments/1/x">Part 1 of 3 documents.pdf</a></ul>`,
			[]string{"Part 1 of 3 documents.pdf /attachments/1/x"}},
		"the order's own numbers": {`<section><h2>Files</h2><a href="/attachments/1/x">a</a></section><p>Page 1 of 3</p>`,
			[]string{"a /attachments/1/x"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := read(t, coupa(t), row.body)
			if got.Doubt != "" || got.Sign != po.SignAttachments {
				t.Fatalf("doubt %q, sign %q", got.Doubt, got.Sign)
			}
			if diff := cmp.Diff(row.want, names(got)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if len(got.Parts) == 0 || got.Edition == "" {
				t.Error("no shape")
			}
		})
	}
}

// What needs a browser is never an answer.
func TestDoubts(t *testing.T) {
	t.Parallel()
	const list = `<a href="/attachments/1/x">a</a>`
	described := coupa(t)
	described.Attachments.Count = []string{".count"}
	described.Attachments.Incomplete.Texts = []string{"loading"}
	complete := coupa(t)
	complete.Attachments.Complete.Selectors = []string{".all"}
	framed := coupa(t)
	framed.Attachments.Frames = []string{"iframe"}
	own := coupa(t)
	own.Order.Identity.Texts = []string{"Order {number}"}
	for name, row := range map[string]struct {
		portal portal.Portal
		body   string
	}{
		"nothing":                  {coupa(t), ``},
		"says that there are none": {coupa(t), `<p class="no_attachments">No attachments</p>`},
		"says not found":           {coupa(t), `<p>Oops! We couldn’t find what you wanted</p>` + list},
		"says refused":             {coupa(t), `<b>Access</b> denied` + list},
		"a form to sign in":        {coupa(t), `<input type=password>` + list},
		"only a click":             {coupa(t), list + `<span role="button" aria-label="Offer.pdf file attachment">Offer.pdf</span>`},
		"a method":                 {coupa(t), `<a href="/attachments/1/x" data-method="post">a</a>`},
		"one address, two data":    {coupa(t), `<a href="/attachments/x" data-id="1">a</a><a href="/attachments/x" data-id="2">b</a>`},
		"an address for browsers":  {coupa(t), `<a href="/attachments\1">a</a>`},
		"more":                     {coupa(t), `<div>` + list + `<button>Show all 12 attachments…</button></div>`},
		"next page":                {coupa(t), `<div>` + list + `<nav class="pagination"><a href="?page=2">2</a></nav></div>`},
		"next":                     {coupa(t), `<div>` + list + `<a rel="next" href="?page=2">›</a></div>`},
		"says more":                {coupa(t), `<div>` + list + `<p>1 of 12 attachments</p></div>`},
		"says a range":             {coupa(t), `<div>` + list + `<p>1–1 of 12</p></div>`},
		"heading says more":        {coupa(t), `<h2>Attachments (3)</h2>` + list},
		"and more":                 {coupa(t), `<div>` + list + `<p>and 3 more</p></div>`},
		"refresh":                  {coupa(t), `<meta http-equiv="Refresh" content="1">` + list},
		"no count":                 {described, list},
		"another count":            {described, `<i class="count">2</i>` + list},
		"loading":                  {described, `<i class="count">1</i>Loading…` + list},
		"not said to be all":       {complete, list},
		"a frame":                  {framed, `<iframe src="/x"></iframe>` + list},
		"another order":            {own, `<h1>Order 47110</h1>` + list},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := read(t, row.portal, row.body); got.Doubt == "" || got.Sign != "" || got.Attachments != nil {
				t.Errorf("%+v", got)
			}
		})
	}
	if got := read(t, own, `<h1>Order 4711</h1>`+list); got.Doubt != "" {
		t.Errorf("its own order: %s", got.Doubt)
	}
	if got := read(t, described, `<i class="count">1</i>`+list); got.Doubt != "" {
		t.Errorf("the count fits: %s", got.Doubt)
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	r, err := New(coupa(t))
	if err != nil {
		t.Fatal(err)
	}
	const asked, list = site + "/order_headers/4711", `<html><a href="/attachments/1/x">a</a></html>`
	html := http.Header{"Content-Type": {"text/html"}}
	for name, row := range map[string]struct {
		answer Answer
		sign   po.Sign
		doubt  bool
	}{
		"a list":          {Answer{asked, asked, 200, html, []byte(list)}, po.SignAttachments, false},
		"sign-in":         {Answer{asked, site + "/sessions/new", 200, html, []byte(list)}, po.SignSignedOut, true},
		"401":             {Answer{asked, asked, 401, html, []byte(list)}, po.SignSignedOut, true},
		"404":             {Answer{asked, asked, 404, html, []byte(list)}, "", true},
		"elsewhere":       {Answer{asked, site + "/home", 200, html, []byte(list)}, "", true},
		"a file":          {Answer{asked, asked, 200, http.Header{"Content-Type": {"application/pdf"}}, []byte(list)}, "", true},
		"no kind":         {Answer{asked, asked, 200, http.Header{}, []byte(list)}, "", true},
		"without its end": {Answer{asked, asked, 200, html, []byte(strings.TrimSuffix(list, "</html>"))}, "", true},
		"refresh":         {Answer{asked, asked, 200, http.Header{"Content-Type": {"text/html"}, "Refresh": {"1"}}, []byte(list)}, "", true},
	} {
		if got := r.readPage("4711", r.Parse(row.answer), targets{}); got.Sign != row.sign || (got.Doubt != "") != row.doubt {
			t.Errorf("%s: sign %q, doubt %q", name, got.Sign, got.Doubt)
		}
	}
}

func TestSelectors(t *testing.T) {
	t.Parallel()
	for selector, ok := range map[string]bool{
		"a:is(.x, .y)":             true,
		"a:not([href^='#'], .x *)": true,
		":is(a, b):not(:is(.z))":   true,
		"a[title=':hover']":        true,
		"a[href*='x' i]:has(img)":  true,
		"a:hover":                  false,
		"tr:has(> a)":              false,
		"input:checked":            false,
		"li:nth-child(2 of .x)":    false,
		"a\\:b":                    true,
	} {
		if _, err := compile([]string{selector}); (err == nil) != ok {
			t.Errorf("%s: %v", selector, err)
		}
	}
	page := read(t, coupa(t), `<a class="x" href="/attachments/1/x">a</a><a class="z" href="/attachments/2/x">b</a>`)
	if len(page.Attachments) != 2 {
		t.Fatal(page)
	}
	narrow := coupa(t)
	narrow.Attachments.Links = []string{"a:is(.x, .y):not(.z)"}
	if got := names(read(t, narrow, `<a class="x" href="/1">a</a><a class="z x" href="/2">b</a><a href="/3">c</a><a class="y" href="/4">d</a>`)); !cmp.Equal(got, []string{"a /1", "d /4"}) {
		t.Error(got)
	}
}

// Pages of one shape differ in what they say of an order; pages of another in how they are
// built.
func TestShapes(t *testing.T) {
	t.Parallel()
	const base = `<main data-role="buyer"><h1>Order 4711</h1><script src="/app-1.js"></script><script>var o = {id: 4711, open: true, lines: [{q: 7}, {q: 8}]};</script>
		<ul><li class="row-1"><a href="/attachments/1/x" data-id="77">Offer.pdf</a><li class="row-2"><a href="/attachments/2/x" data-id="78">b</a></ul></main>`
	one := read(t, coupa(t), base)
	for name, row := range map[string]struct {
		old, new string
		same     bool
	}{
		"another number":  {"4711", "815", true},
		"another name":    {"Offer.pdf", "Bill 3.xlsx", true},
		"another id":      {`"77"`, `"1234"`, true},
		"one more line":   {"{q: 7}", "{q: 7}, {q: 19}", true},
		"another role":    {"buyer", "clerk", false},
		"another state":   {"true", "false", false},
		"a new element":   {"</h1>", "</h1><i></i>", false},
		"a new attribute": {"<main", "<main data-hidden", false},
		"a new class":     {"row-1", "row-1 late", false},
		"a new key":       {"q: 7", "q: 7, kept: 17", false},
		"code":            {"};", "}; hide(o);", false},
	} {
		two := read(t, coupa(t), strings.ReplaceAll(base, row.old, row.new))
		if two.Doubt != "" || slices.Equal(one.Parts, two.Parts) != row.same {
			t.Errorf("%s: same shape %v, doubt %q", name, slices.Equal(one.Parts, two.Parts), two.Doubt)
		}
		if one.Edition != two.Edition {
			t.Errorf("%s: another edition", name)
		}
	}
	if two := read(t, coupa(t), strings.ReplaceAll(base, "/app-1.js", "/app-2.js")); one.Edition == two.Edition {
		t.Error("another script is the same edition")
	}
	if two := read(t, coupa(t), strings.ReplaceAll(base, `<li class="row-2"><a href="/attachments/2/x" data-id="78">b</a>`, "")); slices.Equal(one.Parts, two.Parts) {
		t.Error("one document is of the shape of two")
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`<a href="/attachments/1/x">a</a>`)
	f.Add(`<a href="/attachments/1/x">1 of 3 documents</a><base href="//x"><table><a href='//attachment'>`)
	p := coupa(f)
	f.Fuzz(func(t *testing.T, body string) {
		got := read(t, p, body)
		if (got.Doubt == "") != (got.Sign == po.SignAttachments && len(got.Attachments) > 0) {
			t.Errorf("%+v", got)
		}
	})
}
