package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	uv "github.com/charmbracelet/ultraviolet"

	"github.com/poactor/poactor/internal/process"
)

var captures = flag.String("captures", "", "`directory` to write pictures of a demo's terminal to")

// TestCaptures makes the pictures of the README from real runs, with make captures.
func TestCaptures(t *testing.T) {
	if *captures == "" {
		t.Skip("no -captures")
	}
	x := demoIn(t, 80, 24, nil, "--orders", "60")
	x.see(`[1-9]\d COMPLETED`)
	for _, size := range []struct {
		name       string
		cols, rows int
	}{{"restart", 80, 24}, {"restart-wide", 140, 40}} {
		x.resizeTo(size.cols, size.rows)
		killOneBrowser(t, x.cmd.Process.Pid)
		x.see(`(?m)^! worker-\d+ +restarts`)
		x.picture(size.name)
		x.see(`worker-\d+ is back`)
	}
	x.see(`(2[4-9]|3\d)/60 .*left`)
	x.inBothSizes("run")
	x.press("p")
	x.see(`PAUSED, nothing is under way`)
	x.inBothSizes("paused")
	x.press("p")
	x.resize(100, 80) // for the summary
	x.see(`(?s)left: nothing.*poactor explain.*\n1\. `)
	x.end(exitDone)
	x.picture("end")

	x = demoIn(t, 100, 24, nil, "--orders", "120", "--fast")
	x.see(`page-reader .*learning: [1-9]`)
	x.picture("fast-learning")
	x.see(`page-reader .*trusted.* [1-9]\d by page`)
	x.picture("fast")
	x.see(`left: nothing`)

	x = demoIn(t, 80, 24, []string{"NO_COLOR=1"}, "--orders", "24")
	x.see(`[1-9] COMPLETED`)
	x.picture("no-color")
	x.resizeTo(40, 12)
	x.picture("narrow")
	x.resize(100, 80)
	x.see(`left: nothing`)
}

// demoIn begins a demo in a terminal.
func demoIn(t *testing.T, cols, rows int, env []string, args ...string) *terminal {
	t.Helper()
	program, err := exec.LookPath("poactor")
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, append([]string{"demo", "--out", "demo"}, args...)...)
	cmd.Dir = t.TempDir()
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "POACTOR_NO_SANDBOX="+strconv.FormatBool(os.Geteuid() == 0))
	cmd.Env = append(cmd.Env, env...)
	return startIn(t, cmd, cols, rows)
}

// resizeTo gives the terminal a size, and waits until the screen has it.
func (x *terminal) resizeTo(cols, rows int) {
	x.t.Helper()
	x.resize(cols, rows)
	x.see(fmt.Sprintf(`\A([^\n]*\n){%d}[^\n]*\^?C[^\n]*\z`, rows-1)) // the keys are in the last line
}

// inBothSizes writes the screen in a small and a large terminal.
func (x *terminal) inBothSizes(name string) {
	x.t.Helper()
	x.resizeTo(140, 40)
	x.picture(name + "-wide")
	x.resizeTo(80, 24)
	x.picture(name)
}

// killOneBrowser ends a browser of poactor's, as a crash would.
func killOneBrowser(t *testing.T, parent int) {
	t.Helper()
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", parent, parent))
	list := strings.Fields(string(children))
	if err != nil || len(list) == 0 { // they are of whichever thread has started them
		tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", parent))
		for _, name := range tasks {
			text, err := os.ReadFile(name)
			if err == nil {
				list = append(list, strings.Fields(string(text))...)
			}
		}
	}
	trees, err := process.Trees(t.Context(), numbers(list)...)
	if err != nil {
		t.Fatal(err)
	}
	largest := slices.MaxFunc(numbers(list), func(a, b int) int { return cmp.Compare(trees[a].Memory(), trees[b].Memory()) })
	if err := syscall.Kill(largest, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatal(err)
	}
}

func numbers(list []string) []int {
	var all []int
	for _, text := range list {
		if n, err := strconv.Atoi(text); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// picture writes what is on the screen as SVG.
func (x *terminal) picture(name string) {
	x.t.Helper()
	if err := os.WriteFile(filepath.Join(*captures, name+".svg"), []byte(x.svg()), 0o600); err != nil {
		x.t.Fatal(err)
	}
}

// svg draws the screen: one text for each piece of a line that has one style.
func (x *terminal) svg() string {
	const cellWidth, cellHeight, margin = 8.4, 18, 12
	cols, rows := x.screen.Width(), strings.Count(strings.TrimRight(x.text(), " \n"), "\n")+1
	var b strings.Builder
	width, height := float64(cols)*cellWidth+2*margin, rows*cellHeight+2*margin
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %d" width="%.0f" height="%d" `+
		`font-family="ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace" font-size="14">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="#1b1f27"/>`+"\n")
	for y := range rows {
		for left := 0; left < cols; {
			style, text, at := uv.Style{}, "", left
			for ; left < cols; left++ {
				cell := x.screen.CellAt(left, y)
				if cell == nil || cell.Width == 0 {
					continue
				}
				if text == "" {
					style = cell.Style
				} else if !style.Equal(&cell.Style) {
					break
				}
				text += cmp.Or(cell.Content, " ")
			}
			if strings.TrimSpace(text) != "" {
				fmt.Fprintf(&b, `<text x="%.1f" y="%d" textLength="%.1f" xml:space="preserve"%s>%s</text>`+"\n", margin+float64(at)*cellWidth,
					margin+y*cellHeight+13, float64(left-at)*cellWidth, attributes(style), html.EscapeString(text))
			}
		}
	}
	return b.String() + "</svg>\n"
}

// attributes are a style's.
func attributes(s uv.Style) string {
	fill := "#d7dae0"
	if s.Fg != nil {
		r, g, b, _ := s.Fg.RGBA()
		fill = fmt.Sprintf("#%02x%02x%02x", r>>8|0x40, g>>8|0x40, b>>8|0x40) // lighter, as terminals of today have them
	}
	text := fmt.Sprintf(` fill="%s"`, fill)
	if s.Attrs&uv.AttrBold != 0 {
		text += ` font-weight="bold"`
	}
	if s.Attrs&uv.AttrFaint != 0 {
		text += ` opacity="0.6"`
	}
	return text
}
