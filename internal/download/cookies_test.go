package download

import (
	"net/url"
	"testing"

	"github.com/poactor/poactor/po"
)

func TestCookieHeader(t *testing.T) {
	t.Parallel()
	jar, err := newCookies([]po.Cookie{
		{Name: "host", Value: "1", Domain: "acme.coupahost.com", Path: "/"},
		{Name: "wide", Value: "2", Domain: ".coupahost.com", Path: "/"},
		{Name: "secure", Value: "3", Domain: "acme.coupahost.com", Path: "/", Secure: true},
		{Name: "deep", Value: "4", Domain: "acme.coupahost.com", Path: "/files"},
		{Name: "other", Value: "5", Domain: "evil.example", Path: "/"},
		{Name: "public", Value: "6", Domain: ".com", Path: "/"},
		{Name: "raw", Value: `{"a":1, "b":"x y"}`, Domain: "raw.example", Path: "/"},
		{Name: "quoted", Value: `"q"`, Domain: "raw.example", Path: "/"},
		{Name: "split", Value: "a\r\nX: y", Domain: "raw.example", Path: "/"},
		{Name: "semi", Value: "a; admin=1", Domain: "raw.example", Path: "/"},
		{Name: "local", Value: "7", Domain: "127.0.0.1", Path: "/"},
		{Name: "six", Value: "8", Domain: "::1", Path: "/"},
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{
		"https://acme.coupahost.com/":         "host=1; wide=2; secure=3",
		"http://acme.coupahost.com/":          "host=1; wide=2",
		"https://acme.coupahost.com/files/1":  "deep=4; host=1; wide=2; secure=3",
		"https://acme.coupahost.com/filesX":   "host=1; wide=2; secure=3",
		"https://cdn.coupahost.com/":          "wide=2",
		"https://x.acme.coupahost.com/":       "wide=2",
		"https://evilcoupahost.com/":          "",
		"https://acme.coupahost.com.evil.io/": "",
		"https://other.com/":                  "",
		"https://raw.example/":                `raw={"a":1, "b":"x y"}; quoted="q"`,
		"http://127.0.0.1:8080/":              "local=7",
		"http://[::1]:8080/":                  "six=8",
	}
	for address, want := range rows {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := jar.header(u); got != want {
			t.Errorf("cookies for %s: %q, want %q", address, got, want)
		}
	}
}

func TestRefererFor(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ page, to, want string }{
		"same host":  {"https://a.example/o/1?q=2#f", "https://a.example/x", "https://a.example/o/1?q=2"},
		"other host": {"https://a.example/o/1?q=2", "https://b.example/x", "https://a.example/"},
		"downgrade":  {"https://a.example/o/1", "http://a.example/x", ""},
		"user":       {"https://u:p@a.example/o", "https://a.example/x", "https://a.example/o"},
		"none":       {"", "https://a.example/x", ""},
		"no page":    {"about:blank", "https://a.example/x", ""},
	}
	for name, row := range rows {
		to, err := url.Parse(row.to)
		if err != nil {
			t.Fatal(err)
		}
		if got := refererFor(row.page, to); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}
