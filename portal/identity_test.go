package portal

import (
	"strings"
	"testing"
)

// Where an address alone does not say whose page is shown, and nothing else is to,
// the definition is right and doubtful.
func TestWarnings(t *testing.T) {
	t.Parallel()
	proof := Identity{Texts: []string{"Order {number}"}}
	for _, row := range []struct {
		path string
		id   Identity
		want string // a part of the one warning
	}{
		{"/orders/{number}", Identity{}, ""},
		{"/orders?id={number}", Identity{}, ""},
		{"/orders/{number}#documents", Identity{}, ""},
		{"/app#/orders/{number}", Identity{}, "behind a #"},
		{"/app#/orders/{number}", proof, ""},
		{"/app#/orders/{number}", Identity{Selectors: []string{"h1"}}, ""},
		{"/search?q={number}", Identity{}, "(q=)"},
		{"/orders?Search=PO{number}&tab=1", Identity{}, "(Search=)"},
		{"/orders/{number}?q=open", Identity{}, ""},
		{"/search?q={number}", proof, ""},
	} {
		p := Portal{Name: "x", Order: OrderPage{Path: row.path, Identity: row.id}, Attachments: Attachments{Links: []string{"a"}}}.withDefaults()
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", row.path, err)
		}
		got := strings.Join(p.Warnings(), "\n")
		if (row.want == "") != (got == "") || !strings.Contains(got, row.want) {
			t.Errorf("%s: %q, want %q in it", row.path, got, row.want)
		}
	}
}

func TestListKeys(t *testing.T) {
	t.Parallel()
	p := Portal{Name: "x", Order: OrderPage{Path: "/{number}"}, Attachments: Attachments{Links: []string{"a"}}}.withDefaults()
	p.Order.Identity = Identity{Selectors: []string{"[data-n='{number}']", "h1["}, Texts: []string{"Order"}}
	p.Signs.Error.Texts = []string{" "}
	p.Attachments.Complete.Selectors = []string{"b["}
	p.Attachments.Incomplete.Texts = []string{""}
	p.Attachments.Count = []string{"c["}
	p.Attachments.More = More{Click: []string{"d["}, Scroll: []string{"e["}}
	p.Attachments.Frames = []string{"f["}
	p.Signs.SignedIn.Selectors = []string{"g["}
	p.Probe = Probe{Path: "home", User: []string{"h["}}
	p.SignIn = SignIn{Path: "//evil.example/login", Hosts: []string{"ftp://x"}, Negotiate: []string{"*.corp.example", "*", "a b"}}
	var keys []string
	for _, e := range p.Check().(Errors) {
		keys = append(keys, e.Key)
	}
	const want = "order.identity.selectors[2] order.identity.texts[1] signs.error.texts[1] signs.signed_in.selectors[1] " +
		"sign_in.path probe.path sign_in.hosts[1] sign_in.negotiate[2] sign_in.negotiate[3] probe.user[1] attachments.complete.selectors[1] " +
		"attachments.incomplete.texts[1] attachments.count[1] attachments.more.click[1] attachments.more.scroll[1] attachments.frames[1]"
	if got := strings.Join(keys, " "); got != want {
		t.Errorf("faults of\n%s, want\n%s", got, want)
	}
}
