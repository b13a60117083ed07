package storagestate

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/poactor/poactor/po"
)

// secret is the value of every cookie in these tests: nothing may say it.
const secret = "s3cr3t-v4lu3"

var (
	year2030 = time.Unix(1893456000, 0).UTC()
	ignore   = cmpopts.IgnoreFields(Cookie{}, "Unknown")
)

// session is what is written in each of the dialects.
var session = []Cookie{
	{Name: "sid", Value: secret, Domain: "acme.example.com", Path: "/", HTTPOnly: true, Secure: true},
	{Name: "remember", Value: secret + " =,x", Domain: ".example.com", Path: "/po", Expires: year2030, Secure: true},
}

// utf16BOM writes a text as PowerShell redirects it.
func utf16BOM(text string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

const cookiesTXT = "# Netscape HTTP Cookie File\n# https://curl.se/docs/http-cookies.html\n\n" +
	"#HttpOnly_acme.example.com\tFALSE\t/\tTRUE\t0\tsid\t" + secret + "\n" +
	".example.com\tTRUE\t/po\tTRUE\t1893456000\tremember\t" + secret + " =,x\n"

var dialects = map[string]struct {
	text    string
	dialect Dialect
}{
	"Playwright": {`{"cookies":[
		{"name":"sid","value":"` + secret + `","domain":"acme.example.com","path":"/","expires":-1,"httpOnly":true,"secure":true},
		{"name":"remember","value":"` + secret + ` =,x","domain":".example.com","path":"/po","expires":1893456000,"httpOnly":false,"secure":true}
		],"origins":[]}`, Playwright},
	"Playwright, cookies only, with a byte order mark": {"\ufeff" + `{"cookies":[
		{"name":"sid","value":"` + secret + `","domain":"acme.example.com","httpOnly":true,"secure":true},
		{"name":"remember","value":"` + secret + ` =,x","domain":".example.com","path":"/po","expires":1893456000.0,"secure":true}]}`, Playwright},
	"Netscape":       {cookiesTXT, Netscape},
	"Netscape, CRLF": {"\ufeff" + strings.ReplaceAll(cookiesTXT, "\n", "\r\n"), Netscape},
	"Netscape, blanks and no header": {
		"#HttpOnly_acme.example.com  FALSE  /  TRUE  0  sid  " + secret + "\n" +
			".example.com TRUE /po TRUE 1893456000 remember " + secret + " =,x", Netscape},
	"Netscape, UTF-16": {utf16BOM(cookiesTXT), Netscape},
	"Cookie-Editor": {`[
		{"domain":"acme.example.com","hostOnly":true,"httpOnly":true,"name":"sid","path":"/","sameSite":null,"secure":true,"session":true,"storeId":null,"value":"` + secret + `"},
		{"domain":".example.com","expirationDate":1893456000,"hostOnly":false,"httpOnly":false,"name":"remember","path":"/po","sameSite":"unspecified","secure":true,"session":false,"storeId":null,"value":"` + secret + ` =,x"}]`, Extension},
	"EditThisCookie": {`[
		{"domain":".acme.example.com","hostOnly":true,"httpOnly":true,"name":"sid","path":"/","sameSite":"unspecified","secure":true,"session":true,"storeId":"0","value":"` + secret + `","id":1},
		{"domain":".example.com","expirationDate":1893456000.0,"hostOnly":false,"httpOnly":false,"name":"remember","path":"/po","sameSite":"unspecified","secure":true,"session":false,"storeId":"0","value":"` + secret + ` =,x","id":2}]`, Extension},
	"extension, milliseconds": {`[
		{"domain":"acme.example.com","expirationDate":1893456000000,"hostOnly":true,"httpOnly":true,"name":"sid","secure":true,"session":true,"value":"` + secret + `"},
		{"domain":".example.com","expirationDate":1893456000000,"hostOnly":false,"name":"remember","path":"/po","secure":true,"value":"` + secret + ` =,x"}]`, Extension},
	"puppeteer": {`[
		{"name":"sid","value":"` + secret + `","domain":"acme.example.com","path":"/","expires":-1,"size":15,"httpOnly":true,"secure":true,"session":true,"sameParty":false,"sourceScheme":"Secure"},
		{"name":"remember","value":"` + secret + ` =,x","domain":".example.com","path":"/po","expires":1893456000,"size":20,"httpOnly":false,"secure":true,"session":false,"sameSite":"Default"}]`, DevTools},
	"DevTools protocol": {`[
		{"name":"sid","value":"` + secret + `","domain":"acme.example.com","path":"/","expires":0,"size":15,"httpOnly":true,"secure":true,"session":true,"priority":"Medium","sourceScheme":"Secure","sourcePort":443},
		{"name":"remember","value":"` + secret + ` =,x","domain":".example.com","path":"/po","expires":1893456000,"size":20,"httpOnly":false,"secure":true,"session":false,"priority":"Medium","sourceScheme":"Secure","sourcePort":443}]`, DevTools},
	"Selenium": {`[
		{"name":"sid","value":"` + secret + `","domain":"acme.example.com","path":"/","httpOnly":true,"secure":true},
		{"name":"remember","value":"` + secret + ` =,x","domain":".example.com","path":"/po","expiry":1893456000,"secure":true,"expires":null}]`, List},
	"list with addresses and dates": {`[
		{"name":"sid","value":"` + secret + `","url":"https://acme.example.com/sessions","httpOnly":true,"secure":true,"expires":"Session"},
		{"name":"remember","value":"` + secret + ` =,x","domain":".example.com","path":"/po","expires":"2030-01-01T00:00:00Z","secure":"true"}]`, List},
}

// One session, in every dialect.
func TestDialects(t *testing.T) {
	t.Parallel()
	for name, tt := range dialects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r, err := Parse([]byte(tt.text))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(session, s.Cookies, ignore); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(Report{Dialect: tt.dialect}, r); diff != "" {
				t.Error(diff)
			}
			if err := s.Check("acme.example.com", isAcme, time.Unix(1.8e9, 0)); err != nil {
				t.Error(err)
			}
			roundTrip(t, s)
		})
	}
}

func isAcme(host string) bool { return host == "acme.example.com" || host == "example.com" }

// roundTrip writes and reads a state twice.
func roundTrip(t *testing.T, s State) {
	t.Helper()
	text, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, r, err := Parse(text)
	if err != nil || len(r.Dropped) > 0 {
		t.Fatalf("%v, dropped %v", err, r.Dropped)
	}
	if diff := cmp.Diff(s.Cookies, again.Cookies, ignore, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if twice, err := again.Marshal(); err != nil || string(twice) != string(text) {
		t.Errorf("%v: written again it is other text", err)
	}
}

// What a file of Playwright has, known or not, is there again in what is written.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	const file = `{"cookies":[{"name":"a","value":"<b>&\u2028","domain":".x.example","path":"/","expires":1893456000.123456,
		"httpOnly":true,"secure":true,"sameSite":"None","partitionKey":"https://top.example","_crHasCrossSiteAncestor":false,
		"priority":"High","future":{"n":12345678901234567890,"list":[1,null,"<"]}}],
		"origins":[{"origin":"https://x.example","localStorage":[{"name":"k","value":"v"},{"name":"","value":""}],
		"indexedDB":[{"name":"db","version":3,"stores":[{"valueEncoded":[1]}]}],"other":1}],
		"version":2,"userAgent":"x"}`
	s, r, err := Parse([]byte(file))
	if err != nil || len(r.Dropped)+len(r.Warnings) > 0 {
		t.Fatalf("%v, %+v", err, r)
	}
	if diff := cmp.Diff([]string{"https://x.example"}, s.IndexedDB()); diff != "" {
		t.Error(diff)
	}
	text, err := s.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	decode := func(text string) (v any) {
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if diff := cmp.Diff(decode(file), decode(string(text))); diff != "" {
		t.Error(diff)
	}
	roundTrip(t, s)
}

// cookieWith is a list of one cookie with more fields, or others, than a good one has.
func cookieWith(t *testing.T, more string) string {
	t.Helper()
	fields := map[string]json.RawMessage{"name": []byte(`"sid"`), "value": []byte(`"` + secret + `"`), "domain": []byte(`"x.example"`), "secure": []byte("true")}
	if err := json.Unmarshal([]byte("{"+more+"}"), &fields); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal([]any{fields})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Each field of a cookie, as somebody writes it.
func TestFields(t *testing.T) {
	t.Parallel()
	good := func(change func(*Cookie)) *Cookie {
		c := Cookie{Name: "sid", Value: secret, Domain: "x.example", Path: "/", Secure: true}
		change(&c)
		return &c
	}
	same := func(*Cookie) {}
	site := func(p Partition) *Cookie { return good(func(c *Cookie) { c.Partition = &p }) }
	for more, tt := range map[string]struct {
		want *Cookie // nil: dropped
		note string
	}{
		`"expires":0`:                             {want: good(same)},
		`"expires":-1`:                            {want: good(same)},
		`"expires":null`:                          {want: good(same)},
		`"expires":"NaN"`:                         {want: good(same)},
		`"expires":"Infinity"`:                    {want: good(same)},
		`"expires":1e-10`:                         {want: good(same)},
		`"expires":"1893456000"`:                  {want: good(func(c *Cookie) { c.Expires = year2030 })},
		`"expires":1893456000.5`:                  {want: good(func(c *Cookie) { c.Expires = year2030.Add(time.Second / 2) })},
		`"expires":1893456000000`:                 {want: good(func(c *Cookie) { c.Expires = year2030 })},
		`"expires":253402300799`:                  {want: good(func(c *Cookie) { c.Expires = time.Unix(253402300799, 0).UTC() })},
		`"expires":253402300800`:                  {note: "out of range"},
		`"expires":1893456000000000`:              {note: "out of range"},
		`"expires":9223372036854775807`:           {note: "out of range"},
		`"expires":"soon"`:                        {note: "cannot be read"},
		`"expires":{}`:                            {note: "cannot be read"},
		`"expirationDate":1893456000,"session":1`: {want: good(func(c *Cookie) { c.Expires = year2030 })},
		`"sameSite":"strict"`:                     {want: good(func(c *Cookie) { c.SameSite = SameSiteStrict })},
		`"sameSite":"LAX"`:                        {want: good(func(c *Cookie) { c.SameSite = SameSiteLax })},
		`"sameSite":"no_restriction"`:             {want: good(func(c *Cookie) { c.SameSite = SameSiteNone })},
		`"sameSite":"unspecified"`:                {want: good(same)},
		`"sameSite":null`:                         {want: good(same)},
		`"sameSite":7`:                            {want: good(same), note: "SameSite is not known"},
		`"sameSite":"None","secure":false`: {want: good(func(c *Cookie) { c.SameSite, c.Secure = SameSiteNone, false }),
			note: "SameSite=None needs Secure"},
		`"domain":".X.Example"`:                 {want: good(func(c *Cookie) { c.Domain = ".x.example" })},
		`"domain":".x.example","hostOnly":true`: {want: good(same)},
		`"hostOnly":false`:                      {want: good(same)},
		`"domain":""`:                           {note: "which host"},
		`"domain":"."`:                          {note: "which host"},
		`"domain":"x.example/p"`:                {note: "which host"},
		`"domain":1`:                            {note: "not text"},
		`"value":"a;b"`:                         {want: good(func(c *Cookie) { c.Value = "a;b" }), note: "characters that are not allowed"},
		`"value":" a"`:                          {want: good(func(c *Cookie) { c.Value = " a" }), note: "characters that are not allowed"},
		`"value":"a\n"`:                         {want: good(func(c *Cookie) { c.Value = "a\n" }), note: "characters that are not allowed"},
		`"name":"a=b"`:                          {want: good(func(c *Cookie) { c.Name = "a=b" }), note: "characters that are not allowed"},
		`"name":"","value":""`:                  {want: good(func(c *Cookie) { c.Name, c.Value = "", "" }), note: "neither a name nor a value"},
		`"name":""`:                             {want: good(func(c *Cookie) { c.Name = "" })},
		`"path":"a"`:                            {want: good(func(c *Cookie) { c.Path = "a" }), note: "path does not begin with /"},
		`"value":1`:                             {note: "not text"},
		`"name":"__Host-s"`:                     {want: good(func(c *Cookie) { c.Name = "__Host-s" })},
		`"name":"__Host-s","domain":".x.example"`:             {want: good(func(c *Cookie) { c.Name = "__Host-s" })},
		`"name":"__Host-s","path":"/a"`:                       {want: good(func(c *Cookie) { c.Name, c.Path = "__Host-s", "/a" }), note: "__Host- needs"},
		`"name":"__Secure-s","secure":false`:                  {want: good(func(c *Cookie) { c.Name, c.Secure = "__Secure-s", false }), note: "__Secure- needs"},
		`"partitionKey":"https://t.example"`:                  {want: site(Partition{"https://t.example", true})},
		`"partitionKey":null`:                                 {want: good(same)},
		`"partitionKey":""`:                                   {want: good(same)},
		`"partitionKey":{}`:                                   {note: "partitioned"},
		`"partitionKey":1`:                                    {note: "partitioned"},
		`"partitionKey":"(https,t.example)"`:                  {note: "partitioned"},
		`"partitionKeyOpaque":true`:                           {note: "partitioned"},
		`"partitionKey":{"sourceOrigin":"https://t.example"}`: {want: site(Partition{"https://t.example", true})},
		`"partitionKey":{"topLevelSite":"https://t.example","hasCrossSiteAncestor":false}`: {want: site(Partition{"https://t.example", false})},
		`"partitionKey":"https://t.example","_crHasCrossSiteAncestor":"?"`:                 {note: "partitioned"},
		`"partitionKey":"https://t.example","_crHasCrossSiteAncestor":false`:               {want: site(Partition{"https://t.example", false})},
		`"partitionKey":"https://t.example","secure":false`: {note: "a partitioned cookie needs Secure",
			want: good(func(c *Cookie) { c.Partition, c.Secure = &Partition{"https://t.example", true}, false })},
	} {
		s, r, err := Parse([]byte(cookieWith(t, more)))
		if err != nil {
			t.Errorf("%s: %v", more, err)
			continue
		}
		var want []Cookie
		if tt.want != nil {
			want = []Cookie{*tt.want}
		}
		if diff := cmp.Diff(want, s.Cookies, ignore); diff != "" {
			t.Errorf("%s: %s", more, diff)
		}
		notes := r.Warnings
		if tt.want == nil {
			notes = r.Dropped
		}
		if len(r.Dropped)+len(r.Warnings) > 1 || (tt.note == "") != (len(notes) == 0) ||
			len(notes) == 1 && !strings.Contains(notes[0].String(), tt.note) {
			t.Errorf("%s: %v", more, r)
		}
	}
}

func TestDropped(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"passkeys and files": {`{"cookies":[],"origins":[{"origin":"https://x.example","opfs":[{"path":"a"}]}],"credentials":[{"privateKey":"` + secret + `"}]}`,
			[]string{"origin https://x.example: its files (OPFS) are not carried to other browsers", "passkeys are not carried to other browsers"}},
		"none of them": {`{"cookies":[],"origins":[{"origin":"https://x.example","opfs":[]}],"credentials":null}`, nil},
		"broken entries": {`{"cookies":[1,{"value":"` + secret + `"}],"origins":[null,{"origin":"https://x.example","localStorage":[{"name":1}]},{"origin":"o","localStorage":7}]}`,
			[]string{"entry 1 of the list is no cookie", "entry 2 of the list is no cookie", "entry 1 of the origins is none",
				"origin https://x.example: an entry of its local storage is none", "origin o: its local storage is not a list"}},
		"lines": {"# Netscape HTTP Cookie File\n" + secret + "\n\n.x.example\tTRUE\t/\tTRUE\tsoon\tsid\t" + secret + "\n.x.example\tTRUE\t/\tTRUE\t1e18\t\x1b[31m\t" + secret + "\n",
			[]string{"line 2 is no cookie: it has not the seven fields of one", "cookie sid of .x.example: when it expires is no number",
				`cookie "\x1b[31m" of .x.example: when it expires is out of range`}},
		"bytes": {".x.example\tTRUE\t/\tTRUE\t0\tsid\t\xff\n", []string{"cookie sid of .x.example: it is not UTF-8 text"}},
	} {
		s, r, err := Parse([]byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var got []string
		for _, n := range r.Dropped {
			got = append(got, n.String())
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if text, err := s.Marshal(); err != nil || strings.Contains(string(text), secret) {
			t.Errorf("%s: what was dropped is written: %v", name, err)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       "the file is empty",
		" \r\n":                                  "the file is empty",
		"{}":                                     "the file is an empty object: nothing was exported",
		`{"a":1,"b":2}`:                          "the file is JSON without cookies or origins: it has a, b",
		`{"cookies":{}}`:                         "the file is no storage state: its cookies or origins are not a list",
		`{"log":{"version":"1.2","entries":[]}}`: "the file is a recording of network traffic (HAR): browsers leave the cookies out of it",
		`{"cookies":[{"value":"` + secret + `"`:  "the file is damaged JSON, at byte 35",
		`{"cookies":[]} ` + secret:               "the file is damaged JSON, at byte 16",
		`[1,2]`:                                  "the file is a JSON list, and not one of cookies",
		"<!doctype html>":                        "the file is a web page",
		"SQLite format 3\x00":                    "the file is a browser's own database: its cookies are encrypted",
		"\x1f\x8b\x08":                           "the file is an archive",
		"cookie: sid=" + secret:                  "the file is the header of a request, which does not say whose cookies they are",
		"age-encryption.org/v1\n":                "the file is encrypted",
		"# a note\nsid=" + secret:                "the file is of no form in which sessions are written",
		"a b c d e f " + secret:                  "the file is of no form in which sessions are written",
		strings.Repeat(" ", MaxBytes) + "x":      "the file is larger than 64 MiB",
		"\xff\xfe{\x00}\x00":                     "the file is an empty object: nothing was exported",
		"x.example\tTRUE\t/\tmaybe\t0\tsid\t" + secret: "the file is of no form in which sessions are written",
	} {
		_, _, err := Parse([]byte(text))
		e, ok := errors.AsType[*po.Error](err)
		if !ok || e.Msg != want || e.Hint == "" || !errors.Is(err, ErrRefused) || strings.Contains(e.Msg+e.Hint, secret) {
			t.Errorf("%.40q: %v; want %q", text, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, tt := range dialects {
		f.Add([]byte(tt.text))
	}
	for _, text := range []string{"{}", "[{}]", `[{"name":"a","value":"b","domain":".c","partitionKey":{"topLevelSite":"https://t"}}]`,
		`{"cookies":[],"origins":[{"origin":"https://x","localStorage":[{"name":"a","value":"b"}],"indexedDB":[1]}],"credentials":[1],"n":1e400}`,
		"a\tTRUE\t/\tFALSE\t253402300799.9\t\t"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _, err := Parse(data)
		if err != nil {
			if e, ok := errors.AsType[*po.Error](err); !ok || e.Hint == "" || strings.Contains(e.Msg, "\n") {
				t.Errorf("%v", err)
			}
			return
		}
		roundTrip(t, s)
	})
}
