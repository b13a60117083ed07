// Screenshots takes a picture of each page that it is given the address of, and notes its
// title, with several supervised browsers:
//
//	screenshots OUT https://example.com https://example.org/about
//
// Run again, it does what is missing.
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net/url"
	"os"
	"os/signal"
	"slices"

	"github.com/poactor/poactor"
)

// Shot is what becomes of one address.
type Shot struct {
	Status int
	Title  string
}

func main() {
	if len(os.Args) < 3 {
		log.Fatal("usage: screenshots OUT URL...")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, poactor.Config{Out: os.Args[1]}, os.Args[2:]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, cfg poactor.Config, urls []string) error {
	var tasks []poactor.Task[string]
	for _, address := range urls {
		u, err := url.Parse(address)
		if err != nil {
			return err
		}
		host := u.Host
		if u.Scheme == "http" {
			host = "http://" + host // plain http has to be meant
		}
		cfg.AllowedHosts = append(cfg.AllowedHosts, host)
		tasks = append(tasks, poactor.Task[string]{Key: address, Data: address})
	}
	for r, err := range poactor.RunTasks(ctx, cfg, poactor.Tasks(slices.Values(tasks)), shoot) {
		switch {
		case err != nil:
			return err
		case r.Err != nil:
			fmt.Printf("%s: %v\n", r.Key, r.Err)
		default:
			fmt.Printf("%s: %d %q %s/%s\n", r.Key, r.Result.Status, r.Result.Title, r.Folder, r.Files[0].Name)
		}
	}
	return nil
}

func shoot(ctx context.Context, page poactor.Page, task poactor.Task[string]) (s Shot, err error) {
	if s.Status, err = page.Navigate(ctx, task.Data); err != nil {
		return s, err
	}
	if s.Title, err = page.Text(ctx, "title"); err != nil {
		return s, err
	}
	png, err := page.Screenshot(ctx)
	if err != nil {
		return s, err
	}
	_, err = page.Save(ctx, "page.png", bytes.NewReader(png))
	return s, err
}
