package report

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"path"
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
