package batch

import (
	"fmt"
	"strings"
)

// maxTextsBytes bounds the shared strings of a workbook, which are held in
// memory during a pass: 1,048,576 rows, as many as a sheet can have, with 250
// bytes each that no other row has. Each counts textBytes more, for where it
// ends: an empty one needs memory too.
const (
	maxTextsBytes = 256 << 20
	textBytes     = 4
)

// texts are the shared strings of a workbook: most cells with text only have
// the number of one.
type texts struct {
	bytes []byte
	ends  []uint32 // of each in bytes
}

var _ = uint32(maxTextsBytes + maxCellBytes) // fits

// tooMany reports whether they take more memory than they may.
func (t *texts) tooMany() bool { return len(t.bytes)+textBytes*len(t.ends) > maxTextsBytes }

func (t *texts) at(i int) string {
	from := uint32(0)
	if i > 0 {
		from = t.ends[i-1]
	}
	return valid(t.bytes[from:t.ends[i]])
}

// valid makes a string of a workbook's bytes; what cannot be read becomes
// U+FFFD.
func valid(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }

// texts reads a part of shared strings; without a name there are none.
func (a *archive) texts(name string) (*texts, error) {
	all := &texts{}
	if name == "" {
		return all, nil
	}
	err := a.each(name, maxPartBytes, func(s *xmlScanner, t xmlToken) (err error) {
		if t.level != 2 || !s.is(t, "si") || t.kind == xmlClose {
			return nil
		}
		if t.kind == xmlOpen {
			if all.bytes, err = s.rich(all.bytes, t.level, false); err != nil {
				return err
			}
		}
		all.ends = append(all.ends, uint32(len(all.bytes)))
		if all.tooMany() {
			return &Error{Msg: fmt.Sprintf("the texts of the workbook have more than %d MB", maxTextsBytes>>20),
				Hint: "save it as CSV", Err: ErrTooLong}
		}
		return nil
	})
	return all, err
}
