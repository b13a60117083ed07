package testportal

import (
	"fmt"
	"strings"
)

var buyers = [...]string{"A. Keller", "J. Nunes", "M. Osei", "L. Tanaka", "R. Dubois"}

// hostileSupplier would climb out of a folder, run a script, be a formula and
// a reserved name, if it were let.
const hostileSupplier = `=../../CON/<script>document.title="owned"</script> & Söhne: "A|B" .`

var suppliers = [...]string{
	"Northwind Traders Inc.", "Müller & Söhne GmbH", "Aço Forte Indústria Ltda.", "Contoso Packaging",
	"Société Générale d'Emballage", "株式会社サンプル商事", "Delta Pumps / Valves", "Fabrikam Logistics",
	"Metalúrgica São João S.A.", "O'Brien Office Supplies", "Blue Yonder Cleaning", "Wide World Importers",
}

// stems of ordinary names, by kind of file; %d tells files of an order apart.
var stems = map[doc][]string{
	docPDF:  {"Invoice %d", "Angebot Müller %d", "Nota fiscal %d", "PO confirmation %d (signed)", "Delivery note %d"},
	docDOCX: {"Contrato de fornecimento %d", "Statement of work %d", "Specification v%d"},
	docXLSX: {"Price list %d", "Orçamento %d", "Line items %d"},
	docMSG:  {"RE: delivery date %d", "FW: approval %d", "Order question %d"},
	docZIP:  {"Drawings %d", "Supporting documents %d"},
	docPNG:  {"Scan %d", "Photo of damage %d", "Stamp %d"},
}

// hostileNames are what a file must never be called on a disk as it stands.
// Each is that of a PDF.
func hostileNames() []string {
	return []string{
		"../../x.pdf",
		`..\..\windows\system32\y.pdf`,
		"CON.pdf",
		strings.Repeat("very long name ", 20)[:296] + ".pdf", // 300 characters
		"invoice\u202efdp.exe.pdf",                           // shows as "invoicefdp.exe" turned around
		"two\nlines.pdf",
		".hidden.pdf",
		`=cmd|' /C calc'!A0.pdf`,
		"dots and spaces.pdf. . ",
		"tab\tand \x07 bell.pdf",
		`<img src=x onerror="document.title='owned'">.pdf`,
		"100%25 & more?#.pdf",
		strings.Repeat("漢", 120) + ".pdf", // 364 bytes
	}
}

func (b *planner) fileName(d doc, serial int) string {
	s := stems[d]
	return fmt.Sprintf(s[b.rng.IntN(len(s))], serial) + "." + string(d)
}
