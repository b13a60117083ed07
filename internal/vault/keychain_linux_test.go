package vault

import (
	"net"
	"path/filepath"
	"testing"
	"time"
)

// A session bus that takes the connection and says nothing: a locked keyring on a
// machine without a display looks like that.
func TestSilentBus(t *testing.T) {
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	accepted := make(chan net.Conn, 1)
	go func() {
		if c, err := l.Accept(); err == nil {
			accepted <- c
		}
	}()
	t.Cleanup(func() { l.Close() })
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+path)
	v := New(Config{wait: 300 * time.Millisecond})
	_, err = v.Prepare(t.Context(), acme)
	wantError(t, err, ErrNoKey, "the session of profile default of portal coupa cannot be kept encrypted: keychain: it does not answer within 300ms")
	select {
	case c := <-accepted:
		c.Close()
	case <-time.After(time.Minute):
		t.Error("the bus was not asked")
	}
}

// Without a bus none is started.
func TestNoBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("PATH", "")
	_, err := New(Config{}).Prepare(t.Context(), acme)
	wantError(t, err, ErrNoKey, "the session of profile default of portal coupa cannot be kept encrypted: keychain: there is none: no session bus (D-Bus)")
}
