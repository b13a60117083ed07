package launch

import (
	"strings"
	"testing"
)

func TestFirstError(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ text, want string }{
		"nothing":     {"", ""},
		"plain":       {"no such option\n", "no such option"},
		"log line":    {"[7:7:1124/0:ERROR:zygote_host_impl_linux.cc(101)] Running as root without --no-sandbox is not supported.\nmore", "Running as root without --no-sandbox is not supported."},
		"bus first":   {"[1:2:ERROR:dbus/bus.cc(408)] Failed to connect\n[1:2:FATAL:x.cc(1)] Broken.", "Broken."},
		"only bus":    {"[1:2:ERROR:dbus/bus.cc(408)] Failed to connect", ""},
		"last remark": {"one\ntwo\n\n", "two"},
		"very long":   {strings.Repeat("ü", 400), strings.Repeat("ü", 150) + "…"},
	} {
		if got := firstError(row.text); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

// What the system refuses is the cause of all else that a browser says.
func TestFirstErrorOfTheSystem(t *testing.T) {
	t.Parallel()
	text := "[1:1:0101/1.1:ERROR:gpu.cc(1)] no GPU\n[1:1:0101/1.2:FATAL:shm.cc(2)] Check failed: . : Too many open files (24)\n[1:1:WARNING:x.cc(1)] more\n"
	if got, want := firstError(text), "Check failed: . : Too many open files (24)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
