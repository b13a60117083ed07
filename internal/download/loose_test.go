package download

import (
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/poactor/poactor/po"
)

// panicReader is a program's reader that has a bug.
type panicReader struct{}

func (panicReader) Read([]byte) (int, error) { panic("boo") }

// Whatever a program's reader does, the saving ends, tells it, and leaves no file behind.
func TestWriteOfOddReaders(t *testing.T) {
	t.Parallel()
	a, err := Open(Config{Out: t.TempDir(), Allowed: func(*url.URL) bool { return false }})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	dir := filepath.Join(t.TempDir(), "loose")
	l, err := a.NewLoose(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close(false)
	over, cancel := context.WithCancel(t.Context())
	hung, w := io.Pipe() // its Read hangs
	defer w.Close()
	hangs := io.MultiReader(strings.NewReader("begun"), readFunc(func(p []byte) (int, error) { cancel(); return hung.Read(p) }))
	broken := errors.New("broken")
	for name, test := range map[string]struct {
		ctx  context.Context
		from io.Reader
		want error
		says string
	}{
		"hangs":  {over, hangs, context.Canceled, ""},
		"breaks": {t.Context(), io.MultiReader(strings.NewReader("begun"), iotest.ErrReader(broken)), broken, ""},
		"cause":  {t.Context(), iotest.ErrReader(po.Throttled), po.Throttled, ""},
		"panics": {t.Context(), panicReader{}, po.TaskFailed, "boo"},
	} {
		if _, err := l.Write(test.ctx, name, test.from); !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", name, err)
		} else if test.want == broken && po.CauseOf(err) != po.TaskFailed {
			t.Errorf("%s: its cause is %s", name, po.CauseOf(err))
		}
	}
	if f, err := l.Write(t.Context(), "whole", strings.NewReader("whole")); err != nil || f.Bytes != 5 {
		t.Errorf("%+v, %v", f, err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 1 {
		t.Errorf("left: %v, %v", left, err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
