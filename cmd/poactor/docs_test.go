package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each message that docs/troubleshooting.md shows stands in the source.
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
	for _, row := range rows {
		if !strings.Contains(source.String(), row[1]) {
			t.Errorf("%q is said nowhere", row[1])
		}
	}
}

// Each command in a code block of README and docs is parsed by the real command line: its
// subcommand and flags are there. None is run; the scripts in testdata do that.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	makefile := readFile(t, filepath.Join("..", "..", "Makefile"))
	for _, wrong := range []string{"doctor --nothing", "nothing here", "--workers x orders.csv"} { // they are noticed
		if parsed(strings.Fields(wrong)) == nil {
			t.Errorf("%s is taken for right", wrong)
		}
	}
	seen := 0
	for _, page := range append(pages, filepath.Join("..", "..", "README.md"), filepath.Join("..", "..", "CONTRIBUTING.md")) {
		inCode := false
		for line := range strings.Lines(readFile(t, page)) {
			line = strings.TrimSpace(line)
			if strings.HasPrefix(line, "```") {
				inCode = !inCode
				continue
			}
			line = strings.TrimPrefix(line, "$ ")
			line, _, _ = strings.Cut(line, " #")
			words := strings.Fields(line)
			if !inCode || len(words) < 2 {
				continue
			}
			switch words[0] {
			case "poactor":
				seen++
				if err := parsed(words[1:]); err != nil {
					t.Errorf("%s: %s: %v", filepath.Base(page), line, err)
				}
			case "make":
				seen++
				for _, target := range words[1:] {
					if !strings.Contains(target, "=") && !strings.Contains(makefile, "\n"+target+":") {
						t.Errorf("%s: %s: there is no target %s", filepath.Base(page), line, target)
					}
				}
			}
		}
	}
	if seen < 5 {
		t.Errorf("only %d commands are read", seen)
	}
}

// parsed reads a command line without running it.
func parsed(words []string) error {
	for i, word := range words {
		if word == "|" || word == ">" || word == "&&" || word == "||" || word == ";" {
			words = words[:i]
			break
		}
		words[i] = strings.Trim(word, `"'`)
	}
	root := (&app{env: func(string) (string, bool) { return "", false }}).root()
	root.InitDefaultHelpCmd()
	command, rest, err := root.Find(words)
	if err != nil || command == root {
		command, rest = root, words
	}
	if err := command.ParseFlags(rest); err != nil {
		return err
	}
	if command == root && command.Flags().NArg() > 1 {
		return fmt.Errorf("no such command: %s", command.Flags().Arg(0))
	}
	return nil
}
