package po_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/poactor/poactor/po"
)

func TestIdentityRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := po.Identity{
			Key: rapid.StringMatching(`[!-~&&[^-]][!-~]{0,20}`).Draw(t, "key"), Label: rapid.String().Draw(t, "label"),
			Part: rapid.String().Draw(t, "part"), Place: rapid.IntRange(0, 9).Draw(t, "place"),
		}
		if diff := cmp.Diff(want, po.ParseIdentity(want.String())); diff != "" {
			t.Fatal(diff)
		}
	})
	if diff := cmp.Diff(po.Identity{Label: "a b"}, po.ParseIdentity(po.Identity{Label: "a b"}.String())); diff != "" {
		t.Error(diff)
	}
	if got := po.ParseIdentity("https://a.example/f?x=1").Key; got != "https://a.example/f?x=1" {
		t.Errorf("the key of an address is %q", got)
	}
}

func TestMatchIDs(t *testing.T) {
	t.Parallel()
	id := func(key, label string) po.Identity { return po.Identity{Key: key, Label: label} }
	sure := func(old int) po.Match { return po.Match{Old: old, Sure: true} }
	unsure := func(old int) po.Match { return po.Match{Old: old} }
	for name, row := range map[string]struct {
		older, newer []po.Identity
		want         map[int]po.Match
	}{
		"the same":            {[]po.Identity{id("/a", "a"), id("/b", "b")}, []po.Identity{id("/a", "a"), id("/b", "b")}, map[int]po.Match{0: sure(0), 1: sure(1)}},
		"sorted anew":         {[]po.Identity{id("/a", "a"), id("/b", "b")}, []po.Identity{id("/b", "b"), id("/a", "a")}, map[int]po.Match{0: sure(1), 1: sure(0)}},
		"signed anew":         {[]po.Identity{id("/a?s=1", "a"), id("/b?s=2", "b")}, []po.Identity{id("/a?s=3", "a"), id("/b?s=4", "b")}, map[int]po.Match{0: unsure(0), 1: unsure(1)}},
		"signed, no labels":   {[]po.Identity{id("/a?s=1", "")}, []po.Identity{id("/a?s=3", "")}, map[int]po.Match{0: unsure(0)}},
		"a token in the path": {[]po.Identity{id("/x1/a", "a")}, []po.Identity{id("/x2/a", "a"), id("/x3/b", "b")}, map[int]po.Match{0: unsure(0)}},
		"one address for all": {[]po.Identity{id("/d?s=1", "")}, []po.Identity{id("/d?s=2", ""), id("/d?s=3", "")}, map[int]po.Match{}},
		"labels are numbers, and the list has moved": {[]po.Identity{id("a", "1"), id("b", "2")},
			[]po.Identity{id("c", "1"), id("a", "2"), id("b", "3")}, map[int]po.Match{}},
		"keys are numbers, and the list has moved": {[]po.Identity{id("1", "a"), id("2", "b")},
			[]po.Identity{id("1", "c"), id("2", "a"), id("3", "b")}, map[int]po.Match{}},
		"a label with a counter": {[]po.Identity{id("k", "opened 1 time")}, []po.Identity{id("k", "opened 2 times")}, map[int]po.Match{0: unsure(0)}},
		"a key that changes":     {[]po.Identity{id("k1", "a")}, []po.Identity{id("k2", "a"), id("k3", "b")}, map[int]po.Match{0: unsure(0)}},
		"only places":            {[]po.Identity{{Place: 1}, {Place: 2}}, []po.Identity{{Place: 1}, {Place: 2}}, map[int]po.Match{}},
		"parts": {[]po.Identity{{Key: "k", Part: "a.pdf"}, {Key: "k", Part: "a.xml"}},
			[]po.Identity{{Key: "k", Part: "a.xml"}, {Key: "k", Part: "a.pdf"}}, map[int]po.Match{0: sure(1), 1: sure(0)}},
		"one and a part of it":   {[]po.Identity{{Key: "k"}}, []po.Identity{{Key: "k", Part: "a.xml"}, {Key: "k", Part: "a.pdf"}}, map[int]po.Match{}},
		"what was there is gone": {[]po.Identity{id("/a", "a")}, []po.Identity{id("/b", "b")}, map[int]po.Match{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(row.want, po.MatchIDs(texts(row.older), texts(row.newer))); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func texts(list []po.Identity) []string {
	ids := make([]string, len(list))
	for i, identity := range list {
		ids[i] = identity.String()
	}
	return ids
}
