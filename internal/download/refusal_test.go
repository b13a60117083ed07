package download

import (
	"compress/gzip"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"github.com/poactor/poactor/po"
)

// jarOf is a browser's jar with one cookie for every host.
type jarOf string

func (j jarOf) Cookies(context.Context) ([]po.Cookie, error) {
	return []po.Cookie{{Name: "sid", Value: string(j), Domain: "127.0.0.1", Path: "/"}}, nil
}

func (jarOf) SetCookies(context.Context, *url.URL, []po.Cookie) error { return nil }

// What the portal says is kept without its markup, in UTF-8, and without the session's key.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		kind, body string
		gzip       bool
		want       string
	}{
		"page": {kind: "text/html", body: `<html><head><title>Oops</title><style>b{}</style></head><body><script>x()</script>` +
			`<h1>No &amp; never</h1><p>You are k3y-of-session.</p></body></html>`, want: "No & never You are [removed]."},
		"title":      {kind: "text/html", body: `<title>Gateway trouble</title><body><img src=x></body>`, want: "Gateway trouble"},
		"Latin 1":    {kind: "text/html; charset=iso-8859-1", body: "<p>Zugriff verweigert f\xfcr Sie</p>", want: "Zugriff verweigert für Sie"},
		"escaped":    {kind: "text/plain", body: "k3y%2Dof%2Dsession is not k3y-of-session", want: "[removed] is not [removed]"},
		"compressed": {kind: "text/html", body: "<p>Not yours</p>", gzip: true, want: "Not yours"},
		"binary":     {kind: "application/octet-stream", body: "\x00\x01\x02\x03", want: ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, allowed := portal(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", row.kind)
				if row.gzip {
					w.Header().Set("Content-Encoding", "gzip")
				}
				w.WriteHeader(http.StatusForbidden)
				if !row.gzip {
					fmt.Fprint(w, row.body)
					return
				}
				z := gzip.NewWriter(w)
				fmt.Fprint(z, row.body)
				z.Close()
			}))
			a := openArchive(t, Config{Allowed: allowed})
			result, err := a.Fetch(t.Context(), po.FetchJob{Order: po.Order{Key: "1", Number: "1"}, Supplier: "S",
				Credentials: po.Credentials{Cookies: jarOf("k3y%2Dof%2Dsession")},
				Attachments: []po.Attachment{{ID: "1", Name: "a.pdf", URL: base + "/f"}}})
			if err != nil || len(result.Missing) != 1 {
				t.Fatalf("%+v, %v", result, err)
			}
			want := "HTTP 403 Forbidden"
			if row.want != "" {
				want += ": " + row.want
			}
			if got := result.Missing[0].Answer; got != want {
				t.Errorf("%q, want %q", got, want)
			}
		})
	}
}
