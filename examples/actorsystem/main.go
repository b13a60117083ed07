// Actorsystem runs a list of purchase orders in a Proto.Actor system of its own, beside an actor
// of its own, which hears of each order and ends when the run has.
//
//	go run ./examples/actorsystem https://acme.coupahost.com out 15262984 15263011
package main

import (
	"context"
	"fmt"
	"iter"
	"log"
	"os"
	"os/signal"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

func main() {
	if len(os.Args) < 4 {
		log.Fatal("usage: actorsystem BASE-URL DIRECTORY NUMBER…")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	coupa, _ := portal.Builtin("coupa")
	coupa, err := coupa.WithBaseURL(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	orders := func(yield func(po.Order, error) bool) {
		for _, number := range os.Args[3:] {
			key, number, err := coupa.Parse(number)
			if !yield(po.Order{Key: key, Number: number}, err) {
				return
			}
		}
	}
	summary, err := runBeside(ctx, actor.NewActorSystem(), poactor.Config{Portal: coupa, Out: os.Args[2]}, orders)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Counts[po.Completed], "completed")
}

// runBeside runs orders below an actor of ours.
func runBeside(
	ctx context.Context, system *actor.ActorSystem, cfg poactor.Config, orders iter.Seq2[po.Order, error],
) (poactor.Summary, error) {
	clerk := system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return &clerk{} }))
	cfg.OnEvent = func(event any) { system.Root.Send(clerk, event) } // mapped to what our actors know
	run, err := poactor.Prepare(ctx, cfg, orders)
	if err != nil {
		system.Root.Stop(clerk)
		return poactor.Summary{}, err
	}
	system.Root.Send(clerk, begin{actors.Props(run.Coordinator())})
	summary, err := run.Wait()
	_ = system.Root.PoisonFuture(clerk).Wait() // which would end the run, if it went on
	return summary, err
}

// begin asks a clerk to begin a run.
type begin struct{ props *actor.Props }

// clerk is an actor of ours: it has a run as its child, and gets its events.
type clerk struct{ files int }

// Receive implements actor.Actor.
func (a *clerk) Receive(c actor.Context) {
	switch m := c.Message().(type) {
	case begin:
		c.Spawn(m.props)
	case messages.OrderSettled:
		a.files += len(m.Outcome.Files)
	case messages.RunEnded: // the last of them
		fmt.Println("the run is over:", a.files, "files")
	}
}
