package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// documentedCommand is a command of README, CONTRIBUTING or docs.
type documentedCommand struct {
	page   string
	line   int
	text   string   // as a shell gets it
	inText bool     // it stands between backquotes: part of a sentence, with settings as they are everywhere
	output []string // that the page shows
}

// notRun are the commands that no test can run, by how they begin, each with the reason.
var notRun = map[string]string{
	"go install github.com/":         "gets the newest release from the network",
	"go test ./internal/resource":    "measures for minutes",
	"make bench":                     "measures for minutes",
	"make build":                     "compiles everything anew; make demo and every test of a command have such a program",
	"make demo":                      "takes a minute: its two commands are make build and poactor demo, which scripts run",
	"make test":                      "runs this test",
	"make lint cross":                "takes minutes, and is what CI runs",
	"poactor chaos":                  "takes a minute: TestFaultsChaos runs it",
	"poactor ui":                     "planned",
	"poactor join URL":               "planned",
	"poactor --engine embed":         "planned",
	"New-ScheduledTaskTrigger":       "PowerShell on Windows",
	"New-ScheduledTaskSettingsSet":   "PowerShell on Windows",
	"New-ScheduledTaskAction":        "PowerShell on Windows; what it starts is run",
	"Register-ScheduledTask":         "PowerShell on Windows",
	"pause":                          "waits for a key, on Windows",
	"xattr -d com.apple.quarantine ": "macOS",
}

// documentedCommands reads the commands of a page: those in code blocks, those that are
// indented, and those between backquotes.
func documentedCommands(t *testing.T, page string) (list []documentedCommand) {
	t.Helper()
	language, inCode, blank := "", false, true
	joined, at := "", 0 // a command that goes on on the next line
	environment := ""   // of a unit of systemd
	add := func(line int, text string) {
		list = append(list, documentedCommand{page: filepath.Base(page), line: line, text: text})
	}
	number := 0
	for raw := range strings.Lines(readFile(t, page)) {
		number++
		raw = strings.TrimRight(raw, "\r\n")
		line := strings.TrimSpace(raw)
		if fence, ok := strings.CutPrefix(line, "```"); ok {
			inCode, language = !inCode, fence
			continue
		}
		indented := strings.HasPrefix(raw, "    ") && blank
		blank = line == ""
		switch {
		case !inCode && !indented:
			for _, span := range codeSpan.FindAllStringSubmatch(line, -1) {
				if text, ok := spanCommand(span[1]); ok {
					add(number, text)
					list[len(list)-1].inText = true
				}
			}
		case line == "" || strings.HasPrefix(line, "#"):
		case language == "console" && inCode && !strings.HasPrefix(line, "$ "):
			if n := len(list); n > 0 {
				list[n-1].output = append(list[n-1].output, line)
			}
		case !inCode, slices.Contains([]string{"sh", "console", "powershell", "bat"}, language):
			if joined == "" {
				at = number
			}
			part, more := strings.CutSuffix(line, map[bool]string{true: "`", false: `\`}[language == "powershell"])
			if joined += part; more {
				continue
			}
			for _, text := range shellCommands(language, joined) {
				add(at, text)
			}
			joined = ""
		case language == "crontab":
			if m := cronLine.FindStringSubmatch(line); m != nil {
				add(number, m[1])
			}
		case language == "ini":
			if text, ok := strings.CutPrefix(line, "Environment="); ok {
				environment = "env " + text + " "
			} else if text, ok := strings.CutPrefix(line, "ExecStart=/usr/local/bin/"); ok {
				add(number, environment+text)
			}
		case startsCommand.MatchString(line):
			t.Errorf("%s:%d: %s: a command belongs in a code block of the language sh or console", page, number, line)
		}
	}
	return list
}

var (
	codeSpan      = regexp.MustCompile("`([^`]+)`")
	cronLine      = regexp.MustCompile(`^(?:[-\d*/,]+ +){5}(.+)$`)
	startsCommand = regexp.MustCompile(`^(\$ |(poactor|make|sha256sum|go|docker|sudo|systemctl|nohup) )`)
	taskAction    = regexp.MustCompile(`-Argument '([^']*)'`)
	assignment    = regexp.MustCompile(`^\$\w+ += `)
	alternative   = regexp.MustCompile(`\s*\[[^\]]*\]`) // what may be left out of a command
	bareArgument  = regexp.MustCompile(` [A-Z]`)        // of a command's usage, that must be given
	bareWords     = regexp.MustCompile(`^[a-z -]+$`)
)

// spanCommand is the command between two backquotes, without what may be left out of it; ok
// is false where it is none.
func spanCommand(text string) (command string, ok bool) {
	text = strings.TrimPrefix(strings.TrimPrefix(text, `.\`), "./")
	text = strings.TrimSpace(alternative.ReplaceAllString(text, ""))
	program, _, more := strings.Cut(text, " ")
	return text, more && (program == "poactor" || program == "make" || program == "xattr")
}

// shellCommands are the commands of a line of a code block. A task of Windows is one, and
// what it starts another.
func shellCommands(language, line string) []string {
	line = strings.TrimPrefix(line, "$ ")
	if language != "powershell" {
		return []string{line}
	}
	line = assignment.ReplaceAllString(line, "")
	list := []string{strings.TrimPrefix(line, `.\`)}
	if m := taskAction.FindStringSubmatch(line); m != nil {
		list = append(list, "poactor "+m[1])
	}
	return list
}

// allDocumentedCommands are those of all pages, without those that cannot be run. The same
// between backquotes twice is one.
func allDocumentedCommands(t *testing.T) (list []documentedCommand) {
	t.Helper()
	root := filepath.Join("..", "..")
	docs, err := filepath.Glob(filepath.Join(root, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen, listed := map[string]bool{}, map[string]bool{}
	pages := append([]string{filepath.Join(root, "README.md"), filepath.Join(root, "CONTRIBUTING.md")}, docs...)
	for _, page := range pages {
		for _, c := range documentedCommands(t, page) {
			if beginning := beginningOf(c.text); beginning != "" {
				listed[beginning] = true
			} else if !seen[c.text] || len(c.output) > 0 {
				seen[c.text] = true
				list = append(list, c)
			}
		}
	}
	for beginning := range notRun {
		if !listed[beginning] {
			t.Errorf("notRun has %q, which stands on no page", beginning)
		}
	}
	if len(list) < 30 {
		t.Fatalf("only %d commands are read", len(list))
	}
	return list
}

// beginningOf is the entry of notRun that a command falls under; empty if there is none.
func beginningOf(text string) string {
	for beginning := range notRun {
		if strings.HasPrefix(text, beginning) {
			return beginning
		}
	}
	return ""
}

// mention reports whether a command is nothing but a name, as in "see poactor status": then its
// help is there. Commands that need nothing more are run.
func (c documentedCommand) mention() bool {
	if !bareWords.MatchString(c.text) || !strings.HasPrefix(c.text, "poactor ") {
		return false
	}
	command, rest, err := commandTree().Find(strings.Fields(c.text)[1:])
	return err == nil && len(rest) == 0 && (command.HasSubCommands() || bareArgument.MatchString(command.Use))
}

// command names the command of poactor that is given; empty where it only shows or checks
// something: help, a plan, or what is not poactor's.
func (c documentedCommand) command() string {
	if c.mention() || !slices.Contains(strings.Fields(c.text), "poactor") {
		return ""
	}
	_, args, _ := strings.Cut(c.text, "poactor ")
	words := strings.Fields(args)
	if slices.Contains(words, "--help") || slices.Contains(words, "--dry-run") {
		return ""
	}
	command, _, err := commandTree().Find(words)
	if err != nil || !command.HasParent() {
		return "run"
	}
	return command.Name()
}

// needsBrowser reports whether a command opens a browser.
func (c documentedCommand) needsBrowser() bool {
	return slices.Contains([]string{"run", "retry", "login", "doctor", "demo"}, c.command())
}

func commandTree() *cobra.Command {
	root := (&app{env: func(string) (string, bool) { return "", false }}).root()
	root.InitDefaultHelpCmd()
	return root
}

// The reading of pages itself: what is a command, and what only looks like one.
func TestDocumentedCommandsAreRead(t *testing.T) {
	t.Parallel()
	page := filepath.Join(t.TempDir(), "page.md")
	text := "`poactor retry DIR [--status S]` and `poactor.Run`, `poactor`, `poactor profile list`\n\n" +
		"    go test ./x\n\n```console\n$ poactor a.csv\n3 orders\nfiles: a\n```\n" +
		"```powershell\n$x = New-Thing -Argument '--quiet b.csv' `\n    -More\n.\\poactor status b\n```\n" +
		"```crontab\nPATH=/bin\n15 5 * * 1-5 poactor c.csv\n```\n```ini\nEnvironment=A=b\nExecStart=/usr/local/bin/poactor d.csv\n```\n" +
		"- a list\n    with `make demo`\n\n```\npoactor/ a tree\n```\n"
	if err := os.WriteFile(page, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range documentedCommands(t, page) {
		got = append(got, strings.Join(append([]string{c.text}, c.output...), "|"))
	}
	want := []string{"poactor retry DIR", "poactor profile list", "go test ./x", "poactor a.csv|3 orders|files: a",
		"New-Thing -Argument '--quiet b.csv' -More", "poactor --quiet b.csv", "poactor status b", "poactor c.csv", "env A=b poactor d.csv", "make demo"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for text, browser := range map[string]bool{"poactor a.csv": true, "X=1 poactor a.csv": true, "poactor a.csv --dry-run": false,
		"poactor status orders": false, "poactor login --check": true, "poactor login": true, "poactor retry": false, "sha256sum -c x": false} {
		if (documentedCommand{text: text}).needsBrowser() != browser {
			t.Errorf("%s: needs a browser: %v", text, !browser)
		}
	}
}
