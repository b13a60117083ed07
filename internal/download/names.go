package download

import (
	"fmt"
	"net/url"
	"path"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	// maxNameBytes leaves room in the 255 bytes of a name for a number like
	// " (9999)".
	maxNameBytes = 240
	// maxNameUnits and maxFolderUnits bound names in UTF-16 units, so that
	// whole paths stay near the 260 that programs on Windows can open.
	maxNameUnits   = 150
	maxFolderUnits = 60
	// maxExtensionBytes is the longest extension that is kept when a name is
	// cut.
	maxExtensionBytes = 20

	nameless = "attachment"
)

// SafeName makes a file name of a hostile one: its last path part, without
// what any of Linux, macOS and Windows refuses, hides or takes for something
// else. The result is valid UTF-8 in NFC, never empty, at most 240 bytes, and
// keeps its extension. What is safe already comes back as it is.
func SafeName(hostile string) string {
	name := clean(lastPart(hostile))
	if name == "" {
		name = nameless
	}
	name = shorten(name, maxNameBytes, maxNameUnits)
	if reserved(name) {
		name = "_" + name
	}
	return name
}

// SafeFolder makes the name of one folder of a hostile text, in which slashes
// are a part of the name (AC/DC). It is empty where nothing is left to name a
// folder by.
func SafeFolder(hostile string) string {
	name := clean(strings.NewReplacer("/", "_", `\`, "_").Replace(hostile))
	if !strings.ContainsFunc(name, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsNumber(r) }) {
		return ""
	}
	name = clean(cut(name, maxNameBytes, maxFolderUnits))
	if reserved(name) || ours(name) {
		name = "_" + name
	}
	return name
}

// lastPart is the last part of a path, of any system, that names something.
func lastPart(name string) string {
	parts := strings.FieldsFunc(name, func(r rune) bool { return r == '/' || r == '\\' })
	for i := len(parts) - 1; i >= 0; i-- {
		if strings.Trim(parts[i], ". ") != "" {
			return parts[i]
		}
	}
	return ""
}

// clean takes out of a name what no system can do with, and what is at its
// ends that some system drops, hides or gives a meaning.
func clean(name string) string {
	name = norm.NFC.String(strings.Map(replaceRune, strings.ToValidUTF8(name, "_")))
	name = strings.TrimRight(name, ". ")
	for {
		// Leading dots hide a file; ~$ is how Office marks its lock files.
		trimmed := strings.TrimPrefix(strings.TrimLeft(name, ". "), "~$")
		if trimmed == name {
			return name
		}
		name = trimmed
	}
}

// replaceRune maps one character of a name; -1 drops it.
func replaceRune(r rune) rune {
	switch {
	case unicode.IsSpace(r): // line breaks and the no-break space included
		return ' '
	case unicode.In(r, unicode.Cc, unicode.Cf): // control; bidi, zero-width and other invisible ones
		return -1
	case strings.ContainsRune(`<>:"/\|?*`, r), r == utf8.RuneError, unicode.In(r, unicode.Co):
		return '_'
	}
	return r
}

// devices are names that Windows gives to devices, whatever their extension.
// COM and LPT take a digit, also a superscript one.
var devices = set("CON PRN AUX NUL CONIN$ CONOUT$ CLOCK$")

// reserved tells names that mean something to Windows: its devices, and two
// files that change how it treats the folder around them.
func reserved(name string) bool {
	upper := strings.ToUpper(name)
	if upper == "DESKTOP.INI" || upper == "AUTORUN.INF" {
		return true
	}
	stem, _, _ := strings.Cut(upper, ".")
	stem = strings.TrimRight(stem, " ")
	if devices[stem] {
		return true
	}
	for _, port := range []string{"COM", "LPT"} {
		if digit, ok := strings.CutPrefix(stem, port); ok && utf8.RuneCountInString(digit) == 1 {
			return strings.ContainsAny(digit, "0123456789¹²³")
		}
	}
	return false
}

// ours tells names that the output directory needs for itself (docs/spec.md §9).
func ours(name string) bool {
	lower := strings.ToLower(name)
	for _, prefix := range []string{"results.", "manifest.", "report.", "sha256sums"} {
		if strings.HasPrefix(lower, prefix) {
			return true
		}
	}
	return false
}

// shorten cuts a name before its extension.
func shorten(name string, bytes, units int) string {
	if len(name) <= bytes && units16(name) <= units {
		return name
	}
	ext := path.Ext(name)
	if len(ext) > maxExtensionBytes || strings.Contains(ext, " ") {
		ext = ""
	}
	stem := cut(strings.TrimSuffix(name, ext), bytes-len(ext), units-units16(ext))
	return strings.TrimRight(stem, ". ") + ext
}

// units16 is the length of a text as Windows and macOS count it.
func units16(text string) int { return len(utf16.Encode([]rune(text))) }

// cut returns the longest beginning of a text that is within both bounds and
// ends between characters.
func cut(text string, bytes, units int) string {
	used := 0
	for i, r := range text {
		used += utf16.RuneLen(r)
		if i+utf8.RuneLen(r) > bytes || used > units {
			return text[:i]
		}
	}
	return text
}

// numbered is the name of the n-th file that wants a name; the first gets the
// name itself.
func numbered(name string, n int) string {
	if n == 1 {
		return name
	}
	ext := path.Ext(name)
	return fmt.Sprintf("%s (%d)%s", strings.TrimSuffix(name, ext), n, ext)
}

// fold gives two names that are one file on macOS or Windows the same text.
func fold(name string) string { return cases.Fold().String(norm.NFC.String(name)) }

// urlName is the name in the last part of a URL's path, decoded; often it is
// empty or says little.
func urlName(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	name, err := url.PathUnescape(path.Base(u.EscapedPath()))
	if err != nil || strings.Trim(name, "./") == "" {
		return ""
	}
	return name
}
