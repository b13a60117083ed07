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

// TestCaptures makes the pictures of the README from a real run, with make captures.
func TestCaptures(t *testing.T) {
	if *captures == "" {
		t.Skip("no -captures")
	}
	program, err := exec.LookPath("poactor")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(program, "demo", "--orders", "60", "--out", "demo")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "TERM=xterm-256color", "POACTOR_NO_SANDBOX="+strconv.FormatBool(os.Geteuid() == 0))
	x := startIn(t, cmd, 80, 24)
	x.see(`[1-9]\d COMPLETED`)
	killOneBrowser(t, cmd.Process.Pid)
	x.see(`(?m)^! worker-\d+ +restarts`)
	x.picture("restart")
	x.see(`worker-\d+ is back`)
	x.see(`(2[4-9]|3\d)/60 .*left`)
	x.picture("run")
	x.press("p")
	x.see(`PAUSED, nothing is under way`)
	x.picture("paused")
	x.press("p")
	x.resize(100, 80) // for the summary
	x.see(`(?s)left: nothing.*poactor explain.*\n1\. `)
	x.end(exitDone)
	x.picture("end")
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
