package browser

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/poactor/poactor/po"
)

// FindBrowser returns the path of the browser to run: the explicit one, which
// must be an executable file, or else the first that is installed in a usual
// place. The error is an *Error.
func FindBrowser(explicit string) (string, error) {
	if explicit != "" {
		return explicitBrowser(explicit)
	}
	for _, path := range usualPlaces() {
		if executable(path) == nil {
			return path, nil
		}
	}
	return "", &Error{
		Msg:   "no browser was found in the usual places",
		Hint:  "install Chromium, Google Chrome or Microsoft Edge, or name one with --browser PATH",
		Cause: po.BrowserDied,
	}
}

func explicitBrowser(path string) (string, error) {
	fail := func(err error) (string, error) {
		return "", &Error{
			Msg:   fmt.Sprintf("browser %s: %v", path, err),
			Hint:  "--browser takes the path of Chromium, Google Chrome or Microsoft Edge; without it the usual places are searched",
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
