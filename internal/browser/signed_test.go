package browser

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
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
		got := slices.Sorted(maps.Keys(wanted(row.list, row.byBrowser)))
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A link that is another one at each look at the page is found again.
func TestSignedLinks(t *testing.T) {
	t.Parallel()
	var looks atomic.Int64
	base := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := fmt.Sprint(looks.Load())
		switch {
		case strings.HasPrefix(r.URL.Path, "/orders/"):
			token = fmt.Sprint(looks.Add(1))
			page(fmt.Sprintf(`<a class=att href="/s3.txt?X-Amz-Signature=%[1]s">s3</a><a class=att href="/get?token=%[1]s">get</a><a class=att href="/%[1]s/path.txt">path</a>`, token))(w, r)
		case r.URL.RawQuery == "X-Amz-Signature="+token, r.URL.RawQuery == "token="+token, strings.HasPrefix(r.URL.Path, "/"+token+"/"):
			w.Header().Set("Content-Type", "text/csv")
			fmt.Fprint(w, "text")
		default:
			w.WriteHeader(http.StatusForbidden)
		}
	}))
	s := openSession(t, testPortal(base))
	var ids []string
	for _, a := range mustRead(t, s, "1").Attachments {
		ids = append(ids, a.ID)
	}
	for _, a := range mustRead(t, s, "1", ids...).Attachments {
		if a.Saved == "" {
			t.Errorf("%s is not saved: %s", a.Name, a.Detail)
		}
	}
}
