// Invoices downloads the invoices of a portal where one signs in with a form. User and
// password are taken from the environment, and stay there: they are in no task, no record
// and no log.
//
//	INVOICES_USER=me INVOICES_PASSWORD=… invoices https://portal.example OUT 2024-001 2024-002
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/po"
)

// Invoice is what the portal says of one.
type Invoice struct {
	Supplier string
	Total    float64
}

// portal is a site with a form to sign in.
type portal struct{ base, user, password string }

func main() {
	if len(os.Args) < 4 {
		log.Fatal("usage: invoices BASE-URL OUT NUMBER...")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	p := portal{strings.TrimSuffix(os.Args[1], "/"), os.Getenv("INVOICES_USER"), os.Getenv("INVOICES_PASSWORD")}
	if err := p.run(ctx, poactor.Config{Out: os.Args[2]}, os.Args[3:]); err != nil {
		log.Fatal(err)
	}
}

func (p portal) run(ctx context.Context, cfg poactor.Config, numbers []string) error {
	cfg.AllowedHosts = []string{strings.TrimPrefix(p.base, "https://")}
	var tasks []poactor.Task[struct{}]
	for _, number := range numbers {
		tasks = append(tasks, poactor.Task[struct{}]{Key: number})
	}
	for r, err := range poactor.RunTasks(ctx, cfg, poactor.Tasks(slices.Values(tasks)), p.download) {
		if err != nil {
			return err
		}
		fmt.Println(r.Key, r.Result.Supplier, r.Result.Total, len(r.Files), "files", r.Err)
	}
	return nil
}

func (p portal) download(ctx context.Context, page poactor.Page, task poactor.Task[struct{}]) (in Invoice, err error) {
	status, err := page.Navigate(ctx, p.base+"/invoices/"+task.Key)
	if err == nil && status == http.StatusUnauthorized { // the first of this browser
		if err = p.signIn(ctx, page); err == nil {
			status, err = page.Navigate(ctx, p.base+"/invoices/"+task.Key)
		}
	}
	switch {
	case err != nil:
		return in, err
	case status == http.StatusNotFound:
		return in, poactor.GiveUp(fmt.Errorf("%w: no such invoice", po.CauseNotFound))
	}
	if err := page.WaitFor(ctx, "#total"); err != nil {
		return in, err
	}
	err = page.Eval(ctx, `() => ({
		Supplier: document.querySelector('h1').innerText,
		Total: Number(document.querySelector('#total').innerText)
	})`, &in)
	if err == nil {
		_, err = page.SaveDownload(ctx, "#pdf", task.Key+".pdf")
	}
	return in, err
}

func (p portal) signIn(ctx context.Context, page poactor.Page) error {
	if _, err := page.Navigate(ctx, p.base+"/login"); err != nil {
		return err
	}
	if err := page.Type(ctx, "input[name=user]", p.user); err != nil {
		return err
	}
	if err := page.Type(ctx, "input[name=password]", p.password); err != nil {
		return err
	}
	if err := page.Click(ctx, "button[type=submit]"); err != nil {
		return err
	}
	if title, err := page.Text(ctx, "title"); err != nil || title == "Sign in" {
		return poactor.GiveUp(fmt.Errorf("%w: the portal refuses user and password: %w", po.Forbidden, err))
	}
	return nil
}
