package testportal

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

const (
	providerCookie = "idp_session"
	providerLife   = 90 * 24 * time.Hour
)

// provider is what the identity provider knows.
type provider struct {
	mu       sync.Mutex
	sessions map[string]string // users, by the value of their cookie
	grants   map[string]grant  // by code
}

// grant is a code with which the portal learns who has signed in.
type grant struct {
	user string
	way  Way
}

// ProviderURL is the identity provider's base URL: another host, localhost, and another
// port. Empty without one.
func (p *Portal) ProviderURL() string { return p.providerURL }

// EndProviderSessions ends the identity provider's sessions, so that it asks again.
func (p *Portal) EndProviderSessions() {
	p.provider.mu.Lock()
	defer p.provider.mu.Unlock()
	clear(p.provider.sessions)
}

// ProviderCookieFor opens a session of a user's at the identity provider and returns its
// cookie, for the host of ProviderURL.
func (p *Portal) ProviderCookieFor(user string) *http.Cookie {
	p.provider.mu.Lock()
	defer p.provider.mu.Unlock()
	if p.provider.sessions == nil {
		p.provider.sessions = make(map[string]string)
	}
	value := rand.Text()
	p.provider.sessions[value] = user
	return &http.Cookie{
		Name: providerCookie, Value: value, Path: "/", HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: int(providerLife.Seconds()),
	}
}

func (i *provider) user(r *http.Request) (user string, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	user, ok = i.sessions[cookieValue(r, providerCookie)]
	return user, ok
}

func (i *provider) grant(user string, way Way) (code string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.grants == nil {
		i.grants = make(map[string]grant)
	}
	code = rand.Text()
	i.grants[code] = grant{user, way}
	return code
}

// redeem takes a code, which is good once.
func (i *provider) redeem(code string) (g grant, ok bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	g, ok = i.grants[code]
	delete(i.grants, code)
	return g, ok
}

// providerAddress is where the sign-in page leads.
func (p *Portal) providerAddress(returnTo string) string {
	back := p.url + p.site.callback + "?" + url.Values{"return_to": {returnTo}}.Encode()
	return p.providerURL + "/authorize?" + url.Values{"return_to": {back}}.Encode()
}

// signInByProvider is where the identity provider leads back to.
func (p *Portal) signInByProvider(w http.ResponseWriter, r *http.Request) {
	g, ok := p.provider.redeem(r.FormValue("code"))
	if !ok {
		p.message(w, http.StatusForbidden, "en", "The identity provider's answer is not valid, or was used before.")
		return
	}
	p.enter(w, r, g.user, g.way)
}

func (p *Portal) providerRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", p.recorded(RequestProvider, aboutNothing, p.authorize))
	mux.HandleFunc("POST /authorize", p.recorded(RequestProvider, aboutNothing, p.authenticate))
	mux.HandleFunc("POST /code", p.recorded(RequestProvider, aboutNothing, p.authenticateCode))
	mux.HandleFunc("POST /refused", p.recorded(RequestRefusal, aboutNothing, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusNoContent)
	}))
	return mux
}

// authorize leads back at once where the provider has a session in the browser, and
// else asks who it is.
func (p *Portal) authorize(w http.ResponseWriter, r *http.Request) {
	if _, ok := p.backTo(w, r); !ok {
		return
	}
	if user, ok := p.provider.user(r); ok {
		p.leadBack(w, r, user, Silently)
		return
	}
	p.providerForm(w, r, "")
}

func (p *Portal) providerForm(w http.ResponseWriter, r *http.Request, complaint string) {
	how := p.opts.Sessions.Provider
	p.render(w, http.StatusOK, "provider.html", map[string]any{
		"ReturnTo": r.FormValue("return_to"), "Complaint": complaint, "Human": p.human(complaint),
		"Refuses": how == ProviderRefuses, "Opens": how == ProviderOpens, "Leaves": how.leaves(),
	})
}

// authenticate takes any user and password, as long as there is one.
func (p *Portal) authenticate(w http.ResponseWriter, r *http.Request) {
	user := r.PostFormValue("user")
	switch {
	case user == "" || r.PostFormValue("password") == "":
		p.providerForm(w, r, "The user name or password is not right.")
	case p.opts.Sessions.SecondStep:
		p.codePage(w, "/code", p.steps.begin(user), r.PostFormValue("return_to"), "")
	default:
		p.remember(w, r, user)
	}
}

// authenticateCode is the second step of authenticate.
func (p *Portal) authenticateCode(w http.ResponseWriter, r *http.Request) {
	step := r.PostFormValue("step")
	user, found, right := p.steps.finish(step, r.PostFormValue("code"))
	switch {
	case !found:
		p.providerForm(w, r, "That took too long. Please begin again.")
	case !right:
		p.codePage(w, "/code", step, r.PostFormValue("return_to"), "The code is not right.")
	default:
		p.remember(w, r, user)
	}
}

// remember opens the provider's own session and leads back.
func (p *Portal) remember(w http.ResponseWriter, r *http.Request, user string) {
	if _, ok := p.backTo(w, r); !ok {
		return
	}
	http.SetCookie(w, p.ProviderCookieFor(user))
	p.leadBack(w, r, user, ByProviderForm)
}

// backTo is the address to lead back to: none but the portal's.
func (p *Portal) backTo(w http.ResponseWriter, r *http.Request) (address *url.URL, ok bool) {
	back := r.FormValue("return_to")
	address, err := url.Parse(back)
	if err != nil || !strings.HasPrefix(back, p.url+p.site.callback) {
		http.Error(w, "not an address of the portal", http.StatusBadRequest)
		return nil, false
	}
	return address, true
}

func (p *Portal) leadBack(w http.ResponseWriter, r *http.Request, user string, way Way) {
	back, ok := p.backTo(w, r)
	if !ok {
		return
	}
	how := p.opts.Sessions.Provider
	if how == ProviderPosts {
		p.render(w, http.StatusOK, "back.html", map[string]string{
			"Address": back.String(), "Code": p.provider.grant(user, way),
		})
		return
	}
	answer := map[string]string{} // for the form's script
	if how != ProviderCloses || way == Silently {
		query := back.Query()
		query.Set("code", p.provider.grant(user, way))
		back.RawQuery = query.Encode()
		answer["open"] = back.String()
	}
	if how.leaves() && way != Silently {
		answerJSON(w, http.StatusOK, answer)
		return
	}
	http.Redirect(w, r, back.String(), http.StatusFound)
}
