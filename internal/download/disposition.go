package download

import (
	"io"
	"mime"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"

	"github.com/poactor/poactor/po"
)

// maxOriginalBytes bounds what is recorded of a name as the portal gave it.
const maxOriginalBytes = 1024

// chooseName picks the name that the portal gives a file, as it gave it: that of
// the answer, else that on the page, else the browser's, else the last part of the
// URL. The first that SafeName can make something of wins. Of a file without an
// answer, as scripts make them, the browser's comes first if the page's is only
// words: the script has given it.
func chooseName(disposition string, att po.Attachment) string {
	names := []string{dispositionName(disposition), att.Name, att.Answer.Name, urlName(att.URL)}
	if att.Answer.Status == 0 && !known(extension(att.Name)) && known(extension(att.Answer.Name)) {
		names[1], names[2] = names[2], names[1]
	}
	for _, name := range names {
		name = po.MaskAddresses(name)
		if clean(lastPart(name)) != "" {
			return name
		}
	}
	return ""
}

// expectedName is the name by which a file's content is judged: the page's where that
// promises a format which is never text, whatever the answer says; else the one
// that was chosen; else, where that promises nothing, that of the address.
func expectedName(chosen string, att po.Attachment) string {
	if onPage := SafeName(att.Name); binaries[extension(onPage)] {
		return onPage
	}
	name := SafeName(chosen)
	there := SafeName(urlName(att.URL))
	if ext := extension(there); !known(extension(name)) && binaries[ext] && ext != ".exe" {
		return there
	}
	return name
}

// extension is a name's, in lower case.
func extension(name string) string { return strings.ToLower(path.Ext(name)) }

// plausible are extensions; what else stands behind a name's last dot belongs to
// the name, like a number or a version.
var plausible = regexp.MustCompile(`(?i)^\.[a-z0-9_-]{0,9}[a-z][a-z0-9_-]{0,9}$`)

var version = regexp.MustCompile(`(?i)^\.(?:v|rev|r|no|nr)\d*$`)

// withExtension gives a safe name that has no extension that of its content.
func withExtension(name string, k kind, contentType string) string {
	ext := path.Ext(name)
	if plausible.MatchString(ext) && !version.MatchString(ext) {
		return name
	}
	if ext = k.extension(contentType); ext == "" || strings.EqualFold(path.Ext(name), ext) {
		return name
	}
	return shorten(name, maxNameBytes-len(ext), maxNameUnits-len(ext)) + ext
}

// truncate shortens a name for the record.
func truncate(name string) string {
	name = strings.ToValidUTF8(name, "\ufffd")
	if len(name) <= maxOriginalBytes {
		return name
	}
	return cut(name, maxOriginalBytes, maxOriginalBytes)
}

var (
	extendedName = regexp.MustCompile(`(?i)[;\s]filename\*\s*=\s*"?([\w.:-]*)'[^']*'([^;"]+)`)
	plainName    = regexp.MustCompile(`(?i)[;\s]filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))`)
)

// dispositionName reads the file name of a Content-Disposition (RFC 6266),
// and what is commonly sent in its place: names without quotes, in another
// encoding, percent-encoded, or as in mail. Empty if there is none.
func dispositionName(header string) string {
	if m := extendedName.FindStringSubmatch(header); m != nil {
		if name, err := url.PathUnescape(strings.TrimSpace(m[2])); err == nil {
			if name = fromCharset(m[1], name); name != "" {
				return name
			}
		}
	}
	if _, params, err := mime.ParseMediaType(header); err == nil && params["filename"] != "" {
		return decodeName(params["filename"])
	}
	if m := plainName.FindStringSubmatch(header); m != nil {
		return decodeName(strings.TrimSpace(m[1] + m[2]))
	}
	return ""
}

// fromCharset makes UTF-8 of a name in a charset. One that nobody knows counts as
// none.
func fromCharset(charset, name string) string {
	falseUTF8 := strings.EqualFold(charset, "utf-8") && !utf8.ValidString(name)
	if enc, err := htmlindex.Get(charset); err == nil && !falseUTF8 {
		if plain, err := enc.NewDecoder().String(name); err == nil {
			return plain
		}
	}
	return toUTF8(name)
}

var words = mime.WordDecoder{CharsetReader: func(charset string, input io.Reader) (io.Reader, error) {
	enc, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return enc.NewDecoder().Reader(input), nil
}}

// decodeName undoes the encodings that browsers undo in a plain file name.
func decodeName(name string) string {
	if strings.Contains(name, "=?") {
		if plain, err := words.DecodeHeader(name); err == nil {
			name = plain
		}
	}
	if plain, err := url.PathUnescape(name); err == nil && utf8.ValidString(plain) {
		name = plain
	}
	return toUTF8(name)
}

// toUTF8 takes bytes that are no UTF-8 for Windows-1252, which browsers take for
// the Latin-1 of RFC 9110's forebears.
func toUTF8(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	return fromCharset("windows-1252", name)
}
