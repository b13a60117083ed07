package main

import (
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestInterrupt(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		drains bool          // something has been begun
		first  time.Duration // of the first signal; 0: none
		second time.Duration // of the second
		end    time.Duration // of the run, if nothing ends it before
		want   []string
	}{
		"no signal":            {drains: true, end: time.Hour},
		"drained in time":      {drains: true, first: time.Second, end: 20 * time.Second, want: []string{"drain 1s"}},
		"second signal":        {drains: true, first: time.Second, second: 3 * time.Second, end: time.Hour, want: []string{"drain 1s", "cancel 3s"}},
		"grace is over":        {drains: true, first: time.Second, end: time.Hour, want: []string{"drain 1s", "cancel 31s"}},
		"nothing begun":        {first: time.Second, second: 2 * time.Second, end: time.Hour, want: []string{"cancel 1s"}},
		"signal after the end": {drains: true, first: 2 * time.Hour, end: time.Hour},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var got []string
				note := func(what string) func() {
					return func() { got = append(got, what+" "+time.Since(began).String()) }
				}
				i := &interrupt{cancel: note("cancel"), say: func(string) {}}
				signals := make(chan os.Signal, 2)
				stop := i.watch(signals)
				if tt.drains {
					i.onFirst(note("drain"))
				}
				for _, at := range []time.Duration{tt.first, tt.second} {
					if at > 0 {
						time.AfterFunc(at, func() { signals <- os.Interrupt })
					}
				}
				time.Sleep(tt.end)
				stop()
				time.Sleep(2 * time.Hour)
				synctest.Wait()
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Error(diff)
				}
				if want := slices.Contains(got, "drain 1s") || slices.Contains(got, "cancel 1s"); i.was() != want {
					t.Errorf("was() = %v", i.was())
				}
			})
		})
	}
}

// A signal between the start of the watch and that of the run is not lost.
func TestInterruptBeforeTheRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cancelled, drained := false, false
		i := &interrupt{cancel: func() { cancelled = true }, say: func(string) {}}
		signals := make(chan os.Signal, 2)
		defer i.watch(signals)()
		signals <- os.Interrupt
		synctest.Wait()
		i.onFirst(func() { drained = true })
		if !cancelled || !drained {
			t.Errorf("cancelled %v, drained %v", cancelled, drained)
		}
	})
}
