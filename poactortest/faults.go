package poactortest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/testportal"
)

// Faults says how often which faults come: browser_kill: 5 means in one of five readings.
// FaultNames lists them.
type Faults map[string]int

// FaultNames lists the faults that a run makes happen (Config.Faults), and those that the
// built-in portal does (PortalOptions.Faults).
func FaultNames() (run, portal []string) {
	for _, k := range fault.Kinds() {
		switch {
		case testportal.Makes(k):
			portal = append(portal, string(k))
		case k.OfRun():
			run = append(run, string(k))
		}
	}
	return run, portal
}

// Plan is the faults as Config.Faults takes them. The same seed gives the same plan. A name
// that is not known, and a fault that cannot happen to the run, is an error of the run's
// start.
func (f Faults) Plan(seed uint64) string {
	var text bytes.Buffer
	if err := f.plan(seed).Write(&text); err != nil { // plain data, to a buffer
		panic(err)
	}
	return text.String()
}

func (f Faults) plan(seed uint64) fault.Plan {
	p := fault.Plan{Seed: seed, Every: map[fault.Kind]int{}}
	for name, every := range f {
		p.Every[fault.Kind(name)] = every
	}
	return p
}

// forPortal is the plan of the built-in portal.
func (f Faults) forPortal(seed uint64) (fault.Plan, error) {
	p := f.plan(seed)
	if err := p.Check(); err != nil {
		return p, err
	}
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !testportal.Makes(fault.Kind(name)) {
			_, portal := FaultNames()
			return p, fmt.Errorf("fault %s: the portal cannot make it happen; it can %s", name, strings.Join(portal, ", "))
		}
	}
	return p, nil
}
