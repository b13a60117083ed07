package download

import (
	"mime"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/poactor/poactor/po"
)

// maxOriginalBytes bounds what is recorded of a name as the portal gave it.
const maxOriginalBytes = 1024

// chooseName picks the name that the portal gives a file, as it gave it: that
// of the answer, else that on the page, else the last part of the URL. The
// first that SafeName can make something of wins.
func chooseName(disposition string, att po.Attachment) string {
	for _, name := range []string{dispositionName(disposition), att.Name, urlName(att.URL)} {
		name = po.MaskAddresses(name)
		if clean(lastPart(name)) != "" {
			return name
		}
	}
	return ""
}

// promised is the name by which a file's content is judged: the page's where
// that promises a format which is never text, whatever the answer says.
func promised(chosen string, att po.Attachment) string {
	if onPage := SafeName(att.Name); binary[strings.ToLower(path.Ext(onPage))] {
		return onPage
	}
	return SafeName(chosen)
}

// capped shortens a name for the record.
func capped(name string) string {
	name = strings.ToValidUTF8(name, "\ufffd")
	if len(name) <= maxOriginalBytes {
		return name
	}
	return cut(name, maxOriginalBytes, maxOriginalBytes)
}

var (
	extendedName = regexp.MustCompile(`(?i)[;\s]filename\*\s*=\s*"?([\w-]*)'[^']*'([^;"\s]+)`)
	plainName    = regexp.MustCompile(`(?i)[;\s]filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))`)
)

// dispositionName reads the file name of a Content-Disposition (RFC 6266),
// and what is commonly sent in its place: names without quotes, in another
// encoding, percent-encoded, or as in mail. Empty if there is none.
func dispositionName(header string) string {
	if _, params, err := mime.ParseMediaType(header); err == nil && params["filename"] != "" {
		return decodeName(params["filename"])
	}
	if m := extendedName.FindStringSubmatch(header); m != nil {
		if name, err := url.PathUnescape(m[2]); err == nil {
			return toUTF8(name)
		}
	}
	if m := plainName.FindStringSubmatch(header); m != nil {
		return decodeName(strings.TrimSpace(m[1] + m[2]))
	}
	return ""
}

// decodeName undoes the encodings that browsers undo in a plain file name.
func decodeName(name string) string {
	if strings.Contains(name, "=?") {
		if plain, err := new(mime.WordDecoder).DecodeHeader(name); err == nil {
			name = plain
		}
	}
	if plain, err := url.PathUnescape(name); err == nil && utf8.ValidString(plain) {
		name = plain
	}
	return toUTF8(name)
}

// toUTF8 takes bytes that are no UTF-8 for Latin-1, as RFC 9110 once had it.
func toUTF8(name string) string {
	if utf8.ValidString(name) {
		return name
	}
	var b strings.Builder
	for _, c := range []byte(name) {
		b.WriteRune(rune(c))
	}
	return b.String()
}
