package xlsx

import (
	"math"
	"strconv"
	"strings"
)

// MaxDigits is how many digits of a number a spreadsheet keeps.
const MaxDigits = 15

// plainNumber writes a number as a spreadsheet without a format does, but for
// its length: no thousands separators, no exponent. 1.5262984E7, as some
// programs store it, is 15262984. What is no number stays as it is.
func plainNumber(stored string) string {
	if isInteger(stored) || strings.Trim(stored, "0123456789.eE+-") != "" {
		return stored
	}
	f, err := strconv.ParseFloat(stored, 64)
	if err != nil {
		return stored
	}
	// What is behind the fifteenth digit, as in 1.1000000000000001, is noise.
	if rounded, err := strconv.ParseFloat(strconv.FormatFloat(f, 'e', MaxDigits-1, 64), 64); err == nil {
		f = rounded
	}
	return strconv.FormatFloat(f+0, 'f', -1, 64) // + 0: there is no -0
}

// isInteger reports whether a number is written as plainly as it can be.
func isInteger(s string) bool {
	s = strings.TrimPrefix(s, "-")
	return s != "" && (s[0] != '0' || s == "0") && strings.Trim(s, "0123456789") == ""
}

// numberFormats say how the numbers of a workbook are shown.
type numberFormats struct {
	styles   []numberFormat // by the number of the style
	from1904 bool           // day 0 is 1 January 1904
	dates    dateFormatter
}

// numberFormat shows numbers in a way that changes what they say: as dates, or with
// zeros or other text before them. Separators, decimals, percent and exponents
// do not: an order number that is shown as 1.53E+07 is still 15262984.
type numberFormat struct {
	date   string       // the code of a date's format
	places []digitPlace // what a whole number is put into
}

// show gives the text of a cell with a number.
func (f *numberFormats) show(stored string, style int) string {
	plain := plainNumber(stored)
	if style >= len(f.styles) {
		return plain
	}
	switch as := f.styles[style]; {
	case as.date != "":
		return f.date(plain, as.date)
	case as.places != nil && isInteger(plain) && plain[0] != '-':
		return fillPlaces(as.places, plain)
	}
	return plain
}

// isDate reports whether numbers of a style are shown as dates.
func (f *numberFormats) isDate(style int) bool {
	return style < len(f.styles) && f.styles[style].date != ""
}

// lastDay is 31 December 9999, behind which Excel shows no dates.
const lastDay = 2958465

// date shows a day since 1900 or 1904; a number that is none stays a number.
func (f *numberFormats) date(plain, code string) string {
	day, err := strconv.ParseFloat(plain, 64)
	if err != nil || math.IsNaN(day) || day < 0 || day >= lastDay+1 {
		return plain
	}
	return f.dates.show(code, day, f.from1904)
}

// digitPlace is a place for a digit, or literal text between such places.
type digitPlace struct {
	literal  string
	optional bool // the place may stay empty
}

// fillPlaces puts digits into their places, from the right; those that are left over
// go before the first.
func fillPlaces(places []digitPlace, digits string) string {
	first := 0
	for places[first].literal != "" {
		first++
	}
	var parts []string
	for i := len(places) - 1; i >= 0; i-- {
		switch p := places[i]; {
		case p.literal != "":
			parts = append(parts, p.literal)
		case i == first:
			if digits == "" && !p.optional {
				digits = "0"
			}
			parts = append(parts, digits)
		case digits != "":
			parts = append(parts, digits[len(digits)-1:])
			digits = digits[:len(digits)-1]
		case !p.optional:
			parts = append(parts, "0")
		}
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	return b.String()
}
