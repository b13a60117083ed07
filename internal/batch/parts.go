package batch

import (
	"fmt"
	"path"
	"strings"
)

// parts are those parts of a workbook that matter here, by their names; empty
// if there are none.
type parts struct {
	main     string // which lists the sheets
	texts    string // shared strings
	styles   string
	chain    string // the order in which formulas are calculated
	sheets   []sheetPart
	macros   bool
	from1904 bool
}

// sheetPart is a sheet with rows and columns.
type sheetPart struct {
	name, part string
	index      int // among all sheets
	hidden     bool
}

// maxSheets bounds the sheets of a workbook; Excel's own bound is its memory.
const maxSheets = 10_000

// parts finds the parts.
func (a *archive) parts() (parts, error) {
	var p parts
	var err error
	if p.main, err = a.mainPart(); err != nil {
		return p, err
	}
	if p.macros, err = a.macros(p.main); err != nil {
		return p, err
	}
	related, err := a.relationships(p.main)
	if err != nil {
		return p, err
	}
	sheets := map[string]string{}
	for _, r := range related {
		switch r.kind {
		case "worksheet":
			sheets[r.id] = r.target
		case "sharedStrings":
			p.texts = r.target
		case "styles":
			p.styles = r.target
		case "calcChain":
			p.chain = r.target
		}
	}
	return p, a.readMain(&p, sheets)
}

// mainPart is the part that all others hang on.
func (a *archive) mainPart() (string, error) {
	switch {
	case a.part("mimetype") != nil:
		return "", &Error{Msg: "it is an OpenDocument spreadsheet (ODS)", Hint: "save it as XLSX or CSV", Err: ErrWorkbook}
	case a.part("Index/Document.iwa") != nil || a.part("Index.zip") != nil:
		return "", &Error{Msg: "it is an Apple Numbers document", Hint: "export it from Numbers as Excel or CSV", Err: ErrWorkbook}
	case a.part(relationsOf("")) == nil:
		return "", &Error{Msg: "it is a zip archive and not a workbook", Hint: hintUnpack, Err: ErrWorkbook}
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
	return &Error{Msg: "it is " + what + " and not a workbook", Hint: hintCSV, Err: ErrWorkbook}
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
		return false, &Error{Msg: "it is a binary workbook (XLSB)", Hint: "save it as XLSX or CSV", Err: ErrWorkbook}
	case strings.Contains(kind, "spreadsheetml") || strings.Contains(kind, "excel"):
		return false, &Error{Msg: "it is a template or an add-in", Hint: "save it as XLSX", Err: ErrWorkbook}
	}
	return false, notWorkbook("another kind of document")
}

// readMain reads the list of the sheets; sheets are their parts by the id of
// the relationship.
func (a *archive) readMain(p *parts, sheets map[string]string) error {
	known := map[string]bool{}
	index := -1
	return a.each(p.main, maxSmallPartBytes, func(s *xmlScanner, t xmlToken) error {
		switch {
		case !t.opens():
		case t.level == 2 && s.is(t, "workbookPr"):
			on, _ := s.attr("date1904")
			p.from1904 = on == "1" || on == "true"
		case t.level == 3 && s.is(t, "sheet"):
			part, ok := sheets[s.relation()]
			if index++; !ok {
				return nil // a chart, a dialog
			}
			if known[strings.ToLower(part)] { // each would be read as often as it is named
				return damaged("two of its sheets share a part")
			}
			known[strings.ToLower(part)] = true
			name, _ := s.attr("name")
			state, _ := s.attr("state")
			p.sheets = append(p.sheets, sheetPart{name, part, index, state == "hidden" || state == "veryHidden"})
			if len(p.sheets) > maxSheets {
				return &Error{Msg: fmt.Sprintf("more than %d sheets", maxSheets), Err: ErrTooLong}
			}
		}
		return nil
	})
}
