package fastlane

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// A portal that looks an order up by the beginning of its number may find another one: no such answer looks like
// those that were compared.
func TestLookupOfAnotherOrder(t *testing.T) {
	t.Parallel()
	s := shapes["identity by a call before"]
	l, _ := learnerOf(t, s, 12)
	_, good := s.replay(t, l, 15)
	other := s
	other.calls = func(n int) []po.Call {
		calls := s.calls(n)
		calls[0].Answer = []byte(strings.Replace(string(calls[0].Answer), `"`+orderNumber5(n)+`"`, `"`+orderNumber5(n)+`1"`, 1))
		return calls
	}
	_, bad := other.replay(t, l, 15)
	if good.Doubt != "" || bad.Doubt == "" && slices.Equal(good.Parts, bad.Parts) {
		t.Errorf("doubts %q, %q; one shape", good.Doubt, bad.Doubt)
	}
}

// What an answer calls its fields does not show that it is the order's own.
func TestOwnIsNoName(t *testing.T) {
	t.Parallel()
	p := coupa(t)
	p.Order.Identity.Texts = []string{"Order {number}"}
	r, err := New(p)
	if err != nil {
		t.Fatal(err)
	}
	s := shapes["number in the path"]
	l := NewLearner(r, nil)
	for n := range 12 {
		l.Saw(s.seen(n))
	}
	hostile := s
	hostile.calls = func(n int) []po.Call {
		calls := s.calls(n)
		calls[1].Answer = []byte(strings.Replace(string(calls[1].Answer), `{`, `{"is own of":7,`, 1))
		return calls
	}
	if list, got := hostile.replay(t, l, 15); got.Doubt == "" || list != nil {
		t.Errorf("it is believed: %v", list)
	}
}

// Nothing that changes something is learned from, or used as somebody else has written it down.
func TestMutations(t *testing.T) {
	t.Parallel()
	quoted := func(query string) string { return fmt.Sprintf(`{"operationName":"M","query":%q}`, query) }
	for name, row := range map[string]struct {
		body string
		want bool
	}{
		"a query":              {quoted("query Q { order { mutation subscription } }"), false},
		"shorthand":            {quoted("{ order { id } }"), false},
		"in a comment":         {quoted("# mutation\nquery Q { id }"), false},
		"in a text":            {quoted(`query Q($a: String = "mutation") { id }`), false},
		"a mutation":           {quoted("mutation M { open }"), true},
		"a tab before":         {quoted("\r\n\tmutation M { open }"), true},
		"a comment before":     {quoted("# open\nmutation M { open }"), true},
		"a fragment before":    {quoted("fragment F on Order { id } mutation M { open { ...F } }"), true},
		"after a query":        {quoted("query Q { id } mutation M { open }"), true},
		"escaped":              {`{"query":"\u006dutation { open }"}`, true},
		"in a batch":           {`[` + quoted("{ a }") + `,` + quoted("mutation { open }") + `]`, true},
		"by its kind":          {`{"id":"abc","kind":"mutation"}`, true},
		"not JSON":             {"mutation { open }", true},
		"a form":               {"query=" + url.QueryEscape("mutation { open }"), true},
		"a form of a list":     {"order=7&sort=name", false},
		"no GraphQL":           {`{"order":"7"}`, false},
		"a subscription":       {quoted("subscription { open }"), true},
		"a field that is none": {quoted("query Q { mutations { id } }"), false},
	} {
		if got := isMutation(po.Call{Body: row.body}); got != row.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	list := shapes["GraphQL"]
	l, kept := learnerOf(t, list, 12)
	changing := strings.NewReplacer("query Docs(", "mutation Docs(")
	s := shape{calls: func(n int) []po.Call {
		calls := list.calls(n)
		calls[0].Body = changing.Replace(calls[0].Body)
		return calls
	}}
	again := NewLearner(l.reader, []byte(changing.Replace(string(kept))))
	for n := range 12 {
		again.Saw(s.seen(n))
	}
	if again.kept == nil || again.recipe != nil {
		t.Errorf("taken %v, used %v", again.kept != nil, again.recipe != nil)
	}
}
