package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
	"unicode/utf8"

	"github.com/poactor/poactor/po"
)

const (
	// longestPassphrase bounds what is read, in bytes: more is no passphrase but a file
	// that was named by mistake.
	longestPassphrase = 64 << 10
	// passphraseWithin bounds the wait for a passphrase: a command may ask a person.
	passphraseWithin = 2 * time.Minute
)

// givenPassphrase reads the passphrase that is given, once; empty if none is.
func (v *Vault) givenPassphrase(ctx context.Context) (string, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.passphrase != "" {
		return v.passphrase, nil
	}
	from, read := v.passphraseSource()
	if read == nil {
		return "", nil
	}
	late := fmt.Errorf("it does not come within %v", passphraseWithin)
	bounded, cancel := context.WithTimeoutCause(ctx, passphraseWithin, late)
	defer cancel()
	text, err := within(bounded, func() ([]byte, error) { return read(bounded) })
	if err == nil {
		err = checkPassphrase(text)
	}
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", &po.Error{
			Cause: po.ProfileFailed,
			Msg:   fmt.Sprintf("no passphrase comes from %s: %s", from, po.FirstLine(err)),
			Hint:  "it must hold the passphrase alone, as text",
			Err:   errors.Join(ErrNoKey, err),
		}
	}
	v.passphrase = string(trimLine(text))
	return v.passphrase, nil
}

// passphraseSource is where the passphrase comes from, in words, and how it is read;
// nil if none is given.
func (v *Vault) passphraseSource() (from string, read func(context.Context) ([]byte, error)) {
	c := v.config
	switch {
	case c.PassphraseFile != "":
		return "the file " + c.PassphraseFile, readFile(c.PassphraseFile)
	case c.PassphraseCommand != "":
		return "the passphrase command", v.runCommand
	case c.CredentialsDirectory != "":
		path := filepath.Join(c.CredentialsDirectory, CredentialName)
		if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			return "the credential " + path, readFile(path)
		}
	}
	return "", nil
}

// readFile reads a file, or what stands behind the name of one, like a pipe.
func readFile(path string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) {
		f, err := os.Open(path)
		if err != nil {
			if pe, ok := errors.AsType[*os.PathError](err); ok {
				err = pe.Err // the path is named already
			}
			return nil, err
		}
		defer f.Close()
		return io.ReadAll(io.LimitReader(f, longestPassphrase+1))
	}
}

func (v *Vault) runCommand(ctx context.Context) ([]byte, error) {
	cmd := shell(ctx, v.config.PassphraseCommand)
	cmd.Stderr = v.config.Stderr
	cmd.WaitDelay = time.Second // for what it has started
	return cmd.Output()
}

func trimLine(text []byte) []byte { return bytes.TrimRight(text, "\r\n") }

func checkPassphrase(text []byte) error {
	switch trimmed := trimLine(text); {
	case len(trimmed) == 0:
		return errors.New("it is empty")
	case len(text) > longestPassphrase:
		return errors.New("it is too long")
	case !utf8.Valid(trimmed) || bytes.ContainsAny(trimmed, "\x00\r\n"):
		return errors.New("it is not one line of text")
	}
	return nil
}

// within runs what may never return. Then its goroutine stays: nothing ends a call of
// the system that hangs. The error of a context that has ended is its cause. A panic is
// an error: go-keyring has one where the bus goes while it waits for its user.
func within[T any](ctx context.Context, call func() (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	c := make(chan answer, 1)
	go func() {
		var a answer
		defer func() {
			if recover() != nil { // it may quote what the keychain has
				a.err = errors.New("it failed")
			}
			c <- a
		}()
		a.value, a.err = call()
	}()
	select {
	case a := <-c:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}
