package storagestate

import (
	"bytes"
	"encoding/json"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// lastSecond is the end of the year 9999: a larger number is no time in seconds.
const lastSecond = 253402300799

// year2000 is where a time in milliseconds may begin.
const year2000 = 946684800

// expiry is the end of a cookie by its number of seconds since 1970: the zero time for
// one that ends with its browser. Some write milliseconds.
func expiry(seconds float64) (expires time.Time, ok bool) {
	if math.IsNaN(seconds) || math.IsInf(seconds, 0) || seconds <= 0 {
		return time.Time{}, true
	}
	if seconds > lastSecond {
		if seconds /= 1000; seconds > lastSecond || seconds < year2000 {
			return time.Time{}, false
		}
	}
	whole, part := math.Modf(seconds)
	if expires = time.Unix(int64(whole), int64(math.Round(part*1e9))).UTC(); expires.UnixNano() == 0 && whole == 0 {
		return time.Time{}, true
	}
	return expires, true
}

// add appends a cookie, or says in the report why not.
func (s *State) add(c Cookie, r *Report) {
	if c, ok := tidy(c, r); ok {
		s.Cookies = append(s.Cookies, c)
	}
}

// tidy brings a cookie into the form of a State.
func tidy(c Cookie, r *Report) (Cookie, bool) {
	c.Domain = strings.ToLower(strings.TrimSpace(c.Domain))
	if c.Path == "" {
		c.Path = "/"
	}
	if c.Host() == "" || strings.ContainsFunc(c.Domain, notInHost) {
		r.drop(c.Ref(), "it does not say which host it is for")
		return c, false
	}
	if strings.HasPrefix(strings.ToLower(c.Name), "__host-") {
		c.Domain = strings.TrimLeft(c.Domain, ".") // no browser has one with a domain
	}
	if doubt := c.doubt(); doubt != "" {
		r.warn(c.Ref(), "%s", doubt)
	}
	return c, true
}

func notInHost(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`/\@?#,;"<>%`, r) }

// listDecoder reads the cookies of any JSON dialect: they differ in few names.
type listDecoder struct {
	report  *Report
	objects int             // how many there were
	keys    map[string]bool // all that they have
}

func (d *listDecoder) cookies(list []json.RawMessage) []Cookie {
	var s State
	d.keys = map[string]bool{}
	for i, raw := range list {
		var fields object
		if json.Unmarshal(raw, &fields) != nil || fields == nil || fields["name"] == nil {
			d.report.drop(Ref{}, "entry %d of the list is no cookie", i+1)
			continue
		}
		d.objects++
		for key := range fields {
			d.keys[key] = true
		}
		if c, ok := decodeCookie(fields, d.report); ok {
			s.add(c, d.report)
		}
	}
	return s.Cookies
}

// object is a JSON object whose known fields are taken out one by one.
type object map[string]json.RawMessage

// take takes a field out; nil where it is missing or null.
func (o object) take(key string) json.RawMessage {
	raw := o[key]
	delete(o, key)
	if bytes.Equal(raw, []byte("null")) {
		return nil
	}
	return raw
}

// text takes a string out. ok is false where the field is something else.
func (o object) text(key string) (s string, ok bool) {
	raw := o.take(key)
	return s, raw == nil || json.Unmarshal(raw, &s) == nil
}

// flag takes a boolean out, also one in quotes.
func (o object) flag(key string) bool {
	return strings.EqualFold(strings.Trim(string(o.take(key)), `"`), "true")
}

// rest is what has not been taken.
func (o object) rest() map[string]json.RawMessage {
	if len(o) == 0 {
		return nil
	}
	return o
}

func decodeCookie(o object, r *Report) (c Cookie, ok bool) {
	name, nameOK := o.text("name")
	value, valueOK := o.text("value")
	domain, domainOK := o.text("domain")
	address, _ := o.text("url")
	path, pathOK := o.text("path")
	if u, err := url.Parse(address); err == nil && domain == "" {
		domain = u.Hostname()
	}
	c = Cookie{
		Name:     name,
		Value:    value,
		Domain:   domain,
		Path:     path,
		HTTPOnly: o.flag("httpOnly"),
		Secure:   o.flag("secure"),
	}
	if !nameOK || !valueOK || !domainOK || !pathOK {
		r.drop(c.Ref(), "its name, value, domain or path is not text")
		return c, false
	}
	if o.flag("hostOnly") {
		c.Domain = strings.TrimLeft(c.Domain, ".")
	}
	if c.Expires, ok = decodeExpiry(o); !ok {
		r.drop(c.Ref(), "when it expires cannot be read, or is out of range")
		return c, false
	}
	if c.Partition, ok = decodePartition(o); !ok {
		r.drop(c.Ref(), "it is partitioned, under something that cannot be told to a browser")
		return c, false
	}
	if c.SameSite, ok = decodeSameSite(o.take("sameSite")); !ok {
		r.warn(c.Ref(), "its SameSite is not known: the browser's default is used")
	}
	c.Unknown = o.rest()
	return c, true
}

// decodeExpiry takes the end of a cookie out, by any of its names.
func decodeExpiry(o object) (time.Time, bool) {
	var raw json.RawMessage
	for _, key := range []string{"expiry", "expirationDate", "expires"} { // Selenium, extensions, all others
		if r := o.take(key); r != nil {
			raw = r
		}
	}
	if o.flag("session") || raw == nil {
		return time.Time{}, true
	}
	text := strings.Trim(string(raw), `"`)
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return expiry(seconds)
	}
	if text == "" || strings.EqualFold(text, "session") {
		return time.Time{}, true
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, false
	}
	return expiry(float64(t.UnixMilli()) / 1000)
}

// decodePartition takes the partition out: a string, or an object with two fields. It
// is false for one that a browser could not be told.
func decodePartition(o object) (*Partition, bool) {
	p := Partition{HasCrossSiteAncestor: true}
	ancestor := o.take("_crHasCrossSiteAncestor")
	opaque := o.flag("partitionKeyOpaque")
	raw := o.take("partitionKey")
	if json.Unmarshal(raw, &p.TopLevelSite) != nil && raw != nil {
		var key object
		if json.Unmarshal(raw, &key) != nil {
			return nil, false
		}
		source, _ := key.text("sourceOrigin") // puppeteer's word
		if p.TopLevelSite, _ = key.text("topLevelSite"); p.TopLevelSite == "" {
			p.TopLevelSite = source
		}
		if p.TopLevelSite == "" {
			return nil, false
		}
		if inner := key.take("hasCrossSiteAncestor"); inner != nil {
			ancestor = inner
		}
	}
	if opaque {
		return nil, false
	}
	if p.TopLevelSite == "" {
		return nil, true
	}
	if ancestor != nil && json.Unmarshal(ancestor, &p.HasCrossSiteAncestor) != nil {
		return nil, false
	}
	u, err := url.Parse(p.TopLevelSite)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" {
		return nil, false
	}
	return &p, true
}

func decodeSameSite(raw json.RawMessage) (SameSite, bool) {
	switch strings.ToLower(strings.Trim(string(raw), `"`)) {
	case "", "unspecified", "default":
		return SameSiteUnset, true
	case "strict":
		return SameSiteStrict, true
	case "lax":
		return SameSiteLax, true
	case "none", "no_restriction":
		return SameSiteNone, true
	}
	return SameSiteUnset, false
}
