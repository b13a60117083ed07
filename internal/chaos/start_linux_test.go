package chaos

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"
)

// A process that has ended by itself before it was killed did not die of that,
// though the system lets it be killed until somebody has asked how it ended.
func TestDiedOfKill(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		script string
		want   bool
	}{
		"alive": {"sleep 60", true},
		"dead":  {"exit 3", false},
	} {
		cmd := exec.Command("sh", "-c", row.script)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		for stat := fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid); !row.want; time.Sleep(time.Millisecond) {
			if text, err := os.ReadFile(stat); err != nil || bytes.Contains(text, []byte(") Z ")) {
				break
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		_ = cmd.Wait() // its error says how it ended
		if got := diedOfKill(cmd.ProcessState); got != row.want {
			t.Errorf("%s: died of it: %v (%v)", name, got, cmd.ProcessState)
		}
	}
}
