package xlsx

import (
	"fmt"
	"strings"
	"sync"
	"weak"
)

// Bounds of the shared strings of a workbook, which are held in memory during a
// pass. Reading rows leaves garbage behind of up to as much again until Go
// collects it: a workbook needs 256 MB at most.
const (
	maxSharedBytes = 100 << 20    // 1,048,576 rows, as many as a sheet can have, with 80 bytes each that no other row has
	stringOverhead = 16           // what each counts besides its own: an empty one needs memory and time too
	chunkBytes     = MaxCellBytes // of texts; none is longer
	chunkStrings   = 1 << 15
)

// sharedStrings are those of a workbook: most cells with text only have the
// number of one. They are held in chunks: a slice that grows would be held
// twice.
type sharedStrings struct {
	chunks [][]byte
	places [][]stringPlace
	count  int
}

// stringPlace is where a text is.
type stringPlace struct {
	chunk    uint32
	from, to uint32
}

// add adds a text; false if there is no room for it.
func (t *sharedStrings) add(text []byte) bool {
	last := len(t.chunks) - 1
	if last < 0 || len(t.chunks[last])+len(text) > cap(t.chunks[last]) {
		size := chunkBytes
		if last < 0 { // most workbooks are small
			size = max(chunkBytes>>4, len(text))
		}
		t.chunks = append(t.chunks, make([]byte, 0, size))
		last++
	}
	chunk := &t.chunks[last]
	from := len(*chunk)
	*chunk = append(*chunk, text...)
	if t.count%chunkStrings == 0 {
		t.places = append(t.places, nil)
	}
	places := &t.places[len(t.places)-1]
	*places = append(*places, stringPlace{uint32(last), uint32(from), uint32(len(*chunk))})
	t.count++
	return (len(t.chunks)-1)*chunkBytes+len(*chunk)+stringOverhead*t.count <= maxSharedBytes
}

func (t *sharedStrings) at(i int) string {
	p := t.places[i/chunkStrings][i%chunkStrings]
	return valid(t.chunks[p.chunk][p.from:p.to])
}

// valid makes a string of a workbook's bytes; what cannot be read becomes
// U+FFFD.
func valid(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

// sharedStrings reads the part of that name; without a name there are none.
func (a *archive) sharedStrings(name string) (*sharedStrings, error) {
	all := &sharedStrings{}
	if name == "" {
		return all, nil
	}
	var text []byte
	err := a.each(name, maxPartBytes, func(s *xmlScanner, t xmlToken) (err error) {
		if t.level != 2 || !s.is(t, "si") || t.kind == xmlClose {
			return nil
		}
		text = text[:0]
		if t.kind == xmlOpen {
			if text, err = s.richText(text, t.level, false); err != nil {
				return err
			}
		}
		if !all.add(text) {
			return &Error{Msg: fmt.Sprintf("the texts of the workbook have more than %d MB", maxSharedBytes>>20),
				Hint: hintCSV, Err: ErrTooLarge}
		}
		return nil
	})
	return all, err
}

// sharedStringsCache gives passes that follow each other, or run at a time, the
// same strings: two copies would need twice the memory. They are not kept for that.
type sharedStringsCache struct {
	mu   sync.Mutex
	last weak.Pointer[sharedStrings]
}

// read reads the part of that name, unless the strings are in memory.
func (s *sharedStringsCache) read(a *archive, name string) (*sharedStrings, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.last.Value(); t != nil {
		return t, nil
	}
	t, err := a.sharedStrings(name)
	if err == nil {
		s.last = weak.Make(t)
	}
	return t, err
}
