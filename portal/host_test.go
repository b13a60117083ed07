package portal

import (
	"net/url"
	"testing"
)

func TestAllowed(t *testing.T) {
	t.Parallel()
	const base = "https://host.example.com"
	hosts := []string{"files.example.com", "*.cdn.example.com", "plain.example.com:80", "odd.example.com:8443", "http://old.example.com:8080", "http://older.example.com", "https://safe.example.com", "münchen.example", "192.0.2.7", "[2001:db8::1]:444"}
	tests := []struct {
		name  string
		base  string
		hosts []string
		url   string
		want  bool
	}{
		{"own host", base, nil, "https://host.example.com/x?y#z", true},
		{"own host, default port", base, nil, "https://host.example.com:443/", true},
		{"upper case", base, nil, "HTTPS://HOST.Example.COM/", true},
		{"base in upper case", "https://HOST.example.com", nil, "https://host.example.com/", true},
		{"full-width letters", base, nil, "https://ｈost.example.com/", true},
		{"other port", base, nil, "https://host.example.com:8443/", false},
		{"downgrade to http", base, nil, "http://host.example.com/", false},
		{"http on the https port", base, nil, "http://host.example.com:443/", false},
		{"base is http", "http://host.example.com", nil, "http://host.example.com/", true},
		{"upgrade to https", "http://host.example.com", nil, "https://host.example.com/", true},
		{"loopback with port", "http://127.0.0.1:8080", nil, "http://127.0.0.1:8080/a", true},
		{"loopback, other port", "http://127.0.0.1:8080", nil, "http://127.0.0.1:8081/a", false},
		{"loopback, other name", "http://127.0.0.1:8080", nil, "http://localhost:8080/a", false},
		{"base with a path", base + "/app", nil, "https://host.example.com/elsewhere", true},
		{"no base", "", nil, "https://files.example.com/", false},
		{"hosts alone", "", hosts, "https://files.example.com/", true},
		{"hosts alone, another", "", hosts, "https://host.example.com/", false},
		{"hosts alone, plain", "", hosts, "http://files.example.com/", false},
		{"subdomain", base, nil, "https://a.host.example.com/", false},
		{"host as a prefix", base, nil, "https://host.example.com.evil.com/", false},
		{"host as a suffix", base, nil, "https://evilhost.example.com/", false},
		{"host in the fragment", base, nil, "https://evil.com#@host.example.com", false},
		{"host in the query", base, nil, "https://evil.com?@host.example.com", false},
		{"host in the path", base, nil, "https://evil.com/@host.example.com", false},
		{"user name", base, nil, "https://user@host.example.com/", false},
		{"user name and password", base, nil, "https://a:b@host.example.com/", false},
		{"empty user name", base, nil, "https://@host.example.com/", false},
		{"host as user name", base, nil, "https://host.example.com@evil.com/", false},
		{"trailing dot", base, nil, "https://host.example.com./", false},
		{"two dots", base, nil, "https://host..example.com/", false},
		{"javascript", base, nil, "javascript:alert(1)", false},
		{"javascript with host", base, nil, "javascript://host.example.com/%0aalert(1)", false},
		{"data", base, nil, "data:text/html,x", false},
		{"file", base, nil, "file://host.example.com/etc/passwd", false},
		{"ftp", base, nil, "ftp://host.example.com/", false},
		{"blob", base, nil, "blob:https://host.example.com/1", false},
		{"view-source", base, nil, "view-source:https://host.example.com/", false},
		{"no scheme", base, nil, "//host.example.com/x", false},
		{"relative", base, nil, "/x", false},
		{"opaque", base, nil, "https:host.example.com/x", false},
		{"no host", base, nil, "https:///x", false},
		{"listed", base, hosts, "https://files.example.com/x", true},
		{"listed, http", base, hosts, "http://files.example.com/x", false},
		{"listed with port 80", base, hosts, "http://plain.example.com/x", true},
		{"listed with a port", base, hosts, "https://odd.example.com:8443/x", true},
		{"listed with a port, http", base, hosts, "http://odd.example.com:8443/x", false},
		{"listed with a port, http on another", base, hosts, "http://odd.example.com/x", false},
		{"listed with a port, http, base is http", "http://host.example.com", hosts, "http://odd.example.com:8443/x", true},
		{"listed as http", base, hosts, "http://old.example.com:8080/x", true},
		{"listed as http, other port", base, hosts, "http://old.example.com/x", false},
		{"listed as http without a port", base, hosts, "http://older.example.com/x", true},
		{"listed as http without a port, other port", base, hosts, "http://older.example.com:8080/x", false},
		{"listed with a port, none given", base, hosts, "https://odd.example.com/x", false},
		{"listed as https", base, hosts, "https://safe.example.com/x", true},
		{"listed as https, http", base, hosts, "http://safe.example.com/x", false},
		{"listed as https, http, base is http", "http://host.example.com", hosts, "http://safe.example.com/x", false},
		{"wildcard", base, hosts, "https://a.cdn.example.com/x", true},
		{"wildcard, deeper", base, hosts, "https://a.b.cdn.example.com/x", true},
		{"wildcard, itself", base, hosts, "https://cdn.example.com/x", false},
		{"wildcard without its dot", base, hosts, "https://evilcdn.example.com/x", false},
		{"wildcard and empty label", base, hosts, "https://.cdn.example.com/x", false},
		{"wildcard and a slash by mapping", base, hosts, "https://evil.com℀.cdn.example.com/", false},
		{"international name", base, hosts, "https://xn--mnchen-3ya.example/", true},
		{"international name, unicode", base, hosts, "https://MÜNCHEN.example/", true},
		{"lookalike", base, nil, "https://hоst.example.com/", false}, // the o is Cyrillic
		{"address", base, hosts, "https://192.0.2.7/", true},
		{"address in one number", base, hosts, "https://3221225991/", false},
		{"address in octal", base, hosts, "https://0300.0.2.7/", false},
		{"IPv6", base, hosts, "https://[2001:DB8:0::1]:444/", true},
		{"IPv6 with a zone", base, hosts, "https://[2001:db8::1%25eth0]:444/", false},
		{"IPv6, other port", base, hosts, "https://[2001:db8::1]/", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(tt.url)
			if err != nil {
				t.Fatal(err)
			}
			if got := (Portal{BaseURL: tt.base, AllowedHosts: tt.hosts}).Allowed(u); got != tt.want {
				t.Errorf("Allowed(%s) = %t, want %t", tt.url, got, tt.want)
			}
		})
	}
}

// Addresses that Go's own parser lets no one have, built by hand.
func TestAllowedWithUnparsedURLs(t *testing.T) {
	t.Parallel()
	p := Portal{BaseURL: "https://host.example.com", AllowedHosts: []string{"*.example.com"}}
	for name, u := range map[string]*url.URL{
		"nil":             nil,
		"backslash":       {Scheme: "https", Host: `evil.com\.example.com`},
		"slash":           {Scheme: "https", Host: "evil.com/.example.com"},
		"at":              {Scheme: "https", Host: "evil.com@host.example.com"},
		"space":           {Scheme: "https", Host: "evil.com .example.com"},
		"newline":         {Scheme: "https", Host: "evil.com\n.example.com"},
		"percent":         {Scheme: "https", Host: "evil.com%2f.example.com"},
		"opaque and host": {Scheme: "https", Host: "host.example.com", Opaque: "//evil.com/"},
		"upper scheme":    {Scheme: "HTTPS", Host: "host.example.com"},
	} {
		if p.Allowed(u) {
			t.Errorf("%s: %v is allowed", name, u)
		}
	}
	if !p.Allowed(&url.URL{Scheme: "https", Host: "a.example.com"}) {
		t.Error("a good one is not allowed: the test shows nothing")
	}
}

// The identity provider's hosts are for signing in alone.
func TestAllowedForSignIn(t *testing.T) {
	t.Parallel()
	p := Portal{BaseURL: "https://p.example", AllowedHosts: []string{"files.example"}, SignIn: SignIn{Hosts: []string{"*.idp.example", "[bad"}}}
	for address, want := range map[string]struct{ run, signIn bool }{
		"https://p.example/":         {true, true},
		"https://files.example/":     {true, true},
		"https://acme.idp.example/x": {false, true},
		"http://acme.idp.example/x":  {false, false},
		"https://idp.example/":       {false, false},
		"https://evil.example/":      {false, false},
		"file:///etc/passwd":         {false, false},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if run, signIn := p.Allowed(u), p.AllowedForSignIn(u); run != want.run || signIn != want.signIn {
			t.Errorf("%s: %v for a run, %v for signing in; want %v, %v", address, run, signIn, want.run, want.signIn)
		}
	}
}
