package browser

import (
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

// Of a rest only those answers count that were due when it began: a page with a heartbeat rests.
func TestAnsweredInRest(t *testing.T) {
	t.Parallel()
	begin := func(a *activity, ids ...proto.NetworkRequestID) {
		for _, id := range ids {
			a.begin(id, "https://portal.example/"+string(id))
		}
	}
	for name, row := range map[string]struct {
		before, within, ended []proto.NetworkRequestID
		want                  bool
	}{
		"nothing":                     {},
		"due, and answered":           {before: []proto.NetworkRequestID{"export"}, ended: []proto.NetworkRequestID{"export"}, want: true},
		"due, and not answered":       {before: []proto.NetworkRequestID{"export"}},
		"begun and answered within":   {within: []proto.NetworkRequestID{"beat"}, ended: []proto.NetworkRequestID{"beat"}},
		"beside one that is not over": {before: []proto.NetworkRequestID{"export"}, within: []proto.NetworkRequestID{"beat"}, ended: []proto.NetworkRequestID{"beat"}},
	} {
		for how, end := range map[string]func(a *activity, id proto.NetworkRequestID){
			"whole":   (*activity).end,
			"refused": func(a *activity, id proto.NetworkRequestID) { a.progress(id, 500) },
		} {
			a := &activity{}
			a.reset()
			stop := a.watch()
			begin(a, row.before...)
			a.rest()
			begin(a, row.within...)
			for _, id := range row.ended {
				end(a, id)
			}
			if a.answered() != row.want || a.any() != (len(row.before)+len(row.within) > 0) {
				t.Errorf("%s, %s: answered %t, asked %t", name, how, a.answered(), a.any())
			}
			if a.rest(); a.answered() {
				t.Errorf("%s, %s: the next rest has the answer of this one", name, how)
			}
			stop()
		}
	}
}
