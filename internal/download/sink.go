package download

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// tempSuffix ends the names of temporary files in a work folder, which begin with
// outdir.OwnPrefix. SafeName never gives a name that begins with a dot.
const tempSuffix = ".part"

func tempName(n int) string { return outdir.OwnPrefix + strconv.Itoa(n) + tempSuffix }

func isTemp(name string) bool {
	return strings.HasPrefix(name, outdir.OwnPrefix) && strings.HasSuffix(name, tempSuffix)
}

// quotaInterval is how many bytes are written between two looks at the disk.
const quotaInterval = 1 << 20

// quotaError is the error of a file that exceeds its quota: a *fileError where
// the file itself is to blame, else one that ends the run.
func quotaError(cause po.Cause, detail string) error {
	switch cause {
	case "":
		return nil
	case po.DownloadRejected:
		return newFileError(cause, "%s", detail)
	}
	return fmt.Errorf("%w: %s", cause, detail)
}

// sink writes a temporary file and learns of its content what is to be known.
type sink struct {
	name  string
	dir   *os.Root
	file  *os.File
	hash  hash.Hash
	head  []byte // the first headBytes
	bytes int64
	err   error // of writing, with its cause; or a *fileError

	quota   outdir.Quota
	length  int64 // as the portal announces it; -1: it does not
	checked int64 // of bytes, when the disk was looked at last
	wrote   func()
}

func newSink(dir *os.Root, name string, q outdir.Quota) (*sink, error) {
	file, err := dir.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, writeError("create temporary file", err)
	}
	return &sink{name: name, dir: dir, file: file, hash: sha256.New(), quota: q, length: -1,
		wrote: func() {}}, nil
}

// Write implements io.Writer.
func (s *sink) Write(p []byte) (int, error) {
	if grown := s.bytes + int64(len(p)); grown > s.quota.MaxFile() || grown-s.checked >= quotaInterval {
		s.checked = grown
		if s.err = quotaError(s.quota.Check(grown, s.length, 0, "for the file")); s.err != nil {
			return 0, s.err
		}
	}
	n, err := s.file.Write(p)
	s.hash.Write(p[:n])
	s.head = append(s.head, p[:min(n, headBytes-len(s.head))]...)
	s.bytes += int64(n)
	s.wrote()
	if err != nil {
		s.err = writeError("write file", err)
	}
	return n, err
}

// tail reads the last tailBytes back.
func (s *sink) tail() ([]byte, error) {
	if s.bytes <= int64(len(s.head)) {
		return s.head, nil
	}
	tail := make([]byte, min(s.bytes, tailBytes))
	if _, err := s.file.ReadAt(tail, s.bytes-int64(len(tail))); err != nil {
		return nil, diskError("read file back", err)
	}
	return tail, nil
}

// close brings the file safely to the disk.
func (s *sink) close() error {
	err := s.file.Sync()
	if e := s.file.Close(); err == nil {
		err = e
	}
	return writeError("write file", err)
}

// discard ends a file that is not to be. It may be called after close.
func (s *sink) discard() {
	s.file.Close()
	s.dir.Remove(s.name) // what is left is swept with the work folder
}

func (s *sink) sum() string { return hex.EncodeToString(s.hash.Sum(nil)) }

// sumOf hashes a file of the folder. It refuses what is not a regular file.
func sumOf(dir *os.Root, name string, bytes int64) (string, error) {
	info, err := dir.Lstat(name)
	if err != nil {
		return "", err
	}
	if !info.Mode().IsRegular() || info.Size() != bytes {
		return "", fmt.Errorf("%s is not a file of %d bytes", name, bytes)
	}
	file, err := dir.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
