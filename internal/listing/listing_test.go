package listing

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

func TestUnsigned(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://a/x.pdf?X-Amz-Date=1&X-Amz-Signature=2&versionId=3": "https://a/x.pdf?versionId=3",
		"https://a/x.pdf?AWSAccessKeyId=1&Signature=2&Expires=3":     "https://a/x.pdf",
		"https://a/x.pdf?Policy=1&Signature=2&Key-Pair-Id=3&d=1":     "https://a/x.pdf?d=1",
		"https://a/x.pdf?X-Goog-Algorithm=1&X-Goog-Signature=2":      "https://a/x.pdf",
		"https://a/x.pdf?sv=1&se=2&sr=b&sp=r&sig=3":                  "https://a/x.pdf",
		"https://a/x.pdf?hdnts=exp=1~hmac=2":                         "https://a/x.pdf",
		"https://a/get?token=1":                                      "https://a/get?token=1",
		"https://a/get?sig=1&id=2":                                   "https://a/get?sig=1&id=2",
		"https://a/get?Signature=1&Expires=2":                        "https://a/get?Signature=1&Expires=2",
		"https://a/get?b=1&a=2":                                      "https://a/get?b=1&a=2",
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := unsigned(u); got != want {
			t.Errorf("unsigned(%s) = %s, want %s", address, got, want)
		}
	}
}

func TestWanted(t *testing.T) {
	t.Parallel()
	at := func(addresses ...string) (list []po.Attachment) {
		for _, a := range addresses {
			list = append(list, po.Attachment{ID: a, URL: a})
		}
		return append(list, po.Attachment{ID: po.Identity{Label: "x"}.String()})
	}
	for name, row := range map[string]struct {
		list      []po.Attachment
		byBrowser []string
		want      []int
	}{
		"none":                    {at("a?1"), nil, nil},
		"listed":                  {at("a?1", "b?1"), []string{"a?1", "- label=x"}, []int{0, 2}},
		"another query":           {at("a?2", "b?2"), []string{"a?1"}, []int{0}},
		"one of those":            {at("a?2", "a?3", "b?2"), []string{"a?1"}, []int{0, 1, 2}},
		"another path":            {at("c/2", "d/2"), []string{"c/1"}, []int{0, 1}},
		"not what is wanted":      {at("a?2", "b?1"), []string{"a?1", "b?1"}, []int{0, 1}},
		"a click that is no more": {at("a?2"), []string{"- label=y"}, []int{0}},
	} {
		got := slices.Sorted(maps.Keys(Wanted(row.list, row.byBrowser)))
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func FuzzList(f *testing.F) {
	f.Add("https://a.example/f#x", "name", "", "name")
	f.Add("javascript:x", "a file attachment", "https://b.example/", "\x00")
	p := portal.Portal{BaseURL: "https://a.example", Attachments: portal.Attachments{NamePattern: `^(.+) file attachment$`}}
	f.Fuzz(func(t *testing.T, url1, name1, url2, name2 string) {
		list, indexes := New(p).Attachments([]Item{{Name: name1, URL: url1}, {Name: name2, URL: url2}, {Name: name1}, {Name: name1}})
		ids := map[string]bool{}
		for _, a := range list {
			if a.ID == "" && a.Cause == "" || ids[a.ID] {
				t.Errorf("ID %q of %+v is empty or not its own", a.ID, a)
			}
			ids[a.ID] = true
			if a.URL != "" && !strings.HasPrefix(strings.ToLower(a.URL), "https://a.example") {
				t.Errorf("%q is to be fetched", a.URL)
			}
		}
		if len(list) != len(indexes) {
			t.Errorf("%d attachments, %d elements", len(list), len(indexes))
		}
	})
}
