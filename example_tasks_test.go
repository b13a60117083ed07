package poactor_test

import (
	"context"
	"fmt"
	"slices"

	"github.com/poactor/poactor"
)

// RunTasks notes the titles of pages. Without AllowedHosts it does not get far: what is wrong
// with a configuration is told before anything is started.
func ExampleRunTasks() {
	title := func(ctx context.Context, page poactor.Page, task poactor.Task[string]) (string, error) {
		if _, err := page.Navigate(ctx, task.Data); err != nil {
			return "", err
		}
		return page.Text(ctx, "title")
	}
	tasks := []poactor.Task[string]{{Key: "home", Data: "https://example.com/"}, {Key: "about", Data: "https://example.com/about"}}
	cfg := poactor.Config{Out: "titles"} // AllowedHosts: []string{"example.com"}
	for r, err := range poactor.RunTasks(context.Background(), cfg, poactor.Tasks(slices.Values(tasks)), title) {
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(r.Key, r.Result, r.Err)
	}
	// Output: no hosts are given that pages may go to: set AllowedHosts, or a Portal
}
