package xlsx

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
)

// Bounds of what is read of a part of a workbook. A sheet of 1,048,576 rows
// with 50 cells of ours and theirs has about 3 GB; it and the shared strings
// stream. What other parts list is held in memory, and is small: a few MB for
// the styles of workbooks that have been copied together for years.
const (
	maxPartBytes      = 4_000_000_000
	maxSmallPartBytes = 64_000_000
	maxRelationships  = 100_000
	maxNameBytes      = 1024 // of parts and of what refers to them
)

// archive is the zip file that a workbook is. Only the parts that matter are
// ever decompressed.
type archive struct {
	files   []*zip.File
	byName  map[string]*zip.File // lower case: names of parts are equal in any case
	comment string
}

func openArchive(f *os.File) (*archive, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	z, err := zip.NewReader(f, info.Size())
	if err != nil {
		return nil, archiveError(err)
	}
	a := &archive{files: z.File, byName: make(map[string]*zip.File, len(z.File)), comment: z.Comment}
	if err := a.check(info.Size()); err != nil {
		return nil, err
	}
	return a, nil
}

// check refuses what could not be copied, so that it is found before
// anything is written.
func (a *archive) check(size int64) error {
	left := uint64(size)
	for _, f := range a.files {
		name := strings.ToLower(f.Name)
		if a.byName[name] != nil {
			return damaged("it has a part twice")
		}
		a.byName[name] = f
		at, err := f.DataOffset()
		if err != nil {
			return archiveError(err)
		}
		// Parts that share their bytes would be copied many times.
		if f.CompressedSize64 > left || uint64(at)+f.CompressedSize64 > uint64(size) {
			return damaged("its parts are larger than it is")
		}
		left -= f.CompressedSize64
	}
	return nil
}

// part finds a part; nil if there is none.
func (a *archive) part(name string) *zip.File {
	return a.byName[strings.ToLower(strings.TrimPrefix(name, "/"))]
}

// scan gives a part of up to limit bytes as XML.
func (a *archive) scan(name string, limit int64, use func(s *xmlScanner) error) error {
	f := a.part(name)
	switch {
	case f == nil:
		return damaged("it lacks a part, " + printable(name))
	case f.Flags&1 != 0:
		return Protected()
	case f.UncompressedSize64 > uint64(limit):
		return tooLarge(limit)
	}
	r, err := f.Open()
	if err != nil {
		return archiveError(err)
	}
	defer r.Close()
	return use(newXMLScanner(&partReader{r: r, limit: limit, left: limit}))
}

// each calls f for every tag and text of a part, with nothing but that in the
// scanner's raw bytes.
func (a *archive) each(name string, limit int64, f func(s *xmlScanner, t xmlToken) error) error {
	return a.scan(name, limit, func(s *xmlScanner) error {
		for {
			t, err := s.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil {
				err = f(s, t)
			}
			if err != nil {
				return err
			}
			s.raw = s.raw[:0]
		}
	})
}

// partReader bounds what is read of a part, and says what is wrong with it.
type partReader struct {
	r           io.Reader
	limit, left int64
}

func (p *partReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	if p.left -= int64(n); p.left < 0 {
		return 0, tooLarge(p.limit)
	}
	if err != nil && !errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = archiveError(err)
	}
	return n, err
}

// archiveError makes an error of the zip archive an *Error; that of the disk stays.
// Where the archive gives a place that no file has, the error is a path's as well.
func archiveError(err error) error {
	if _, ok := errors.AsType[syscall.Errno](err); ok {
		return err
	}
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return damaged(strings.TrimPrefix(err.Error(), "zip: "))
}

func tooLarge(limit int64) *Error {
	return &Error{Msg: fmt.Sprintf("a part of the workbook is larger than %d MB", limit/1e6),
		Hint: hintCSV, Err: ErrTooLarge}
}

// relationship says what a part uses another for.
type relationship struct {
	id, kind string // the kind is the last part of its URL, as there are two sets of them
	target   string // the part's name in the archive
}

// relationships reads those of a part; the empty name stands for the archive.
func (a *archive) relationships(of string) ([]relationship, error) {
	var all []relationship
	err := a.each(relationshipsPart(of), maxSmallPartBytes, func(s *xmlScanner, t xmlToken) error {
		if !t.opens() || t.level != 2 || !s.is(t, "Relationship") {
			return nil
		}
		if mode, _ := s.attr("TargetMode"); mode == "External" {
			return nil
		}
		id, _ := s.attr("Id")
		kind, _ := s.attr("Type")
		target, _ := s.attr("Target")
		if len(id) > maxNameBytes || len(target) > maxNameBytes {
			return nil // no part has such a name
		}
		if len(all) == maxRelationships {
			return &Error{Msg: fmt.Sprintf("more than %d relationships", maxRelationships), Err: ErrTooLarge}
		}
		if !strings.HasPrefix(target, "/") {
			target = path.Join(path.Dir("/"+of), target)
		}
		all = append(all, relationship{id, path.Base(kind), strings.TrimPrefix(path.Clean(target), "/")})
		return nil
	})
	return all, err
}

// relationshipsPart names the part that has the relationships of another.
func relationshipsPart(name string) string {
	dir, base := path.Split(name)
	return dir + "_rels/" + base + ".rels"
}
