package portal

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// textFault finds what is no text of a YAML file, before the library does, as
// it does not always say where.
func textFault(data []byte) *Error {
	for i, line := range bytes.Split(data, []byte("\n")) {
		indent := line[:len(line)-len(bytes.TrimLeft(line, " \t"))]
		if tab := bytes.IndexByte(indent, '\t'); tab >= 0 && len(bytes.TrimSpace(line)) > 0 {
			return &Error{Line: i + 1, Column: tab + 1, Msg: "a tab stands where only spaces may", Hint: "indent with spaces"}
		}
		column := 1
		for rest := line; len(rest) > 0; column++ {
			r, size := utf8.DecodeRune(rest)
			switch {
			case r == utf8.RuneError && size == 1:
				return &Error{Line: i + 1, Column: column, Msg: "the text is not UTF-8", Hint: "save the file as UTF-8"}
			case (r < ' ' || r == 0x7f) && r != '\t' && (r != '\r' || size != len(rest)):
				return &Error{
					Line:   i + 1,
					Column: column,
					Msg:    fmt.Sprintf("a control character (%U) stands here", r),
					Hint:   "take it out; is this a text file?",
				}
			}
			rest = rest[size:]
		}
	}
	return nil
}

// syntaxFault says in one line what the YAML library found, with its place.
func syntaxFault(err error) *Error {
	fault, ok := errors.AsType[*yaml.LoadError](err)
	if !ok {
		return &Error{Line: 1, Column: 1, Msg: "not YAML: " + oneLine(err.Error())}
	}
	mark := fault.Mark
	if mark.Line == 0 || strings.Contains(fault.Message, "unexpected end of stream") {
		mark = fault.ContextMark // where it began says more than where the file ends
	}
	e := &Error{Line: max(mark.Line, 1), Column: max(mark.Column, 1), Msg: "not YAML: " + oneLine(fault.Message)}
	e.Hint = syntaxHint(fault.Message)
	return e
}

func syntaxHint(message string) string {
	for _, known := range []struct{ part, hint string }{
		{"cannot start any token", "put a text that begins with @, ` or % in quotes"},
		{"unknown escape character", "write patterns in single quotes, where \\ stands for itself"},
		{"mapping values are not allowed", "put a text that has a colon and a space in quotes; " +
			"is the line above indented right?"},
		{"unexpected end of stream", "a quote that opens here is never closed"},
		{"unknown anchor", "put a text that begins with * in quotes"},
		{"max depth", "a portal file is nested three deep"},
		{"did not find expected", "look at this line and the one above: indentation, quotes; " +
			"put a text that begins with [ { ' or \" in quotes as a whole"},
	} {
		if strings.Contains(message, known.part) {
			return known.hint
		}
	}
	return ""
}
