//go:build unix && !darwin

package vault

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"github.com/zalando/go-keyring"
)

// systemKeychain is the Secret Service on the session's bus. Where there is no such bus
// it is not asked: its library would start one, and leave it running.
type systemKeychain struct{}

var errNoBus = errors.New("there is none: no session bus (D-Bus)")

func (systemKeychain) Get(service, user string) (string, error) {
	if !hasBus() {
		return "", errNoBus
	}
	return keyring.Get(service, user)
}

func (systemKeychain) Set(service, user, secret string) error {
	if !hasBus() {
		return errNoBus
	}
	return keyring.Set(service, user, secret)
}

func (systemKeychain) Delete(service, user string) error {
	if !hasBus() {
		return keyring.ErrNotFound
	}
	return keyring.Delete(service, user)
}

func hasBus() bool {
	if address := os.Getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" && address != "autolaunch:" {
		return true
	}
	dir := os.Getenv("XDG_RUNTIME_DIR")
	if dir == "" {
		dir = "/run/user/" + strconv.Itoa(os.Getuid())
	}
	for _, name := range []string{"bus", "dbus-session"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return true
		}
	}
	return false
}
