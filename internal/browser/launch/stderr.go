package launch

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"sync"

	"github.com/poactor/poactor/po"
)

// tailBytes bounds what is kept of a browser's error output.
const tailBytes = 64 << 10

// stderrTail keeps the last of what a browser says on its error output.
type stderrTail struct {
	mu        sync.Mutex
	data      []byte
	forbidden bool          // it was said that policies forbid to drive the browser
	done      chan struct{} // closed by drain when the output has ended
}

// forbidden is what Chromium says of a pipe where policies forbid programs to drive it.
// It may run on with an empty window.
const forbidden = "DevTools remote debugging is disallowed"

// drain reads to the end, so that the browser never blocks on its output. It calls end
// when the browser says that it will never answer.
func (r *stderrTail) drain(from io.Reader, end func()) {
	defer close(r.done)
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		r.mu.Lock()
		r.data = append(r.data, buf[:n]...)
		if over := len(r.data) - tailBytes; over > 0 {
			r.data = append([]byte(nil), r.data[over:]...)
		}
		ended := !r.forbidden &&
			(bytes.HasPrefix(r.data, []byte(forbidden)) || bytes.Contains(r.data, []byte("\n"+forbidden)))
		r.forbidden = r.forbidden || ended
		r.mu.Unlock()
		if ended {
			end()
		}
		if err != nil {
			return
		}
	}
}

// isForbidden reports whether the browser has said that policies forbid to drive it.
func (r *stderrTail) isForbidden() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.forbidden
}

// firstError is the first line that says what went wrong; empty if none does.
func (r *stderrTail) firstError() string { return firstError(r.text()) }

// text is what was said so far.
func (r *stderrTail) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return string(r.data)
}

func firstError(text string) string {
	var last string
	if line := systemError(text); line != "" {
		return line
	}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		switch {
		case line == "", strings.Contains(line, "dbus"): // a server has no bus; harmless
			continue
		case strings.Contains(line, ":ERROR:"), strings.Contains(line, ":FATAL:"):
			return po.Clip(message(line), 300)
		}
		last = line
	}
	return po.Clip(last, 300)
}

// refusals are words of the system.
var refusals = []string{"too many open files", "no space left on device", "pthread_create", "cannot allocate memory"}

// systemError is the line that says what the system has refused to the browser, which
// is the cause of all else that it says; empty if none does.
func systemError(text string) string {
	for line := range strings.Lines(text) {
		low := strings.ToLower(line)
		refused := func(text string) bool { return strings.Contains(low, text) }
		if slices.ContainsFunc(refusals, refused) {
			return po.Clip(message(strings.TrimSpace(line)), 300)
		}
	}
	return ""
}

// message is a log line without its "[pid:tid:time:ERROR:file.cc:1] ".
func message(line string) string {
	if _, rest, ok := strings.Cut(line, "] "); ok && strings.HasPrefix(line, "[") {
		return strings.TrimSpace(rest)
	}
	return line
}
