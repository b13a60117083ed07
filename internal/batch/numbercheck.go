package batch

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/poactor/poactor/internal/xlsx"
)

// What speaks against a cell in the column of order numbers, whatever the
// portal's pattern: a number that has lost digits is another order's, or
// nobody's.
const (
	problemNoResult    = "the formula has no stored result; open the list in Excel and save it"
	problemZeroResult  = "the formula shows 0, as one does that was never calculated; open the list in Excel and save it"
	problemFormulaText = "it is a formula, which a text file has no result of; export the list with values"
)

var (
	// scientific is how spreadsheets and pandas show a number that is too long for
	// them: 4.5E+09, 4,5E+09, 4.5E9.
	scientific = regexp.MustCompile(`^[+-]?\d([.,]\d*)?[eE][+-]\d+$|^[+-]?\d[.,]\d*[eE]\d+$`)
	// wholeNumber is a number that nothing marks as text.
	wholeNumber = regexp.MustCompile(`^[+-]?0*(\d+)(?:[.,]0*)?$`)
	// zeroNumber is no order's number.
	zeroNumber = regexp.MustCompile(`^0([.,]0+)?$`)
	// errorValue is what a formula shows that fails.
	errorValue = regexp.MustCompile(`^#(N/A|NV|REF!|NAME\?|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!|` +
		`BEZUG!|WERT!|ZAHL!|GETTING_DATA)$`)
	// plainFormula is a formula, but for ="123", which marks a number as text.
	plainFormula = regexp.MustCompile(`^=\s*[^"\s]`)
)

// noNumber are the texts that programs write where there is nothing.
var noNumber = set("nan", "none", "null", "nil", "<na>", "nat", "n/a", "na", "undefined", "-", "--", "true", "false")

// checkNumber says why a text cannot be an order's number; empty if nothing speaks
// against it. Nothing marks the text as one, as in a text file.
func checkNumber(text string) string {
	if text == "" {
		return ""
	}
	if len(text) > xlsx.MaxDigits {
		if m := wholeNumber.FindStringSubmatch(text); m != nil && len(m[1]) > xlsx.MaxDigits {
			return lost(text, fmt.Sprintf("has %d digits, of which a spreadsheet keeps %d", len(m[1]), xlsx.MaxDigits))
		}
	}
	if strings.HasPrefix(text, "=") && plainFormula.MatchString(text) {
		return problemFormulaText
	}
	if text[0] == '0' && zeroNumber.MatchString(text) {
		return "the cell says " + text + ", as a formula does that was never calculated"
	}
	return checkShown(text)
}

// checkShown does so for any text.
func checkShown(text string) string {
	switch {
	case strings.ContainsAny(text, "eE") && scientific.MatchString(text):
		return lost(text, "has lost its last digits")
	case len(text) < 10 && noNumber[strings.ToLower(text)]:
		return "the cell says " + shorten(text) + ", which is no number"
	case strings.HasPrefix(text, "#") && errorValue.MatchString(strings.ToUpper(text)):
		return "the cell shows an error, " + shorten(text)
	}
	return ""
}

func lost(text, why string) string {
	return shorten(text) + " " + why + "; make the column text where the list comes from, and export it again"
}
