package schedule

import (
	"flag"
	"os"
	"testing"
)

func TestMain(m *testing.M) {
	// The scheduler's mistakes need a long run and a rare one. Flags of the command
	// line are parsed later and win.
	_ = flag.Set("rapid.checks", "3000")
	_ = flag.Set("rapid.steps", "100")
	os.Exit(m.Run())
}
