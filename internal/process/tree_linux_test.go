package process

import (
	"os"
	"reflect"
	"testing"
	"time"
)

func TestParseStat(t *testing.T) {
	t.Parallel()
	const rest = " S 7 8 9 0 -1 4194560 1 2 3 4 10 20 30 40 20 0 5 0 1234 99 50"
	want := Process{ID: ID{42, 1234}, Parent: 7, group: 8, CPU: 300 * time.Millisecond, ChildCPU: 700 * time.Millisecond,
		Threads: 5}
	for _, c := range []struct {
		name, line string
		ok         bool
	}{
		{"plain", "42 (chrome)" + rest, true},
		{"a name with spaces and brackets", "42 (a) (b c) 1 2)" + rest, true},
		{"cut off", "42 (chrome) S 7 8", false},
		{"empty", "", false},
	} {
		got, ok := parseStat(42, []byte(c.line))
		if ok != c.ok || ok && !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", c.name, got, ok)
		}
	}
}

func TestParseStatus(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		want       uint64
	}{
		{"a renderer", "Name:\tchrome\nVmRSS:\t  900 kB\nRssAnon:\t  500 kB\nRssFile:\t  300 kB\nRssShmem:\t  100 kB\nVmSwap:\t   7 kB\n", 607 << 10},
		{"a thread of the kernel", "Name:\tkthreadd\nThreads:\t1\n", 0},
		{"empty", "", 0},
	} {
		if got := parseStatus(c.text); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

// What a reading costs: the numbers in the comments are from here.
func BenchmarkTrees(b *testing.B) {
	for b.Loop() {
		if _, err := Trees(b.Context(), os.Getpid()); err != nil {
			b.Fatal(err)
		}
	}
}
