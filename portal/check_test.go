package portal

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWithBaseURL(t *testing.T) {
	t.Parallel()
	const start = "give the address of the portal's start page, like https://company.example.com"
	tests := []struct {
		name    string
		address string
		want    string // the base URL, or the error and its hint
	}{
		{"plain", "https://x.coupahost.com", "https://x.coupahost.com"},
		{"slash", "https://x.coupahost.com/", "https://x.coupahost.com"},
		{"spaces", "  https://x.coupahost.com/ \n", "https://x.coupahost.com"},
		{"path", "https://x.example/coupa/", "https://x.example/coupa"},
		{"loopback", "http://127.0.0.1:8080", "http://127.0.0.1:8080"},
		{"IPv6", "http://[::1]:8080", "http://[::1]:8080"},
		{"international", "https://münchen.example", "https://münchen.example"},
		{"empty", "", "portal: base_url is empty | " + start},
		{"only slashes", "//", "portal: base_url is empty | " + start},
		{"no scheme", "x.coupahost.com", `portal: base_url: "x.coupahost.com" has no scheme | write https://x.coupahost.com`},
		{"no scheme, port", "x.coupahost.com:8080", `portal: base_url: "x.coupahost.com:8080" has no scheme | write https://x.coupahost.com:8080`},
		{"no scheme, loopback", "127.0.0.1:8080", `portal: base_url: "127.0.0.1:8080" has no scheme | write https://127.0.0.1:8080`},
		{"no scheme, localhost", "localhost:8080", `portal: base_url: "localhost:8080" has no scheme | write https://localhost:8080`},
		{"script", "javascript:alert(1)", `portal: base_url: "javascript:alert(1)" is not http or https | ` + start},
		{"file", "file:///etc/passwd", `portal: base_url: "file:///etc/passwd" is not http or https | ` + start},
		{"data", "data:text/html,x", `portal: base_url: "data:text/html,x" is not http or https | ` + start},
		{"ftp", "ftp://x.example", `portal: base_url: "ftp://x.example" is not http or https | ` + start},
		{"user", "https://me:secret@x.example", `portal: base_url: has a user name or password | sign-in is done in the browser; leave out what stands before the @, and the @`},
		{"user and a bad port", "https://me:secret@x.example:x", `portal: base_url: has a user name or password | sign-in is done in the browser; leave out what stands before the @, and the @`},
		{"query", "https://x.example/?a=1", `portal: base_url: "https://x.example/?a=1" has a query or a fragment | leave out what begins with ? or #`},
		{"empty query", "https://x.example?", `portal: base_url: "https://x.example?" has a query or a fragment | leave out what begins with ? or #`},
		{"fragment", "https://x.example#/app", `portal: base_url: "https://x.example#/app" has a query or a fragment | leave out what begins with ? or #`},
		{"no host", "https://", `portal: base_url: "https:" has no valid host | ` + start},
		{"no host, port", "https://:80", `portal: base_url: "https://:80" has no valid host | ` + start},
		{"empty port", "https://x.example:", `portal: base_url: "https://x.example:" has no valid port | ` + start},
		{"port too high", "https://x.example:70000", `portal: base_url: "https://x.example:70000" has no valid port | ` + start},
		{"port of letters", "https://x.example:http", `portal: base_url: "https://x.example:http" is no address | ` + start},
		{"trailing dot", "https://x.example.", `portal: base_url: "https://x.example." has no valid host | ` + start},
		{"backslash", `https:\\x.example`, `portal: base_url: "https:\\\\x.example" has a character that no address has | ` + start},
		{"space", "https://x.example/a b", `portal: base_url: "https://x.example/a b" has a character that no address has | ` + start},
		{"newline", "https://x.exa\nmple", `portal: base_url: "https://x.exa\nmple" has a character that no address has | ` + start},
		{"relative", "/orders", `portal: base_url: "/orders" is not http or https | ` + start},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p, err := coupa().WithBaseURL(tt.address)
			got := p.BaseURL
			if all, ok := errors.AsType[Errors](err); ok {
				got = all[0].Error() + " | " + all[0].Hint
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// Each row changes one thing of a good definition and says what is told of it.
func TestCheck(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*Portal)
		want   string
	}{
		{"nothing", func(*Portal) {}, ""},
		{"name in upper case", func(p *Portal) { p.Name = "Coupa" }, `name: "Coupa" is no name of a portal`},
		{"name with a path", func(p *Portal) { p.Name = "../x" }, `name: "../x" is no name of a portal`},
		{"long name", func(p *Portal) { p.Name = strings.Repeat("x", 41) }, `name: "` + strings.Repeat("x", 41) + `" is no name of a portal`},
		{"path is an address", func(p *Portal) { p.Order.Path = "https://evil.example/{number}" }, `order.path: "https://evil.example/{number}" does not begin with a /`},
		{"path joins the host", func(p *Portal) { p.Order.Path = "@evil.example/{number}" }, `order.path: "@evil.example/{number}" does not begin with a /`},
		{"other braces", func(p *Portal) { p.Order.Path = "/{number}/{id}" }, `order.path: "/{number}/{id}" has braces that are not {number}`},
		{"space in the path", func(p *Portal) { p.Order.Path = "/o o/{number}" }, `order.path: "/o o/{number}" has a character that no address has`},
		{"percent in the path", func(p *Portal) { p.Order.Path = "/%zz/{number}" }, `order.path: "/%zz/{number}" makes no address`},
		{"number of two lines", func(p *Portal) { p.Order.Number = "(\n" }, `order.number: "(\n" is not a regular expression: missing closing )`},
		{"number with an end too many", func(p *Portal) { p.Order.Number = `)|(` }, `order.number: ")|(" is not a regular expression: unexpected )`},
		{"long number pattern", func(p *Portal) { p.Order.Number = strings.Repeat("x", 1001) }, `order.number: "` + strings.Repeat("x", 60) + `"… (1001 characters) is longer than 1000 bytes`},
		{"blank text", func(p *Portal) { p.Signs.NotFound.Texts = []string{"a", " "} }, `signs.not_found.texts[2]: " " is empty`},
		{"blank fallback text", func(p *Portal) { p.Fallback.Texts = []string{""} }, `fallback.texts[1]: "" is empty`},
		{"sign of every address", func(p *Portal) { p.Signs.SignedOut.URLs = []string{"order_headers"} }, `signs.signed_out.urls[1]: "order_headers" matches the address of every order page`},
		{"sign of every address by pattern", func(p *Portal) { p.Signs.SignedOut.URLs = []string{"https://*"} }, `signs.signed_out.urls[1]: "https://*" matches the address of every order page`},
		{"empty address", func(p *Portal) { p.Signs.SignedOut.URLs = []string{""} }, `signs.signed_out.urls[1]: "" is empty`},
		{"try later", func(p *Portal) { p.Signs.NotFound.Statuses = []int{429} }, `signs.not_found.statuses[1]: 429 means try again later and is always treated so`},
		{"no links", func(p *Portal) { p.Attachments.Links = nil }, `attachments.links is missing`},
		{"bad link", func(p *Portal) { p.Attachments.Links = []string{"a:visible"} }, `attachments.links[1]: "a:visible" has :visible, which jQuery knows and no browser does`},
		{"bad fallback", func(p *Portal) { p.Fallback.Links = []string{"//a"} }, `fallback.links[1]: "//a" is not a CSS selector`},
		{"name in brackets", func(p *Portal) { p.Attachments.Name = []string{"[title]"} }, `attachments.name[1]: "[title]" is not the name of an attribute`},
		{"target with a space", func(p *Portal) { p.Attachments.Target = []string{"data url"} }, `attachments.target[1]: "data url" is not the name of an attribute`},
		{"name pattern without a group", func(p *Portal) { p.Attachments.NamePattern = "^.+ file$" }, `attachments.name_pattern: "^.+ file$" has no group`},
		{"name pattern with a flag", func(p *Portal) { p.Attachments.NamePattern = "(?i)^(.+) file$" }, ""},
		{"name pattern with a group that is none", func(p *Portal) { p.Attachments.NamePattern = "(?:x)" }, `attachments.name_pattern: "(?:x)" has no group`},
		{"bad name pattern", func(p *Portal) { p.Attachments.NamePattern = "(" }, `attachments.name_pattern: "(" is not a regular expression: missing closing )`},
		{"name pattern of JavaScript only", func(p *Portal) { p.Attachments.NamePattern = "(a)(?=b)" }, `attachments.name_pattern: "(a)(?=b)" is not a regular expression: invalid or unsupported Perl syntax`},
		{"click wait too long", func(p *Portal) { p.Attachments.ClickWait = 300_001 }, `attachments.click_wait_ms: 300001 is not between 0 and 300000`},
		{"settle too long", func(p *Portal) { p.Attachments.Settle = 30_001 }, `attachments.settle_ms: 30001 is not between 0 and 30000`},
		{"host with a scheme", func(p *Portal) { p.AllowedHosts = []string{"ftp://x.example"} }, `allowed_hosts[1]: "ftp://x.example" has another scheme than https or http: write the host alone`},
		{"host with a path", func(p *Portal) { p.AllowedHosts = []string{"x.example/files"} }, `allowed_hosts[1]: "x.example/files" has a path: write the host alone`},
		{"host with a user", func(p *Portal) { p.AllowedHosts = []string{"me@x.example"} }, `allowed_hosts[1]: "me@x.example" has a user name`},
		{"host with a bad port", func(p *Portal) { p.AllowedHosts = []string{"x.example:0"} }, `allowed_hosts[1]: "x.example:0" has no valid port`},
		{"empty host", func(p *Portal) { p.AllowedHosts = []string{""} }, `allowed_hosts[1]: "" is no host name`},
		{"all hosts", func(p *Portal) { p.AllowedHosts = []string{"*"} }, `allowed_hosts[1]: "*" is no host name`},
		{"star inside", func(p *Portal) { p.AllowedHosts = []string{"a.*.example"} }, `allowed_hosts[1]: "a.*.example" is no host name`},
		{"everybody's hosts", func(p *Portal) { p.AllowedHosts = []string{"*.com"} }, `allowed_hosts[1]: "*.com" takes in everybody's hosts: name the company's part`},
		{"a country's hosts", func(p *Portal) { p.AllowedHosts = []string{"*.co.uk"} }, `allowed_hosts[1]: "*.co.uk" takes in everybody's hosts: name the company's part`},
		{"star and address", func(p *Portal) { p.AllowedHosts = []string{"*.192.0.2.1"} }, `allowed_hosts[1]: "*.192.0.2.1" puts a wildcard before an address`},
		{"unknown kind", func(p *Portal) { p.Block = []string{"image", "script"} }, `block[2]: "script" is neither a kind nor a URL pattern`},
		{"block all", func(p *Portal) { p.Block = []string{"*"} }, `block[1]: "*" matches the address of every order page`},
		{"block the portal", func(p *Portal) { p.Block = []string{"https://*"} }, `block[1]: "https://*" matches the address of every order page`},
		{"good ones", func(p *Portal) {
			p.Block = []string{"image", "font", "media", "stylesheet", "*://t.example/*"}
			p.AllowedHosts = []string{"*.example.com", "x.example:8443", "http://x.example:8080", "[::1]:80", "::1", "münchen.example", "localhost"}
			p.Signs.NotFound.Statuses = []int{500}
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := coupa()
			tt.change(&p)
			want := tt.want
			if want != "" {
				want = "portal: " + want
			}
			if diff := cmp.Diff(want, text(p.Check())); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestCheckTellsAll(t *testing.T) {
	t.Parallel()
	all, _ := errors.AsType[Errors](Portal{BaseURL: "x"}.Check())
	var keys []string
	for _, e := range all {
		keys = append(keys, e.Key)
	}
	want := []string{"name", "base_url", "order.path", "attachments.links"}
	if diff := cmp.Diff(want, keys); diff != "" {
		t.Error(diff)
	}
}
