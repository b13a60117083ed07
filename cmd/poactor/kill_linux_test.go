package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/download"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/process"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/po"
)

var (
	kills     = flag.Int("kills", 10, "how often poactor is killed with plain sessions")
	killsReal = flag.Int("kills-real", 1, "how often it is killed with real browsers")
	killSeed  = flag.Uint64("kill-seed", 0, "of the moments; 0: the time")
)

// killTest is poactor that is killed at random moments of runs over one portal.
type killTest struct {
	t       *testing.T
	rng     *rand.Rand
	program string        // poactor, or poactor-plain
	longest time.Duration // until the kill
	site    *testportal.Portal
	temp    string // its directory for temporary files
	batch   string
	out     string
	kills   int
}

// poactor is killed with -9 at any moment and begun again, until the run is done:
// after each kill what is there is true, and at the end all of it is, nothing
// twice, and nothing is left behind.
func TestFaultsKillAtAnyMoment(t *testing.T) {
	t.Parallel()
	runKillTest(t, "poactor-plain", *kills, 600*time.Millisecond, testportal.Options{
		Mix: testportal.Plain, MaxFile: 256 << 10, PageLatency: 40 * time.Millisecond, ListLatency: 20 * time.Millisecond, FileLatency: 5 * time.Millisecond, TrackerLatency: -1})
}

// The same with real browsers: of them too nothing is left.
func TestFaultsKillAtAnyMomentWithBrowsers(t *testing.T) {
	t.Parallel()
	if !haveBrowser() {
		t.Skip("no browser")
	}
	runKillTest(t, "poactor", *killsReal, 5*time.Second, testportal.Options{
		Mix: testportal.Plain, MaxFile: 256 << 10, PageLatency: 40 * time.Millisecond, ListLatency: 20 * time.Millisecond, FileLatency: -1, TrackerLatency: 50 * time.Millisecond})
}

func runKillTest(t *testing.T, program string, kills int, longest time.Duration, opts testportal.Options) {
	t.Helper()
	seed := *killSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("%d kills, -kill-seed %d", kills, seed)
	s := &killTest{t: t, rng: rand.New(rand.NewPCG(seed, 0)), longest: longest}
	var err error
	if s.program, err = exec.LookPath(program); err != nil { // testscript has put it on the path
		t.Fatal(err)
	}
	runs, settled := 0, 0
	for s.kills < kills {
		s.run(opts, kills)
		runs++
		settled += 60
		if t.Failed() {
			return
		}
	}
	t.Logf("%d kills over %d runs of 60 orders", s.kills, runs)
}

// run is one batch, from its first start to its end.
func (s *killTest) run(opts testportal.Options, most int) {
	t := s.t
	site, err := testportal.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	defer site.Close()
	s.site = site
	dir := t.TempDir()
	if s.temp, err = os.MkdirTemp("/tmp", "pk"); err != nil { // short: browsers put sockets there
		t.Fatal(err)
	}
	defer os.RemoveAll(s.temp)
	s.batch, s.out = filepath.Join(dir, "orders.csv"), filepath.Join(dir, "orders")
	var batch bytes.Buffer
	if err := site.Batch(&batch); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(s.batch, batch.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for s.kills < most && !t.Failed() {
		if s.startAndKill() {
			break
		}
		s.kills++
		s.checkAfterKill()
	}
	if out, err := s.command().CombinedOutput(); err != nil {
		t.Fatalf("the last start: %v\n%s", err, out)
	}
	s.checkAtEnd()
}

func (s *killTest) command() *exec.Cmd {
	cmd := exec.Command(s.program, "--quiet", "--workers", "4", s.batch)
	cmd.Env = append(os.Environ(), "TMPDIR="+s.temp, "XDG_DATA_HOME="+filepath.Join(filepath.Dir(s.batch), "data"), "POACTOR_BASE_URL="+s.site.URL())
	if os.Geteuid() == 0 {
		cmd.Env = append(cmd.Env, "POACTOR_NO_SANDBOX=true")
	}
	return cmd
}

// startAndKill starts poactor and kills it after a while; true if it has ended by
// itself before.
func (s *killTest) startAndKill() bool {
	cmd := s.command()
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			s.t.Errorf("it ended by itself: %v\n%s", err, said.String())
		}
		return true
	case <-time.After(time.Duration(s.rng.Int64N(int64(s.longest)))):
	}
	_ = cmd.Process.Kill() // it may end in this moment
	<-ended
	return false
}

// checkAfterKill checks what must hold whenever poactor dies: what the ledger calls
// settled is as the portal has it and is on the disk, and every file in a folder
// with a final name is one that the ledger knows, whole.
func (s *killTest) checkAfterKill() {
	t := s.t
	if left := s.waitUntilGone(); len(left) > 0 {
		t.Errorf("kill %d: processes are left: %v", s.kills, left)
	}
	ledger, err := lookLedger(s.out)
	if err != nil || ledger == nil {
		if err != nil {
			t.Errorf("kill %d: %v", s.kills, err)
		}
		return // it was killed before there was one
	}
	defer ledger.Close()
	known := map[string]string{} // hashes by path
	for o, err := range ledger.Outcomes(context.Background()) {
		if err != nil {
			t.Errorf("kill %d: %v", s.kills, err)
			return
		}
		s.checkOutcome(o)
		for _, f := range o.Files {
			known[o.Folder+"/"+f.Name] = f.SHA256
		}
	}
	s.checkFinalFolders(known)
	for _, name := range []string{outdir.ManifestFile, "results.csv"} {
		if text, err := os.ReadFile(filepath.Join(s.out, name)); err == nil && !bytes.HasSuffix(text, []byte("\n")) {
			t.Errorf("kill %d: %s is cut short", s.kills, name)
		}
	}
}

// checkOutcome holds one outcome against the portal and the disk. Between the
// record and the folder's final name the files are in the work folder.
func (s *killTest) checkOutcome(o po.Outcome) {
	if o.Status == "" {
		return
	}
	t := s.t
	truth, ok := s.site.Order(string(o.Key))
	if !ok || truth.Status != o.Status || len(truth.Files) != len(o.Files) {
		t.Errorf("kill %d: order %s is %s with %d files, should be %s with %d", s.kills, o.Key, o.Status, len(o.Files), truth.Status, len(truth.Files))
		return
	}
	if o.Attempts > 3 {
		t.Errorf("kill %d: order %s took %d attempts", s.kills, o.Key, o.Attempts)
	}
	work := strings.TrimSuffix(o.Folder, "_"+string(o.Status)) + "__WORK"
	for i, f := range o.Files {
		check, err := download.NewChecker(s.out)
		if err != nil {
			t.Error(err)
			return
		}
		if what := check.File(o.Folder, f); what != "" && check.File(work, f) != "" {
			t.Errorf("kill %d: %s/%s %s", s.kills, o.Folder, f.Name, what)
		}
		check.Close()
		if f.SHA256 != truth.Files[i].SHA256 {
			t.Errorf("kill %d: %s/%s is not what the portal has", s.kills, o.Folder, f.Name)
		}
	}
}

func (s *killTest) checkFinalFolders(known map[string]string) {
	err := filepath.WalkDir(s.out, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == outdir.StateDir || strings.HasSuffix(d.Name(), "__WORK")):
			return filepath.SkipDir
		case d.IsDir():
			return nil
		}
		rel, _ := filepath.Rel(s.out, path)
		if rel = filepath.ToSlash(rel); !strings.Contains(rel, "/") {
			return nil
		}
		text, err := os.ReadFile(path)
		if sum := sha256.Sum256(text); err == nil && known[rel] != hex.EncodeToString(sum[:]) {
			s.t.Errorf("kill %d: %s is not as recorded", s.kills, rel)
		}
		return err
	})
	if err != nil {
		s.t.Error(err)
	}
}

// checkAtEnd checks what must hold at the end of the run: the invariants of
// docs/spec.md §11.
func (s *killTest) checkAtEnd() {
	t := s.t
	outcomes, err := readBack(s.out)
	if err != nil {
		t.Error(err)
		return
	}
	for _, line := range s.site.Verify(s.out, outcomes) {
		t.Error(line)
	}
	for order, n := range s.site.AtOnce() {
		if n > 1 {
			t.Errorf("order %s was fetched by %d at once", order, n)
		}
	}
	v, err := poactor.Verify(context.Background(), s.out)
	if err != nil || len(v.Differences) > 0 || v.Files == 0 {
		t.Errorf("verify: %+v, %v", v, err)
	}
	sums := exec.Command("sha256sum", "--check", "--quiet", "--strict", outdir.SumsFile)
	sums.Dir = s.out
	if out, err := sums.CombinedOutput(); err != nil {
		t.Errorf("sha256sum: %v\n%s", err, out)
	}
	if left := s.processes(); len(left) > 0 {
		t.Errorf("processes are left: %v", left)
	}
	if left, _ := os.ReadDir(s.temp); len(left) > 0 && !strings.HasSuffix(s.program, "plain") {
		tree, _ := exec.Command("find", s.temp, "-ls").CombinedOutput()
		t.Errorf("temporary files are left: %v\n%s", left, tree)
	}
	if odd, _ := filepath.Glob(filepath.Join(s.out, "*.edited*")); len(odd) > 0 {
		t.Errorf("a file of ours was taken for somebody's: %v", odd)
	}
	s.checkAttempts()
}

func (s *killTest) checkAttempts() {
	ledger, err := poactor.OpenLedgerReadOnly(s.out)
	if err != nil {
		s.t.Error(err)
		return
	}
	defer ledger.Close()
	for o := range ledger.Outcomes(context.Background()) {
		story, err := ledger.History(context.Background(), o.Key)
		if err != nil {
			s.t.Error(err)
			return
		}
		settled := 0
		for _, a := range story.Attempts {
			if a.Ending == po.EndSettled {
				settled++
			}
			if a.Try > 3 {
				s.t.Errorf("order %s: try %d", o.Key, a.Try)
			}
		}
		if settled != 1 {
			s.t.Errorf("order %s was settled %d times", o.Key, settled)
		}
	}
}

// waitUntilGone waits for all processes to end, which takes less than a second on
// a quiet machine, and lists those that do not.
func (s *killTest) waitUntilGone() []int {
	left := s.processes()
	for end := time.Now().Add(time.Minute); len(left) > 0 && time.Now().Before(end); left = s.processes() {
		time.Sleep(20 * time.Millisecond)
	}
	return left
}

// processes lists those whose directory for temporary files is ours or in ours.
func (s *killTest) processes() []int {
	list, err := process.Find(func(string) bool { return true })
	if err != nil {
		s.t.Error(err)
	}
	var pids []int
	for _, p := range list {
		environ, _ := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p.Pid), "environ")) // it may be gone
		if bytes.Contains(environ, []byte("TMPDIR="+s.temp)) {
			pids = append(pids, p.Pid)
		}
	}
	return pids
}
