package doctor

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// Bounds of what a browser does: its start, and a page. Each bounds itself, too.
const (
	startWithin = 45 * time.Second
	pageWithin  = 50 * time.Second
	orderWithin = time.Minute
)

// browser looks at the browser, and with it at the portal.
func (d *doctor) browser(ctx context.Context) {
	if found := d.found(ctx); found.State == Fail {
		d.skip("there is no browser", CheckStart, CheckSandbox, CheckPage, CheckLanes, CheckProfile, CheckSignIn, CheckOrder, CheckFastLane, CheckWorkers)
		return
	}
	defer func() { _ = d.close() }() // the next start sweeps what is left
	d.start(ctx)
	if d.trial == nil {
		d.skip("no browser has started", CheckPage, CheckLanes, CheckProfile, CheckSignIn, CheckOrder, CheckFastLane, CheckWorkers)
		return
	}
	page := d.page(ctx)
	d.profile(ctx, page)
	d.fastLane(ctx, d.order(ctx))
	f, n := timed(ctx, orderWithin, d.workers)
	f.Check, d.report.Workers = CheckWorkers, n
	d.add(f)
}

// skip tells that checks are left out, and why.
func (d *doctor) skip(why string, checks ...string) {
	for _, name := range checks {
		d.add(Finding{Check: name, State: Skipped, Text: "left out: " + why})
	}
}

// close ends the browser that is open.
func (d *doctor) close() error {
	if d.trial == nil {
		return nil
	}
	t := d.trial
	d.trial = nil
	return t.Close()
}

// found tells which browser a run would start.
func (d *doctor) found(ctx context.Context) Finding {
	f, _ := timed(ctx, quick, func(ctx context.Context) (Finding, struct{}) { return d.installed(ctx), struct{}{} })
	f.Check = CheckBrowser
	d.add(f)
	return f
}

// installed looks which browser a run would start.
func (d *doctor) installed(ctx context.Context) Finding {
	path, err := launch.Find(d.Run.Browser, d.Run.Headful || d.Run.Profile != "")
	if err != nil {
		return failed(err)
	}
	b := launch.Inspect(ctx, path)
	version := po.Clip(strings.TrimSpace(po.FirstLine(errors.New(b.Version))), 100)
	f := Finding{State: OK, Text: path, Facts: map[string]any{"path": path, "version": version}}
	if version != "" {
		f.Text = version + ", " + path
	}
	if err := b.CheckPolicies(); err != nil {
		e := failed(err)
		e.Facts = f.Facts
		return e
	}
	if runtime.GOOS == "linux" && strings.HasPrefix(path, "/snap/") {
		f.State = Warn
		f.Text += ": a snap is kept from directories outside the user's home"
		f.Hint = "install the browser from a package, or set TMPDIR to a directory in your home"
	}
	return f
}

// start starts a browser with an empty profile, as a run does, and says whether it has its
// sandbox.
func (d *doctor) start(ctx context.Context) {
	empty := d.Run
	empty.Profile, empty.Session = "", nil
	f, open := timed(ctx, startWithin, func(ctx context.Context) (Finding, *poactor.Trial) {
		began := time.Now()
		t, err := poactor.OpenTrial(ctx, empty)
		if err != nil {
			return failed(err), nil
		}
		took := time.Since(began)
		return Finding{State: OK, Text: fmt.Sprintf("%s, ready in %.1f s", t.Version(), took.Seconds()),
			Facts: map[string]any{"version": t.Version(), "took_ms": took.Milliseconds()}}, t
	})
	sandbox := Finding{Check: CheckSandbox, State: OK, Text: "on: the browser has started with it", Facts: map[string]any{"on": !empty.NoSandbox}}
	if empty.NoSandbox {
		sandbox.State, sandbox.Text = Warn, "off (--no-sandbox): a page that breaks out of the browser can do what this user can"
		sandbox.Hint = "run as an ordinary user, who needs no --no-sandbox, unless this machine or container is for nothing else"
	}
	f.Check = CheckStart
	switch {
	case f.State == OK:
		d.trial = open
	case strings.Contains(strings.ToLower(f.Text), "sandbox"):
		f.Check = CheckSandbox
		d.add(Finding{Check: CheckStart, State: Skipped, Text: "left out: it has no sandbox"})
		d.add(f)
		return
	case !empty.NoSandbox:
		sandbox.State, sandbox.Text, sandbox.Facts = Skipped, "left out: no browser has started", nil
	}
	d.add(f)
	d.add(sandbox)
}

// page opens the portal's page that shows who is signed in.
func (d *doctor) page(ctx context.Context) po.Proof {
	switch p := d.Run.Portal; {
	case p.BaseURL == "":
		d.skip("no portal is given", CheckPage, CheckLanes)
		return po.Proof{}
	case !p.Proves():
		d.add(Finding{Check: CheckPage, State: Skipped,
			Text: "left out: the portal's definition does not say what a signed-in user's page shows (signs.signed_in)",
			Hint: "read an order instead: --order NUMBER"})
		d.skip("no page was opened", CheckLanes)
		return po.Proof{}
	}
	f, proof := d.prove(ctx, d.recognised)
	f.Check = CheckPage
	d.add(f)
	d.lanes(proof != nil)
	if proof == nil {
		d.pageFailed = true
		return po.Proof{}
	}
	return *proof
}

// prove opens the page that shows who is signed in, and keeps how it was read to be
// measured. Without a proof it was not read.
func (d *doctor) prove(ctx context.Context, say func(po.Proof) Finding) (Finding, *po.Proof) {
	t := d.trial
	f, proof := timed(ctx, pageWithin, func(ctx context.Context) (Finding, *po.Proof) {
		proof, err := t.Prove(ctx)
		if err != nil {
			return failed(err), nil
		}
		return say(proof), &proof
	})
	if proof != nil && (proof.SignedIn || proof.Asks) { // another page takes its time
		d.reads = func(ctx context.Context) error {
			_, err := t.Prove(ctx)
			return err
		}
	}
	return f, proof
}

// recognised says what a browser that nobody is signed in with was shown.
func (d *doctor) recognised(p po.Proof) Finding {
	f := Finding{State: OK, Facts: map[string]any{"signed_in": p.SignedIn, "asks": p.Asks}}
	switch {
	case p.SignedIn:
		f.Text = "recognised: it shows a signed-in user (signs.signed_in)" + named(p.User)
	case p.Asks:
		f.Text = "recognised: " + p.Detail + " (signs.signed_out)"
	default: // also of a portal that wants no sign-in
		f.State, f.Text = Warn, "not recognised: "+p.Detail+", nor that it asks for a sign-in (signs.signed_out)"
		f.Hint = "where the portal needs no sign-in, all is well; else check --base-url in a browser of yours: is it this portal?"
		if d.Order == "" {
			f.Hint += " An order tells for certain: --order NUMBER"
		}
	}
	return f
}

// named is a user's name, as a part of a line.
func named(user string) string {
	if user == "" {
		return ""
	}
	return ": " + po.Clip(user, 100)
}

// lanes tells where the browser reaches the portal and poactor's own requests do not, or
// the other way.
func (d *doctor) lanes(byBrowser bool) {
	f := Finding{Check: CheckLanes, State: OK, Text: "the browser and poactor's own requests both reach the portal",
		Facts: map[string]any{"browser": byBrowser, "http": d.served}}
	switch {
	case !byBrowser && !d.served:
		f.State, f.Text = Skipped, "left out: neither reaches the portal"
	case !d.served:
		f.State = Warn
		f.Text = "the browser reaches the portal, and poactor's own requests do not: files come by the browser alone, slowly"
		f.Hint = "give poactor the proxy that the browser has, HTTPS_PROXY=http://HOST:PORT, and see that the system trusts the portal's certificate"
	case !byBrowser:
		f.State = Fail
		f.Text = "poactor's own requests reach the portal, and the browser does not"
		f.Hint = "see that the browser has the same proxy (the system's settings; on Linux HTTPS_PROXY), and open the portal with it by hand"
	}
	d.add(f)
}

// profile opens a browser with the profile of a run, and looks who is signed in.
func (d *doctor) profile(ctx context.Context, before po.Proof) {
	switch {
	case d.ProfileErr != nil:
		f := failed(d.ProfileErr)
		f.Check, f.signIn = CheckProfile, errors.Is(d.ProfileErr, po.SignedOut)
		d.add(f)
		d.skip("the profile cannot be used", CheckSignIn)
		return
	case d.Profile == "":
		d.add(Finding{Check: CheckProfile, State: OK, Text: "none: browsers begin with an empty one"})
		d.anonymous(before)
		return
	case d.Run.Portal.BaseURL == "":
		d.add(Finding{Check: CheckProfile, State: OK, Text: d.Profile})
		d.skip("no portal is given", CheckSignIn)
		return
	}
	_ = d.close() // one browser at a time, as it is to be measured
	opened, trial := timed(ctx, startWithin+pageWithin, func(ctx context.Context) (Finding, *poactor.Trial) {
		t, err := poactor.OpenTrial(ctx, d.Run)
		if err != nil {
			f := failed(err)
			f.signIn = errors.Is(err, po.SignedOut)
			if errors.Is(err, profilestore.ErrBaseInUse) {
				f.Facts["cause"] = "in_use"
			}
			return f, nil
		}
		return Finding{State: OK}, t
	})
	d.trial, d.reads = trial, nil
	f := opened
	f.Check, f.Text = CheckProfile, d.Profile
	switch {
	case opened.State == OK, opened.signIn:
		d.add(Finding{Check: CheckProfile, State: OK, Text: d.Profile})
	default:
		f.Text = d.Profile + ": " + opened.Text
		d.add(f)
		d.skip("no browser has started with the profile", CheckSignIn)
		return
	}
	if opened.signIn {
		opened.Check = CheckSignIn
		d.add(opened)
		return
	}
	if !d.Run.Portal.Proves() {
		d.skip("the portal's definition does not say what a signed-in user's page shows (signs.signed_in)", CheckSignIn)
		return
	}
	f, _ = d.prove(ctx, signedIn)
	f.Check = CheckSignIn
	d.add(f)
}

// anonymous says what becomes of a run without a profile.
func (d *doctor) anonymous(p po.Proof) {
	switch {
	case d.Run.Portal.BaseURL == "":
		d.skip("no portal is given", CheckSignIn)
	case p.SignedIn:
		f := signedIn(p)
		f.Check = CheckSignIn
		d.add(f)
	case p.Asks:
		f := signedIn(p)
		f.Check = CheckSignIn
		d.add(f)
	default:
		d.skip("nobody has signed in with poactor login, and the page does not ask for it", CheckSignIn)
	}
}

// signedIn says who is signed in.
func signedIn(p po.Proof) Finding {
	if p.SignedIn {
		return Finding{State: OK, Text: "the portal shows a signed-in user" + named(p.User), Facts: map[string]any{"user": p.User}}
	}
	return Finding{State: Fail, signIn: true, Text: "nobody is signed in: " + p.Detail,
		Hint: "sign in with: poactor login (--import FILE where there is no display)"}
}
