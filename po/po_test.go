package po_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/poactor/poactor/po"
)

func TestNewKeyRefuses(t *testing.T) {
	t.Parallel()
	for _, number := range []string{"", " \t", strings.Repeat("1", 121), strings.Repeat("/", 41)} {
		if key, err := po.NewKey(number); err == nil {
			t.Errorf("NewKey(%q) = %s", number, key)
		}
	}
}

// A key is safe as a part of a file name, and two numbers have one key only if
// they differ in case or outer spaces.
func TestNewKeyIsSafeAndInjective(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.String().Draw(t, "a"), rapid.String().Draw(t, "b")
		x, errX := po.NewKey(a)
		y, errY := po.NewKey(b)
		if errX != nil || errY != nil {
			return
		}
		if strings.ContainsFunc(string(x), func(r rune) bool {
			return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-%", r)
		}) || strings.HasPrefix(string(x), ".") {
			t.Fatalf("key %q is not safe", x)
		}
		upperA, upperB := strings.ToUpper(strings.TrimSpace(a)), strings.ToUpper(strings.TrimSpace(b))
		if (x == y) != (upperA == upperB) {
			t.Fatalf("%q and %q have the keys %s and %s", a, b, x, y)
		}
	})
}

// Credentials do not print, however they are printed.
func TestCredentialsAreHidden(t *testing.T) {
	t.Parallel()
	r := po.Reading{Credentials: po.Credentials{Header: http.Header{"X-Session": {"secret"}}}}
	if text, err := json.Marshal(r); err != nil || strings.Contains(string(text), "secret") {
		t.Errorf("JSON: %s, %v", text, err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(format, r); strings.Contains(text, "secret") {
			t.Errorf("%s prints %s", format, text)
		}
	}
}
