package testportal

import (
	"net/url"

	"github.com/poactor/poactor/portal"
)

// Definition returns a portal's definition for this one: at its address, with where
// signing in begins, which hosts it goes over, and what proves who is signed in.
func (p *Portal) Definition(d portal.Portal) (portal.Portal, error) {
	d.SignIn.Path = p.site.signIn
	if p.providerURL != "" {
		u, err := url.Parse(p.providerURL)
		if err != nil {
			return portal.Portal{}, err
		}
		d.SignIn.Hosts = append([]string{u.Host}, d.SignIn.Hosts...)
	}
	d.Probe = portal.Probe{Path: accountPath, User: []string{".global_header .user"}}
	if len(d.Signs.SignedIn.Selectors)+len(d.Signs.SignedIn.Texts) == 0 {
		d.Signs.SignedIn.Selectors = []string{"a[href='" + p.site.signOut + "']"}
	}
	return d.WithBaseURL(p.url)
}
