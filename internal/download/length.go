package download

import (
	"net/http"
	"regexp"
	"strconv"
)

// rangeField is a Content-Range: which bytes of how many came.
var rangeField = regexp.MustCompile(`(?i)^\s*bytes\s*[ =:]?\s*(\d+)\s*-\s*(\d+)\s*/\s*(\d+|\*)\s*$`)

// rangeOf reads the Content-Range of an answer. whole is the length of the file if
// all of it came, -1 if it is not known; part says in words that not all came.
func rangeOf(status int, header http.Header) (whole int64, part string) {
	field := header.Get("Content-Range")
	if field == "" {
		if status == http.StatusPartialContent {
			return -1, "the portal sent a part of the file, and not which"
		}
		return -1, ""
	}
	m := rangeField.FindStringSubmatch(field)
	if m == nil {
		return -1, "the portal sent a part of the file: " + visible(field)
	}
	first, err1 := strconv.ParseInt(m[1], 10, 64)
	last, err2 := strconv.ParseInt(m[2], 10, 64)
	total, err3 := strconv.ParseInt(m[3], 10, 64)
	if err1 != nil || err2 != nil || err3 != nil || first != 0 || last != total-1 {
		return -1, "the portal sent a part of the file: " + visible(field)
	}
	return total, ""
}
