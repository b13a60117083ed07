package batch

import (
	"cmp"
	"errors"
	"io"
	"strings"
)

// delimiters are those of SPEC §4; the first wins where nothing tells them
// apart.
const delimiters = ",;\t|"

// sampleRows is how many rows tell delimiters apart where the header does not.
const sampleRows = 20

// dialect is how a batch is laid out.
type dialect struct {
	charset charset
	bom     int // its length in bytes
	delim   rune
	preface int // records before the header: the sep= line, empty lines
	columns columns
	names   []string // of the header
}

// guess is a dialect and what speaks for it.
type guess struct {
	dialect
	fields int // in the sampled rows
}

// better reports whether g explains the file better than h.
func (g guess) better(h guess) bool {
	has, had := g.columns.number >= 0, h.columns.number >= 0
	switch {
	case has != had:
		return has
	case len(g.names) != len(h.names):
		return len(g.names) > len(h.names)
	}
	return g.fields > h.fields
}

// findDialect looks at the first rows. open gives the file from behind the
// byte order mark.
func findDialect(open func() (io.Reader, error), c charset, tsv bool) (dialect, error) {
	declared, err := declaredDelimiter(open, c)
	if err != nil {
		return dialect{}, err
	}
	candidates := delimiters
	switch {
	case declared != 0:
		candidates = string(declared)
	case tsv:
		candidates = "\t" + delimiters
	}
	var best *guess
	var failed error
	for _, delim := range candidates {
		g, err := tryDelimiter(open, c, delim, declared != 0)
		if err != nil {
			failed = cmp.Or(failed, err)
		} else if best == nil || g.better(*best) {
			best = &g
		}
	}
	switch {
	case best == nil:
		return dialect{}, failed
	case best.columns.number < 0 && len(best.names) == 1 && failed != nil:
		return dialect{}, failed
	case best.columns.number < 0:
		return dialect{}, noColumn(best.names)
	}
	return best.dialect, nil
}

// declaredDelimiter reads Excel's sep= line; 0 if there is none.
func declaredDelimiter(open func() (io.Reader, error), c charset) (rune, error) {
	r, err := open()
	if err != nil {
		return 0, err
	}
	rec, err := newScanner(io.LimitReader(r, sample), c, 0).next()
	if err != nil {
		return 0, nil // whatever it is, tryDelimiter says it better
	}
	line := strings.ToLower(unquote(c.decode(rec.cell(0))))
	if rest, ok := strings.CutPrefix(line, "sep="); ok && len(rest) == 1 && strings.Contains(delimiters, rest) {
		return rune(rest[0]), nil
	}
	return 0, nil
}

// tryDelimiter reads the first rows with a delimiter.
func tryDelimiter(open func() (io.Reader, error), c charset, delim rune, declared bool) (guess, error) {
	r, err := open()
	if err != nil {
		return guess{}, err
	}
	g := guess{dialect: dialect{charset: c, delim: delim}}
	s := newScanner(r, c, delim)
	if err := g.readHeader(s, declared); err != nil {
		return guess{}, err
	}
	for range sampleRows {
		rec, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return guess{}, err
		}
		g.fields += len(rec.cells)
	}
	return g, nil
}

// readHeader finds the first row that is not empty, behind the sep= line if
// one is declared.
func (d *dialect) readHeader(s *scanner, declared bool) error {
	for ; ; d.preface++ {
		rec, err := s.next()
		if errors.Is(err, io.EOF) {
			return &Error{Msg: "empty file", Hint: hintCSV + " with a column PO_NUMBER", Err: ErrEmpty}
		}
		if err != nil {
			return err
		}
		if declared && d.preface == 0 || d.blank(rec) {
			continue
		}
		quoted := true
		for i := range rec.cells {
			d.names = append(d.names, d.text(rec, i))
			quoted = quoted && d.isQuoted(rec, i)
		}
		d.columns = readHeader(d.names)
		d.columns.quoted = quoted
		return nil
	}
}

// text gives the text of a cell; empty if the row is too short to have it.
func (d *dialect) text(rec *record, i int) string {
	if i < 0 || i >= len(rec.cells) {
		return ""
	}
	return unquote(d.charset.decode(rec.cell(i)))
}

func (d *dialect) isQuoted(rec *record, i int) bool {
	return i < len(rec.cells) && len(rec.cell(i)) > 0 && d.charset.value(rec.cell(i)) == '"'
}

// blank reports whether there is nothing to see in a row.
func (d *dialect) blank(rec *record) bool {
	for i := range rec.cells {
		if trim(d.text(rec, i)) != "" {
			return false
		}
	}
	return true
}
