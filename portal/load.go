package portal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// maxFileBytes bounds a portal file. A definition has a few kilobytes.
const maxFileBytes = 1 << 20

// maxFaults bounds how many problems of one file are told.
const maxFaults = 50

// Load reads a definition from a YAML file, fills in what it leaves out and
// checks it. Whatever is wrong comes back as Errors, each with its place in
// the file.
func Load(path string) (Portal, error) {
	data, err := readFile(path)
	if err != nil {
		return Portal{}, err
	}
	return parse(path, data)
}

func readFile(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, openFault(path, err)
	}
	defer func() { _ = file.Close() }() // only read from
	if info, err := file.Stat(); err == nil && info.IsDir() {
		return nil, Errors{{Path: path, Msg: "is a directory, not a portal file"}}
	}
	data, err := io.ReadAll(io.LimitReader(file, maxFileBytes+1))
	switch {
	case err != nil:
		return nil, openFault(path, err)
	case len(data) > maxFileBytes:
		return nil, Errors{{Path: path, Msg: "is larger than 1 MiB", Hint: "a portal file has a few kilobytes; is this the right file?"}}
	}
	return data, nil
}

// openFault takes the path out of the system's error, since Error has it.
func openFault(path string, err error) error {
	msg := err.Error()
	if reason, ok := errors.AsType[*fs.PathError](err); ok {
		msg = reason.Err.Error()
	}
	hint := ""
	if errors.Is(err, fs.ErrNotExist) {
		msg, hint = "no such portal file", "portal list shows the built-in portals"
	}
	return Errors{{Path: path, Msg: oneLine(msg), Hint: hint}}
}

// parse is Load without the reading of the file.
func parse(path string, data []byte) (Portal, error) {
	root, fault := compose(data)
	if fault != nil {
		fault.Path = path
		return Portal{}, Errors{fault}
	}
	p, places, found := decode(root)
	if root.Kind != yaml.MappingNode { // then everything else is missing too
		found[0].Path = path
		return Portal{}, found[:1]
	}
	found = found[:min(len(found), maxFaults)]
	p = p.withDefaults()
	if faults, ok := errors.AsType[Errors](p.Check()); ok {
		found = append(found, places.unknownOf(faults, found)...)
	}
	if len(found) == 0 {
		return p, nil
	}
	for _, e := range found {
		e.Path = path
	}
	slices.SortStableFunc(found, func(a, b *Error) int {
		// What is missing comes last: it is often what another line misspells.
		return cmp.Or(cmp.Compare(a.missing(), b.missing()), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return Portal{}, found[:min(len(found), maxFaults)]
}

// compose reads the one document of the file as a tree of nodes.
func compose(data []byte) (*yaml.Node, *Error) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if fault := textFault(data); fault != nil {
		return nil, fault
	}
	loader, err := yaml.NewLoader(bytes.NewReader(data))
	if err != nil {
		return nil, syntaxFault(err, data)
	}
	var document, second yaml.Node
	err = loader.Load(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil, emptyFault()
	case err != nil:
		return nil, syntaxFault(err, data)
	}
	err = loader.Load(&second)
	switch {
	case err == nil:
		return nil, &Error{Line: second.Line, Column: second.Column, Msg: "a second document begins", Hint: "keep one portal in one file"}
	case !errors.Is(err, io.EOF):
		return nil, syntaxFault(err, data)
	}
	root := document.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil, emptyFault()
	}
	return root, nil
}

func emptyFault() *Error {
	return &Error{Line: 1, Column: 1, Msg: "the file is empty", Hint: "portal show coupa prints an example"}
}

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
				return &Error{Line: i + 1, Column: column, Msg: fmt.Sprintf("a control character (%U) stands here", r), Hint: "take it out; is this a text file?"}
			}
			rest = rest[size:]
		}
	}
	return nil
}

// syntaxFault says in one line what the YAML library found, with its place.
func syntaxFault(err error, data []byte) *Error {
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
		{"mapping values are not allowed", "put a text that has a colon and a space in quotes; is the line above indented right?"},
		{"unexpected end of stream", "a quote that opens here is never closed"},
		{"unknown anchor", "put a text that begins with * in quotes"},
		{"max depth", "a portal file is nested three deep"},
		{"did not find expected", "look at this line and the one above: indentation, quotes; put a text that begins with [ { ' or \" in quotes as a whole"},
	} {
		if strings.Contains(message, known.part) {
			return known.hint
		}
	}
	return ""
}
