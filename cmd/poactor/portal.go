package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/portal"
)

func (a *app) portalCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "portal",
		Short: "List, show and check portal definitions",
		Long: `A portal is described by data: where an order's page is, and by which signs its
pages are recognised. Some are built in, any other is a YAML file. To describe a
new one, begin with what "portal show" prints.`,
		Example: "  poactor portal list\n  poactor portal show coupa > acme.yaml\n  poactor portal check acme.yaml",
		Args:    noArguments,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var asJSON bool // of the one command that runs
	list := &cobra.Command{
		Use: "list", Short: "List the built-in portals", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.portalList(asJSON) },
	}
	list.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	check := &cobra.Command{
		Use: "check FILE", Short: "Check a portal file; each problem is one line with its place",
		Args: oneArgument("portal file", "poactor portal check acme.yaml"),
		RunE: func(_ *cobra.Command, args []string) error { return a.portalCheck(args[0], asJSON) },
	}
	check.Flags().BoolVar(&asJSON, "json", false, "write it as JSON; each problem is an error line")
	c.AddCommand(list, check,
		&cobra.Command{
			Use: "show NAME|FILE", Short: "Show a definition as YAML, with what it leaves out filled in",
			Args: oneArgument("portal", "poactor portal list shows the built-in ones"),
			RunE: func(_ *cobra.Command, args []string) error { return a.portalShow(args[0]) },
		})
	return c
}

// portalJSON is a portal as JSON.
type portalJSON struct {
	Name     string   `json:"name"`
	BaseURL  string   `json:"base_url,omitempty"`
	Path     string   `json:"path"`
	Warnings []string `json:"warnings"`
}

// portalsJSON is what portal list says as JSON.
type portalsJSON struct {
	Portals []portalJSON `json:"portals"`
}

func newPortalJSON(p portal.Portal) portalJSON {
	return portalJSON{p.Name, p.BaseURL, p.Order.Path, append([]string{}, p.Warnings()...)}
}

func (a *app) portalList(asJSON bool) error {
	if asJSON {
		var list portalsJSON
		for _, p := range portal.Builtins() {
			list.Portals = append(list.Portals, newPortalJSON(p))
		}
		progress.WriteLine(a.stdout, "portals", list)
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	for _, p := range portal.Builtins() {
		base := p.BaseURL
		if base == "" {
			base = "(--base-url)"
		}
		fmt.Fprintf(w, "%s\t%s%s\n", p.Name, base, p.Order.Path)
	}
	return w.Flush()
}

func (a *app) portalShow(name string) error {
	p, err := findPortal(name)
	if err != nil {
		return err
	}
	text, err := p.Marshal()
	if err != nil {
		return err
	}
	_, err = a.stdout.Write(text)
	return err
}

func (a *app) portalCheck(file string, asJSON bool) error {
	p, err := portal.Load(file)
	if err != nil {
		return err
	}
	if asJSON {
		progress.WriteLine(a.stdout, "portal_checked", newPortalJSON(p))
		return nil
	}
	fmt.Fprintf(a.stdout, "%s: portal %s is well described\n", file, p.Name)
	if p.BaseURL == "" {
		fmt.Fprintln(a.stdout, "it has no base_url: give --base-url to a run")
	}
	for _, warning := range p.Warnings() {
		fmt.Fprintln(a.stdout, "warning:", warning)
	}
	return nil
}

// findPortal takes a built-in definition by its name, or reads a file.
func findPortal(name string) (portal.Portal, error) {
	if p, ok := portal.Builtin(name); ok {
		return p, nil
	}
	_, err := os.Stat(name)
	looksLikeFile := strings.ContainsRune(name, filepath.Separator) || filepath.Ext(name) != ""
	if errors.Is(err, fs.ErrNotExist) && !looksLikeFile {
		return portal.Portal{}, wrongUse("poactor portal list shows the built-in ones; any other is a file: --portal FILE.yaml",
			"unknown portal %q", name)
	}
	return portal.Load(name)
}

// runPortal is the portal of a run: with its base URL.
func runPortal(s config.Settings) (portal.Portal, error) {
	p, err := findPortal(s.Portal)
	switch {
	case err != nil:
		return p, err
	case s.BaseURL != "":
		return p.WithBaseURL(s.BaseURL)
	case p.BaseURL == "":
		return p, wrongUse("give it with --base-url, like https://company.example.com", "portal %s has no base URL", p.Name)
	}
	return p, nil
}
