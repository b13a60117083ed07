package poactor_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// Run brings two orders home and tells how each ended. Without a base URL it
// does not get far: what is wrong with a configuration is told before anything
// is started.
func ExampleRun() {
	coupa, _ := portal.Builtin("coupa") // .WithBaseURL("https://acme.coupahost.com")
	cfg := poactor.Config{
		Portal:  coupa,
		Out:     "orders",
		Workers: 2,
		OnEvent: func(event any) {
			if e, ok := event.(messages.OrderSettled); ok {
				fmt.Println(e.Outcome.Key, e.Outcome.Status, len(e.Outcome.Files))
			}
		},
	}
	orders := []po.Order{{Key: "15262984", Number: "15262984"}, {Key: "15263011", Number: "15263011"}}
	_, err := poactor.Run(context.Background(), cfg, poactor.Orders(slices.Values(orders)))
	if e, ok := errors.AsType[*po.Error](err); ok {
		fmt.Println(e.Msg)
	}
	// Output: portal "coupa" has no base URL
}

// Run with a list leaves that list in the output directory, with its status columns,
// as results.csv or .xlsx.
func ExampleRun_list() {
	coupa, _ := portal.Builtin("coupa") // .WithBaseURL("https://acme.coupahost.com")
	list, err := poactor.OpenBatch("no-such-list.xlsx", coupa)
	if err != nil {
		fmt.Println(err)
		return
	}
	cfg := poactor.Config{Portal: coupa, Out: "orders", Batch: list}
	summary, err := poactor.Run(context.Background(), cfg, list.Orders())
	fmt.Println(summary.Counts[po.Completed], list.ResultsName(), err)
	// Output: no-such-list.xlsx: no such file
}

// Verify tells what is damaged in the output directory of a run, and what is only not
// finished yet.
func ExampleVerify() {
	found, err := poactor.Verify(context.Background(), "no-such-orders")
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Println("there was no run")
	}
	for _, d := range found.Differences {
		if d.Kind == poactor.Damaged {
			fmt.Println(d.Order, d.Path, d.What)
		}
	}
	// Output: there was no run
}
