package launch

import "testing"

func TestHintOf(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"fork/exec /usr/bin/chromium: too many open files":                                                       "raise the limit of open files (ulimit -n), or give fewer --workers",
		"Too many open files (24), No space left on device":                                                      "raise the limit of open files (ulimit -n), or give fewer --workers",
		"Creating shared memory in /dev/shm/.x failed: No space left on device (28)":                             hintShared,
		"write /tmp/x: disk quota exceeded":                                                                      hintShared,
		"fork/exec /usr/bin/chromium: resource temporarily unavailable":                                          hintProcesses,
		"fork/exec /usr/bin/chromium: cannot allocate memory":                                                    hintMemory,
		"chrome: error while loading shared libraries: libnss3.so: cannot open shared object file":               hintLibrary,
		"dyld: Library not loaded: @rpath/Chromium Framework":                                                    hintLibrary,
		"No usable sandbox! If you are running on Ubuntu 23.10+":                                                 hintSandbox,
		"Failed to move to new namespace: PID namespaces supported, but failed: errno = Operation not permitted": hintSandbox,
		"Missing X server or $DISPLAY":                                                                           hintDisplay,
		"fork/exec /usr/bin/chromium: exec format error":                                                         hintProcessor,
		"fork/exec chrome.exe: This program is blocked by group policy.":                                         hintBlocked,
		"the policy RemoteDebuggingAllowed of this machine forbids programs to drive Chromium":                   HintForbidden,
		"signal: segmentation fault":                                                                             "",
	} {
		if got := HintOf(text); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
