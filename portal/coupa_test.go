package portal

import (
	"strings"
	"testing"

	"github.com/andybalholm/cascadia"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"
)

// matching returns the ids of the elements that any of the selectors matches,
// in the order of the page. Cascadia does not know :is(), which is written out.
func matching(t *testing.T, page string, selectors []string) []string {
	t.Helper()
	root, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	group, err := cascadia.ParseGroup(strings.Join(writtenOut(selectors), ","))
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, node := range cascadia.QueryAll(root, group) {
		for _, attr := range node.Attr {
			if attr.Key == "id" {
				ids = append(ids, attr.Val)
			}
		}
	}
	return ids
}

func writtenOut(selectors []string) []string {
	var out []string
	for _, s := range selectors {
		if !strings.HasPrefix(s, ":is(") {
			out = append(out, s)
			continue
		}
		end := closing(s[3:]) + 3
		for _, part := range splitList(s[4 : end-1]) {
			out = append(out, part+s[end:])
		}
	}
	return out
}

func TestCoupaLinks(t *testing.T) {
	t.Parallel()
	const page = `<body>
	<a id=href href="/attachments/1">offer.pdf</a>
	<a id=upper href="/Attachment/2">offer.pdf</a>
	<a id=download-path href="/files/3/download">offer.pdf</a>
	<a id=download-attribute download=x.pdf href="/f/4">x</a>
	<a id=data-url href="#" data-url="/attachments/5">offer.pdf</a>
	<span id=data-url-span data-url="/attachments/6">offer.pdf</span>
	<div id=role role=button aria-label="offer.pdf file attachment">offer</div>
	<button id=button aria-label="offer.pdf attachment">offer</button>
	<a id=script href="javascript:openAttachment(7)">offer.pdf</a>
	<a id=no-extension href="#" title="scan001 file attachment">scan</a>
	<span id=listener aria-label="scan001 file attachment">scan</span>
	<a id=add-on href="#" aria-label="Add-on list.pdf file attachment">add-on</a>
	<a id=outer href="/attachments/8"><span id=inner title="offer.pdf file attachment">offer.pdf</span></a>
	<div id=frame title="offer.pdf file attachment"><a id=framed href="/attachments/9">offer.pdf</a></div>

	<a id=tab href="#attachments">Attachments</a>
	<a id=new href="/attachments/new?order=1">Add attachment</a>
	<a id=delete href="/attachments/1" data-method=delete>x</a>
	<button id=add aria-label="Add attachment">+</button>
	<a id=add-file href="#" aria-label="Add file attachment">+</a>
	<div id=upload role=button title="Upload attachments">+</div>
	<input id=input type=file aria-label="Choose a file attachment">
	<label id=label title="Your file attachment">x</label>
	<section id=section aria-label="Attachments"><p id=none class=no_attachments>No attachments</p></section>
	<section id=limits aria-label="Attachments (max. 10 MB)"></section>
	<a id=other href="/order_headers/2">PO 2</a>
	</body>`
	want := []string{"href", "upper", "download-path", "download-attribute", "data-url", "data-url-span", "role", "button",
		"script", "no-extension", "listener", "add-on", "outer", "framed"}
	if diff := cmp.Diff(want, matching(t, page, coupa().Attachments.Links)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"none"}, matching(t, page, coupa().Signs.Empty.Selectors)); diff != "" {
		t.Error(diff)
	}
}

func TestCoupaSupplierAndFallback(t *testing.T) {
	t.Parallel()
	const page = `<span id=a data-supplier-name=x></span><span id=b class="x supplier-name-y"></span>
	<div class=supplier-info><span id=c></span></div><div data-testid=po-supplier-x><span id=d></span></div>
	<section><div class=the-supplier><span id=e></span></div></section><span id=f class=other></span>
	<a id=g href="/requisition_headers/7"></a><a id=h href="/req/7"></a><a id=i data-testid=requisition-link></a><a id=j href="/requests"></a>`
	if diff := cmp.Diff([]string{"a", "b", "c", "d", "e"}, matching(t, page, coupa().Supplier)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"g", "h", "i"}, matching(t, page, coupa().Fallback.Links)); diff != "" {
		t.Error(diff)
	}
}

func TestCoupaSignedOutAddresses(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]bool{
		"https://x.coupahost.com/sessions/new":                             true,
		"https://x.coupahost.com/sessions/new?return_to=%2F":               true,
		"https://x.coupahost.com/Sessions/New#top":                         true,
		"https://login.microsoftonline.com/123/saml2?SAMLRequest=x":        true,
		"https://x.okta.com/app/coupa":                                     true,
		"https://x.coupahost.com/order_headers/123456":                     false,
		"https://x.coupahost.com/order_headers/1?back=/sessions/new":       false,
		"https://x.coupahost.com/order_headers/1?u=https://a.okta.com/":    false,
		"https://x.coupahost.com/order_headers/1#/sessions/new":            false,
		"http://login.microsoftonline.com.evil.example/":                   false,
		"https://x.coupahost.com/?x=https://login.microsoftonline.com/abc": false,
	} {
		if got := coupa().Signs.SignedOut.MatchesURL(address); got != want {
			t.Errorf("%s: %t, want %t", address, got, want)
		}
	}
}

func TestBuiltin(t *testing.T) {
	t.Parallel()
	for _, p := range Builtins() {
		if err := p.Check(); err != nil {
			t.Errorf("%s: %v", p.Name, err)
		}
		if diff := cmp.Diff(p, p.withDefaults()); diff != "" {
			t.Errorf("%s leaves out what has a default: %s", p.Name, diff)
		}
		again, ok := Builtin(p.Name)
		if diff := cmp.Diff(p, again); !ok || diff != "" {
			t.Errorf("Builtin(%s): %t %s", p.Name, ok, diff)
		}
		again.Supplier[0] = "changed" // whoever has one may change it
		if fresh, _ := Builtin(p.Name); fresh.Supplier[0] == "changed" {
			t.Errorf("%s is shared", p.Name)
		}
	}
	if _, ok := Builtin("nope"); ok {
		t.Error("there is a portal nope")
	}
}
