package launch

import (
	"fmt"
	"os"

	"github.com/poactor/poactor/po"
)

// CheckSandbox tells whether this user's browsers cannot have the sandbox that
// they are to have. The error is a *po.Error.
func CheckSandbox(noSandbox bool) error {
	if os.Geteuid() != 0 || noSandbox {
		return nil
	}
	return &po.Error{
		Msg:   "the browser's sandbox does not work for the user root",
		Hint:  "run poactor as an ordinary user, or give --no-sandbox if this machine or container is for nothing else",
		Cause: po.BrowserDied,
	}
}

// CheckProfile refuses what is no directory: Chromium would not say a word and
// work on the profile that its user browses with. The error is a *po.Error.
func CheckProfile(dir string) error {
	info, err := os.Lstat(dir)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is no directory", dir)
	}
	if err != nil {
		return &po.Error{Msg: fmt.Sprintf("open profile: %v", err), Cause: po.ProfileFailed, Err: err}
	}
	return nil
}
