package browser

import (
	"testing"
	"testing/synctest"
	"time"
)

// Only a call that has been out for long waits for news: the young ones beside it
// are waited for again with the next page.
func TestCallsThatWaitForNews(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var c calls
		c.init()
		c.begin("1", "http://portal/poll?since=1")
		time.Sleep(14 * time.Second)
		c.begin("2", "http://portal/attachments")
		if !c.wait(t.Context(), time.Second, 15*time.Second) {
			t.Error("nothing to wait for")
		}
		c.begin("3", "http://portal/poll?since=2")
		if c.wait(t.Context(), time.Second, 15*time.Second) {
			t.Error("what waits for news is waited for")
		}
		c.begin("4", "http://portal/attachments")
		time.AfterFunc(time.Second, func() { c.end("4") })
		begun := time.Now()
		if !c.wait(t.Context(), time.Minute, 15*time.Second) || time.Since(begun) != time.Second {
			t.Errorf("the list was waited for %v", time.Since(begun))
		}
	})
}
