package vault

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/poactor/poactor/po"
)

const (
	content    = `{"cookies":["s3cr3t-v4lu3"]}`
	passphrase = "correct horse battery staple"
)

var acme = ID{Portal: "coupa", Name: "default"}

// memory is a keychain that does as it should, but for what a test changes.
type memory struct {
	mu      sync.Mutex
	entries map[string]string
	calls   int
	setErr  error
	forgets bool
}

func (m *memory) Get(service, user string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if secret, ok := m.entries[service+" "+user]; ok {
		return secret, nil
	}
	return "", keyring.ErrNotFound
}

func (m *memory) Set(service, user, secret string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls++
	if m.setErr != nil || m.forgets {
		return m.setErr
	}
	if m.entries == nil {
		m.entries = map[string]string{}
	}
	m.entries[service+" "+user] = secret
	return nil
}

func (m *memory) Delete(service, user string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.entries[service+" "+user]; !ok {
		return keyring.ErrNotFound
	}
	delete(m.entries, service+" "+user)
	return nil
}

// hanging is a keychain that waits for somebody who never comes.
type hanging struct{ until <-chan struct{} }

func (h hanging) Get(string, string) (string, error) { <-h.until; return "", errors.New("too late") }
func (h hanging) Set(string, string, string) error   { <-h.until; return errors.New("too late") }
func (h hanging) Delete(string, string) error        { <-h.until; return errors.New("too late") }

func newHanging(t *testing.T) hanging {
	until := make(chan struct{})
	t.Cleanup(func() { close(until) })
	return hanging{until}
}

// vault makes one that tries passphrases fast.
func vault(c Config) *Vault {
	c.workFactor = 8
	return New(c)
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func seal(t *testing.T, v *Vault, id ID) []byte {
	t.Helper()
	sealed, err := v.Seal(t.Context(), id, []byte(content))
	if err != nil {
		t.Fatal(err)
	}
	return sealed
}

// sources is each way to a key.
func sources(t *testing.T) map[string]struct {
	config Config
	by     Protection
} {
	credentials := filepath.Dir(write(t, CredentialName, passphrase))
	return map[string]struct {
		config Config
		by     Protection
	}{
		"file":                         {Config{PassphraseFile: write(t, "p", passphrase+"\r\n"), Keychain: newHanging(t)}, ByPassphrase},
		"file before command":          {Config{PassphraseFile: write(t, "p", passphrase), PassphraseCommand: "exit 1"}, ByPassphrase},
		"command":                      {Config{PassphraseCommand: "echo " + passphrase, CredentialsDirectory: t.TempDir()}, ByPassphrase},
		"credential":                   {Config{CredentialsDirectory: credentials, Keychain: newHanging(t)}, ByPassphrase},
		"passphrase in spite of plain": {Config{CredentialsDirectory: credentials, InsecurePlain: true}, ByPassphrase},
		"keychain":                     {Config{Keychain: &memory{}}, ByKeychain},
		"no credential":                {Config{Keychain: &memory{}, CredentialsDirectory: t.TempDir()}, ByKeychain},
		"plain":                        {Config{InsecurePlain: true, Keychain: newHanging(t)}, Plain},
	}
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for name, tt := range sources(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := vault(tt.config)
			if by, err := v.Prepare(t.Context(), acme); by != tt.by || err != nil {
				t.Fatalf("%s, %v", by, err)
			}
			sealed := seal(t, v, acme)
			if by := ProtectionOf(sealed); by != tt.by {
				t.Errorf("protected by %q", by)
			}
			if plain := bytes.Contains(sealed, []byte("s3cr3t-v4lu3")); plain != (tt.by == Plain) {
				t.Errorf("content is there to be read: %v", plain)
			}
			got, err := vault(tt.config).Open(t.Context(), acme, sealed) // another process
			if err != nil || string(got) != content {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
}

// wantError wants one line for the user, with a hint and without a secret.
func wantError(t *testing.T, err, is error, msg string) {
	t.Helper()
	e, ok := errors.AsType[*po.Error](err)
	if !ok || !errors.Is(err, is) || e.Cause == "" || e.Hint == "" || !strings.HasPrefix(e.Msg, msg) || strings.Contains(e.Msg, "\n") {
		t.Errorf("got  %v\nwant %s (%v)", err, msg, is)
		return
	}
	for _, secret := range []string{"s3cr3t-v4lu3", passphrase, "AGE-SECRET-KEY"} {
		if strings.Contains(e.Msg+e.Hint+errors.Join(e.Unwrap()...).Error(), secret) {
			t.Errorf("the error tells a secret: %s", po.Clip(e.Msg, 20))
		}
	}
}

// What was not made for this account by this key, as it is, is not opened.
func TestNotOpened(t *testing.T) {
	t.Parallel()
	all := map[string]Config{}
	for name, tt := range sources(t) {
		all[name] = tt.config
	}
	chain := &memory{}
	byFile, byChain, plain := vault(all["file"]), vault(Config{Keychain: chain}), vault(all["plain"])
	for name, v := range map[string]*Vault{"passphrase": byFile, "keychain": byChain} {
		sealed := seal(t, v, acme)
		other := ID{Portal: "coupa", Name: "other"}
		if name == "keychain" { // the same key, so that it is the file alone that tells
			if err := chain.Set(keychainService, keychainUser(other), v.keys[acme].String()); err != nil {
				t.Fatal(err)
			}
		}
		_, err := v.Open(t.Context(), other, sealed)
		wantError(t, err, ErrForeign, "the file of the session of profile other of portal coupa is that of profile default of portal coupa")
		for n := range len(sealed) {
			if n%7 > 0 && n < len(sealed)-20 {
				continue
			}
			if _, err := v.Open(t.Context(), acme, sealed[:n]); err == nil {
				t.Fatalf("%s: opened when cut to %d of %d bytes", name, n, len(sealed))
			}
			changed := bytes.Clone(sealed)
			changed[n] ^= 1
			if _, err := v.Open(t.Context(), acme, changed); err == nil {
				t.Fatalf("%s: opened with byte %d of %d changed", name, n, len(sealed))
			}
		}
		_, err = v.Open(t.Context(), acme, sealed[:len(sealed)-1])
		wantError(t, err, ErrDamaged, "the session of profile default of portal coupa cannot be read: its file is damaged or was changed")
		_, err = v.Open(t.Context(), acme, append(bytes.Clone(sealed), 'x'))
		wantError(t, err, ErrDamaged, "the session of")
	}
	for name, tt := range map[string]struct {
		v      *Vault
		sealed []byte
		is     error
		msg    string
	}{
		"wrong passphrase": {vault(Config{PassphraseFile: write(t, "p", "wrong")}), seal(t, byFile, acme), ErrWrongKey,
			"wrong passphrase for the session of profile default of portal coupa"},
		"no passphrase": {byChain, seal(t, byFile, acme), ErrNoKey,
			"the session of profile default of portal coupa is encrypted with a passphrase, and none is given"},
		"another keychain": {vault(Config{Keychain: &memory{}}), seal(t, byChain, acme), ErrNoKey,
			"the session of profile default of portal coupa cannot be decrypted: the keychain has no key for it"},
		"another key": {vault(Config{Keychain: otherKey(t)}), seal(t, byChain, acme), ErrWrongKey,
			"the session of profile default of portal coupa is encrypted with another key than the keychain's"},
		"no keychain": {vault(Config{NoKeychain: true}), seal(t, byChain, acme), ErrNoKey,
			"the session of profile default of portal coupa cannot be decrypted: keychain: it is turned off (POACTOR_KEYCHAIN=off)"},
		"plain":            {byChain, seal(t, plain, acme), ErrPlain, "the session of profile default of portal coupa is not encrypted"},
		"plain of another": {plain, seal(t, plain, ID{"coupa", "x"}), ErrForeign, "the file of the session of profile default"},
		"huge work factor": {byFile, bytes.Replace(seal(t, byFile, acme), []byte(" 8\n"), []byte(" 22\n"), 1), ErrDamaged, "the session of"},
		"newer": {plain, []byte(`{"format":"poactor session","version":2}` + "\n"), ErrDamaged,
			"the session of profile default of portal coupa was kept by another version of poactor"},
		"empty":             {plain, nil, ErrDamaged, "the session of"},
		"other text":        {plain, []byte("{}\n"), ErrDamaged, "the session of"},
		"another recipient": {byChain, []byte("age-encryption.org/v1\n-> ssh-ed25519 a b\n"), ErrDamaged, "the session of"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := tt.v.Open(t.Context(), acme, tt.sealed)
			wantError(t, err, tt.is, tt.msg)
			if got != nil {
				t.Error("content comes with the error")
			}
		})
	}
}

func otherKey(t *testing.T) *memory {
	m := &memory{}
	if _, err := vault(Config{Keychain: m}).Prepare(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	return m
}

// Where there is no key nothing is written, and it is said why.
func TestNoKey(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config Config
		msg    string
	}{
		"off":          {Config{NoKeychain: true, Keychain: newHanging(t)}, "the session of profile default of portal coupa cannot be kept encrypted: keychain: it is turned off"},
		"hangs":        {Config{Keychain: newHanging(t), wait: 20 * time.Millisecond}, "the session of profile default of portal coupa cannot be kept encrypted: keychain: it does not answer within 20ms"},
		"too big":      {Config{Keychain: &memory{setErr: keyring.ErrSetDataTooBig}}, "the session of profile default of portal coupa cannot be kept encrypted: keychain: data passed to Set was too big"},
		"keeps not":    {Config{Keychain: &memory{forgets: true}}, "the session of profile default of portal coupa cannot be kept encrypted: keychain: it has not kept what it was given"},
		"not a key":    {Config{Keychain: &memory{entries: map[string]string{"poactor coupa/default": passphrase}}}, "the session of profile default of portal coupa cannot be kept encrypted: keychain: its entry for poactor is no key"},
		"no file":      {Config{PassphraseFile: filepath.Join(t.TempDir(), "p"), Keychain: &memory{}}, "no passphrase comes from the file "},
		"empty file":   {Config{PassphraseFile: write(t, "p", "\n"), InsecurePlain: true}, "no passphrase comes from the file "},
		"two lines":    {Config{PassphraseFile: write(t, "p", passphrase+"\nx")}, "no passphrase comes from the file "},
		"binary":       {Config{PassphraseFile: write(t, "p", "\xff\x00")}, "no passphrase comes from the file "},
		"directory":    {Config{PassphraseFile: t.TempDir()}, "no passphrase comes from the file "},
		"large":        {Config{PassphraseFile: write(t, "p", strings.Repeat("x", longestPassphrase+1))}, "no passphrase comes from the file "},
		"bad command":  {Config{PassphraseCommand: "exit 3", Keychain: &memory{}}, "no passphrase comes from the passphrase command: exit status 3"},
		"mute command": {Config{PassphraseCommand: "exit 0", Keychain: &memory{}}, "no passphrase comes from the passphrase command: it is empty"},
		"empty credential": {Config{CredentialsDirectory: filepath.Dir(write(t, CredentialName, "")), Keychain: &memory{}},
			"no passphrase comes from the credential "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := vault(tt.config)
			by, err := v.Prepare(t.Context(), acme)
			wantError(t, err, ErrNoKey, tt.msg)
			sealed, err := v.Seal(t.Context(), acme, []byte(content))
			wantError(t, err, ErrNoKey, tt.msg)
			if by != "" || sealed != nil {
				t.Errorf("%q, %d bytes", by, len(sealed))
			}
		})
	}
}

// The end of the context ends all waiting, with its own error.
func TestCancelled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]Config{
		"keychain": {Keychain: newHanging(t), Interactive: true},
		"command":  {PassphraseCommand: "exit 1"},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := vault(c).Seal(ctx, acme, nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNotify(t *testing.T) {
	t.Parallel()
	told := make(chan string, 1)
	v := vault(Config{Keychain: newHanging(t), Interactive: true, Notify: func(line string) { told <- line }})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := v.Prepare(ctx, acme)
		done <- err
	}()
	if line := <-told; line == "" {
		t.Error("told nothing")
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// The keychain is asked once in a process, however many ask at once.
func TestAskedOnce(t *testing.T) {
	t.Parallel()
	m := otherKey(t)
	m.calls = 0
	v := vault(Config{Keychain: m})
	sealed := seal(t, v, acme)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if _, err := v.Open(t.Context(), acme, sealed); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if m.calls != 1 {
		t.Errorf("asked %d times", m.calls)
	}
}

func TestForget(t *testing.T) {
	t.Parallel()
	m := &memory{}
	v := vault(Config{Keychain: m})
	sealed := seal(t, v, acme)
	for range 2 {
		if err := v.Forget(t.Context(), acme); err != nil {
			t.Fatal(err)
		}
	}
	_, err := v.Open(t.Context(), acme, sealed)
	wantError(t, err, ErrNoKey, "the session of")
	// A new key, which another process has made: the one that is known is no longer right.
	_ = seal(t, v, acme)
	other := vault(Config{Keychain: m})
	if err := other.Forget(t.Context(), acme); err != nil {
		t.Fatal(err)
	}
	if got, err := v.Open(t.Context(), acme, seal(t, other, acme)); err != nil || string(got) != content {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := vault(Config{Keychain: newHanging(t), wait: time.Millisecond}).Forget(t.Context(), acme); err == nil {
		t.Error("a keychain that hangs forgets")
	}
}

func TestWithEnv(t *testing.T) {
	t.Parallel()
	env := func(name string) (string, bool) {
		value, ok := map[string]string{"POACTOR_PASSPHRASE_FILE": "f", "CREDENTIALS_DIRECTORY": "d", "POACTOR_KEYCHAIN": "off"}[name]
		return value, ok
	}
	got := Config{}.WithEnv(env)
	if got.PassphraseFile != "f" || got.CredentialsDirectory != "d" || !got.NoKeychain {
		t.Errorf("%+v", got)
	}
	got = Config{PassphraseFile: "mine"}.WithEnv(func(string) (string, bool) { return "", false })
	if got.PassphraseFile != "mine" || got.NoKeychain {
		t.Errorf("%+v", got)
	}
}

// What is sealed can be read with age itself, and with no more work than is bearable.
func TestDefaults(t *testing.T) {
	t.Parallel()
	v := New(Config{Interactive: true})
	if v.config.workFactor != 18 || v.config.wait != time.Minute || New(Config{}).config.wait != 3*time.Second {
		t.Errorf("%+v", v.config)
	}
	if runtime.GOOS == "windows" {
		t.Skip("no quotes to be kept there")
	}
	c := Config{PassphraseCommand: `printf '%s\n' "a  b" | cat`}
	if got, err := vault(c).givenPassphrase(t.Context()); got != "a  b" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
}
