package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// docField is one field of an event: as the page has it, or as the code writes it.
type docField struct {
	kind   string
	always bool
}

// docs/events.md has every event and every field, with its type, and none that there is not.
func TestEventsPage(t *testing.T) {
	t.Parallel()
	types := messages.EventTypes()
	for name, line := range map[string]any{"list_read": listLine{}, "planned": plannedLine{}, "metrics_served": metricsLine{}, "warning": warningLine{},
		"error": errorLine{}, "ended": endedLine{}, "finding": findingLine{}, "diagnosed": diagnosedLine{}, "batch": batchStanding{},
		"file": po.File{}, "missing file": po.Missing{}} {
		types[name] = reflect.TypeOf(line)
	}
	page := eventsPage(t)
	for name := range page {
		if types[name] == nil {
			t.Errorf("the page has %q, which is no event", name)
		}
	}
	for name, typ := range types {
		fields := page[name]
		if fields == nil {
			t.Errorf("%s is not on the page", name)
			continue
		}
		written := writtenFields(t, typ)
		for field, is := range written {
			switch has, ok := fields[field]; {
			case !ok:
				t.Errorf("%s: the field %s is not on the page", name, field)
			case has.kind != is.kind:
				t.Errorf("%s: the field %s is of type %q, the page says %q", name, field, is.kind, has.kind)
			case is.always && !has.always:
				t.Errorf("%s: the field %s is always there, the page says otherwise", name, field)
			}
		}
		for field := range fields {
			if _, ok := written[field]; !ok {
				t.Errorf("%s: the page has the field %s, which is never written", name, field)
			}
		}
	}
}

// eventsPage reads the tables of docs/events.md, by the heading above each.
func eventsPage(t *testing.T) map[string]map[string]docField {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "events.md"))
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("^\\| `([a-z0-9_]+)` \\| ([^|]+) \\| ([^|]+) \\| [^|]+ \\|$")
	page, name := map[string]map[string]docField{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if heading, ok := strings.CutPrefix(line, "### "); ok {
			name = heading
			page[name] = map[string]docField{}
		}
		if m := row.FindStringSubmatch(line); m != nil {
			page[name][m[1]] = docField{m[2], m[3] == "always"}
		} else if strings.HasPrefix(line, "| `") {
			t.Errorf("no field is read of %q", line)
		}
	}
	return page
}

// writtenFields are the fields of a type in JSON: all that are there when nothing is empty.
// Those that are there also when everything is empty are always there.
func writtenFields(t *testing.T, typ reflect.Type) map[string]docField {
	t.Helper()
	full, empty := reflect.New(typ).Elem(), reflect.New(typ).Elem()
	fill(full)
	always := asMap(t, empty.Interface())
	fields := map[string]docField{}
	for field, value := range asMap(t, full.Interface()) {
		if _, isLine := typ.FieldByName("Stamp"); isLine && (field == "schema" || field == "time" || field == "event") {
			continue // of every line
		}
		_, ok := always[field]
		fields[field] = docField{kindOf(field, value), ok}
	}
	return fields
}

func asMap(t *testing.T, v any) map[string]any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

// kindOf names the type of a field as the page does.
func kindOf(field string, value any) string {
	switch v := value.(type) {
	case string:
		return "string"
	case bool:
		return "boolean"
	case float64:
		switch {
		case strings.HasSuffix(field, "_ms"):
			return "integer, ms"
		case field == "bytes":
			return "integer, bytes"
		}
		return "integer"
	case map[string]any:
		if field == "facts" {
			return "object"
		}
		if v["counts"] != nil {
			return "[batch](#batch)"
		}
		if field == "read_by" {
			return "object of integers by way"
		}
		return "object of integers by status"
	case []any:
		if len(v) == 0 {
			return "empty list"
		}
		m, ok := v[0].(map[string]any)
		if !ok {
			return "list of strings"
		}
		if slices.Contains(slices.Collect(maps.Keys(m)), "sha256") {
			return "list of [file](#file)"
		}
		return "list of [missing file](#missing-file)"
	}
	return "unknown"
}

// fill sets everything in v that can be set.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		v.SetString("x")
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(time.Second))
	case reflect.Uint64:
		v.SetUint(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for _, field := range v.Fields() {
			if field.CanSet() {
				fill(field)
			}
		}
	}
}
