package xlsx

import (
	"fmt"
	"path"
	"strings"
)

// parts are the names of those parts of a workbook that matter here; empty if
// there are none.
type parts struct {
	main          string // which lists the sheets
	sharedStrings string
	styles        string
	calcChain     string // the order in which formulas are calculated
	from1904      bool   // day 0 is 1 January 1904
}

// maxSheets bounds the sheets of a workbook; Excel's own bound is its memory.
const maxSheets = 10_000

// readParts finds the parts and the sheets.
func (a *archive) readParts(w *Workbook) error {
	p := &w.parts
	var err error
	if p.main, err = a.mainPart(); err != nil {
		return err
	}
	if w.Macros, err = a.macros(p.main); err != nil {
		return err
	}
	related, err := a.relationships(p.main)
	if err != nil {
		return err
	}
	sheets := map[string]string{}
	for _, r := range related {
		switch r.kind {
		case "worksheet":
			sheets[r.id] = r.target
		case "sharedStrings":
			p.sharedStrings = r.target
		case "styles":
			p.styles = r.target
		case "calcChain":
			p.calcChain = r.target
		}
	}
	return a.readMain(w, sheets)
}

// mainPart is the part that all others hang on.
func (a *archive) mainPart() (string, error) {
	switch {
	case a.part("mimetype") != nil:
		return "", unsupported("it is an OpenDocument spreadsheet (ODS)", "save it as XLSX or CSV")
	case a.part("Index/Document.iwa") != nil || a.part("Index.zip") != nil:
		return "", unsupported("it is an Apple Numbers document", "export it from Numbers as Excel or CSV")
	case a.part(relationshipsPart("")) == nil:
		return "", unsupported("it is a zip archive and not a workbook", "unpack it and give the file that is in it")
	}
	related, err := a.relationships("")
	if err != nil {
		return "", err
	}
	for _, r := range related {
		if r.kind == "officeDocument" {
			return r.target, nil
		}
	}
	return "", notWorkbook("a zip archive")
}

func notWorkbook(what string) *Error {
	return unsupported("it is "+what+" and not a workbook", "give a CSV or XLSX file")
}

func unsupported(what, hint string) *Error {
	return &Error{Msg: what, Hint: hint, Err: ErrUnsupported}
}

// contentTypes is the part that says of what kind the parts are.
const contentTypes = "[Content_Types].xml"

// macros looks at the kind of the main part: whether it is a workbook at all,
// and one with macros.
func (a *archive) macros(main string) (bool, error) {
	var kind, byExtension string
	err := a.each(contentTypes, maxSmallPartBytes, func(s *xmlScanner, t xmlToken) error {
		if !t.opens() || t.level != 2 {
			return nil
		}
		is, _ := s.attr("ContentType")
		name, _ := s.attr("PartName")
		extension, _ := s.attr("Extension")
		switch {
		case s.is(t, "Override") && strings.EqualFold(name, "/"+main):
			kind = is
		case s.is(t, "Default") && strings.EqualFold("."+extension, path.Ext(main)):
			byExtension = is
		}
		return nil
	})
	if err != nil {
		return false, err
	}
	if kind == "" {
		kind = byExtension
	}
	return isMacros(strings.ToLower(kind))
}

func isMacros(kind string) (bool, error) {
	switch {
	case strings.HasSuffix(kind, "spreadsheetml.sheet.main+xml"):
		return false, nil
	case strings.HasSuffix(kind, "excel.sheet.macroenabled.main+xml"):
		return true, nil
	case strings.Contains(kind, "excel.sheet.binary"):
		return false, unsupported("it is a binary workbook (XLSB)", "save it as XLSX or CSV")
	case strings.Contains(kind, "spreadsheetml") || strings.Contains(kind, "excel"):
		return false, unsupported("it is a template or an add-in", "save it as XLSX")
	}
	return false, notWorkbook("another kind of document")
}

// readMain reads the list of the sheets; sheets are their parts by the id of
// the relationship.
func (a *archive) readMain(w *Workbook, sheets map[string]string) error {
	known := map[string]bool{}
	index := -1
	return a.each(w.parts.main, maxSmallPartBytes, func(s *xmlScanner, t xmlToken) error {
		switch {
		case !t.opens():
		case t.level == 2 && s.is(t, "workbookPr"):
			on, _ := s.attr("date1904")
			w.parts.from1904 = on == "1" || on == "true"
		case t.level == 3 && s.is(t, "sheet"):
			part, ok := sheets[s.relationshipID()]
			if index++; !ok {
				return nil // a chart, a dialog
			}
			if known[strings.ToLower(part)] { // each would be read as often as it is named
				return damaged("two of its sheets share a part")
			}
			known[strings.ToLower(part)] = true
			name, _ := s.attr("name")
			state, _ := s.attr("state")
			w.Sheets = append(w.Sheets, Sheet{name, state == "hidden" || state == "veryHidden", part, index})
			if len(w.Sheets) > maxSheets {
				return &Error{Msg: fmt.Sprintf("more than %d sheets", maxSheets), Err: ErrTooLarge}
			}
		}
		return nil
	})
}
