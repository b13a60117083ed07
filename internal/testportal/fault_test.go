package testportal

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/po"
)

// ofKind finds an order of a scenario.
func ofKind(t *testing.T, p *Portal, kind string) *order {
	t.Helper()
	for _, o := range p.orders {
		if o.kind == kind {
			return o
		}
	}
	t.Fatalf("no order of kind %q", kind)
	return nil
}

// TestPages asks for the page of one order of each kind that is odd.
func TestPages(t *testing.T) {
	t.Parallel()
	p := swift(t, Options{Mix: Faulty, MaxFile: 64 << 10})
	rows := []struct {
		kind   string
		status int // of the first answer; 0 if none
		text   string
		then   int // of the second
	}{
		{"ordinary", 200, "Purchase Order|Pedido de compra", 200},
		{"gone 404", 404, "Oops! We couldn&#39;t find what you wanted", 404},
		{"gone 404 without a phrase", 404, "", 404},
		{"gone 200", 200, "Oops! We couldn&#39;t find what you wanted", 200},
		{"moved 200", 200, "The page you were looking for doesn&#39;t exist", 200},
		{"gone 200 in Portuguese", 200, "Desculpe, não encontramos o que você procurava", 200},
		{"forbidden 403", 403, "You are not authorized", 403},
		{"forbidden 200", 200, "You are not authorized", 200},
		{"none in Portuguese", 200, "Nenhum anexo", 200},
		{"page 429 once", 429, "busy", 200},
		{"page 500 once", 500, "went wrong", 200},
		{"page 503 once", 503, "busy", 200},
		{"page reset once", 0, "", 200},
		{"page 500 always", 500, "went wrong", 500},
		{"no sign", 200, "Purchase Order", 200},
		{"blank page", 200, "", 200},
		{"covered links", 200, "page_buttons_right orderHeaderShowFloatingSection floatingSectionOnTop", 200},
		{"frame of another site", 200, "http://localhost:", 200},
	}
	for _, row := range rows {
		t.Run(row.kind, func(t *testing.T) {
			t.Parallel()
			address := p.URL() + "/order_headers/" + ofKind(t, p, row.kind).number
			// A new connection each, for net/http repeats a request by itself
			// where a kept one is reset.
			first, then := get(t, client(t), address), get(t, client(t), address)
			if first.status != row.status || then.status != row.then {
				t.Errorf("status %d and then %d, want %d and %d", first.status, then.status, row.status, row.then)
			}
			if row.text == "" && len(first.body) > 0 || !containsAny(string(first.body), row.text) {
				t.Errorf("the page does not say %q:\n%s", row.text, first.body)
			}
			if asked := first.head.Get("Retry-After"); (asked == "1") != (row.status == 429 || row.status == 503) {
				t.Errorf("Retry-After: %q", asked)
			}
		})
	}
}

func containsAny(text, alternatives string) bool {
	for a := range strings.SplitSeq(alternatives, "|") {
		if strings.Contains(text, a) {
			return true
		}
	}
	return false
}

// TestFiles asks twice for the first file of one order of each kind with
// troubled files.
func TestFiles(t *testing.T) {
	t.Parallel()
	p := swift(t, Options{Mix: Faulty, MaxFile: 64 << 10})
	const whole, short, page, nothing = "whole", "short", "page", "nothing"
	rows := []struct {
		kind        string
		status      int
		first, then string
	}{
		{"file cut always", 200, short, short},
		{"file cut once", 200, short, whole},
		{"file HTML always", 200, page, page},
		{"file HTML once", 200, page, whole},
		{"file disguised HTML always", 200, page, page},
		{"file 429 once", 429, page, whole},
		{"file 500 once", 500, page, whole},
		{"file 503 once", 503, page, whole},
		{"empty file", 200, nothing, nothing},
		{"empty file without a length", 200, nothing, nothing},
	}
	for _, row := range rows {
		t.Run(row.kind, func(t *testing.T) {
			t.Parallel()
			f := ofKind(t, p, row.kind).files[0]
			body, _ := p.press.print(f)
			what := func(a answer) string {
				switch {
				case strings.HasPrefix(string(a.body), "<!doctype html>"):
					return page
				case errors.Is(a.err, io.ErrUnexpectedEOF) && len(a.body) == len(body)/2:
					return short
				case a.err == nil && len(a.body) == 0:
					return nothing
				case a.err == nil && len(a.body) == len(body):
					return whole
				}
				return "something else"
			}
			c := client(t)
			first, then := get(t, c, p.URL()+f.path()), get(t, c, p.URL()+f.path())
			if first.status != row.status || what(first) != row.first || what(then) != row.then {
				t.Errorf("%d, %s, then %s; want %d, %s, then %s", first.status, what(first), what(then), row.status, row.first, row.then)
			}
			length, announced := first.head["Content-Length"]
			if row.first == nothing && announced != (row.kind == "empty file") {
				t.Errorf("Content-Length: %q", length)
			}
		})
	}
}

// TestHang lets a client give up, and the portal close while another waits.
func TestHang(t *testing.T) {
	t.Parallel()
	p := swift(t, Options{})
	p.SetFault(Hang)
	address := p.URL() + "/order_headers/" + p.orders[0].number
	impatient, giveUp := context.WithCancel(t.Context())
	first := begin(t, impatient, address)
	until(t, func() bool { return len(p.Requests()) == 1 })
	giveUp()
	if a := <-first; !errors.Is(a.err, context.Canceled) {
		t.Errorf("a hanging page gave %d, %v", a.status, a.err)
	}
	until(t, func() bool { return !p.Requests()[0].End.IsZero() })

	second := begin(t, t.Context(), address)
	until(t, func() bool { return len(p.Requests()) == 2 })
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if a := <-second; a.err == nil {
		t.Errorf("a hanging page was answered with %d when the portal closed", a.status)
	}
}

// begin asks for a page in a new client; the answer comes later.
func begin(t *testing.T, ctx context.Context, address string) <-chan answer {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html")
	c, done := client(t), make(chan answer, 1) // closed by nobody; takes one answer
	go func() { done <- do(c, req) }()
	return done
}

// until polls for something that another goroutine brings about.
func until(t *testing.T, met func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !met(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("it did not happen within a minute")
		}
	}
}

// TestSetFault switches faults of the whole portal on and off.
func TestSetFault(t *testing.T) {
	t.Parallel()
	p := swift(t, Options{Mix: Plain})
	c := client(t)
	o := p.orders[0]
	page, calls, file := "/order_headers/"+o.number, "/order_headers/"+o.number+"/attachments.json", o.files[0].path()
	rows := []struct {
		fault             Fault
		page, calls, file int // statuses
	}{
		{Error500, 500, 500, 500},
		{Error503, 503, 503, 503},
		{Throttle, 429, 429, 429},
		{Reset, 0, 0, 0},
		{SignOut, 302, 401, 302},
		{Truncate, 200, 200, 200},
		{HTML, 200, 200, 200},
		{NoFault, 200, 200, 200},
	}
	for _, row := range rows {
		p.SetFault(row.fault)
		for path, want := range map[string]int{page: row.page, calls: row.calls, file: row.file} {
			a := get(t, c, p.URL()+path)
			if a.status != want {
				t.Errorf("fault %q: %s answers %d, want %d (%v)", row.fault, path, a.status, want, a.err)
			}
			body, _ := p.press.print(o.files[0])
			if path == file && row.file == 200 && (len(a.body) == len(body)) != (row.fault == NoFault) {
				t.Errorf("fault %q: the file has %d bytes of %d", row.fault, len(a.body), len(body))
			}
		}
	}
}

// TestFaultyTruth holds the ends that docs/spec.md §5 demands.
func TestFaultyTruth(t *testing.T) {
	t.Parallel()
	want := map[string]Order{
		"file cut always":             {Status: po.Partial, Cause: po.DownloadIncomplete, Found: 3, Files: make([]File, 2)},
		"file HTML always":            {Status: po.Partial, Cause: po.DownloadRejected, Found: 2, Files: make([]File, 1)},
		"file disguised HTML always":  {Status: po.Failed, Cause: po.DownloadRejected, Found: 1},
		"empty file":                  {Status: po.Completed, Found: 2, Files: make([]File, 2)},
		"empty file without a length": {Status: po.Partial, Cause: po.DownloadRejected, Found: 2, Files: make([]File, 1)},
		"on requisition":              {Status: po.Completed, Found: 2, Files: make([]File, 2)},
		"none on requisition":         {Status: po.NoAttachments},
		"gone 404":                    {Status: po.NotFound, Cause: po.CauseNotFound},
		"forbidden 200":               {Status: po.Failed, Cause: po.Forbidden},
		"page 429 always":             {Status: po.Failed, Cause: po.Throttled},
		"page 500 always":             {Status: po.Failed, Cause: po.PortalError},
		"no sign":                     {Status: po.Failed, Cause: po.UnrecognisedPage},
	}
	seen := 0
	for _, got := range swift(t, Options{Mix: Faulty, MaxFile: 64 << 10}).Truth() {
		w, ok := want[got.Kind]
		if !ok {
			continue
		}
		seen++
		if got.Status != w.Status || got.Cause != w.Cause || got.Found != w.Found || len(got.Files) != len(w.Files) {
			t.Errorf("%s: %s/%s with %d of %d, want %s/%s with %d of %d", got.Kind,
				got.Status, got.Cause, len(got.Files), got.Found, w.Status, w.Cause, len(w.Files), w.Found)
		}
		if known := got.Supplier != ""; known != (w.Found > 0 || w.Status == po.NoAttachments) {
			t.Errorf("%s: supplier %q", got.Kind, got.Supplier)
		}
	}
	if seen < len(want) {
		t.Errorf("%d orders of %d kinds", seen, len(want))
	}
}
