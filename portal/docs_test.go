package portal

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// The guide's example must load, and its table must have every key.
func TestGuide(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("../docs/portals.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(data)
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(guide, -1)
	if len(blocks) == 0 {
		t.Fatal("the guide has no example")
	}
	for _, block := range blocks {
		p, err := Load(write(t, block[1]))
		if err != nil {
			t.Error(err)
			continue
		}
		if _, number, err := p.Parse("acme-2041-007"); number != "2041-007" || err != nil {
			t.Errorf("the example's number is %q, %v", number, err)
		}
	}
	for _, part := range regexp.MustCompile("(?s)```yaml-part\n(.*?)```").FindAllStringSubmatch(guide, -1) {
		_, err := Load(write(t, part[1]))
		for _, e := range err.(Errors) { // some keys are missing, but each that is there is right
			if !strings.HasSuffix(e.Msg, isMissing) {
				t.Errorf("%v in\n%s", e, part[1])
			}
		}
	}
	for _, key := range leaves("", reflect.TypeFor[Portal]()) {
		if !strings.Contains(guide, "| `"+key+"` |") {
			t.Errorf("the guide's table has no %s", key)
		}
	}
}

// leaves lists the keys of a struct and of those in it; a sign is one.
func leaves(key string, in reflect.Type) []string {
	if in.Kind() != reflect.Struct || in == reflect.TypeFor[Sign]() || in == reflect.TypeFor[Mark]() {
		return []string{key}
	}
	var keys []string
	for i, name := range keysOf(in) {
		keys = append(keys, leaves(join(key, name), in.Field(i).Type)...)
	}
	return keys
}
