package results

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/poactor/poactor/po"
)

// WriteSums writes one line for each file of the outcomes, for `sha256sum -c`
// in the output directory.
func WriteSums(w io.Writer, outcomes iter.Seq[po.Outcome]) error {
	out := bufio.NewWriter(w)
	for o := range outcomes {
		for _, f := range o.Files {
			if _, err := out.WriteString(sumLine(f.SHA256, path.Join(o.Folder, f.Name))); err != nil {
				return fmt.Errorf("write checksums: %w", err)
			}
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write checksums: %w", err)
	}
	return nil
}

// unsafe are the characters that GNU escapes in a name, with a backslash at
// the beginning of the line to say so
// (https://www.gnu.org/software/coreutils/manual/html_node/cksum-output-modes.html).
var unsafe = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)

// sumLine is a line of SHA256SUMS. The name - would be standard input.
func sumLine(sum, name string) string {
	if name == "-" {
		name = "./-"
	}
	if escaped := unsafe.Replace(name); escaped != name {
		return `\` + sum + "  " + escaped + "\n"
	}
	return sum + "  " + name + "\n"
}

// ReadSums reads checksums as WriteSums writes them: by the path of each file.
// There are none where the file does not exist.
func ReadSums(dir, name string) (map[string]string, error) {
	f, err := openFile(filepath.Join(dir, name))
	if errors.Is(err, fs.ErrNotExist) {
		return map[string]string{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read checksums: %w", err)
	}
	defer f.Close()
	sums := map[string]string{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line, escaped := strings.CutPrefix(lines.Text(), `\`)
		sum, file, ok := strings.Cut(line, "  ")
		if !ok {
			continue // somebody's own line
		}
		if escaped {
			file = safeAgain.Replace(file)
		}
		sums[strings.TrimPrefix(file, "./")] = sum
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read checksums: %w", err)
	}
	return sums, nil
}

// openFile opens what is a file itself: a link leads elsewhere, and a FIFO would be
// waited for.
func openFile(path string) (*os.File, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a file", path)
	}
	return os.Open(path)
}

// safeAgain undoes unsafe.
var safeAgain = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r")
