package portal

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// decoder fills a Portal from a tree of nodes. The library could do it, but
// does not tell the columns and stops at the first unknown key.
type decoder struct {
	positions positions
	found     Errors
}

func decode(root *yaml.Node) (Portal, positions, Errors) {
	d := decoder{positions: positions{"": {root.Line, root.Column}}}
	var p Portal
	d.mapping("", root, reflect.ValueOf(&p).Elem())
	return p, d.positions, d.found
}

func (d *decoder) fault(key string, at *yaml.Node, msg, hint string) {
	if key != "" {
		msg = key + ": " + msg
	}
	d.found = append(d.found, &Error{Line: at.Line, Column: at.Column, Key: key, Msg: msg, Hint: hint})
}

// mapping fills the struct out with the keys of node.
func (d *decoder) mapping(key string, node *yaml.Node, out reflect.Value) {
	if d.absent(key, node) {
		return
	}
	if node.Kind != yaml.MappingNode {
		d.fault(key, node, "must be keys and values, not "+describe(node),
			"the keys are "+strings.Join(keysOf(out.Type()), ", "))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(node.Content); i += 2 {
		name, value := node.Content[i], node.Content[i+1]
		field, ok := fieldOf(out, name)
		switch {
		case !ok:
			d.unknown(key, name, out.Type())
		case seen[name.Value] > 0:
			d.fault(join(key, name.Value), name,
				fmt.Sprintf("stands here twice, first in line %d", seen[name.Value]), "keep one of the two")
		default:
			seen[name.Value] = name.Line
			d.value(join(key, name.Value), value, field)
		}
	}
}

// unknown records a key that there is not. Its Key is empty, so that it does
// not hide that another one is missing.
func (d *decoder) unknown(key string, name *yaml.Node, in reflect.Type) {
	msg := "a key must be a word, not " + describe(name)
	if name.Kind == yaml.ScalarNode {
		msg = "unknown key " + quote(name.Value)
	}
	if key != "" {
		msg = key + ": " + msg
	}
	known := keysOf(in)
	hint := suggest(name.Value, known, "the keys here are "+strings.Join(known, ", "))
	d.found = append(d.found, &Error{Line: name.Line, Column: name.Column, Msg: msg, Hint: hint})
}

func (d *decoder) value(key string, node *yaml.Node, out reflect.Value) {
	d.positions[key] = position{node.Line, node.Column}
	switch out.Kind() {
	case reflect.Struct:
		d.mapping(key, node, out)
	case reflect.Slice:
		d.list(key, node, out)
	default:
		if !d.absent(key, node) {
			d.scalar(key, node, out)
		}
	}
}

// list fills the slice out. An empty list that is written out is kept apart
// from none.
func (d *decoder) list(key string, node *yaml.Node, out reflect.Value) {
	if d.absent(key, node) {
		return
	}
	if node.Kind != yaml.SequenceNode {
		d.fault(key, node, "must be a list, not "+describe(node), "begin each entry with \"- \" on a line of its own")
		return
	}
	out.Set(reflect.MakeSlice(out.Type(), len(node.Content), len(node.Content)))
	for i, entry := range node.Content {
		at := item(key, i)
		d.positions[at] = position{entry.Line, entry.Column}
		if entry.Kind == yaml.ScalarNode && entry.ShortTag() == "!!null" {
			d.fault(at, entry, "is empty", "put a text that begins with # in quotes")
			continue
		}
		d.scalar(at, entry, out.Index(i))
	}
}

// scalar fills the string or int out.
func (d *decoder) scalar(key string, node *yaml.Node, out reflect.Value) {
	if d.reference(key, node) {
		return
	}
	want := "a text"
	if out.Kind() == reflect.Int {
		want = "a number"
	}
	if node.Kind != yaml.ScalarNode {
		d.fault(key, node, "must be "+want+", not "+describe(node),
			"put a text that begins with [ or {, or that has a colon and a space, in quotes")
		return
	}
	if out.Kind() == reflect.Int {
		n, err := strconv.ParseInt(node.Value, 10, 32)
		if err != nil || node.ShortTag() != "!!int" {
			d.fault(key, node, "must be a number, not "+describe(node), "write digits without quotes")
			return
		}
		out.SetInt(n)
		return
	}
	if node.ShortTag() != "!!str" {
		d.fault(key, node, "must be a text, not "+describe(node), "put it in quotes")
		return
	}
	out.SetString(node.Value)
}

// absent reports whether there is no value, or one that may not be.
func (d *decoder) absent(key string, node *yaml.Node) bool {
	return d.reference(key, node) || node.Kind == yaml.ScalarNode && node.ShortTag() == "!!null"
}

// reference refuses anchors and aliases: a portal file needs none, and they
// are what YAML bombs are made of.
func (d *decoder) reference(key string, node *yaml.Node) bool {
	switch {
	case node.Kind == yaml.AliasNode:
		d.fault(key, node, "is an alias, which portal files do not have", "put a text that begins with * in quotes")
	case node.Anchor != "":
		d.fault(key, node, "has an anchor, which portal files do not have", "put a text that begins with & in quotes")
	default:
		return false
	}
	return true
}

func join(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// keysOf lists the YAML keys of a struct, in the order of its fields.
func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i] = t.Field(i).Tag.Get("yaml")
	}
	return keys
}

func fieldOf(out reflect.Value, name *yaml.Node) (reflect.Value, bool) {
	for i, key := range keysOf(out.Type()) {
		if name.Kind == yaml.ScalarNode && name.Value == key {
			return out.Field(i), true
		}
	}
	return reflect.Value{}, false
}
