package main

import (
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/poactor/poactor/internal/testdisplay"
	"github.com/poactor/poactor/internal/testportal"
)

// Where somebody sits before a run whose session is over, a window opens for them, and
// the run goes on when they have signed in.
func TestFaultsSomebodySignsInDuringTheRun(t *testing.T) {
	if !haveBrowser() {
		t.Skip("no browser")
	}
	display := testdisplay.Start(t)
	t.Setenv("DISPLAY", display)
	// The human takes longer for a page than the renewal without one waits on it.
	u := newSignedInUser(t, testportal.Options{Orders: 30, Gone: 0.4}, testportal.Sessions{
		SignedOut: testportal.ToTimeout, Human: 10 * time.Second, Requests: 12, Endings: 1, Counted: testportal.RequestPage})
	keyboard, terminal, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer keyboard.Close()
	defer terminal.Close()
	u.stdin, u.vars["DISPLAY"] = terminal, display
	u.run(exitDone, "run", "--workers", "2", u.at("orders.csv"))
	if list := u.site.SignIns(); len(list) != 1 || list[0].User != testportal.HumanUser || list[0].Way == testportal.Silently {
		t.Errorf("%+v", list)
	}
	outcomes, err := readBack(u.at("orders"))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range u.site.Verify(u.at("orders"), outcomes) {
		t.Error(line)
	}
}
