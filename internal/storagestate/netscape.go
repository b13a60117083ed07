package storagestate

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// httpOnlyPrefix stands before the domain of a cookie that scripts cannot read: mostly
// the one that matters. The line is no comment, though it begins like one.
const httpOnlyPrefix = "#HttpOnly_"

// parseNetscape reads a cookies.txt: a line a cookie, with the fields domain, whether it
// is for the hosts below it, path, secure, end, name and value.
func parseNetscape(data []byte) (State, Report, error) {
	var s State
	r := Report{Dialect: Netscape}
	number, known := 0, false
	for line := range bytes.Lines(data) {
		number++
		text := strings.TrimRight(string(line), "\r\n")
		rest, httpOnly := strings.CutPrefix(text, httpOnlyPrefix)
		if !httpOnly && strings.HasPrefix(text, "#") {
			known = known || strings.Contains(text, "HTTP Cookie File")
			continue
		}
		if strings.TrimSpace(text) == "" {
			continue
		}
		fields, ok := netscapeFields(rest)
		if !ok {
			r.drop(Ref{}, "line %d is no cookie: it has not the seven fields of one", number)
			continue
		}
		known = true
		if c, ok := netscapeCookie(fields, &r); ok {
			c.HTTPOnly = httpOnly
			s.add(c, &r)
		}
	}
	if !known {
		return State{}, Report{}, unknown(data)
	}
	return s, r, nil
}

// netscapeFields cuts a line at its tabs or, where an editor has made blanks of them, at
// its blanks. A value may be missing, and have blanks in it.
func netscapeFields(line string) (fields []string, ok bool) {
	if fields = strings.SplitN(line, "\t", 7); len(fields) < 6 {
		fields = nil
		rest := strings.TrimSpace(line)
		for rest != "" && len(fields) < 6 {
			at := strings.IndexAny(rest, " \t")
			if at < 0 {
				at = len(rest)
			}
			fields = append(fields, rest[:at])
			rest = strings.TrimLeft(rest[at:], " \t")
		}
		fields = append(fields, rest)
	}
	if len(fields) == 6 { // editors trim the tab before an empty value
		fields = append(fields, "")
	}
	return fields, len(fields) == 7 && isFlag(fields[1]) && isFlag(fields[3])
}

func isFlag(field string) bool {
	return strings.EqualFold(field, "TRUE") || strings.EqualFold(field, "FALSE")
}

func netscapeCookie(fields []string, r *Report) (Cookie, bool) {
	c := Cookie{
		Name:   fields[5],
		Value:  fields[6],
		Domain: fields[0],
		Path:   fields[2],
		Secure: strings.EqualFold(fields[3], "TRUE"),
	}
	if !utf8.ValidString(strings.Join(fields, "")) {
		r.drop(c.Ref(), "it is not UTF-8 text")
		return c, false
	}
	seconds, err := strconv.ParseFloat(fields[4], 64)
	if err != nil && fields[4] != "" {
		r.drop(c.Ref(), "when it expires is no number")
		return c, false
	}
	expires, ok := expiry(seconds)
	if !ok {
		r.drop(c.Ref(), "when it expires is out of range")
		return c, false
	}
	c.Expires = expires
	return c, true
}
