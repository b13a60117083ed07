package doctor

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
)

// portalWithin bounds poactor's own request, which is a small page.
const portalWithin = 15 * time.Second

// portal looks at the way to the portal, as poactor's own requests for files go it.
func (d *doctor) portal(ctx context.Context) {
	d.check(ctx, CheckProxy, d.proxy)
	if d.Run.Portal.BaseURL == "" {
		for _, name := range []string{CheckPortal, CheckClock} {
			d.add(Finding{Check: name, State: Skipped, Text: "no portal is given", Hint: "give it with --base-url URL, or --portal FILE"})
		}
		return
	}
	f, answer := timed(ctx, portalWithin, func(ctx context.Context) (Finding, answered) {
		answer, err := d.ask(ctx)
		if err != nil {
			return d.unreached(err), answered{}
		}
		return d.reached(answer), answer
	})
	f.Check, d.served = CheckPortal, answer.status != 0
	d.add(f)
	d.check(ctx, CheckClock, func(context.Context) Finding { return clock(answer) })
}

// answered is what the portal has answered, and when.
type answered struct {
	status int
	took   time.Duration
	date   string    // the header Date
	at     time.Time // when it came, by this machine's clock
}

// ask asks for the portal's page as the HTTP lane would: by the proxy that the environment
// names, without following to another page.
func (d *doctor) ask(ctx context.Context) (answered, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, d.Run.Portal.ProbeURL(), nil)
	if err != nil {
		return answered{}, err
	}
	req.Header.Set("User-Agent", "Mozilla/5.0 (poactor doctor)")
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true, ForceAttemptHTTP2: true}
	client := &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	began := time.Now()
	resp, err := client.Do(req)
	if err != nil {
		return answered{}, err
	}
	_ = resp.Body.Close()
	now := time.Now()
	return answered{status: resp.StatusCode, took: now.Sub(began), date: resp.Header.Get("Date"), at: now}, nil
}

func (d *doctor) reached(a answered) Finding {
	p := d.Run.Portal
	f := Finding{State: OK, Text: fmt.Sprintf("%s at %s answers %d in %d ms", p.Name, po.PublicURL(p.ProbeURL()), a.status, a.took.Milliseconds()),
		Facts: map[string]any{"name": p.Name, "base_url": po.PublicURL(p.BaseURL), "status": a.status, "took_ms": a.took.Milliseconds()}}
	switch {
	case a.status == http.StatusTooManyRequests:
		f.State, f.Hint = Warn, "it takes no more requests for now: wait, and give fewer --workers"
	case a.status == http.StatusProxyAuthRequired:
		f.State, f.Hint = Fail, "the proxy wants a name and a password: HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT"
	case a.status >= 500:
		f.State, f.Hint = Warn, "the portal is in trouble: see whether it answers in a browser of yours, then try again"
	}
	return f
}

// unreached says why there was no answer.
func (d *doctor) unreached(err error) Finding {
	var inner *url.Error
	text := err
	if errors.As(err, &inner) { // its own text has the address with its query
		text = inner.Err
	}
	f := Finding{State: Fail, Text: po.PublicURL(d.Run.Portal.ProbeURL()) + ": " + po.MaskAddresses(po.FirstLine(text)),
		Facts: map[string]any{"name": d.Run.Portal.Name, "base_url": po.PublicURL(d.Run.Portal.BaseURL)},
		Hint:  "check --base-url, and that the portal can be reached from this machine (VPN, firewall, proxy)"}
	var noHost *net.DNSError
	var unknown x509.UnknownAuthorityError
	var wrongHost x509.HostnameError
	var invalid x509.CertificateInvalidError
	var noTLS tls.RecordHeaderError
	var timeout net.Error
	switch {
	case strings.Contains(text.Error(), "proxyconnect"):
		f.Hint = "the proxy that the environment names does not answer: check HTTPS_PROXY and HTTP_PROXY, and NO_PROXY for hosts that need none"
	case errors.As(err, &noHost):
		f.Hint = "check the host in --base-url, and that this machine can look up names (VPN, DNS)"
	case errors.As(err, &unknown):
		f.Hint = "let this machine trust who has signed the portal's certificate: add your company's root certificate to the " +
			"system's, or set SSL_CERT_FILE"
	case errors.As(err, &wrongHost):
		f.Hint = "check the host in --base-url: the certificate is another's"
	case errors.As(err, &invalid):
		f.Hint = "check this machine's clock, and the portal's certificate in a browser of yours"
	case errors.As(err, &noTLS), strings.Contains(text.Error(), "HTTP response to HTTPS client"):
		f.Hint = "the portal speaks no TLS there: check scheme and port of --base-url"
	case errors.As(err, &timeout) && timeout.Timeout():
		f.Text = po.PublicURL(d.Run.Portal.ProbeURL()) + ": no answer within " + portalWithin.String()
		f.Hint = "the portal, a proxy or a firewall takes the connection and says nothing: see whether it answers in a browser of yours"
	}
	return f
}

// Clocks that differ by more are told: sign-ins by SAML and OpenID allow for a minute or
// a few.
const clockSlack = time.Minute

func clock(a answered) Finding {
	date, err := http.ParseTime(a.date)
	switch {
	case a.at.IsZero():
		return Finding{State: Skipped, Text: "the portal has not answered"}
	case err != nil:
		return Finding{State: Skipped, Text: "the portal does not say what time it is"}
	}
	// The header has whole seconds, and was written before it came.
	off := a.at.Sub(date).Round(time.Second)
	f := Finding{State: OK, Text: fmt.Sprintf("this machine's clock and the portal's differ by %v", off.Abs()),
		Facts: map[string]any{"ahead_ms": off.Milliseconds()}}
	if off.Abs() > clockSlack {
		way := "ahead of"
		if off < 0 {
			way = "behind"
		}
		f.State, f.Text = Warn, fmt.Sprintf("this machine's clock is %v %s the portal's", off.Abs(), way)
		f.Hint = "set it (timedatectl set-ntp true; Windows: Settings, Time, Sync now): sign-ins and certificates go by it, and cookies end too soon"
	}
	return f
}

// proxyVariables are what poactor's own requests go by.
var proxyVariables = []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}

// proxy says which proxies the environment names, and whether a browser goes by them.
func (d *doctor) proxy(context.Context) Finding {
	facts := map[string]any{}
	var named []string
	for _, name := range proxyVariables {
		for _, spelled := range []string{name, strings.ToLower(name)} {
			value, _ := d.Env(spelled)
			if value == "" {
				continue
			}
			shown := value
			if name != "NO_PROXY" {
				shown = proxyHost(value)
			}
			facts[strings.ToLower(name)] = shown
			named = append(named, spelled+"="+shown)
			break
		}
	}
	if len(named) == 0 {
		return Finding{State: OK, Text: "the environment names none" + systemsOwn(), Facts: facts}
	}
	f := Finding{State: OK, Text: strings.Join(named, ", "), Facts: facts}
	if runtime.GOOS != "linux" {
		f.State = Warn
		f.Text += ": poactor's own requests go by it, browsers go by the system's settings"
		f.Hint = "see that both name the same proxy"
	} else if desktop, _ := d.Env("XDG_CURRENT_DESKTOP"); desktop != "" {
		f.Text += "; on this desktop (" + po.Clip(desktop, 40) + ") browsers go by its settings"
	}
	return f
}

func systemsOwn() string {
	if runtime.GOOS == "linux" {
		return ""
	}
	return "; browsers go by the system's settings"
}

// proxyHost is a proxy's address without the name and the password in it.
func proxyHost(value string) string {
	u, err := url.Parse(value)
	if err != nil || u.Host == "" {
		u, err = url.Parse("http://" + value)
	}
	if err != nil || u.Host == "" {
		return "(no address)"
	}
	return u.Scheme + "://" + u.Host
}
