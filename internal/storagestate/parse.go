package storagestate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/poactor/poactor/po"
)

// MaxBytes is the size of the largest file that Parse takes.
const MaxBytes = 64 << 20

// ErrRefused is wrapped by the errors of Parse and Check: the file is no session that
// could be used.
var ErrRefused = errors.New("no usable session")

// Dialect is the form that a session is written in, in words.
type Dialect string

// The dialects that Parse reads.
const (
	Playwright Dialect = "Playwright storage state"
	Netscape   Dialect = "Netscape cookies.txt"
	Extension  Dialect = "JSON list of a cookie extension"
	DevTools   Dialect = "JSON list of the DevTools protocol"
	List       Dialect = "JSON list of cookies"
)

// Report says what Parse made of a file, in names, never in values.
type Report struct {
	Dialect  Dialect
	Dropped  []Note // what is not in the State
	Warnings []Note // what is, and may not arrive in a browser as it was meant
}

// Note says something of a cookie or, where its Ref is empty, of the file.
type Note struct {
	Ref
	Why string
}

// String is the note in one line.
func (n Note) String() string {
	if n.Ref == (Ref{}) {
		return n.Why
	}
	return n.Ref.String() + ": " + n.Why
}

func (r *Report) drop(ref Ref, format string, args ...any) {
	r.Dropped = append(r.Dropped, Note{ref, fmt.Sprintf(format, args...)})
}

func (r *Report) warn(ref Ref, format string, args ...any) {
	r.Warnings = append(r.Warnings, Note{ref, fmt.Sprintf(format, args...)})
}

func refused(msg, hint string) error { return &po.Error{Msg: msg, Hint: hint, Err: ErrRefused} }

const hintForms = "give a storage state of Playwright, a cookies.txt (Netscape), " +
	"or the JSON list of a cookie extension"

// Parse reads a session. Which dialect it is written in is told by its content: a
// storage state of Playwright, a Netscape cookies.txt, or a JSON list of cookies as
// extensions (Cookie-Editor, EditThisCookie), puppeteer and the DevTools protocol write
// it. What cannot be carried is dropped and named in the Report. The error is a
// *po.Error that wraps ErrRefused; it, too, has no value in it.
func Parse(data []byte) (State, Report, error) {
	if len(data) > MaxBytes {
		return State{}, Report{}, refused(fmt.Sprintf("the file is larger than %d MiB", MaxBytes>>20),
			"export the portal's cookies alone, without files and databases of pages")
	}
	// UTF-16 is what PowerShell makes of a redirected output.
	data, _, err := transform.Bytes(unicode.BOMOverride(transform.Nop), data)
	if err != nil {
		return State{}, Report{}, refused("the file is not text", hintForms)
	}
	text := bytes.TrimSpace(data)
	if len(text) == 0 {
		return State{}, Report{}, refused("the file is empty", "export again: nothing was written")
	}
	switch text[0] {
	case '{':
		return parseObject(text)
	case '[':
		return parseList(text)
	}
	return parseNetscape(data)
}

func parseObject(data []byte) (State, Report, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return State{}, Report{}, notJSON(err)
	}
	_, hasCookies := fields["cookies"]
	_, hasOrigins := fields["origins"]
	switch {
	case hasCookies || hasOrigins:
		return parsePlaywright(fields)
	case len(fields) == 0:
		return State{}, Report{}, refused("the file is an empty object: nothing was exported", "sign in first, then export")
	case fields["log"] != nil:
		return State{}, Report{}, refused(
			"the file is a recording of network traffic (HAR): browsers leave the cookies out of it", hintForms)
	}
	keys := slices.Sorted(maps.Keys(fields))
	for i, key := range keys[:min(len(keys), 5)] {
		keys[i] = quote(key)
	}
	return State{}, Report{}, refused("the file is JSON without cookies or origins: it has "+
		strings.Join(keys[:min(len(keys), 5)], ", "), hintForms)
}

func parseList(data []byte) (State, Report, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(data, &list); err != nil {
		return State{}, Report{}, notJSON(err)
	}
	r := Report{Dialect: List}
	d := listDecoder{report: &r}
	s := State{Cookies: d.cookies(list)}
	switch {
	case len(list) > 0 && d.objects == 0:
		return State{}, Report{}, refused("the file is a JSON list, and not one of cookies", hintForms)
	case d.keys["expirationDate"] || d.keys["hostOnly"] || d.keys["storeId"]:
		r.Dialect = Extension
	case d.keys["sourceScheme"] || d.keys["size"]:
		r.Dialect = DevTools
	}
	return s, r, nil
}

// notJSON is the error of JSON that is none. What the decoder says may quote the file.
func notJSON(err error) error {
	damage := "the file is damaged JSON"
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		damage += fmt.Sprintf(", at byte %d", syntax.Offset)
	}
	return refused(damage, "export again, and copy the whole file")
}

// others are files that are taken for sessions by mistake, by how they begin.
var others = []struct{ begins, what, hint string }{
	{"SQLite format 3\x00", "a browser's own database: its cookies are encrypted", hintForms},
	{"\x1f\x8b", "an archive", "unpack it; " + hintForms},
	{"PK\x03\x04", "an archive", "unpack it; " + hintForms},
	{"age-encryption.org/", "encrypted", "give a file that `poactor login --export` has written"},
	{"<", "a web page", hintForms},
	{"Cookie:", "the header of a request, which does not say whose cookies they are", hintForms},
	{"Set-Cookie:", "the header of an answer, which does not say whose cookies they are", hintForms},
}

// unknown is the error of a text that is no cookies.txt.
func unknown(data []byte) error {
	for _, o := range others {
		if len(data) >= len(o.begins) && strings.EqualFold(string(data[:len(o.begins)]), o.begins) {
			return refused("the file is "+o.what, o.hint)
		}
	}
	return refused("the file is of no form in which sessions are written", hintForms)
}
