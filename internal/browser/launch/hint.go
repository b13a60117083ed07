package launch

import (
	"strings"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

const (
	// Hint is what to do about a program that cannot be used as a browser.
	Hint = "name Chromium, Google Chrome or Microsoft Edge with --browser PATH"

	hintSlow = "try again when this machine has less to do, or give fewer --workers; " +
		"where it stays so, name another browser with --browser PATH"

	hintCrash = "start it by hand to see what it says; install it anew, or name another with --browser PATH"

	hintRelaunch = "see that no compatibility mode is set for Microsoft Edge in the properties of its program, " +
		"or name another browser with --browser PATH"

	hintSandbox = "let this user create namespaces (Ubuntu: sysctl kernel.apparmor_restrict_unprivileged_userns=0; " +
		"containers: a seccomp profile that allows it), " +
		"or give --no-sandbox if this machine or container is for nothing else"

	hintShared = "make room in the directory for temporary files and in /dev/shm (docker run --shm-size=1g), " +
		"or give fewer --workers"

	hintProcesses = "raise the limit of processes (ulimit -u, TasksMax= of a systemd unit, docker run --pids-limit), " +
		"or give fewer --workers"

	hintMemory = "give the machine or the container more memory, or give fewer --workers"

	hintLibrary = "the browser lacks a library: install it anew with the system's package manager, which brings what it " +
		"needs (Debian: apt-get install --reinstall chromium)"

	hintDisplay = "there is no display: leave --headful away, or run poactor under xvfb-run"

	hintProcessor = "this browser is for another kind of processor: " +
		"install one for this machine, or name it with --browser PATH"

	hintBlocked = "this machine lets nobody run that program: ask who manages it, or name another with --browser PATH"
)

// hints says what to do about what the system or a browser says, in small letters. The
// first that fits counts: what the system has refused is the cause of all else.
var hints = []struct {
	says []string
	hint string
}{
	{[]string{"remotedebuggingallowed"}, HintForbidden},
	{[]string{"too many open files"}, withoutResume(outdir.HintOpenFiles)},
	{[]string{"no space left on device", "disk quota exceeded"}, hintShared},
	{[]string{"pthread_create", "resource temporarily unavailable"}, hintProcesses},
	{[]string{"cannot allocate memory", "out of memory", "not enough memory"}, hintMemory},
	{[]string{"loading shared libraries", "cannot open shared object file", "library not loaded"}, hintLibrary},
	{[]string{"sandbox", "namespace"}, hintSandbox},
	{[]string{"missing x server", "cannot open display", "unable to open x display"}, hintDisplay},
	{[]string{"exec format error", "bad cpu type", "not compatible with the version of windows"}, hintProcessor},
	{[]string{"group policy", "contains a virus"}, hintBlocked},
}

// HintOf is what to do about what the system or a browser says; empty if that is not known.
func HintOf(text string) string {
	text = strings.ToLower(text)
	for _, h := range hints {
		for _, says := range h.says {
			if strings.Contains(text, says) {
				return h.hint
			}
		}
	}
	return ""
}

// withoutResume is a hint without what only a run can do.
func withoutResume(hint string) string { return strings.TrimSuffix(hint, "; "+po.HintResume) }
