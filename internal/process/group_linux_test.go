package process

import (
	"os/exec"
	"testing"
	"time"
)

// A group's processes are ended together, stopped or not, and those that are dead
// do not count.
func TestGroup(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("sh", "-c", "sleep 60 & sleep 60 & wait")
	g, err := NewGroup()
	if err != nil {
		t.Fatal(err)
	}
	g.Prepare(cmd)
	cmd.SysProcAttr.Pdeathsig = 0 // this thread may end before the test
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { cmd.Wait(); close(ended) }()
	if err := g.Add(cmd.Process); err != nil {
		t.Fatal(err)
	}
	if !g.Alive() {
		t.Error("it is not alive")
	}
	if err := g.Stop(); err != nil {
		t.Error(err)
	}
	g.Kill()
	<-ended
	for end := time.Now().Add(time.Minute); g.Alive(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it does not end")
		}
	}
	if err := g.Close(); err != nil {
		t.Error(err)
	}
}
