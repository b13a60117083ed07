package po_test

import (
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

func TestNewTaskKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]po.Key{
		"acme":             "acme",
		"Acme-7_b.x":       "Acme-7_b.x",
		"https://x.y/a?b":  "https%3A%2F%2Fx.y%2Fa%3Fb",
		".":                "%2E",
		"..":               "%2E%2E",
		".poactor":         "%2Epoactor",
		"a.":               "a%2E",
		"a b":              "a%20b",
		"ü":                "%C3%BC",
		"a\x00b":           "a%00b",
		"a\\b":             "a%5Cb",
		"100%":             "100%25",
		"Results.jsonl":    "%52esults.json%6C",
		"SHA256SUMS":       "%53HA256SUM%53",
		"con":              "%63o%6E",
		"Com1.txt":         "%43om1.tx%74",
		"x__WORK":          "%78__WOR%4B",
		"PO_1_COMPLETED":   "PO_1_COMPLETED",
		"companion-report": "companion-report",
	} {
		got, err := po.NewTaskKey(text)
		if err != nil || got != want || !got.Valid() {
			t.Errorf("NewTaskKey(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
	for _, bad := range []string{"", strings.Repeat("x", po.MaxTaskKey+1)} {
		if key, err := po.NewTaskKey(bad); err == nil {
			t.Errorf("a key of %d bytes is %q", len(bad), key)
		}
	}
}

// Long keys that differ at their end only stay apart, and are no key of a shorter text.
func TestLongTaskKeys(t *testing.T) {
	t.Parallel()
	long := "https://x.example/" + strings.Repeat("a/", 100)
	seen := map[po.Key]string{}
	for _, text := range []string{long, long + "1", long + "2"} {
		key, err := po.NewTaskKey(text)
		if err != nil || !key.Valid() || len(key) > 120 {
			t.Errorf("%q, %v", key, err)
		}
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q have one key", text, other)
		}
		seen[key] = text
		if again, err := po.NewTaskKey(string(key)); err != nil || again == key {
			t.Errorf("a text that is a key has that key: %q, %v", again, err)
		}
	}
}
