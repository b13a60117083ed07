//go:build unix

package main

import (
	"cmp"
	"encoding/csv"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"github.com/poactor/poactor/internal/testdisplay"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/portal"
)

// reader is somebody who does what the pages say: in a directory with the lists that they
// name, and at a portal like theirs.
type reader struct {
	t    *testing.T
	dir  string // work has the lists, var what stands below /var/lib and /etc
	env  []string
	with *strings.Replacer // of what is invented on the pages
	want map[string]string // words in capitals: what somebody would write there
}

// newReader prepares all that the commands work on. traces counts what comes to a collector.
func newReader(t *testing.T, signIn bool, display string) (r *reader, traces *atomic.Int32) {
	t.Helper()
	options := testportal.Options{MaxFile: 64 << 10, PageLatency: 20 * time.Millisecond, ListLatency: 20 * time.Millisecond,
		FileLatency: -1, TrackerLatency: -1}
	if signIn {
		options.SignIn, options.Sessions = true, testportal.Sessions{Human: time.Second}
	}
	site, err := testportal.Start(options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = site.Close() })
	traces = &atomic.Int32{}
	collector := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { traces.Add(1) }))
	t.Cleanup(collector.Close)
	dir, err := os.MkdirTemp("", "pa") // short: browsers put sockets there
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	r = &reader{t: t, dir: dir}
	for _, name := range []string{"work", "tmp", "var/poactor"} {
		if err := os.MkdirAll(r.at(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	good, refused := r.lists(site)
	r.write("var/passphrase", "correct horse battery staple")
	r.session(site, signIn)
	r.with = strings.NewReplacer("https://acme.coupahost.com", site.URL(), "http://localhost:4318", collector.URL,
		"PO15329494", refused, "4500012345", good, "2041-007", good, "/etc/poactor/", r.at("var")+"/", "/var/lib/poactor/", r.at("var/poactor")+"/",
		"%S/", r.at("var")+"/", `D:\poactor\`, r.at("var/poactor")+"/", ":9464", ":0", "=9464", "=0", "--export FILE", "--export exported.json")
	r.want = map[string]string{"DIR": "orders", "OUT": "orders", "PO": refused, "NUMBER": refused, "BATCH": "orders.csv",
		"FILE": "session.json", "URL": site.URL(), "NAME|FILE": "coupa", "NAME|DIR": "default"}
	// Plain files stand for the keychain that a desktop has: under the race detector a passphrase costs each start ten seconds.
	r.env = append(os.Environ(), "POACTOR_INSECURE_PLAIN=true", "HOME="+dir, "XDG_CONFIG_HOME="+r.at("config"), "XDG_DATA_HOME="+r.at("data"), "TMPDIR="+r.at("tmp"),
		"POACTOR_KEYCHAIN=off", "DISPLAY="+display, "WAYLAND_DISPLAY=", "POACTOR_NO_SANDBOX="+strconv.FormatBool(os.Geteuid() == 0))
	return r, traces
}

func (r *reader) at(name string) string { return filepath.Join(r.dir, filepath.FromSlash(name)) }

func (r *reader) write(name, text string) {
	r.t.Helper()
	if err := os.WriteFile(r.at(name), []byte(text), 0o600); err != nil {
		r.t.Fatal(err)
	}
}

// lists writes the lists that the pages name: orders that end well, and but for batch.csv two
// that the portal refuses. It names one of each.
func (r *reader) lists(site *testportal.Portal) (good, refused string) {
	r.t.Helper()
	want := map[po.Status]int{po.Completed: 4, po.NoAttachments: 2, po.NotFound: 1, po.Failed: 2}
	rows := [][]string{{"PO_NUMBER", "Buyer"}}
	var last [][]string
	for _, o := range site.Truth() {
		plain := o.Kind == "ordinary" || o.Status != po.Completed
		if want[o.Status] == 0 || !plain || o.Status == po.Failed && o.Cause != po.Forbidden {
			continue
		}
		want[o.Status]--
		switch o.Status {
		case po.Completed:
			good = o.Number
		case po.Failed:
			refused = cmp.Or(refused, o.Number)
			last = append(last, []string{o.Number, "Ada"})
			continue
		}
		rows = append(rows, []string{o.Number, "Ada"})
	}
	text := func(rows [][]string) string {
		var b strings.Builder
		if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
			r.t.Fatal(err)
		}
		return b.String()
	}
	r.write("work/batch.csv", text(rows))
	rows = append(rows, last...)
	r.write("work/orders.csv", text(rows))
	r.write("var/poactor/orders.csv", text(rows))
	workbook := excelize.NewFile()
	defer workbook.Close()
	for i, row := range rows {
		if err := workbook.SetSheetRow("Sheet1", "A"+strconv.Itoa(i+1), &row); err != nil {
			r.t.Fatal(err)
		}
	}
	if err := workbook.SaveAs(r.at("work/orders.xlsx")); err != nil {
		r.t.Fatal(err)
	}
	return good, refused
}

// session writes the definition of the invented portal, and a session of it.
func (r *reader) session(site *testportal.Portal, signIn bool) {
	r.t.Helper()
	coupa, _ := portal.Builtin("coupa")
	definition, err := site.Definition(coupa)
	if err != nil {
		r.t.Fatal(err)
	}
	definition.Name = "acme"
	text, err := definition.Marshal()
	if err != nil {
		r.t.Fatal(err)
	}
	r.write("work/acme.yaml", string(text))
	if signIn {
		c := site.SessionCookieFor(testportal.HumanUser)
		r.write("work/session.json", `{"cookies": [{"name": "`+c.Name+`", "value": "`+c.Value+
			`", "domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": true}], "origins": []}`)
	}
}

// does what a page says, and returns the exit code and all that was written.
func (r *reader) does(command string, settings ...string) (code int, out string) {
	r.t.Helper()
	script := command
	if strings.HasSuffix(command, "&") {
		script += "\nwait $!"
	}
	cmd := exec.CommandContext(r.t.Context(), "sh", "-c", script)
	if cmd.Dir, cmd.Env = r.at("work"), slices.Concat(r.env, settings); strings.HasPrefix(command, "make") {
		cmd.Dir = filepath.Join("..", "..")
	}
	said, err := cmd.CombinedOutput()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode(), string(said)
	} else if err != nil {
		r.t.Fatal(err)
	}
	return 0, string(said)
}

// words are what somebody would type of a command.
func (r *reader) words(c documentedCommand) string {
	if c.mention() {
		return c.text + " --help"
	}
	list := strings.Split(r.with.Replace(c.text), " ")
	for i, word := range list {
		if instead, ok := r.want[word]; ok {
			list[i] = instead
		}
	}
	command, _, _ := strings.Cut(strings.Join(list, " "), "  #")
	return strings.TrimSpace(command)
}

// enough is how long the commands are given together. All take two minutes; on a machine that is
// as busy as can be the rest is left to another time, for the tests behind this one.
const enough = 8 * time.Minute

// follow does each command, and holds what it comes to against what the page says. whole is
// false where there was not enough time.
func (r *reader) follow(list []documentedCommand) (whole bool) {
	r.t.Helper()
	done, start := map[string]bool{}, time.Now()
	for i, c := range list {
		if time.Since(start) > enough {
			r.t.Logf("%d of %d commands are left out: the machine is too busy", len(list)-i, len(list))
			return false
		}
		command := r.words(c)
		if done[command] {
			continue
		}
		done[command] = true
		var settings []string
		if c.inText { // a sentence leaves out what is set once
			settings = []string{"POACTOR_BASE_URL=" + r.want["URL"]}
		}
		began := time.Now()
		code, out := r.does(command, settings...)
		r.t.Logf("%s:%d: %s: %v", c.page, c.line, c.text, time.Since(began).Round(time.Millisecond))
		want := exitDone
		if name := c.command(); (name == "run" || name == "retry") && !strings.Contains(command, "batch.csv") &&
			!strings.Contains(command, " || ") {
			want = exitUnfinished // as the list has it
		}
		if code != want {
			r.t.Errorf("%s:%d: %s: exit code %d, want %d\n%s", c.page, c.line, command, code, want, out)
		}
		if len(c.output) > 0 && !strings.Contains(shape(out), shape(r.with.Replace(strings.Join(c.output, "\n")))) {
			r.t.Errorf("%s:%d: %s says\n%s\nand the page\n%s", c.page, c.line, command, out, strings.Join(c.output, "\n"))
		}
	}
	return true
}

// shape is a text with the same number and time wherever it has one, and without empty lines
// and indents.
func shape(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			b.WriteString(anyNumber.ReplaceAllString(line, "1") + "\n")
		}
	}
	return b.String()
}

var anyNumber = regexp.MustCompile(`\b\d[\d.]*((ms|m|s)\d*)*\b`)

// The commands of all pages that need no browser.
func TestDocumentedCommands(t *testing.T) {
	t.Parallel()
	r, _ := newReader(t, false, "")
	code, out := r.does("poactor-plain orders.csv", "POACTOR_BASE_URL="+r.want["URL"])
	if code != exitUnfinished || !strings.Contains(out, " COMPLETED") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	r.follow(slices.DeleteFunc(allDocumentedCommands(t), documentedCommand.needsBrowser))
}

// All commands of all pages, as somebody does them who reads them from the first to the last.
func TestFaultsDocumentedCommands(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	r, traces := newReader(t, true, testdisplay.Start(t))
	if r.follow(allDocumentedCommands(t)) && traces.Load() == 0 {
		t.Error("no traces were sent to the collector that docs/metrics.md names")
	}
}
