package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gofrs/flock"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

// cmdCode runs a command and wants its exit code: code 3 poactor …
func cmdCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N command …")
	}
	err := ts.Exec(args[1], args[2:]...)
	want(ts, args[0], err)
	if strings.HasPrefix(args[1], "poactor") && slices.Contains(args, "--json") {
		ts.Check(checkJSONLines(ts.ReadFile("stdout")))
	}
}

func want(ts *testscript.TestScript, code string, err error) {
	got := 0
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		got = exit.ExitCode()
	} else if err != nil {
		ts.Fatalf("%v", err)
	}
	if strconv.Itoa(got) != code {
		ts.Fatalf("exit code %d, want %s", got, code)
	}
}

// cmdPortal starts the built-in portal for the script, with its address in
// $PORTAL and its batch in batch.csv: portal ORDERS [mix] [sign-in] [slow] [page]; with
// page the lists are written into the pages
func cmdPortal(ts *testscript.TestScript, _ bool, args []string) {
	orders, err := strconv.Atoi(args[0])
	ts.Check(err)
	opts := testportal.Options{Orders: orders, Mix: testportal.Plain, MaxFile: 64 << 10, PageLatency: 20 * time.Millisecond,
		ListLatency: 20 * time.Millisecond, FileLatency: -1, TrackerLatency: 50 * time.Millisecond}
	for _, arg := range args[1:] {
		switch arg {
		case "sign-in":
			opts.SignIn = true
		case "page":
			opts.Lists = testportal.ListsInPage
		case "slow":
			opts.PageLatency = 500 * time.Millisecond
		default:
			opts.Mix = testportal.Mix(arg)
		}
	}
	site, err := testportal.Start(opts)
	ts.Check(err)
	ts.Defer(func() { _ = site.Close() })
	sites.Store(ts, site)
	ts.Defer(func() { sites.Delete(ts) })
	var b bytes.Buffer
	ts.Check(site.Batch(&b))
	ts.Check(os.WriteFile(ts.MkAbs("batch.csv"), b.Bytes(), 0o600))
	ts.Setenv("PORTAL", site.URL())
	if opts.SignIn {
		writeSignIn(ts, site)
	}
}

// cmdSilentBus gives the script a session bus that takes connections and never says a
// word, as where nobody can unlock the keychain behind it: silentbus
func cmdSilentBus(ts *testscript.TestScript, _ bool, _ []string) {
	path := filepath.Join(ts.Getenv("TMPDIR"), "bus")
	bus, err := net.Listen("unix", path)
	ts.Check(err)
	ts.Defer(func() { _ = bus.Close() })
	go func() { // ends with the bus
		var open []net.Conn
		for {
			c, err := bus.Accept()
			if err != nil {
				break
			}
			open = append(open, c)
		}
		for _, c := range open {
			_ = c.Close()
		}
	}()
	ts.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+path)
	ts.Setenv("POACTOR_KEYCHAIN", "")
}

// writeSignIn writes the definition of a portal that wants a sign-in, acme.yaml, and a
// session of it, session.json.
func writeSignIn(ts *testscript.TestScript, site *testportal.Portal) {
	coupa, _ := portal.Builtin("coupa")
	definition, err := site.Definition(coupa)
	ts.Check(err)
	text, err := definition.Marshal()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("acme.yaml"), text, 0o600))
	c := site.SessionCookie()
	session := fmt.Sprintf(`{"cookies": [
		{"name": %q, "value": %q, "domain": "127.0.0.1", "path": "/", "expires": -1, "httpOnly": true},
		{"name": "n", "value": "v", "domain": ".tracker.example", "path": "/"}], "origins": []}`, c.Name, c.Value)
	ts.Check(os.WriteFile(ts.MkAbs("session.json"), []byte(session), 0o600))
}

// sites has the portal of each script under way.
var sites sync.Map

// cmdVerify holds an output directory against the truth of the script's
// portal: verify DIR
func cmdVerify(ts *testscript.TestScript, _ bool, args []string) {
	site, ok := sites.Load(ts)
	if !ok {
		ts.Fatalf("no portal")
	}
	out := ts.MkAbs(args[0])
	outcomes, err := readBack(out)
	ts.Check(err)
	if wrong := site.(*testportal.Portal).Verify(out, outcomes); len(wrong) > 0 {
		ts.Fatalf("not what the portal has:\n%s", strings.Join(wrong, "\n"))
	}
}

// orderLine is the line of an order that has ended.
var orderLine = regexp.MustCompile(`^[-0-9]{10} [:0-9]{8} \[`)

// cmdInterrupt runs poactor, sends it SIGINT when it shows the first settled
// order, as often as asked, and wants its exit code: interrupt TIMES CODE args …
func cmdInterrupt(ts *testscript.TestScript, _ bool, args []string) {
	times, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath("poactor")
	ts.Check(err)
	c := exec.Command(path, args[2:]...)
	c.Dir = ts.MkAbs(".")
	c.Env = os.Environ()
	for _, name := range []string{"HOME", "TMPDIR", "XDG_CONFIG_HOME", "POACTOR_NO_SANDBOX"} {
		c.Env = append(c.Env, name+"="+ts.Getenv(name))
	}
	stderr, err := c.StderrPipe()
	ts.Check(err)
	stdout, err := c.StdoutPipe()
	ts.Check(err)
	ts.Check(c.Start())
	lines := bufio.NewScanner(stdout)
	for lines.Scan() && !orderLine.MatchString(lines.Text()) {
	}
	if site, ok := sites.Load(ts); ok && times > 1 { // what is in hand does not end before the second
		site.(*testportal.Portal).SetFault(testportal.Hang)
		defer site.(*testportal.Portal).SetFault(testportal.NoFault)
	}
	var rest sync.WaitGroup
	rest.Go(func() { _, _ = io.Copy(io.Discard, stdout) })
	said := bufio.NewScanner(stderr)
	scan := func(until string) {
		for said.Scan() {
			_, _ = fmt.Fprintln(ts.Stderr(), said.Text())
			if until != "" && strings.HasPrefix(said.Text(), until) {
				return
			}
		}
	}
	for n := range times { // two signals at once are one to a process: each is answered before the next
		ts.Check(c.Process.Signal(os.Interrupt))
		scan([]string{"poactor: interrupted: ", "poactor: ending now"}[n])
	}
	scan("")
	rest.Wait()
	want(ts, args[1], c.Wait())
}

// cmdHold holds an output directory as another run would: hold DIR
func cmdHold(ts *testscript.TestScript, _ bool, args []string) {
	state := filepath.Join(ts.MkAbs(args[0]), outdir.StateDir)
	ts.Check(os.MkdirAll(state, 0o700))
	lock := flock.New(filepath.Join(state, "lock"))
	held, err := lock.TryLock()
	ts.Check(err)
	if !held {
		ts.Fatalf("%s is held already", args[0])
	}
	owner := fmt.Sprintf(`{"process": 4711, "host": "there", "since": %q}`, time.Date(2026, 1, 2, 3, 4, 5, 0, time.Local).Format(time.RFC3339))
	ts.Check(os.WriteFile(filepath.Join(state, "lock.owner"), []byte(owner), 0o600))
	ts.Defer(func() { _ = lock.Close() })
}

// cmdProfiles makes a work directory for browser profiles, as a run of a living
// process has it or as one that was killed leaves it, or without the marker that
// tells it from somebody's: profiles live|dead|alike NAME
func cmdProfiles(ts *testscript.TestScript, _ bool, args []string) {
	dir := filepath.Join(ts.Getenv("TMPDIR"), args[1])
	store, err := profilestore.Open(profilestore.Config{Dir: dir, For: "/data/" + args[0]})
	ts.Check(err)
	p, err := store.Lease(context.Background())
	ts.Check(err)
	if args[0] == "live" {
		ts.Defer(func() { _ = store.Close() })
		return
	}
	marker, err := os.ReadFile(filepath.Join(dir, ".profiles.json"))
	ts.Check(err)
	ts.Check(store.Close())
	ts.Check(os.MkdirAll(p.Dir, 0o700))
	ts.Check(os.WriteFile(filepath.Join(p.Dir, "Cookies"), make([]byte, 2000), 0o600))
	if args[0] == "dead" {
		ts.Check(os.WriteFile(filepath.Join(dir, ".profiles.json"), marker, 0o600))
	}
}

// cmdWorkFolder gives the next order of an output directory that is open, or
// settled, a work folder, as an attempt that was killed leaves it; with found as
// one that had a final name before, with a file in it: workfolder DIR
// open|settled [found]
func cmdWorkFolder(ts *testscript.TestScript, _ bool, args []string) {
	out := ts.MkAbs(args[0])
	ledger, err := lookLedger(out)
	ts.Check(err)
	defer ledger.Close()
	for o, err := range ledger.Outcomes(context.Background()) {
		ts.Check(err)
		dir := filepath.Join(out, "Acme", "PO_"+string(o.Key)+"__WORK")
		if _, err := os.Stat(dir); (o.Status == "") != (args[1] == "open") || err == nil {
			continue
		}
		ts.Check(os.MkdirAll(dir, 0o700))
		ts.Check(os.WriteFile(filepath.Join(dir, "half.pdf"), []byte("half"), 0o600))
		if len(args) > 2 {
			ts.Check(os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600))
			ts.Check(os.WriteFile(filepath.Join(dir, ".poactor-found.json"), []byte(`["notes.txt"]`), 0o600))
		}
		return
	}
	ts.Fatalf("no order is %s", args[1])
}

// cmdSpoil deletes a file of an order, cuts one short and changes one: spoil DIR
func cmdSpoil(ts *testscript.TestScript, _ bool, args []string) {
	files, err := filepath.Glob(filepath.Join(ts.MkAbs(args[0]), "*", "PO_*_COMPLETED", "*"))
	ts.Check(err)
	if len(files) < 3 {
		ts.Fatalf("only %d files", len(files))
	}
	ts.Check(os.Remove(files[0]))
	ts.Check(os.Truncate(files[1], 1))
	text, err := os.ReadFile(files[2])
	ts.Check(err)
	text[len(text)/2] ^= 1
	ts.Check(os.WriteFile(files[2], text, 0o644))
}

// cmdWrite writes a file from a Go string, repeated: write FILE 'a\x00' [TIMES]
func cmdWrite(ts *testscript.TestScript, _ bool, args []string) {
	text, err := strconv.Unquote(`"` + args[1] + `"`)
	ts.Check(err)
	times := 1
	if len(args) > 2 {
		times, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	ts.Check(err)
	_, err = io.WriteString(f, strings.Repeat(text, times))
	ts.Check(errors.Join(err, f.Close()))
}

// cmdOwn writes a list with the numbers of another, and a status and a supplier
// that are the user's own: own FROM TO
func cmdOwn(ts *testscript.TestScript, _ bool, args []string) {
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	text := "PO_NUMBER,Status,Supplier\n"
	for _, row := range rows[1:] {
		text += row[slices.Index(rows[0], "PO_NUMBER")] + ",Completed,Mine\n"
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text), 0o600))
}

// cmdTmpfs mounts a small disk: tmpfs DIR SIZE
func cmdTmpfs(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o700))
	ts.Check(mount(dir, args[1]))
	ts.Defer(func() { _ = unmount(dir) })
}
