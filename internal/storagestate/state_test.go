package storagestate

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

var now = time.Unix(1800000000, 0)

func cookie(name, domain string) Cookie {
	return Cookie{Name: name, Value: secret, Domain: domain, Path: "/", Secure: true}
}

func TestOnly(t *testing.T) {
	t.Parallel()
	s := State{
		Cookies: []Cookie{cookie("a", "acme.example.com"), cookie("b", ".example.com"), cookie("c", "other.example"), cookie("d", "[::1]")},
		Origins: []Origin{{Origin: "https://acme.example.com:8443"}, {Origin: "https://other.example"}, {Origin: "not an\x00address"}},
		Unknown: map[string]json.RawMessage{"version": []byte("1")},
	}
	var asked []string
	kept, leftOut := s.Only(func(host string) bool {
		asked = append(asked, host)
		return isAcme(host)
	})
	want := State{Cookies: s.Cookies[:2], Origins: s.Origins[:1], Unknown: s.Unknown}
	if diff := cmp.Diff(want, kept); diff != "" || leftOut != 4 {
		t.Errorf("%d left out, %s", leftOut, diff)
	}
	if diff := cmp.Diff([]string{"acme.example.com", "example.com", "other.example", "::1", "acme.example.com", "other.example", ""}, asked); diff != "" {
		t.Error(diff)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	expired := func(name string, seconds int64) Cookie {
		c := cookie(name, "acme.example.com")
		c.Expires = time.Unix(seconds, 0)
		return c
	}
	var many []Cookie
	for i := range 8 {
		many = append(many, cookie("a", fmt.Sprintf("h%d.example", i)))
	}
	for name, tt := range map[string]struct {
		state State
		want  string // empty: good
	}{
		"good":    {state: State{Cookies: []Cookie{expired("old", 1e9), cookie("sid", ".example.com")}}},
		"storage": {state: State{Cookies: []Cookie{expired("old", 1e9)}, Origins: []Origin{{Origin: "https://acme.example.com", LocalStorage: []Item{{"k", "v"}}}}}},
		"nothing": {state: State{}, want: "the file has no cookies"},
		"others": {state: State{Cookies: []Cookie{cookie("a", ".b.example"), cookie("b", "b.example"), cookie("c", "a.example")}},
			want: "the file has nothing for acme.example.com: it has cookies of a.example, b.example"},
		"many others": {state: State{Cookies: many},
			want: "the file has nothing for acme.example.com: it has cookies of h0.example, h1.example, h2.example, h3.example, h4.example and 3 more"},
		"empty storage": {state: State{Origins: []Origin{{Origin: "https://acme.example.com"}}}, want: "the file has no cookies for acme.example.com"},
		"expired": {state: State{Cookies: []Cookie{expired("old", 1e9), expired("sid", 1.7e9), expired("older", 1e8)}},
			want: "all cookies for acme.example.com have expired: the last, sid, on 2023-11-14 22:13 UTC"},
	} {
		got := ""
		if err := tt.state.Check("acme.example.com", isAcme, now); err != nil {
			got = err.Error()
			if e, ok := errors.AsType[*po.Error](err); !ok || e.Hint == "" || !errors.Is(err, ErrRefused) {
				t.Errorf("%s: %#v", name, err)
			}
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}

func TestMissing(t *testing.T) {
	t.Parallel()
	old, lax, host, partitioned := cookie("old", "x.example"), cookie("lax", "x.example"), cookie("__Host-a", "x.example"), cookie("p", "x.example")
	old.Expires = time.Unix(1e9, 0)
	lax.SameSite, lax.Secure = SameSiteNone, false
	host.Path = "/a"
	partitioned.Partition = &Partition{"https://t.example", true}
	plain, other := partitioned, cookie("changed", "x.example")
	plain.Partition, other.Value = nil, "other"
	wanted := []Cookie{old, lax, host, partitioned, cookie("there", ".x.example"), cookie("changed", "x.example"), cookie("there", "x.example"),
		{Name: "twice", Value: "1", Domain: "x.example", Path: "/"}, {Name: "twice", Value: "2", Domain: "x.example", Path: "/"}}
	jar := []Cookie{cookie("there", ".x.example"), plain, other, cookie("more", "x.example"), {Name: "twice", Value: "2", Domain: "x.example", Path: "/"}}
	var got []string
	for _, n := range Missing(wanted, jar, now) {
		got = append(got, n.String())
	}
	want := []string{
		"cookie old of x.example: it expired on 2001-09-09 01:46 UTC",
		"cookie lax of x.example: browsers drop it: SameSite=None needs Secure",
		"cookie __Host-a of x.example: browsers drop it: __Host- needs Secure, the path / and one host",
		"cookie p of x.example: the browser did not take it",
		"cookie changed of x.example: the browser has another of that name",
		"cookie there of x.example: the browser did not take it",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	long := cookie("long", "x.example")
	long.Value = strings.Repeat("x", 4093)
	if got := Missing([]Cookie{long}, nil, now); len(got) != 1 || got[0].Why != "browsers drop it: it is too long" {
		t.Errorf("too long: %v", got)
	}
	if got := Missing(wanted[4:5], jar, now); got != nil {
		t.Errorf("missing: %v", got)
	}
}

// However it is printed, no value is in it.
func TestPrinted(t *testing.T) {
	t.Parallel()
	s := State{Cookies: []Cookie{cookie("sid", "x.example")}, Origins: []Origin{{Origin: "https://x.example", LocalStorage: []Item{{"token", secret}}}},
		Unknown: map[string]json.RawMessage{"more": []byte(`"` + secret + `"`)}}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, v := range []any{s, &s, s.Cookies, s.Cookies[0], s.Origins, s.Origins[0], s.Origins[0].LocalStorage} {
			if text := fmt.Sprintf(format, v); strings.Contains(text, secret) {
				t.Errorf("%s of %T tells a value", format, v)
			}
		}
	}
}
