package actors_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/ledger"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// nowhere is a host's own work: it finds no order.
type nowhere struct{ closed chan struct{} }

func (nowhere) Open(context.Context) (actors.Session, error) {
	return nowhere{make(chan struct{})}, nil
}
func (nowhere) Profile() string { return "none" }
func (nowhere) Memory() int64   { return 0 }
func (nowhere) Read(context.Context, po.Order, []string) (po.Reading, error) {
	return po.Reading{Sign: po.SignNotFound}, nil
}
func (nowhere) Look(context.Context, po.Order, po.Failure) (po.Reading, error) {
	return po.Reading{Sign: po.SignNotFound}, nil
}
func (nowhere) Prove(context.Context) (po.Proof, error) { return po.Proof{SignedIn: true}, nil }
func (n nowhere) Done() <-chan struct{}                 { return n.closed }
func (n nowhere) Close() error                          { close(n.closed); return nil }

// noFiles has nowhere to put files, and needs none.
type noFiles struct{}

func (noFiles) Fetch(context.Context, po.FetchJob) (po.FetchResult, error) {
	return po.FetchResult{}, nil
}
func (noFiles) Work(po.Order, string, po.Saved) string             { return "" }
func (noFiles) Final(po.Order, string, po.Saved, po.Status) string { return "" }
func (noFiles) Finish(context.Context, po.Saved, string) error     { return nil }

// A host can run its own sessions under the same supervision.
func ExampleStart() {
	record, err := ledger.NewMemory(slices.Values([]po.Order{{Key: "1"}, {Key: "2"}}))
	if err != nil {
		fmt.Println(err)
		return
	}
	log := logrus.New()
	log.SetOutput(io.Discard)
	run := actors.Start(actors.Config{
		Workers: 1, Attempts: 3, TaskTimeout: time.Minute,
		Browsers: nowhere{}, Files: noFiles{}, Ledger: record, Log: log,
		OnEvent: func(event any) {
			if e, ok := event.(messages.OrderSettled); ok {
				fmt.Println(e.Outcome.Key, e.Outcome.Status)
			}
		},
	})
	end := run.Wait()
	fmt.Println(end.Open, "open")
	// Output:
	// 1 NOT_FOUND
	// 2 NOT_FOUND
	// 0 open
}
