package testportal

import (
	"bytes"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

// swift is a portal without latencies.
func swift(t *testing.T, opts Options) *Portal {
	t.Helper()
	return served(t, Start, opts)
}

func served(t *testing.T, start func(Options) (*Portal, error), opts Options) *Portal {
	t.Helper()
	opts.PageLatency, opts.ListLatency, opts.FileLatency, opts.TrackerLatency = -1, -1, -1, -1
	p, err := start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// client follows no redirect and keeps cookies.
func client(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Jar: jar, Transport: transport, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// answer is what came of a request; body is as far as it came.
type answer struct {
	status int
	head   http.Header
	body   []byte
	err    error
}

func get(t *testing.T, c *http.Client, address string) answer {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/html,*/*")
	return do(c, req)
}

func do(c *http.Client, req *http.Request) answer {
	resp, err := c.Do(req)
	if err != nil {
		return answer{err: err}
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, body, err}
}

// fetchFile gets a listed file as its link wants it.
func fetchFile(t *testing.T, c *http.Client, p *Portal, f listed) answer {
	t.Helper()
	if f.Token == "" {
		return get(t, c, p.URL()+f.Path)
	}
	return postForm(t, c, p.URL()+f.Path, url.Values{"authenticity_token": {f.Token}})
}

// list reads the list behind a page's path.
func list(t *testing.T, c *http.Client, p *Portal, path string) listing {
	t.Helper()
	a := get(t, c, p.URL()+path+"/attachments.json")
	var l listing
	if err := json.Unmarshal(a.body, &l); err != nil || a.status != http.StatusOK {
		t.Fatalf("%s: status %d, %v, %v", path, a.status, a.err, err)
	}
	return l
}

// TestTruth reads every order as a client would and compares what it gets,
// file by file, with the truth.
func TestTruth(t *testing.T) {
	t.Parallel()
	p := swift(t, Options{})
	holdsAll(t, p.Truth())
	c := client(t)
	for _, o := range p.Truth() {
		if o.Status != po.Completed && o.Status != po.Partial {
			if o.Files != nil {
				t.Errorf("%s: %s with files", o.Kind, o.Status)
			}
			continue
		}
		l := list(t, c, p, "/order_headers/"+string(o.Key))
		if l.Supplier != o.Supplier {
			t.Errorf("%s: supplier %q, want %q", o.Kind, l.Supplier, o.Supplier)
		}
		if len(l.Attachments) == 0 && l.Requisition != nil {
			l = list(t, c, p, l.Requisition.Path)
		}
		if len(l.Attachments) != o.Found {
			t.Errorf("%s: %d attachments, want %d", o.Kind, len(l.Attachments), o.Found)
		}
		var got []File
		for _, f := range l.Attachments {
			if file, ok := lastingly(t, c, p, f); ok {
				got = append(got, file)
			}
		}
		if diff := cmp.Diff(o.Files, got); diff != "" {
			t.Errorf("%s (-truth +served):\n%s", o.Kind, diff)
		}
	}
}

// lastingly asks for a file up to three times; ok is false if it never came.
func lastingly(t *testing.T, c *http.Client, p *Portal, f listed) (file File, ok bool) {
	t.Helper()
	for range 3 {
		a := fetchFile(t, c, p, f)
		html := bytes.HasPrefix(bytes.TrimSpace(a.body), []byte("<!doctype html"))
		if a.err != nil || a.status != http.StatusOK || html {
			continue
		}
		_, parameters, err := mime.ParseMediaType(a.head.Get("Content-Disposition"))
		if err != nil || parameters["filename"] != f.Name {
			t.Errorf("Content-Disposition names %q, want %q (%v)", parameters["filename"], f.Name, err)
		}
		sum := sha256.Sum256(a.body)
		return File{
			Name: f.Name, Path: f.Path, Kind: string(f.Kind), Click: f.Link.click(),
			Bytes: int64(len(a.body)), SHA256: hex.EncodeToString(sum[:]),
		}, true
	}
	return File{}, false
}

// TestSameSeed compares portals of a seed with each other and with one of
// another seed.
func TestSameSeed(t *testing.T) {
	t.Parallel()
	for _, mix := range []Mix{Plain, Faulty} {
		first := swift(t, Options{Seed: 7, Mix: mix, Orders: 20, MaxFile: 64 << 10}).Truth()
		again := swift(t, Options{Seed: 7, Mix: mix, Orders: 20, MaxFile: 64 << 10}).Truth()
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("%s: two portals of a seed differ:\n%s", mix, diff)
		}
		other := swift(t, Options{Seed: 8, Mix: mix, Orders: 20, MaxFile: 64 << 10}).Truth()
		if cmp.Equal(first, other) {
			t.Errorf("%s: portals of two seeds are the same", mix)
		}
	}
}

// holdsAll checks that a default portal holds orders of all kinds.
func holdsAll(t *testing.T, all []Order) {
	t.Helper()
	if len(all) != 60 {
		t.Fatalf("%d orders, want 60", len(all))
	}
	var total, largest int64
	kinds, statuses, most := map[string]int{}, map[po.Status]int{}, 0
	for _, o := range all {
		kinds[o.Kind]++
		statuses[o.Status]++
		if o.Kind != "hostile names" && o.Kind != "hostile names by click" {
			most = max(most, o.Found)
		}
		for _, f := range o.Files {
			total += f.Bytes
			largest = max(largest, f.Bytes)
		}
	}
	for _, s := range everyScenario() {
		if kinds[s.kind] == 0 {
			t.Errorf("no order of kind %q", s.kind)
		}
	}
	for _, s := range po.Statuses() {
		if statuses[s] == 0 {
			t.Errorf("no order ends %s", s)
		}
	}
	if largest < 25_000_000 || largest > 27_000_000 || total > 100_000_000 || most != 12 {
		t.Errorf("largest file %d bytes, all %d, most in an order %d", largest, total, most)
	}
	t.Logf("%d bytes in all; %v", total, statuses)
}

func TestPlain(t *testing.T) {
	t.Parallel()
	for _, o := range swift(t, Options{Mix: Plain, Orders: 20}).Truth() {
		if o.Status != po.Completed || o.Found == 0 || o.Found != len(o.Files) {
			t.Errorf("%s: %s with %d of %d", o.Kind, o.Status, len(o.Files), o.Found)
		}
		for _, f := range o.Files {
			if f.Bytes == 0 || f.Bytes > 4_000_000 {
				t.Errorf("%s: a file of %d bytes", o.Kind, f.Bytes)
			}
		}
	}
}

func TestBatch(t *testing.T) {
	t.Parallel()
	p := swift(t, Options{Orders: 90, MaxFile: 64 << 10})
	var b bytes.Buffer
	if err := p.Batch(&b); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 91 || rows[0][0] != "PO_NUMBER" {
		t.Fatalf("%d rows, header %q", len(rows), rows[0])
	}
	for i, o := range p.Truth() {
		if rows[i+1][0] != o.Number {
			t.Errorf("row %d: %q, want %q", i+1, rows[i+1][0], o.Number)
		}
		if found, ok := p.Order(o.Number); !ok || found.Key != o.Key {
			t.Errorf("Order(%q) is %q, %t", o.Number, found.Key, ok)
		}
	}
	if _, ok := p.Order("PO1"); ok {
		t.Error("an order that is not there was found")
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]Options{"negative": {Orders: -1}, "mix": {Mix: "no such"}} {
		if p, err := Start(opts); err == nil {
			t.Errorf("%s: started", name)
			_ = p.Close()
		}
	}
}
