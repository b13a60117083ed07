//go:build !unix || darwin

package vault

import "github.com/zalando/go-keyring"

// systemKeychain is the Keychain of macOS, or the Credential Manager of Windows.
type systemKeychain struct{}

func (systemKeychain) Get(service, user string) (string, error) { return keyring.Get(service, user) }

func (systemKeychain) Set(service, user, secret string) error {
	return keyring.Set(service, user, secret)
}

func (systemKeychain) Delete(service, user string) error { return keyring.Delete(service, user) }
