package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/poactor/poactor/internal/account"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/progress"
)

func (a *app) profileCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "profile",
		Short: "List and delete the profiles that login has made",
		Long: `A profile is what poactor login keeps of a sign-in: a browser profile of poactor's own,
and the session's cookies, encrypted. There is one for each portal and name.`,
		Example: "  poactor profile list\n  poactor profile delete default",
		Args:    noArguments,
		RunE:    func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	var asJSON bool
	list := &cobra.Command{
		Use: "list", Short: "List the profiles: portal, name, who has signed in where, and when", Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return a.profileList(asJSON) },
	}
	list.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	var portalName string
	remove := &cobra.Command{
		Use: "delete NAME", Short: "Delete a profile, its session and its key; nothing is asked",
		Args: oneArgument("profile", "poactor profile list shows those that there are"),
		RunE: func(c *cobra.Command, args []string) error {
			held, err := a.profileNamed(portalName, args[0])
			if err == nil {
				err = held.Delete(c.Context())
			}
			if errors.Is(err, account.ErrNoAccount) {
				return wrongUse("poactor profile list shows those that there are", "there is no profile %s", args[0])
			} else if err != nil {
				return err
			}
			a.say("deleted the profile %s of portal %s", held.Name(), held.Portal())
			return nil
		},
	}
	remove.Flags().StringVar(&portalName, "portal", "",
		"`name` of its portal, or its file (needed where several have a profile of that name)")
	c.AddCommand(list, remove)
	return c
}

// profilesJSON is what profile list says as JSON.
type profilesJSON struct {
	Profiles []account.Info `json:"profiles"`
}

func (a *app) profileList(asJSON bool) error {
	profiles, err := a.accounts(config.Settings{}).List()
	if asJSON {
		if profiles == nil {
			profiles = []account.Info{}
		}
		progress.WriteLine(a.stdout, "profiles", profilesJSON{profiles})
		return err
	}
	if len(profiles) == 0 && err == nil {
		a.say("there are no profiles yet: poactor login makes one")
		return nil
	}
	w := tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "PORTAL\tNAME\tUSER\tSIGNED IN\tBASE URL")
	for _, p := range profiles {
		user, when := "-", "-"
		if p.User != "" {
			user = who(p)
		}
		if !p.SignedIn.IsZero() {
			when = clock(p.SignedIn)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.Portal, p.Name, user, when, progress.Clean(p.BaseURL))
	}
	if e := w.Flush(); err == nil {
		err = e
	}
	return err
}

// profileNamed finds a profile by its name, and its portal where that is said.
func (a *app) profileNamed(portalName, name string) (*account.Account, error) {
	store := a.accounts(config.Settings{})
	if portalName != "" {
		p, err := findPortal(portalName)
		if err == nil {
			portalName = p.Name
		}
		return store.Find(portalName, name) // also of a portal whose file is gone
	}
	profiles, err := store.List()
	var found []account.Info
	for _, p := range profiles {
		if p.Name == name {
			found = append(found, p)
		}
	}
	switch {
	case len(found) == 1:
		return store.Find(found[0].Portal, name)
	case len(found) > 1:
		return nil, wrongUse("say which: --portal "+found[0].Portal+" or --portal "+found[1].Portal,
			"%d portals have a profile %s", len(found), name)
	case err != nil:
		return nil, err
	}
	return nil, account.ErrNoAccount
}
