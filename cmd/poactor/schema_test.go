package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	generate "github.com/invopop/jsonschema"
	validate "github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// commandLines are the JSON lines of the command itself, without their stamps.
func commandLines() map[string]any {
	return map[string]any{"list_read": listLine{}, "planned": plannedLine{}, "metrics_served": metricsLine{},
		"warning": warningLine{}, "error": errorLine{}, "ended": endedLine{},
		"finding": findingLine{}, "diagnosed": diagnosedLine{},
		"demo_started": demoStartedLine{}, "demo_judged": demoJudgedLine{},
		"chaos_begun": chaosBegunLine{}, "chaos_start": chaosStartLine{}, "chaos_judged": chaosJudgedLine{}}
}

// answers are what commands say as one JSON line.
func answers() map[string]any {
	return map[string]any{"status": standing{}, "order_history": historyJSON{}, "verification": verificationJSON{},
		"cleaned": cleaned{}, "profiles": profilesJSON{}, "session": sessionJSON{}, "version": versionJSON{}, "portals": portalsJSON{}, "portal_checked": portalJSON{}}
}

const schemaFile = "events.schema.json"

// docs/events.schema.json is what the types say. UPDATE_GOLDEN=1 writes it anew.
func TestSchemaFile(t *testing.T) {
	t.Parallel()
	text := schemaText(t, false)
	name := filepath.Join("..", "..", "docs", schemaFile)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(name, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if has := readFile(t, name); has != string(text) {
		t.Errorf("%s is not what the types say: UPDATE_GOLDEN=1 go test ./cmd/poactor -run TestSchemaFile", name)
	}
	checkLines(t, name, []string{`{"schema":1,"time":"2026-03-04T05:06:07Z","event":"of_a_later_version","x":1}`})
}

// Every event, with all of its fields and without any, is what the schema says.
func TestSchemaOfEvents(t *testing.T) {
	t.Parallel()
	text := readFile(t, filepath.Join("..", "..", "internal", "progress", "testdata", "events.jsonl"))
	for line := range strings.Lines(text) {
		if err := checkLine(line); err != nil {
			t.Errorf("%v: %s", err, line)
		}
	}
	for name, line := range map[string]string{
		"no version":      `{"time":"2026-03-04T05:06:07Z","event":"run_cleaned","leftovers":[]}`,
		"another version": `{"schema":2,"time":"2026-03-04T05:06:07Z","event":"run_cleaned","leftovers":[]}`,
		"unknown event":   `{"schema":1,"time":"2026-03-04T05:06:07Z","event":"rain","leftovers":[]}`,
		"unknown field":   `{"schema":1,"time":"2026-03-04T05:06:07Z","event":"run_cleaned","leftovers":[],"rain":1}`,
		"missing field":   `{"schema":1,"time":"2026-03-04T05:06:07Z","event":"run_cleaned"}`,
		"wrong type":      `{"schema":1,"time":"2026-03-04T05:06:07Z","event":"run_cleaned","leftovers":"none"}`,
		"unknown cause":   `{"schema":1,"time":"2026-03-04T05:06:07Z","event":"run_ended","cause":"rain","open":0,"deferred":0}`,
	} {
		if checkLine(line) == nil {
			t.Errorf("%s: it is taken for right", name)
		}
	}
}

// strict are the schemas of the events in which nothing stands but what the types say.
var strict = sync.OnceValues(func() (map[string]*validate.Schema, error) {
	text, err := schemaOf(true)
	if err != nil {
		return nil, err
	}
	var all struct {
		Defs map[string]any `json:"$defs"`
	}
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	schemas := map[string]*validate.Schema{}
	for name := range all.Defs {
		if schemas[name], err = compileSchema(text, "#/$defs/"+name); err != nil {
			return nil, err
		}
	}
	return schemas, nil
})

// compileSchema compiles a part of a schema; all of it where that is empty.
func compileSchema(text []byte, part string) (*validate.Schema, error) {
	doc, err := validate.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := validate.NewCompiler()
	c.DefaultDraft(validate.Draft2020)
	c.AssertFormat()
	if err := c.AddResource(schemaFile, doc); err != nil {
		return nil, err
	}
	return c.Compile(schemaFile + part)
}

// checkLine says what is wrong with a line of standard output.
func checkLine(line string) error {
	schemas, err := strict()
	if err != nil {
		return err
	}
	v, err := validate.UnmarshalJSON(strings.NewReader(line))
	if err != nil {
		return err
	}
	m, _ := v.(map[string]any)
	event, _ := m["event"].(string)
	schema := schemas[event]
	if schema == nil {
		return fmt.Errorf("there is no event %q", event)
	}
	return schema.Validate(v)
}

// checkLines holds lines against a schema in a file.
func checkLines(t *testing.T, file string, lines []string) {
	t.Helper()
	schema, err := compileSchema([]byte(readFile(t, file)), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		if v, err := validate.UnmarshalJSON(strings.NewReader(line)); err != nil || schema.Validate(v) != nil {
			t.Errorf("%s: %v, %v", line, err, schema.Validate(v))
		}
	}
}

func schemaText(t *testing.T, strict bool) []byte {
	t.Helper()
	text, err := schemaOf(strict)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// schemaOf makes the schema of all lines out of their types. The one that is published
// allows fields and events of later versions; the strict one does not.
func schemaOf(strict bool) ([]byte, error) {
	types := map[string]reflect.Type{}
	for name, typ := range messages.EventTypes() {
		types[name] = messages.JSONType(typ)
	}
	for _, lines := range []map[string]any{commandLines(), answers()} {
		for name, line := range lines {
			types[name] = reflect.TypeOf(line)
		}
	}
	names := slices.Sorted(maps.Keys(types))
	defs, branches := map[string]any{}, []any{}
	for _, name := range names {
		def, err := lineSchema(name, types[name], strict)
		if err != nil {
			return nil, err
		}
		defs[name] = def
		branches = append(branches, map[string]any{"$ref": "#/$defs/" + name})
	}
	schema := map[string]any{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"title":   "A line of poactor on standard output with --json",
		"$defs":   defs,
	}
	if !strict {
		branches = append(branches, map[string]any{
			"$comment":   "an event of a later version: it is to be read over",
			"properties": map[string]any{"event": map[string]any{"not": map[string]any{"enum": names}}},
			"required":   []string{"schema", "time", "event"},
		})
	}
	schema["oneOf"] = branches
	text, err := json.MarshalIndent(schema, "", " ")
	return append(text, '\n'), err
}

// lineSchema is the schema of the lines of one event.
func lineSchema(name string, typ reflect.Type, strict bool) (map[string]any, error) {
	r := generate.Reflector{Anonymous: true, DoNotReference: true, AllowAdditionalProperties: !strict, Mapper: knownTypes}
	text, err := json.Marshal(r.ReflectFromType(typ))
	if err != nil {
		return nil, err
	}
	var def map[string]any
	if err := json.Unmarshal(text, &def); err != nil {
		return nil, err
	}
	delete(def, "$schema")
	properties, _ := def["properties"].(map[string]any)
	if properties == nil {
		properties = map[string]any{}
	}
	if _, stamped := typ.FieldByName("Stamp"); !stamped {
		for _, field := range []string{"schema", "time", "event"} {
			if properties[field] != nil {
				return nil, fmt.Errorf("%s: the field %s is every line's", name, field)
			}
		}
	}
	properties["schema"] = map[string]any{"const": progress.Schema}
	properties["time"] = map[string]any{"type": "string", "format": "date-time"}
	properties["event"] = map[string]any{"const": name}
	required := []any{"schema", "time", "event"}
	if more, ok := def["required"].([]any); ok {
		for _, field := range more {
			if !slices.Contains(required, field) {
				required = append(required, field)
			}
		}
	}
	def["properties"], def["required"] = properties, required
	return def, nil
}

// knownTypes are the schemas of types that say more in JSON than their kinds.
func knownTypes(t reflect.Type) *generate.Schema {
	words := func(list []string) *generate.Schema {
		s := &generate.Schema{Type: "string"}
		for _, word := range list {
			s.Enum = append(s.Enum, word)
		}
		return s
	}
	switch t {
	case reflect.TypeFor[messages.Duration]():
		return &generate.Schema{Type: "integer", Description: "milliseconds"}
	case reflect.TypeFor[po.Cause]():
		return words(texts(po.Causes()))
	case reflect.TypeFor[po.Status]():
		return words(texts(po.Statuses()))
	case reflect.TypeFor[po.Sign]():
		return words(texts(po.Signs()))
	case reflect.TypeFor[po.Lane]():
		return words(texts([]po.Lane{po.LaneHTTP, po.LaneBrowser}))
	case reflect.TypeFor[po.Ending]():
		return words(texts([]po.Ending{po.EndSettled, po.EndRetried, po.EndReleased, po.EndHandedOn, po.EndReopened}))
	}
	return nil
}

func texts[S ~string](list []S) (all []string) {
	for _, s := range list {
		all = append(all, string(s))
	}
	return all
}

// checkJSONLines holds what a command has said with --json against the schema.
func checkJSONLines(out string) error {
	for line := range strings.Lines(out) {
		if err := checkLine(line); err != nil {
			return fmt.Errorf("%w: %s", err, line)
		}
	}
	return nil
}
