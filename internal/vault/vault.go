// Package vault encrypts what poactor keeps of a user's sessions on the disk, and finds
// the key for it: a passphrase that somebody has given, else a key of poactor's own in
// the keychain of the operating system. Where there is neither it refuses; nothing is
// ever written in plain text but where that was asked for.
//
// Encrypted files are those of age (age-encryption.org), so that another program can
// read them with the same key. No error has a key, a passphrase or content in it.
package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"filippo.io/age"

	"github.com/poactor/poactor/po"
)

// What the errors of a Vault wrap.
var (
	ErrNoKey    = errors.New("no key")            // there is no way to encrypt, or none to decrypt
	ErrWrongKey = errors.New("wrong key")         // it was encrypted with another key
	ErrDamaged  = errors.New("damaged")           // the file is not as it was written
	ErrForeign  = errors.New("another account's") // the file belongs to another portal or name
	ErrPlain    = errors.New("not encrypted")     // and it was not asked for plain files
)

const (
	// workFactor is age's own: about a second and 256 MiB for each passphrase that is
	// tried. A file that asks for more is not of poactor's making, and is not tried.
	workFactor = 18
	// beginsEncrypted is how every age file begins.
	beginsEncrypted = "age-encryption.org/"
)

// Config says where the key comes from. The zero value takes it from the keychain of
// the operating system.
type Config struct {
	// PassphraseFile holds a passphrase, with or without a line end behind it. It goes
	// before PassphraseCommand, that before CredentialsDirectory, and that before the
	// keychain.
	PassphraseFile string
	// PassphraseCommand is a command line for the shell that prints a passphrase.
	PassphraseCommand string
	// CredentialsDirectory is where systemd puts a service's credentials. A passphrase
	// is taken from its file CredentialName, where it has one.
	CredentialsDirectory string
	// NoKeychain leaves the keychain out.
	NoKeychain bool
	// InsecurePlain lets files be written, and read, that are not encrypted, where there
	// is no passphrase. The keychain is not asked.
	InsecurePlain bool
	// Interactive says that somebody is there who can unlock the keychain: they have a
	// terminal and a display. The keychain is given a minute then, else three seconds.
	Interactive bool
	// Notify is called with a line for the user where the keychain makes them wait,
	// from another goroutine. May be nil.
	Notify func(line string)
	// Stderr is where PassphraseCommand may say what is wrong; nil: nowhere.
	Stderr io.Writer
	// Keychain is used instead of the operating system's where it is not nil.
	Keychain Keychain

	workFactor int           // of scrypt; 0: workFactor
	wait       time.Duration // for the keychain; 0: as Interactive says
}

// CredentialName is the name of systemd's credential with a passphrase.
const CredentialName = "poactor-passphrase"

// WithEnv fills in what the environment says and c does not: POACTOR_PASSPHRASE_FILE,
// CREDENTIALS_DIRECTORY, and POACTOR_KEYCHAIN=off. env looks a variable up, like
// os.LookupEnv.
func (c Config) WithEnv(env func(name string) (string, bool)) Config {
	get := func(name string) string {
		value, _ := env(name)
		return value
	}
	if c.PassphraseFile == "" {
		c.PassphraseFile = get("POACTOR_PASSPHRASE_FILE")
	}
	if c.CredentialsDirectory == "" {
		c.CredentialsDirectory = get("CREDENTIALS_DIRECTORY")
	}
	c.NoKeychain = c.NoKeychain || get("POACTOR_KEYCHAIN") == "off"
	return c
}

// Protection is what a file is encrypted with.
type Protection string

// The protections of a file.
const (
	ByPassphrase Protection = "passphrase"
	ByKeychain   Protection = "keychain"
	Plain        Protection = "none"
)

// ID says whose the content of a file is. It is written into the file, so that a file
// cannot be put in the place of another account's.
type ID struct {
	Portal, Name string
}

// String is the profile's name and the portal's.
func (id ID) String() string { return fmt.Sprintf("profile %s of portal %s", id.Name, id.Portal) }

// Vault encrypts and decrypts. It is safe for concurrent use.
type Vault struct {
	config Config

	mu         sync.Mutex // held while a key is looked for: nobody is asked twice
	passphrase string
	keys       map[ID]*age.X25519Identity
}

// New makes a vault. It looks for no key yet.
func New(c Config) *Vault {
	if c.Keychain == nil {
		c.Keychain = systemKeychain{}
	}
	if c.workFactor == 0 {
		c.workFactor = workFactor
	}
	if c.wait == 0 {
		c.wait = unattendedWait
		if c.Interactive {
			c.wait = interactiveWait
		}
	}
	return &Vault{config: c, keys: map[ID]*age.X25519Identity{}}
}

// Prepare makes sure that Seal will find a key, and says what kind of one: before
// somebody takes the trouble to sign in. In the keychain one is made if need be; two
// processes must not do so for one ID at a time.
func (v *Vault) Prepare(ctx context.Context, id ID) (Protection, error) {
	_, protection, err := v.recipient(ctx, id)
	return protection, err
}

// Seal encrypts, with what Prepare finds. The errors of Prepare, Seal and Open are
// *po.Error, but for that of ctx: po.SignedOut where signing in again is the cure, else
// po.ProfileFailed.
func (v *Vault) Seal(ctx context.Context, id ID, content []byte) ([]byte, error) {
	recipient, protection, err := v.recipient(ctx, id)
	if err != nil {
		return nil, err
	}
	content, err = wrap(id, content)
	if err != nil || protection == Plain {
		return content, err
	}
	var sealed bytes.Buffer
	w, err := age.Encrypt(&sealed, recipient)
	if err == nil {
		_, err = w.Write(content)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, fmt.Errorf("encrypt the session: %w", err)
	}
	return sealed.Bytes(), nil
}

// recipient finds the key to encrypt with: the one that is given, never one that fits
// worse.
func (v *Vault) recipient(ctx context.Context, id ID) (age.Recipient, Protection, error) {
	passphrase, err := v.givenPassphrase(ctx)
	switch {
	case err != nil:
		return nil, "", err
	case passphrase != "":
		r, err := age.NewScryptRecipient(passphrase)
		if err != nil {
			return nil, "", err
		}
		r.SetWorkFactor(v.config.workFactor)
		return r, ByPassphrase, nil
	case v.config.InsecurePlain:
		return nil, Plain, nil
	}
	key, err := v.keychainKey(ctx, id, true)
	if err != nil {
		return nil, "", err
	}
	return key.Recipient(), ByKeychain, nil
}

// Open decrypts what Seal has made for the same ID, with the key that it was made with:
// one that is in the keychain is looked for there, also where a passphrase is given.
func (v *Vault) Open(ctx context.Context, id ID, sealed []byte) ([]byte, error) {
	content, err := v.open(ctx, id, sealed)
	if errors.Is(err, ErrWrongKey) && v.dropKey(id) { // the keychain may have another by now
		content, err = v.open(ctx, id, sealed)
	}
	if err != nil {
		return nil, err
	}
	return unwrap(id, content)
}

func (v *Vault) open(ctx context.Context, id ID, sealed []byte) ([]byte, error) {
	identity, err := v.identity(ctx, id, sealed)
	if err != nil || identity == nil {
		return sealed, err
	}
	return decrypt(id, sealed, identity)
}

// dropKey forgets the key that the keychain had for an account, if it was known.
func (v *Vault) dropKey(id ID) (known bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	known = v.keys[id] != nil
	delete(v.keys, id)
	return known
}

// identity finds the key to decrypt with; nil for a file that is not encrypted.
func (v *Vault) identity(ctx context.Context, id ID, sealed []byte) (age.Identity, error) {
	switch ProtectionOf(sealed) {
	case Plain:
		if !v.config.InsecurePlain {
			return nil, &po.Error{Cause: po.SignedOut, Msg: fmt.Sprintf("the session of %s is not encrypted", id), Err: ErrPlain,
				Hint: "sign in again, or allow it with --insecure-plain"}
		}
		return nil, nil
	case ByKeychain:
		return v.keychainKey(ctx, id, false)
	case ByPassphrase:
		passphrase, err := v.givenPassphrase(ctx)
		if err != nil {
			return nil, err
		}
		if passphrase == "" {
			return nil, &po.Error{Cause: po.ProfileFailed, Err: ErrNoKey,
				Msg:  fmt.Sprintf("the session of %s is encrypted with a passphrase, and none is given", id),
				Hint: "give it with --passphrase-file or --passphrase-command"}
		}
		identity, err := age.NewScryptIdentity(passphrase)
		if err == nil {
			identity.SetMaxWorkFactor(workFactor)
		}
		return identity, err
	}
	return nil, damaged(id, nil)
}

func decrypt(id ID, sealed []byte, identity age.Identity) ([]byte, error) {
	r, err := age.Decrypt(bytes.NewReader(sealed), identity)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return nil, wrongKey(id, ProtectionOf(sealed), err)
	}
	if err != nil {
		return nil, damaged(id, err)
	}
	content, err := io.ReadAll(r)
	if err != nil {
		return nil, damaged(id, err)
	}
	return content, nil
}

func wrongKey(id ID, by Protection, err error) error {
	e := &po.Error{Cause: po.ProfileFailed, Msg: fmt.Sprintf("wrong passphrase for the session of %s", id),
		Hint: "give the passphrase that it was kept with, or sign in again", Err: errors.Join(ErrWrongKey, err)}
	if by == ByKeychain {
		e.Cause = po.SignedOut
		e.Msg = fmt.Sprintf("the session of %s is encrypted with another key than the keychain's", id)
		e.Hint = "it comes from another user or machine, or the keychain was reset: sign in again"
	}
	return e
}

func damaged(id ID, err error) error {
	return &po.Error{
		Cause: po.SignedOut,
		Msg:   fmt.Sprintf("the session of %s cannot be read: its file is damaged or was changed", id),
		Hint:  "sign in again",
		Err:   errors.Join(ErrDamaged, err),
	}
}

// Forget removes what the keychain has for an ID.
func (v *Vault) Forget(ctx context.Context, id ID) error {
	if v.config.NoKeychain {
		return nil
	}
	v.dropKey(id)
	return v.forgetKey(ctx, id)
}
