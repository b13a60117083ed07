// Run downloads every attachment of a list of purchase orders.
//
//	go run ./examples/run https://acme.coupahost.com orders.csv out
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

func main() {
	if len(os.Args) != 4 {
		log.Fatal("usage: run BASE-URL LIST DIRECTORY")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	coupa, _ := portal.Builtin("coupa")
	coupa, err := coupa.WithBaseURL(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	if err := download(ctx, poactor.Config{Portal: coupa, Out: os.Args[3]}, os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

// download runs a list: it goes on where it stood when it is called again.
func download(ctx context.Context, cfg poactor.Config, list string) error {
	batch, err := poactor.OpenBatch(list, cfg.Portal)
	if err != nil {
		return err
	}
	cfg.Batch = batch
	summary, err := poactor.Run(ctx, cfg, batch.Orders())
	fmt.Println(summary.Counts[po.Completed], "completed,", summary.Counts[po.Failed], "failed,", summary.Open, "open")
	return err
}
