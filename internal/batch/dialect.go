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

// dialect is how a CSV file is written.
type dialect struct {
	charset charset
	bom     int // its length in bytes
	delim   rune
}

// dialectGuess is a dialect and what speaks for it.
type dialectGuess struct {
	dialect
	layout
	fields int      // in the sampled rows
	widest []string // the names to show where no header is found
}

// better reports whether g explains the file better than h.
func (g dialectGuess) better(h dialectGuess) bool {
	has, had := g.columns.number >= 0, h.columns.number >= 0
	switch {
	case has != had:
		return has
	case has && len(g.names) != len(h.names):
		return len(g.names) > len(h.names)
	case !has && len(g.widest) != len(h.widest):
		return len(g.widest) > len(h.widest)
	}
	return g.fields > h.fields
}

// findDialect looks at the first rows. open gives the file from behind the
// byte order mark.
func findDialect(open func() (io.Reader, error), c charset, tsv bool) (dialectGuess, error) {
	declared, err := declaredDelimiter(open, c)
	if err != nil {
		return dialectGuess{}, err
	}
	candidates := delimiters
	switch {
	case declared != 0:
		candidates = string(declared)
	case tsv:
		candidates = "\t" + delimiters
	}
	var best *dialectGuess
	var failed, broken error // broken: of a file with a header
	for _, delim := range candidates {
		g, err := tryDelimiter(open, c, delim, declared != 0)
		if err != nil {
			failed = cmp.Or(failed, err)
			if g.names != nil {
				broken = cmp.Or(broken, err)
			}
		} else if best == nil || g.better(*best) {
			best = &g
		}
	}
	switch {
	case broken != nil && (best == nil || best.columns.number < 0):
		return dialectGuess{}, broken
	case best == nil:
		return dialectGuess{}, failed
	case best.columns.number < 0 && len(best.widest) == 1 && failed != nil:
		return dialectGuess{}, failed
	case best.columns.number < 0:
		return dialectGuess{}, noColumn(best.widest)
	}
	return *best, nil
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
	line := strings.ToLower(rec.text(0))
	if rest, ok := strings.CutPrefix(line, "sep="); ok && len(rest) == 1 && strings.Contains(delimiters, rest) {
		return rune(rest[0]), nil
	}
	return 0, nil
}

// tryDelimiter reads the first rows with a delimiter.
func tryDelimiter(open func() (io.Reader, error), c charset, delim rune, declared bool) (dialectGuess, error) {
	r, err := open()
	if err != nil {
		return dialectGuess{}, err
	}
	g := dialectGuess{dialect: dialect{charset: c, delim: delim}}
	s := newScanner(r, c, delim)
	if err := g.readHeader(s, declared); err != nil {
		return g, err
	}
	for range sampleRows {
		rec, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return g, err
		}
		g.fields += len(rec.cells)
	}
	return g, nil
}

// readHeader looks for the header, behind the sep= line if one is declared.
func (g *dialectGuess) readHeader(s *scanner, declared bool) error {
	var header headerSearch
	for {
		rec, err := s.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			if l := header.result(); l != nil {
				g.layout = *l
			}
			return err
		}
		if declared && header.seen == 0 {
			header.skip()
		} else if header.add(rec) {
			break
		}
	}
	switch found := header.result(); {
	case found != nil:
		g.layout = *found
	case header.rows == 0:
		return &Error{Msg: "empty file", Hint: hintHeader, Err: ErrEmpty}
	default:
		g.columns.number = -1
	}
	g.widest = header.names
	if header.found == nil {
		g.fields = header.cells
	}
	return nil
}
