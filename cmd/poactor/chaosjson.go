package main

import (
	"github.com/poactor/poactor/internal/chaos"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// chaosBegunLine says what a run under faults is drawn from, as a JSON line.
type chaosBegunLine struct {
	progress.Stamp
	Seed uint64 `json:"seed"`
	Plan string `json:"plan"` // a hash of it
	Dir  string `json:"dir"`
}

// chaosStartLine says how one start of poactor ended, as a JSON line.
type chaosStartLine struct {
	progress.Stamp
	Number  int    `json:"number"`
	Faults  bool   `json:"faults"`  // it met some on purpose
	Settled int    `json:"settled"` // orders, after it
	How     string `json:"how"`     // in words
}

// chaosJudgedLine says what held, as a JSON line.
type chaosJudgedLine struct {
	progress.Stamp
	Starts     int                `json:"starts"`
	Took       messages.Duration  `json:"took_ms"`
	Faults     map[fault.Kind]int `json:"faults"` // that happened
	Invariants []chaosInvariant   `json:"invariants"`
	Orders     []po.Key           `json:"orders"` // those for which one does not hold
	Log        string             `json:"log"`    // the path of what every start wrote
}

// chaosInvariant says whether an invariant holds.
type chaosInvariant struct {
	Invariant string   `json:"invariant"`
	Broken    []string `json:"broken"` // what contradicts it; empty: it holds
}

// tellChaos is showChaos as a JSON line.
func (a *app) tellChaos(r chaos.Report) {
	line := chaosJudgedLine{Stamp: progress.Now("chaos_judged"), Starts: r.Starts, Took: messages.Duration(r.Took),
		Faults: map[fault.Kind]int{}, Invariants: []chaosInvariant{}, Orders: append([]po.Key{}, r.Unknown...), Log: r.Log}
	for kind, n := range r.Injected {
		line.Faults[kind] = n
	}
	for _, i := range r.Invariants {
		line.Invariants = append(line.Invariants, chaosInvariant{i.Invariant, append([]string{}, i.Broken...)})
	}
	for _, h := range r.Histories {
		line.Orders = append(line.Orders, h.Order.Key)
	}
	progress.WriteJSON(a.stdout, line)
}
