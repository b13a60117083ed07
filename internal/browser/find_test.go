package browser

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/poactor/poactor/po"
)

func TestFindBrowser(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := FindBrowser(exe); got != exe || err != nil {
		t.Errorf("an explicit program: %q, %v", got, err)
	}
	missing := filepath.Join(t.TempDir(), "none")
	_, err = FindBrowser(missing)
	if e, ok := errors.AsType[*Error](err); !ok || e.Hint == "" || e.Cause != po.BrowserDied || e.Msg != "browser "+missing+": no such file" {
		t.Errorf("an explicit program that is not there: %+v", err)
	}
}

func TestUsualPlaces(t *testing.T) {
	t.Parallel()
	for _, path := range usualPlaces() {
		if !filepath.IsAbs(path) {
			t.Errorf("%s is not absolute", path)
		}
	}
	if len(usualPlaces()) == 0 {
		t.Errorf("nowhere to look on %s", runtime.GOOS)
	}
}
