package testportal

import (
	"crypto/rand"
	"net/http"
	"strings"
	"sync"
)

// routeSignIn adds what concerns signing in and out, and who is signed in.
func (p *Portal) routeSignIn(mux *http.ServeMux) {
	mux.HandleFunc("GET "+p.site.signIn, p.recorded(RequestSignIn, aboutNothing, p.signInPage))
	mux.HandleFunc("POST "+p.site.signIn, p.recorded(RequestSignIn, aboutNothing, p.signIn))
	mux.HandleFunc("POST "+p.site.code, p.recorded(RequestSignIn, aboutNothing, p.signInCode))
	mux.HandleFunc(p.site.callback, p.recorded(RequestSignIn, aboutNothing, p.signInByProvider))
	mux.HandleFunc("GET "+p.site.signOut, p.recorded(RequestSignOut, aboutNothing, p.signOut))
	mux.HandleFunc("GET /{$}", p.recorded(RequestProbe, aboutNothing, p.guarded(p.home)))
	mux.HandleFunc("GET "+accountPath, p.recorded(RequestProbe, aboutNothing, p.guarded(p.home)))
}

// accountPath is that of a small page which says who is signed in.
const accountPath = "/account"

// account is what a page shows of who is signed in: nothing, if nobody is.
type account struct {
	User     string
	SignOut  string // address
	Closes   int64  // milliseconds after which a user closes the window; 0: never
	ExitLink string // address of what looks like an attachment and is not; empty if there is none
}

func (p *Portal) account(r *http.Request) account {
	user := visitOf(r).user
	if user == "" {
		return account{}
	}
	a := account{User: user, SignOut: p.site.signOut, Closes: p.opts.Sessions.Human.Milliseconds()}
	if p.opts.Sessions.ExitLink {
		a.ExitLink = p.site.signOut + "?return=attachment"
	}
	return a
}

// home is the page of a user who has just come; also the one that says who is signed in.
func (p *Portal) home(w http.ResponseWriter, r *http.Request) {
	p.render(w, http.StatusOK, "home.html", p.account(r))
}

// signOut ends the session; the identity provider's lives on.
func (p *Portal) signOut(w http.ResponseWriter, r *http.Request) {
	p.sessions.mu.Lock()
	if held := p.sessions.byValue[cookieValue(r, p.site.cookie)]; held != nil {
		p.sessions.end(held, EndedByUser)
	}
	p.sessions.mu.Unlock()
	http.SetCookie(w, &http.Cookie{Name: p.site.cookie, Path: "/", MaxAge: -1})
	p.message(w, http.StatusOK, "en", "You have signed out.")
}

func (p *Portal) signInPage(w http.ResponseWriter, r *http.Request) {
	if p.opts.Sessions.Provider != NoProvider {
		http.Redirect(w, r, p.providerAddress(r.FormValue("return_to")), http.StatusFound)
		return
	}
	p.signInForm(w, r, "")
}

func (p *Portal) signInForm(w http.ResponseWriter, r *http.Request, complaint string) {
	p.render(w, http.StatusOK, "signin.html", map[string]any{
		"Action": p.site.signIn, "ReturnTo": r.FormValue("return_to"), "Error": complaint, "Human": p.human(complaint),
	})
}

// signIn takes any user and password, as long as there is one.
func (p *Portal) signIn(w http.ResponseWriter, r *http.Request) {
	user := r.PostFormValue("user[login]")
	switch {
	case p.opts.Sessions.Provider != NoProvider:
		http.Error(w, "users sign in at the identity provider", http.StatusForbidden)
	case user == "" || r.PostFormValue("user[password]") == "":
		p.signInForm(w, r, "The user name or password is not right.")
	case p.opts.Sessions.SecondStep:
		p.codePage(w, p.site.code, p.steps.begin(user), r.PostFormValue("return_to"), "")
	default:
		p.enter(w, r, user, ByForm)
	}
}

// signInCode is the second step of signIn.
func (p *Portal) signInCode(w http.ResponseWriter, r *http.Request) {
	step := r.PostFormValue("step")
	user, found, right := p.steps.finish(step, r.PostFormValue("code"))
	switch {
	case !found:
		p.signInForm(w, r, "That took too long. Please begin again.")
	case !right:
		p.codePage(w, p.site.code, step, r.PostFormValue("return_to"), "The code is not right.")
	default:
		p.enter(w, r, user, ByForm)
	}
}

// enter opens the session of a user who has signed in, and leads to the page that was
// asked for first.
func (p *Portal) enter(w http.ResponseWriter, r *http.Request, user string, way Way) {
	http.SetCookie(w, p.sessionCookie(p.sessions.begin(user, visitOf(r).browser, way)))
	target := r.FormValue("return_to")
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "//") {
		target = "/"
	}
	http.Redirect(w, r, target, http.StatusFound)
}

func (p *Portal) codePage(w http.ResponseWriter, action, step, returnTo, complaint string) {
	p.render(w, http.StatusOK, "code.html", map[string]any{
		"Action": action, "Step": step, "ReturnTo": returnTo, "Error": complaint, "Human": p.human(complaint),
	})
}

// steps are the users whose password was right and who have yet to give a code.
type steps struct {
	mu    sync.Mutex
	users map[string]string // by the step's name
}

func (s *steps) begin(user string) (step string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == nil {
		s.users = make(map[string]string)
	}
	step = rand.Text()
	s.users[step] = user
	return step
}

// finish says whose step it is, and whether the code is right; then the step is over.
func (s *steps) finish(step, code string) (user string, found, right bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	user, found = s.users[step]
	right = found && code == OneTimeCode
	if right {
		delete(s.users, step)
	}
	return user, found, right
}
