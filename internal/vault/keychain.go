package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"filippo.io/age"
	"github.com/zalando/go-keyring"

	"github.com/poactor/poactor/po"
)

// Keychain is the operating system's store of secrets, in the words of go-keyring,
// whose errors it returns. A call may hang for ever.
type Keychain interface {
	Get(service, user string) (string, error)
	Set(service, user, secret string) error
	Delete(service, user string) error
}

// keychainService is what poactor is called in the keychain.
const keychainService = "poactor"

// keychainUser is what an account is called there. Only its key is kept in it: what is
// larger, some keychains do not take.
func keychainUser(id ID) string { return id.Portal + "/" + id.Name }

const (
	// The keychain of a machine where nobody is would wait for ever for somebody who
	// types its password; a person needs a while to do so.
	unattendedWait  = 3 * time.Second
	interactiveWait = time.Minute
	// notifyAfter is when the user is told what is waited for.
	notifyAfter = 2 * time.Second
)

// keychainKey is the key that the keychain has for an account. create makes one where
// it has none.
func (v *Vault) keychainKey(ctx context.Context, id ID, create bool) (*age.X25519Identity, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if key := v.keys[id]; key != nil {
		return key, nil
	}
	if v.config.NoKeychain {
		return nil, noKey(id, create, errors.New("it is turned off (POACTOR_KEYCHAIN=off)"))
	}
	key, err := v.getKey(ctx, id)
	if create && errors.Is(err, keyring.ErrNotFound) {
		key, err = v.createKey(ctx, id)
	}
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, noKey(id, create, err)
	}
	v.keys[id] = key
	return key, nil
}

func (v *Vault) getKey(ctx context.Context, id ID) (*age.X25519Identity, error) {
	text, err := ask(ctx, v, func() (string, error) { return v.config.Keychain.Get(keychainService, keychainUser(id)) })
	if err != nil {
		return nil, err
	}
	key, err := age.ParseX25519Identity(text)
	if err != nil {
		return nil, errors.New("its entry for poactor is no key") // err may quote it
	}
	return key, nil
}

// createKey makes a key and reads it back: a keychain may take what it does not keep.
func (v *Vault) createKey(ctx context.Context, id ID) (*age.X25519Identity, error) {
	key, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	_, err = ask(ctx, v, func() (struct{}, error) {
		return struct{}{}, v.config.Keychain.Set(keychainService, keychainUser(id), key.String())
	})
	if err != nil {
		return nil, err
	}
	kept, err := v.getKey(ctx, id)
	if errors.Is(err, keyring.ErrNotFound) || err == nil && kept.String() != key.String() {
		err = errors.New("it has not kept what it was given")
	}
	return kept, err
}

func (v *Vault) forgetKey(ctx context.Context, id ID) error {
	_, err := ask(ctx, v, func() (struct{}, error) {
		return struct{}{}, v.config.Keychain.Delete(keychainService, keychainUser(id))
	})
	if err != nil && !errors.Is(err, keyring.ErrNotFound) {
		return fmt.Errorf("the keychain keeps its key: %w", err)
	}
	return nil
}

// ask bounds a call of the keychain, which has no bound of its own.
func ask[T any](ctx context.Context, v *Vault, call func() (T, error)) (T, error) {
	if v.config.Interactive && v.config.Notify != nil {
		told := time.AfterFunc(notifyAfter, func() {
			v.config.Notify("Waiting for the keychain: it may ask for its password")
		})
		defer told.Stop()
	}
	ctx, cancel := context.WithTimeoutCause(ctx, v.config.wait, fmt.Errorf("it does not answer within %v", v.config.wait))
	defer cancel()
	return within(ctx, call)
}

const hintKeys = "unlock the keychain, or give a passphrase with --passphrase-file or --passphrase-command, " +
	"or keep it readable for whoever reads your files with --insecure-plain"

// noKey is the error where the keychain has no key to give.
func noKey(id ID, create bool, err error) error {
	e := &po.Error{Cause: po.ProfileFailed, Hint: hintKeys, Err: errors.Join(ErrNoKey, err),
		Msg: fmt.Sprintf("the session of %s cannot be kept encrypted: keychain: %s", id, po.FirstLine(err))}
	switch {
	case create:
	case errors.Is(err, keyring.ErrNotFound):
		e.Cause = po.SignedOut
		e.Msg = fmt.Sprintf("the session of %s cannot be decrypted: the keychain has no key for it", id)
		e.Hint = "it comes from another user or machine, or the keychain was reset: sign in again"
	default:
		e.Msg = fmt.Sprintf("the session of %s cannot be decrypted: keychain: %s", id, po.FirstLine(err))
		e.Hint = "unlock the keychain that it was kept with, or sign in again with --passphrase-file"
	}
	return e
}
