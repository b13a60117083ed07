package resource

import (
	"math"
	"time"
)

// mean is an exponentially weighted mean over time: what lies one memory back
// weighs 1/e of what is now, however often it is sampled.
type mean struct {
	value float64
	known bool
}

// add takes in a sample that comes dt after the one before.
func (m mean) add(x float64, dt, memory time.Duration) mean {
	if !m.known {
		return mean{x, true}
	}
	if dt > 0 {
		m.value += (x - m.value) * (1 - math.Exp(-dt.Seconds()/memory.Seconds()))
	}
	return m
}
