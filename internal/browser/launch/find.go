package launch

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/poactor/poactor/po"
)

// Find returns the path of the browser to run: the explicit one, which
// must be an executable file, or else the first that is installed in a usual
// place. Unless the whole browser is asked for it is the headless shell of that
// browser, if there is one. The error is a *po.Error.
func Find(explicit string, whole bool) (string, error) {
	if explicit != "" {
		return explicitBrowser(explicit)
	}
	if path := firstInstalled(usualPlaces(), !whole && !managed()); path != "" {
		return path, nil
	}
	return "", &po.Error{
		Msg:   "no browser was found in the usual places",
		Hint:  "install Chromium, Google Chrome or Microsoft Edge, or name one with --browser PATH",
		Cause: po.BrowserDied,
	}
}

// shells are the names of the headless shell: Debian's, Fedora's and Google's. It
// has no window and nothing that belongs to one, and of a profile it does not keep
// the cookies that live for a session (Chromium 156). It is taken where it is
// beside a browser, as then both come from one package, and of one version: a
// profile that a newer browser has written may be lost on an older one. It is
// taken alone where there is nothing else.
var shells = []string{"chromium-headless-shell", "headless_shell", "chrome-headless-shell"}

// isShell reports whether the browser is a headless shell.
func (b Browser) isShell() bool {
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(b.Path)), ".exe")
	return slices.Contains(shells, name)
}

// firstInstalled is the first browser that can be run, or its shell; empty if
// there is neither.
func firstInstalled(places []string, shell bool) string {
	lone := ""
	for _, path := range places {
		beside := ""
		for _, name := range shells {
			if p := filepath.Join(filepath.Dir(path), name); shell && beside == "" && executable(p) == nil {
				beside = p
			}
		}
		if executable(path) == nil {
			return cmp.Or(beside, path)
		}
		lone = cmp.Or(lone, beside)
	}
	return lone
}

func explicitBrowser(path string) (string, error) {
	fail := func(err error) (string, error) {
		return "", &po.Error{
			Msg: fmt.Sprintf("browser %s: %v", path, err),
			Hint: "--browser takes the path of Chromium, Google Chrome or Microsoft Edge; " +
				"without it the usual places are searched",
			Cause: po.BrowserDied,
			Err:   err,
		}
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return fail(err)
	}
	if err := executable(abs); err != nil {
		return fail(err)
	}
	return abs, nil
}

// executable says why a path cannot be run; nil if it can.
func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case os.IsNotExist(err):
		return fmt.Errorf("no such file")
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("is a directory")
	case runtime.GOOS != "windows" && info.Mode()&0o111 == 0:
		return fmt.Errorf("is not executable")
	}
	return nil
}
