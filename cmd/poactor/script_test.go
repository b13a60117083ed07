package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/poactor/poactor/actors"
	"github.com/poactor/poactor/internal/testportal/plain"
)

var update = flag.Bool("update", false, "write the goldens in the scripts anew")

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"poactor": main, "poactor-plain": mainPlain})
}

// mainPlain is poactor with sessions that need no browser, on the portal of
// POACTOR_BASE_URL.
func mainPlain() {
	a := &app{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, env: os.LookupEnv, environ: os.Environ()}
	signal.Ignore(syscall.SIGPIPE)
	a.browsers = plainBrowsers{&plain.Browsers{Base: os.Getenv("POACTOR_BASE_URL"), Dir: os.TempDir()}}
	os.Exit(a.main(os.Args[1:]))
}

type plainBrowsers struct{ *plain.Browsers }

func (b plainBrowsers) Open(ctx context.Context) (actors.Session, error) { return b.Browsers.Open(ctx) }

// TestScripts runs testdata/script: the specification of the command line.
func TestScripts(t *testing.T) { runScripts(t, "testdata/script") }

// TestFaultsScripts runs those scripts that take long.
func TestFaultsScripts(t *testing.T) { runScripts(t, "testdata/slow") }

func runScripts(t *testing.T, dir string) {
	t.Helper()
	t.Parallel()
	if signal.Ignored(syscall.SIGHUP) { // by nohup: what the scripts start would inherit it
		signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		Setup:               setup,
		Condition:           condition,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		UpdateScripts:       *update,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":       cmdCode,
			"portal":     cmdPortal,
			"interrupt":  cmdInterrupt,
			"hold":       cmdHold,
			"write":      cmdWrite,
			"own":        cmdOwn,
			"tmpfs":      cmdTmpfs,
			"verify":     cmdVerify,
			"spoil":      cmdSpoil,
			"workbook":   cmdWorkbook,
			"cell":       cmdCell,
			"profiles":   cmdProfiles,
			"workfolder": cmdWorkFolder,
			"silentbus":  cmdSilentBus,
		},
	})
}

// setup gives each script a home without a config file, and short temporary
// paths: browsers put sockets there.
func setup(env *testscript.Env) error {
	tmp, err := os.MkdirTemp("", "pa")
	if err != nil {
		return err
	}
	env.Defer(func() {
		if left, _ := filepath.Glob(filepath.Join(tmp, "poactor-*")); len(left) > 0 {
			env.T().Fatal("work directories are left: ", left)
		}
	})
	env.Defer(func() { _ = os.RemoveAll(tmp) })
	env.Setenv("GORACE", os.Getenv("GORACE"))
	env.Setenv("TMPDIR", tmp)
	env.Setenv("UID", strconv.Itoa(os.Getuid()))
	env.Setenv("HOME", env.WorkDir)
	env.Setenv("XDG_CONFIG_HOME", filepath.Join(env.WorkDir, ".config"))
	env.Setenv("XDG_DATA_HOME", filepath.Join(env.WorkDir, ".data"))
	env.Setenv("POACTOR_KEYCHAIN", "off")
	sandbox := "false"
	if os.Geteuid() == 0 {
		sandbox = "true"
	}
	env.Setenv("POACTOR_NO_SANDBOX", sandbox)
	closed, err := closedAddress()
	env.Setenv("CLOSED", closed)
	return err
}

// closedAddress is where nobody listens.
func closedAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return "http://" + l.Addr().String(), l.Close()
}

func condition(cond string) (bool, error) {
	switch cond {
	case "root":
		return os.Geteuid() == 0, nil
	case "tmpfs":
		return runtime.GOOS == "linux" && canMount(), nil
	case "browser":
		return haveBrowser(), nil
	}
	return false, fmt.Errorf("unknown condition %q", cond)
}

// haveBrowser reports whether scripts can run a browser. What looks for it is
// tested elsewhere; this must not depend on it.
func haveBrowser() bool {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "microsoft-edge", "chrome", "msedge"} {
		if _, err := exec.LookPath(name); err == nil {
			return true
		}
	}
	return runtime.GOOS != "linux"
}

func mount(dir, size string) error {
	return exec.Command("mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).Run()
}

func unmount(dir string) error { return exec.Command("umount", dir).Run() }

// canMount reports whether this process may mount a tmpfs.
func canMount() bool {
	dir, err := os.MkdirTemp("", "pa")
	if err != nil {
		return false
	}
	defer os.Remove(dir)
	if mount(dir, "64k") != nil {
		return false
	}
	return unmount(dir) == nil
}
