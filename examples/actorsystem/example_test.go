package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/poactortest"
)

func quietSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler)
	}))
}

// runBeside, with browsers that follow a script and the built-in portal.
func Example() {
	p, err := poactortest.StartPortal(poactortest.PortalOptions{Orders: 6, Plain: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer p.Close()
	dir, _ := os.MkdirTemp("", "example")
	defer os.RemoveAll(dir)
	cfg := poactor.Config{Portal: p.Definition(), Out: filepath.Join(dir, "out"), Browsers: &poactortest.Browsers{Read: p.Read}}
	system := quietSystem()
	defer system.Shutdown()
	summary, err := runBeside(context.Background(), system, cfg, p.Orders())
	fmt.Println(summary.Counts[po.Completed], "completed", err)
	// Output:
	// the run is over: 21 files
	// 6 completed <nil>
}
