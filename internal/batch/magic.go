package batch

import (
	"bytes"
	"errors"
	"io"
	"os"
)

// isZip recognises what may be a workbook.
func isZip(f *os.File) (bool, error) {
	var head [4]byte
	n, err := f.ReadAt(head[:], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	magic := string(head[:n])
	return magic == "PK\x03\x04" || magic == "PK\x05\x06", nil
}

// ole is how a file in Microsoft's older container begins: XLS, and every
// workbook with a password.
const ole = "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1"

// isEncrypted looks through such a container for the entry that an encrypted
// workbook is in (MS-OFFCRYPTO 2.3.4.4), whose name is UTF-16.
func isEncrypted(r io.Reader) (bool, error) {
	name := charsetUTF16LE.encode(nil, "EncryptedPackage")
	buf := make([]byte, 64<<10)
	for n := 0; ; {
		m, err := io.ReadFull(r, buf[n:])
		if bytes.Contains(buf[:n+m], name) {
			return true, nil
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		n = copy(buf, buf[len(buf)-len(name):])
	}
}
