package batch

import (
	"bytes"
	"errors"
	"io"
)

// ole is how a file in Microsoft's older container begins: XLS, and every
// workbook with a password.
const ole = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"

// oleKind is what a file in that container is.
type oleKind int

const (
	oleOther oleKind = iota
	oleEncrypted
	oleWord
)

// oleEntries are the entries of the container that tell, whose names are UTF-16:
// an encrypted workbook (MS-OFFCRYPTO 2.3.4.4), a Word document (MS-DOC 2.1).
var oleEntries = []struct {
	name []byte
	kind oleKind
}{
	{charsetUTF16LE.encode(nil, "EncryptedPackage"), oleEncrypted},
	{charsetUTF16LE.encode(nil, "WordDocument"), oleWord},
}

// detectOLE looks through such a container for an entry that tells what it is.
func detectOLE(r io.Reader) (oleKind, error) {
	longest := len(oleEntries[0].name)
	buf := make([]byte, 64<<10)
	for n := 0; ; {
		m, err := io.ReadFull(r, buf[n:])
		for _, e := range oleEntries {
			if bytes.Contains(buf[:n+m], e.name) {
				return e.kind, nil
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return oleOther, nil
		}
		if err != nil {
			return oleOther, err
		}
		n = copy(buf, buf[len(buf)-longest:])
	}
}
