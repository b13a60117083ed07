package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// Each message that docs/troubleshooting.md shows stands in the source, and each cause on it.
func TestTroubleshootingMessages(t *testing.T) {
	t.Parallel()
	page := readFile(t, filepath.Join("..", "..", "docs", "troubleshooting.md"))
	var source strings.Builder
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
			text, readErr := os.ReadFile(path)
			source.Write(text)
			return readErr
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(page, -1)
	if len(rows) < 10 {
		t.Fatalf("only %d messages are read of the page", len(rows))
	}
	for _, cause := range po.Causes() {
		if !strings.Contains(page, "\n| `"+string(cause)+"` | ") {
			t.Errorf("it does not say what to do about %s", cause)
		}
	}
	for _, row := range rows {
		if !strings.Contains(source.String(), row[1]) {
			t.Errorf("%q is said nowhere", row[1])
		}
	}
}
