package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/poactor/poactor/po"
)

// An envelope is what is encrypted: a line that says whose the content is, then the
// content. What is encrypted cannot be changed, and so neither can that line.
type envelope struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Portal  string `json:"portal"`
	Name    string `json:"name"`
}

const (
	envelopeFormat  = "poactor session"
	envelopeVersion = 1
)

func wrap(id ID, content []byte) ([]byte, error) {
	line, err := json.Marshal(envelope{envelopeFormat, envelopeVersion, id.Portal, id.Name})
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), content...), nil
}

func unwrap(id ID, wrapped []byte) ([]byte, error) {
	line, content, found := bytes.Cut(wrapped, []byte("\n"))
	var e envelope
	if !found || json.Unmarshal(line, &e) != nil || e.Format != envelopeFormat {
		return nil, damaged(id, errors.New("it does not say whose it is"))
	}
	if e.Version != envelopeVersion {
		return nil, &po.Error{
			Cause: po.SignedOut,
			Msg:   fmt.Sprintf("the session of %s was kept by another version of poactor", id),
			Hint:  "use that version, or sign in again",
			Err:   ErrDamaged,
		}
	}
	if whose := (ID{e.Portal, e.Name}); whose != id {
		return nil, &po.Error{Cause: po.SignedOut, Msg: fmt.Sprintf("the file of the session of %s is that of %s", id, whose),
			Hint: "files were mixed up: put it back, or sign in again", Err: ErrForeign}
	}
	return content, nil
}

// ProtectionOf is what a file is encrypted with, by its beginning; empty for a file
// that Seal has not made.
func ProtectionOf(sealed []byte) Protection {
	if !bytes.HasPrefix(sealed, []byte(beginsEncrypted)) {
		line, _, _ := bytes.Cut(sealed[:min(len(sealed), 1<<10)], []byte("\n"))
		var e envelope
		if json.Unmarshal(line, &e) == nil && e.Format == envelopeFormat {
			return Plain
		}
		return ""
	}
	_, rest, _ := bytes.Cut(sealed, []byte("\n"))
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	switch fields := strings.Fields(string(line[:min(len(line), 1<<10)])); {
	case len(fields) < 2 || fields[0] != "->":
		return ""
	case fields[1] == "scrypt":
		return ByPassphrase
	case fields[1] == "X25519":
		return ByKeychain
	}
	return ""
}
