package messages_test

import (
	"fmt"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// A host's event handler tells facts apart by their type.
func Example() {
	handle := func(event any) {
		switch e := event.(type) {
		case messages.OrderSettled:
			fmt.Println(e.Outcome.Key, e.Outcome.Status)
		case messages.WorkerLost:
			fmt.Println(e.Worker, "was lost:", e.Cause)
		}
	}
	handle(messages.WorkerLost{Worker: "worker-2", Cause: po.BrowserDied})
	handle(messages.OrderSettled{Outcome: po.Outcome{Key: "15262984", Status: po.Completed}})
	// Output:
	// worker-2 was lost: browser_died
	// 15262984 COMPLETED
}
