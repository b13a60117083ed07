package vault

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"
)

// serveBus makes a session bus, for one connection, of a function.
func serveBus(t *testing.T, serve func(net.Conn)) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bus")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		if c, err := l.Accept(); err == nil {
			serve(c)
			c.Close()
		}
	}()
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+path)
}

// soon waits for what happens, however slow the machine is.
func soon(t *testing.T, what string, happens <-chan struct{}) {
	t.Helper()
	select {
	case <-happens:
	case <-time.After(2 * time.Minute):
		t.Errorf("%s: not yet", what)
	}
}

// lockedKeyring answers on a bus as a keyring does that is locked, and tells each time
// that it asks its user for the password.
func lockedKeyring(c net.Conn, asks chan<- struct{}) error {
	r := bufio.NewReader(c)
	for { // the line protocol that comes first
		line, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		answer := "OK 0123456789abcdef0123456789abcdef"
		line = strings.Trim(line, "\x00\r\n")
		if line == "BEGIN" {
			break
		}
		switch line {
		case "AUTH":
			answer = "REJECTED EXTERNAL"
		case "NEGOTIATE_UNIX_FD":
			answer = "ERROR"
		}
		if _, err := fmt.Fprintf(c, "%s\r\n", answer); err != nil {
			return err
		}
	}
	for {
		call, err := dbus.DecodeMessage(r)
		if err != nil {
			return err
		}
		answer := dbus.Message{Type: dbus.TypeMethodReply, Headers: map[dbus.HeaderField]dbus.Variant{
			dbus.FieldReplySerial: dbus.MakeVariant(call.Serial()), dbus.FieldSender: dbus.MakeVariant("org.freedesktop.DBus")}}
		method, _ := call.Headers[dbus.FieldMember].Value().(string)
		switch method {
		case "Hello":
			answer.Body = []any{":1.1"}
		case "Get":
			answer.Body = []any{dbus.MakeVariant([]dbus.ObjectPath{"/org/freedesktop/secrets/collection/login"})}
		case "OpenSession":
			answer.Body = []any{dbus.MakeVariant(""), dbus.ObjectPath("/session")}
		case "Unlock":
			answer.Body = []any{[]dbus.ObjectPath{}, dbus.ObjectPath("/prompt")}
		}
		if answer.Body != nil {
			answer.Headers[dbus.FieldSignature] = dbus.MakeVariant(dbus.SignatureOf(answer.Body...))
		}
		if err := answer.EncodeTo(c, binary.LittleEndian); err != nil {
			return err
		}
		if method == "Prompt" {
			asks <- struct{}{}
		}
	}
}

// A session bus that takes the connection and says nothing.
func TestSilentBus(t *testing.T) {
	asked, end := make(chan struct{}), make(chan struct{})
	serveBus(t, func(net.Conn) {
		close(asked)
		<-end
	})
	_, err := New(Config{wait: 100 * time.Millisecond}).Prepare(t.Context(), acme)
	wantError(t, err, ErrNoKey, cannotKeep+"it does not answer within 100ms")
	soon(t, "the bus is asked", asked)
	close(end)
}

// A keyring that is locked asks for its password on a display that nobody sees, or on
// none. Then the bus goes, as at the end of a desktop's session.
func TestLockedKeyring(t *testing.T) {
	asks, conn := make(chan struct{}, 2), make(chan net.Conn, 1)
	serveBus(t, func(c net.Conn) {
		conn <- c
		_ = lockedKeyring(c, asks) // ends with the connection
	})
	_, err := New(Config{wait: 100 * time.Millisecond}).Prepare(t.Context(), acme)
	wantError(t, err, ErrNoKey, cannotKeep+"it does not answer within 100ms")
	soon(t, "the user is asked", asks)

	failed := make(chan struct{})
	go func() {
		defer close(failed)
		_, err := New(Config{wait: time.Hour}).Prepare(t.Context(), acme)
		wantError(t, err, ErrNoKey, cannotKeep)
	}()
	soon(t, "the user is asked again", asks)
	(<-conn).Close()
	soon(t, "the wait ends", failed)
}

// Without a bus none is started.
func TestNoBus(t *testing.T) {
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "")
	t.Setenv("XDG_RUNTIME_DIR", t.TempDir())
	t.Setenv("PATH", "")
	_, err := New(Config{}).Prepare(t.Context(), acme)
	wantError(t, err, ErrNoKey, cannotKeep+"there is none: no session bus (D-Bus)")
}

const cannotKeep = "the session of profile default of portal coupa cannot be kept encrypted: keychain: "
