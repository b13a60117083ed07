// Package storagestate reads and writes what keeps a user signed in: cookies and local
// storage. It is pure: it opens no file and no browser, and is told what the time is.
//
// The form that it writes is Playwright's; it reads the forms in which browsers'
// extensions and other tools export sessions, see Parse. Values are secrets: no error,
// report or String method has one in it, names and domains only.
package storagestate

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/poactor/poactor/po"
)

// State is a session as it can be carried from one browser to another.
type State struct {
	Cookies []Cookie
	Origins []Origin
	// Unknown is what else the file has, by its keys, as it was.
	Unknown map[string]json.RawMessage
}

// Cookie is one cookie. Printed it is its Ref: the value is a secret.
type Cookie struct {
	Name, Value string
	// Domain is lower case. With a leading dot the cookie is for the hosts below it, too;
	// without one it is for that host alone.
	Domain string
	Path   string
	// Expires is zero where the cookie ends with its browser.
	Expires          time.Time
	HTTPOnly, Secure bool
	SameSite         SameSite
	// Partition is nil for a cookie that is not partitioned. One that is must never be set
	// without it: it would be sent where it never was before.
	Partition *Partition
	// Unknown is what else the file has of it, by its keys, as it was.
	Unknown map[string]json.RawMessage
}

// Partition is what a partitioned cookie (CHIPS) is kept under. Browsers want both.
type Partition struct {
	TopLevelSite         string // scheme and site: "https://example.com"
	HasCrossSiteAncestor bool   // true where the file does not say
}

// SameSite is the attribute of that name, as browsers write it.
type SameSite string

// The values of SameSite. A browser that gets none of them follows its own default.
const (
	SameSiteUnset  SameSite = ""
	SameSiteStrict SameSite = "Strict"
	SameSiteLax    SameSite = "Lax"
	SameSiteNone   SameSite = "None"
)

// Origin is what a page's origin keeps in the browser. Printed it is its name: the
// values are secrets.
type Origin struct {
	Origin       string // scheme, host and port: "https://example.com"
	LocalStorage []Item
	// Unknown is what else the file has of it, by its keys, as it was.
	Unknown map[string]json.RawMessage
}

// Item is one entry of local storage. Printed it is its name.
type Item struct {
	Name, Value string
}

// Ref names a cookie without its value.
type Ref struct {
	Name, Domain, Path string
}

// String is the cookie's name and domain.
func (r Ref) String() string {
	return fmt.Sprintf("cookie %s of %s", quote(r.Name), quote(r.Domain))
}

// quote makes a name of a file fit to be printed.
func quote(name string) string {
	quoted := strconv.QuoteToGraphic(po.Clip(name, 100))
	if quoted == `"`+name+`"` && name != "" && !strings.ContainsAny(name, " ,;") {
		return name
	}
	return quoted
}

// Ref names the cookie.
func (c Cookie) Ref() Ref { return Ref{c.Name, c.Domain, c.Path} }

// Host is the cookie's domain without its dot.
func (c Cookie) Host() string { return strings.Trim(c.Domain, ".[]") }

// Expired reports whether the cookie has come to its end.
func (c Cookie) Expired(now time.Time) bool { return !c.Expires.IsZero() && !c.Expires.After(now) }

// Host is the host of the origin, without its port; empty if it has none.
func (o Origin) Host() string {
	u, err := url.Parse(o.Origin)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Hostname())
}

// Over is the state with what it lacks of an older one: origins that no page was open of
// when it was read out of a browser, and what is kept unread.
func (s State) Over(older State) State {
	has := map[string]bool{}
	for _, o := range s.Origins {
		has[o.Origin] = true
	}
	s.Origins = slices.Clone(s.Origins)
	for _, o := range older.Origins {
		if !has[o.Origin] {
			s.Origins = append(s.Origins, o)
		}
	}
	if s.Unknown == nil {
		s.Unknown = older.Unknown
	}
	return s
}

// full reports whether the origin keeps anything.
func (o Origin) full() bool { return len(o.LocalStorage) > 0 || len(o.Unknown) > 0 }

// String is the cookie's Ref.
func (c Cookie) String() string { return c.Ref().String() }

// GoString is the cookie's Ref.
func (c Cookie) GoString() string { return c.String() }

// String is the origin.
func (o Origin) String() string { return "origin " + quote(o.Origin) }

// GoString is the origin.
func (o Origin) GoString() string { return o.String() }

// String is the item's name.
func (i Item) String() string { return "item " + quote(i.Name) }

// GoString is the item's name.
func (i Item) GoString() string { return i.String() }

// String counts what the state has.
func (s State) String() string {
	return fmt.Sprintf("%d cookies, %d origins", len(s.Cookies), len(s.Origins))
}

// GoString counts what the state has.
func (s State) GoString() string { return s.String() }

// Only keeps the cookies and origins of some hosts, and counts the others. keep is
// asked for the host of an origin, and the domain of a cookie without its dot: that of
// a cookie for www.example.com may be example.com.
func (s State) Only(keep func(host string) bool) (kept State, leftOut int) {
	kept = State{Unknown: s.Unknown}
	for _, c := range s.Cookies {
		if keep(c.Host()) {
			kept.Cookies = append(kept.Cookies, c)
		}
	}
	for _, o := range s.Origins {
		if keep(o.Host()) {
			kept.Origins = append(kept.Origins, o)
		}
	}
	return kept, len(s.Cookies) - len(kept.Cookies) + len(s.Origins) - len(kept.Origins)
}

// IndexedDB lists the origins that keep something in IndexedDB: it is carried along,
// and not put into browsers.
func (s State) IndexedDB() []string {
	var list []string
	for _, o := range s.Origins {
		if raw := strings.TrimSpace(string(o.Unknown["indexedDB"])); raw != "" && raw != "null" && raw != "[]" {
			list = append(list, o.Origin)
		}
	}
	return list
}

// Check says why the state cannot be a session at a portal: it has nothing for its
// hosts, or nothing that has not expired. host names the portal in the error's words;
// serves is asked what Only asks. The error is a *po.Error that wraps ErrRefused.
func (s State) Check(host string, serves func(host string) bool, now time.Time) error {
	own, _ := s.Only(serves)
	switch {
	case len(s.Cookies) == 0 && len(s.Origins) == 0:
		return refused("the file has no cookies", "a portal may keep its session in the open tab alone, "+
			"which no file holds; else sign in first, then export")
	case len(own.Cookies) == 0 && len(own.Origins) == 0:
		return refused(fmt.Sprintf("the file has nothing for %s: it has cookies of %s", host, s.hosts()),
			"open the portal in that browser, sign in, and export from there")
	case slices.ContainsFunc(own.Origins, Origin.full):
		return nil
	}
	if len(own.Cookies) == 0 {
		return refused("the file has no cookies for "+host, "sign in at the portal first, then export")
	}
	var last Cookie
	for _, c := range own.Cookies {
		if !c.Expired(now) {
			return nil
		}
		if c.Expires.After(last.Expires) {
			last = c
		}
	}
	return refused(fmt.Sprintf("all cookies for %s have expired: the last, %s, on %s", host, quote(last.Name),
		last.Expires.UTC().Format("2006-01-02 15:04 UTC")), "sign in again in that browser, then export")
}

// hosts names some of the hosts that the state has something of.
func (s State) hosts() string {
	var list []string
	for _, c := range s.Cookies {
		list = append(list, c.Host())
	}
	for _, o := range s.Origins {
		list = append(list, o.Host())
	}
	slices.Sort(list)
	list = slices.Compact(list)
	for i, host := range list {
		list[i] = quote(host)
	}
	const most = 5
	if more := len(list) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), more)
	}
	return strings.Join(list, ", ")
}

// Missing compares the cookies that a browser was given with those that its jar has
// afterwards, before any page was opened, and says of each that did not arrive why, as
// far as that is known.
func Missing(wanted, jar []Cookie, now time.Time) []Note {
	type key struct {
		Ref
		site string
	}
	keyOf := func(c Cookie) key {
		k := key{Ref: c.Ref()}
		if c.Partition != nil {
			k.site = c.Partition.TopLevelSite
		}
		return k
	}
	there := map[key]string{}
	for _, c := range jar {
		there[keyOf(c)] = c.Value
	}
	last := map[key]Cookie{}
	var order []key
	for _, c := range wanted { // a later one replaces an earlier one, as in a browser
		k := keyOf(c)
		if _, twice := last[k]; !twice {
			order = append(order, k)
		}
		last[k] = c
	}
	var missing []Note
	for _, k := range order {
		c := last[k]
		value, ok := there[k]
		switch doubt := c.doubt(); {
		case ok && value == c.Value:
			continue
		case c.Expired(now):
			missing = append(missing, Note{k.Ref, "it expired on " + c.Expires.UTC().Format("2006-01-02 15:04 UTC")})
		case ok:
			missing = append(missing, Note{k.Ref, "the browser has another of that name"})
		case doubt != "":
			missing = append(missing, Note{k.Ref, doubt})
		default:
			missing = append(missing, Note{k.Ref, "the browser did not take it"})
		}
	}
	return missing
}

// mostBytes is how long a cookie's name and value may be together.
const mostBytes = 4096

// doubt says why browsers will not take the cookie; empty if nothing is known. Chromium
// was asked.
func (c Cookie) doubt() string {
	name := strings.ToLower(c.Name)
	switch {
	case c.Name == "" && c.Value == "":
		return "browsers drop it: it has neither a name nor a value"
	case strings.ContainsFunc(c.Name+c.Value, isRefused), strings.Contains(c.Name, "="),
		strings.Trim(c.Name, " ") != c.Name, strings.Trim(c.Value, " ") != c.Value:
		return "browsers drop it: its name or value has characters that are not allowed"
	case len(c.Name)+len(c.Value) > mostBytes:
		return "browsers drop it: it is too long"
	case !strings.HasPrefix(c.Path, "/"):
		return "browsers drop it: its path does not begin with /"
	case strings.HasPrefix(name, "__host-") && (!c.Secure || c.Path != "/" || strings.HasPrefix(c.Domain, ".")):
		return "browsers drop it: __Host- needs Secure, the path / and one host"
	case strings.HasPrefix(name, "__secure-") && !c.Secure:
		return "browsers drop it: __Secure- needs Secure"
	case c.SameSite == SameSiteNone && !c.Secure:
		return "browsers drop it: SameSite=None needs Secure"
	case c.Partition != nil && !c.Secure:
		return "browsers drop it: a partitioned cookie needs Secure"
	}
	return ""
}

func isRefused(r rune) bool { return r < ' ' || r == 0x7f || r == ';' }
