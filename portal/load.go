package portal

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	"slices"

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
		return nil, Errors{{
			Path: path,
			Msg:  "is larger than 1 MiB",
			Hint: "a portal file has a few kilobytes; is this the right file?",
		}}
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
	p, positions, found := decode(root)
	if root.Kind != yaml.MappingNode { // then everything else is missing too
		found[0].Path = path
		return Portal{}, found[:1]
	}
	found = found[:min(len(found), maxFaults)]
	p = p.withDefaults()
	if faults, ok := errors.AsType[Errors](p.Check()); ok {
		found = append(found, positions.locate(faults, found)...)
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
		return nil, syntaxFault(err)
	}
	var document, second yaml.Node
	err = loader.Load(&document)
	switch {
	case errors.Is(err, io.EOF):
		return nil, emptyFault()
	case err != nil:
		return nil, syntaxFault(err)
	}
	err = loader.Load(&second)
	switch {
	case err == nil:
		return nil, &Error{
			Line:   second.Line,
			Column: second.Column,
			Msg:    "a second document begins",
			Hint:   "keep one portal in one file",
		}
	case !errors.Is(err, io.EOF):
		return nil, syntaxFault(err)
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
