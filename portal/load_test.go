package portal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// smallest is the shortest definition that will do.
const smallest = `name: x
order:
  path: /o/{number}
attachments:
  links: [a.file]
`

func TestLoadFillsIn(t *testing.T) {
	t.Parallel()
	path := write(t, "base_url: https://x.example/\n"+smallest)
	got, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Portal{
		Name:    "x",
		BaseURL: "https://x.example",
		Order:   OrderPage{Path: "/o/{number}", Number: `\S+`},
		Signs: Signs{
			NotFound:  Sign{Statuses: []int{404, 410}},
			Forbidden: Sign{Statuses: []int{403}},
			SignedOut: Sign{Statuses: []int{401}},
		},
		Attachments: Attachments{
			Links:  []string{"a.file"},
			Name:   []string{"download", "title", "aria-label", "text", "url"},
			Target: []string{"href", "data-url", "data-href"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestLoadKeepsAnEmptyListThatIsWritten(t *testing.T) {
	t.Parallel()
	got, err := Load(write(t, smallest+"  target: []\nsigns:\n  not_found:\n    statuses: []\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Signs.NotFound.Statuses == nil || len(got.Signs.NotFound.Statuses) != 0 || len(got.Attachments.Target) != 0 {
		t.Errorf("got %v and %v", got.Signs.NotFound.Statuses, got.Attachments.Target)
	}
}

// Each row is a file and every line that a user is told about it, FILE standing
// for its path, the hint behind the bar.
func TestLoadErrors(t *testing.T) {
	t.Parallel()
	const top = "name, base_url, order, signs, interstitial, attachments, supplier, sign_in, probe, fallback, allowed_hosts, block"
	tests := []struct {
		name string
		file string
		want []string
	}{
		{"empty", "", []string{"FILE:1:1: the file is empty | portal show coupa prints an example"}},
		{"only a comment", "# x\n", []string{"FILE:1:1: the file is empty | portal show coupa prints an example"}},
		{"only a mark", "---\n", []string{"FILE:1:1: the file is empty | portal show coupa prints an example"}},
		{"tab", "name: x\norder:\n\tpath: /x\n", []string{"FILE:3:1: a tab stands where only spaces may | indent with spaces"}},
		{"tab after spaces", "name: x\norder:\n  \tpath: /x\n", []string{"FILE:3:3: a tab stands where only spaces may | indent with spaces"}},
		{"Windows-1252", "name: x\nsupplier: [\"\xe4\"]\n", []string{"FILE:2:13: the text is not UTF-8 | save the file as UTF-8"}},
		{"UTF-16", "\xff\xfen\x00", []string{"FILE:1:1: the text is not UTF-8 | save the file as UTF-8"}},
		{"binary", "name: \x00\x01", []string{"FILE:1:7: a control character (U+0000) stands here | take it out; is this a text file?"}},
		{"a text", "hello", []string{"FILE:1:1: must be keys and values, not the text \"hello\" | the keys are " + top}},
		{"a list", "- a\n", []string{"FILE:1:1: must be keys and values, not a list | the keys are " + top}},
		{"two documents", smallest + "---\nname: y\n", []string{"FILE:6:1: a second document begins | keep one portal in one file"}},
		{"second document broken", smallest + "---\n[\n", []string{"FILE:8:1: not YAML: did not find expected node content | look at this line and the one above: indentation, quotes; put a text that begins with [ { ' or \" in quotes as a whole"}},
		{"quote not closed", "name: 'x\n" + "order:\n", []string{"FILE:1:7: not YAML: found unexpected end of stream | a quote that opens here is never closed"}},
		{"double quotes and a pattern", "name: \"\\d+\"\n", []string{"FILE:1:8: not YAML: found unknown escape character | write patterns in single quotes, where \\ stands for itself"}},
		{"colon", "name: a: b\n", []string{"FILE:1:8: not YAML: mapping values are not allowed in this context | put a text that has a colon and a space in quotes; is the line above indented right?"}},
		{"at sign", "name: @x\n", []string{"FILE:1:7: not YAML: found character that cannot start any token | put a text that begins with @, ` or % in quotes"}},
		{"unknown alias", "name: *x\n", []string{"FILE:1:7: not YAML: unknown anchor 'x' referenced | put a text that begins with * in quotes"}},
		{"selector like a list", "supplier:\n  - [a='x'][b]\n", []string{"FILE:2:12: not YAML: did not find expected '-' indicator | look at this line and the one above: indentation, quotes; put a text that begins with [ { ' or \" in quotes as a whole"}},
		{"too deep", "name: " + strings.Repeat("[", 20_000), []string{"FILE:1:10007: not YAML: exceeded max depth of 10000 | a portal file is nested three deep"}},
		{"bomb", "name: x\nsupplier: &a [x, x]\nfallback: {links: *a, texts: [*a, *a]}\n" + smallest[8:], []string{
			"FILE:2:11: supplier: has an anchor, which portal files do not have | put a text that begins with & in quotes",
			"FILE:3:19: fallback.links: is an alias, which portal files do not have | put a text that begins with * in quotes",
			"FILE:3:31: fallback.texts[1]: is an alias, which portal files do not have | put a text that begins with * in quotes",
			"FILE:3:35: fallback.texts[2]: is an alias, which portal files do not have | put a text that begins with * in quotes",
		}},
		{"merge key", smallest + "<<: {supplier: [a]}\n", []string{"FILE:6:1: unknown key \"<<\" | the keys here are " + top}},
		{"unknown key", smallest + "sings:\n  empty: 1\n", []string{"FILE:6:1: unknown key \"sings\" | did you mean \"signs\"?"}},
		{"unknown key below", smallest + "signs:\n  empty:\n    text: [x]\n", []string{"FILE:8:5: signs.empty: unknown key \"text\" | did you mean \"texts\"?"}},
		{"far from all", smallest + "password: x\n", []string{"FILE:6:1: unknown key \"password\" | the keys here are " + top}},
		{"hostile key", smallest + "\"a\\nb\": x\n", []string{"FILE:6:1: unknown key \"a\\nb\" | the keys here are " + top}},
		{"a list as a key", smallest + "? [a]\n: x\n", []string{"FILE:6:3: a key must be a word, not a list | the keys here are " + top}},
		{"key twice", smallest + "name: y\n", []string{"FILE:6:1: name: stands here twice, first in line 1 | keep one of the two"}},
		{"misspelt required key is told before what is missing", "name: x\norders:\n  path: /o/{number}\nattachments:\n  links: [a]\n", []string{
			"FILE:2:1: unknown key \"orders\" | did you mean \"order\"?",
			"FILE:1:1: order.path is missing | write the part of an order page's address after the base URL, with {number} for the number, like /orders/{number}",
		}},
		{"all missing", "supplier: [a]\n", []string{
			"FILE:1:1: name is missing | use up to 40 lower-case letters, digits, - and _",
			"FILE:1:1: order.path is missing | write the part of an order page's address after the base URL, with {number} for the number, like /orders/{number}",
			"FILE:1:1: attachments.links is missing | list CSS selectors that match the links of the documents",
		}},
		{"missing below", "name: x\norder:\n  path:\nattachments:\n  links: []\n", []string{
			"FILE:3:8: order.path is missing | write the part of an order page's address after the base URL, with {number} for the number, like /orders/{number}",
			"FILE:5:10: attachments.links is missing | list CSS selectors that match the links of the documents",
		}},
		{"number for a text", "name: 5\n" + smallest[8:], []string{"FILE:1:7: name: must be a text, not the number \"5\" | put it in quotes"}},
		{"truth for a text", smallest + "supplier: [true]\n", []string{"FILE:6:12: supplier[1]: must be a text, not the truth value \"true\" | put it in quotes"}},
		{"date for a text", "name: 2026-01-01\n" + smallest[8:], []string{"FILE:1:7: name: must be a text, not the date \"2026-01-01\" | put it in quotes"}},
		{"tagged", "name: !!binary eA==\n" + smallest[8:], []string{"FILE:1:7: name: must be a text, not something tagged \"!!binary\" | put it in quotes"}},
		{"text for a list", smallest + "supplier: .x\n", []string{"FILE:6:11: supplier: must be a list, not the text \".x\" | begin each entry with \"- \" on a line of its own"}},
		{"list for a text", "name: [x]\n" + smallest[8:], []string{"FILE:1:7: name: must be a text, not a list | put a text that begins with [ or {, or that has a colon and a space, in quotes"}},
		{"list for keys", smallest + "signs: [x]\n", []string{"FILE:6:8: signs: must be keys and values, not a list | the keys are empty, not_found, forbidden, signed_out, signed_in, error"}},
		{"selector read as a list", smallest + "supplier:\n  - [title]\n", []string{"FILE:7:5: supplier[1]: must be a text, not a list | put a text that begins with [ or {, or that has a colon and a space, in quotes"}},
		{"selector read as a comment", smallest + "supplier:\n  - #main\n", []string{"FILE:7:4: supplier[1]: is empty | put a text that begins with # in quotes"}},
		{"text for a number", smallest + "  settle_ms: soon\n", []string{"FILE:6:14: attachments.settle_ms: must be a number, not the text \"soon\" | write digits without quotes"}},
		{"fraction for a number", smallest + "  settle_ms: 1.5\n", []string{"FILE:6:14: attachments.settle_ms: must be a number, not the number \"1.5\" | write digits without quotes"}},
		{"huge number", smallest + "  settle_ms: 99999999999999999999\n", []string{"FILE:6:14: attachments.settle_ms: must be a number, not the number \"99999999999999999999\" | write digits without quotes"}},
		{"negative number", smallest + "  settle_ms: -3\n", []string{"FILE:6:14: attachments.settle_ms: -3 is not between 0 and 30000 | 0 suits most portals"}},
		{"status", smallest + "signs:\n  empty:\n    statuses: [200, 42, 503]\n", []string{
			"FILE:8:16: signs.empty.statuses[1]: 200 is the status of good pages too | only statuses from 400 on say something",
			"FILE:8:21: signs.empty.statuses[2]: 42 is not an HTTP status | statuses are numbers like 404",
			"FILE:8:25: signs.empty.statuses[3]: 503 means try again later and is always treated so | leave it out",
		}},
		{"base URL of a script", smallest + "base_url: javascript:alert(1)\n", []string{"FILE:6:11: base_url: \"javascript:alert(1)\" is not http or https | give the address of the portal's start page, like https://company.example.com"}},
		{"base URL of a file", smallest + "base_url: file:///etc/passwd\n", []string{"FILE:6:11: base_url: \"file:///etc/passwd\" is not http or https | give the address of the portal's start page, like https://company.example.com"}},
		{"bad selector", smallest + "supplier:\n  - .good\n  - \"a[\"\n", []string{"FILE:8:5: supplier[2]: \"a[\" has a [ that is not closed | try it in the browser's console: document.querySelectorAll(\"…\")"}},
		{"bad number pattern", "name: x\norder:\n  path: /o/{number}\n  number: 'PO(\\d+'\nattachments: {links: [a]}\n", []string{"FILE:4:11: order.number: \"PO(\\\\d+\" is not a regular expression: missing closing ) | the syntax is RE2's: https://github.com/google/re2/wiki/Syntax"}},
		{"path without a number", "name: x\norder:\n  path: /o\nattachments: {links: [a]}\n", []string{"FILE:3:9: order.path: \"/o\" has no {number} | write the part of an order page's address after the base URL, with {number} for the number, like /orders/{number}"}},
		{"unknown kind", smallest + "block: [images]\n", []string{"FILE:6:9: block[1]: \"images\" is neither a kind nor a URL pattern | did you mean \"image\"?"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			path := write(t, tt.file)
			p, err := Load(path)
			var got []string
			all, _ := errors.AsType[Errors](err)
			for _, e := range all {
				got = append(got, strings.ReplaceAll(e.Error(), path, "FILE")+" | "+e.Hint)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff(Portal{}, p); diff != "" {
				t.Errorf("a portal comes with the error: %s", diff)
			}
		})
	}
}

func TestLoadOddFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	huge := filepath.Join(dir, "huge.yaml")
	if err := os.WriteFile(huge, make([]byte, maxFileBytes+1), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		dir:                            "is a directory, not a portal file",
		huge:                           "is larger than 1 MiB",
		filepath.Join(dir, "no.yaml"):  "no such portal file",
		filepath.Join(dir, "n\no.yml"): "no such portal file",
	} {
		_, err := Load(path)
		if want = oneLine(path) + ": " + want; text(err) != want {
			t.Errorf("got %q, want %q", text(err), want)
		}
	}
}

func TestErrorsIsOneLine(t *testing.T) {
	t.Parallel()
	_, err := Load(write(t, "a: 1\n"))
	if !strings.HasSuffix(text(err), `portal.yaml:1:1: unknown key "a" (and 3 more)`) {
		t.Error(err)
	}
	one, ok := errors.AsType[*Error](fmt.Errorf("read: %w", err))
	if !ok || one.Msg != `unknown key "a"` {
		t.Errorf("the first problem is %v", one)
	}
}

// A file of a thousand problems is not a thousand lines.
func TestLoadTellsSoMuchAndNoMore(t *testing.T) {
	t.Parallel()
	var file strings.Builder
	file.WriteString(smallest + "supplier:\n")
	for range 1000 {
		file.WriteString("  - 'a['\n")
	}
	for i := range 1000 {
		fmt.Fprintf(&file, "key%d: 1\n", i)
	}
	_, err := parse("x", []byte(file.String()))
	if all, _ := errors.AsType[Errors](err); len(all) != maxFaults {
		t.Errorf("%d problems told", len(all))
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte(smallest))
	for _, p := range Builtins() {
		data, err := p.Marshal()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, s := range []string{"a: &a [*a]", "? [a]\n: b", "- - - -", "name: |\n  x\n", "name: x\n...\n---\n", "{name: x, order: {path: \"/{number}\"}}", "!!map {}", "!x\n", "%YAML 1.2\n---\n", "signs: {empty: {statuses: [0x1F]}}"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parse("file", data)
		if err == nil {
			sameAgain(t, p)
			return
		}
		all, ok := errors.AsType[Errors](err)
		if !ok || len(all) == 0 {
			t.Fatalf("not Errors: %v", err)
		}
		for _, e := range all {
			if line := e.Error() + e.Hint; strings.ContainsAny(line, "\r\n") || e.Line < 1 || e.Column < 1 {
				t.Errorf("%q at %d:%d", line, e.Line, e.Column)
			}
		}
	})
}

// sameAgain checks that a portal survives being written and read.
func sameAgain(t *testing.T, p Portal) {
	t.Helper()
	data, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := parse("again", data)
	if err != nil {
		t.Fatalf("%v in\n%s", err, data)
	}
	if diff := cmp.Diff(tidy(p), tidy(again)); diff != "" {
		t.Errorf("%s in\n%s", diff, data)
	}
}

// tidy makes empty lists nil where that is the same.
func tidy(p Portal) Portal {
	for _, list := range []*[]string{&p.Supplier, &p.Fallback.Links, &p.Fallback.Texts, &p.AllowedHosts, &p.Block} {
		tidyList(list)
	}
	for _, sign := range []*Sign{&p.Signs.Empty, &p.Signs.NotFound, &p.Signs.Forbidden, &p.Signs.SignedOut} {
		tidyList(&sign.Selectors)
		tidyList(&sign.Texts)
		tidyList(&sign.URLs)
	}
	tidyList(&p.Signs.Empty.Statuses)
	return p
}

func tidyList[T any](list *[]T) {
	if len(*list) == 0 {
		*list = nil
	}
}

func write(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "portal.yaml")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
