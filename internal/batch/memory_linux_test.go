//go:build !race

package batch

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bombVariable names the workbook that a child of TestMemory opens.
const bombVariable = "POACTOR_TEST_BOMB"

// TestMemory opens workbooks that are small and want to be large, each in a
// process of its own.
func TestMemory(t *testing.T) {
	if path := os.Getenv(bombVariable); path != "" {
		if _, err := Open(path, parse); err != nil && !errors.Is(err, ErrTooLong) {
			t.Fatal(err)
		}
		// Not what wait4 says of a child: that counts its parent's memory too.
		if used := peak(); used == 0 || used > 320<<20 {
			t.Errorf("%.0f MB", used/(1<<20))
		}
		return
	}
	t.Parallel()
	for name, item := range map[string]string{
		"empty texts": strings.Repeat("<si/>", 1000),
		"long texts":  "<si><t>" + strings.Repeat("x", 5000) + "</t></si>",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.Command(os.Args[0], "-test.run=^TestMemory$")
			child.Env = append(os.Environ(), bombVariable+"="+bomb(t, item, 200_000_000/len(item)))
			if out, err := child.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// bomb makes a workbook whose texts are an item over and over.
func bomb(t *testing.T, item string, times int) string {
	t.Helper()
	const texts = "xl/sharedStrings.xml"
	b := orders("1", "2").SharedStrings()
	path := filepath.Join(t.TempDir(), "bomb.xlsx")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z := zip.NewWriter(f)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestSpeed) })
	for _, name := range b.Names {
		w, err := z.Create(name)
		head, foot, found := strings.Cut(b.Parts[name], "</sst>")
		if err == nil {
			_, err = io.WriteString(w, head)
		}
		for i := 0; i < times && err == nil && name == texts; i++ {
			_, err = io.WriteString(w, item)
		}
		if err == nil && found {
			_, err = io.WriteString(w, "</sst>"+foot)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}
