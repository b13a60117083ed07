package po

import (
	"crypto/sha256"
	"fmt"
	"regexp"
	"strings"
)

// What an address has behind a question mark or a number sign, before an @ and in
// a session's path parameter is often a key to what it leads to. It goes into no
// record, result, event or log.

// PublicURL is an address as it may be shown, logged and written down: without user,
// query, fragment and session, each of which may hold a secret. It is empty for one
// that is itself what it leads to, a data: or javascript: URL.
func PublicURL(address string) string {
	if selfContained.MatchString(address) {
		return ""
	}
	address, _, _ = strings.Cut(address, "#")
	address, _, _ = strings.Cut(address, "?")
	if scheme, rest, ok := strings.Cut(address, "://"); ok {
		host, path, slash := strings.Cut(rest, "/")
		if at := strings.LastIndexByte(host, '@'); at >= 0 {
			host = host[at+1:]
		}
		if address = scheme + "://" + host; slash {
			address += "/" + path
		}
	}
	return sessionParameter.ReplaceAllString(address, "")
}

var (
	selfContained    = regexp.MustCompile(`(?i)^\s*(data|javascript):`)
	sessionParameter = regexp.MustCompile(`(?i);(jsessionid|phpsessid|sid|sessionid)=[^/;?#\s"'<>\\]*`)
	// Within JSON an address has & as \\u0026.
	anyAddress = regexp.MustCompile("(?i)\\b(?:https?|wss?|ftp)://(?:[^\\s\"'<>`\\\\]|\\\\u[0-9a-f]{4})+")
)

// MaskAddresses is a text in which every address is as PublicURL has it.
func MaskAddresses(text string) string {
	if strings.Contains(text, "://") {
		text = anyAddress.ReplaceAllStringFunc(text, PublicURL)
	}
	return sessionParameter.ReplaceAllString(text, "")
}

// AttachmentID names an attachment by its address, without its query: of that there
// is only what tells it from others.
func AttachmentID(address string) string {
	plain := PublicURL(address)
	if plain == address || plain == "" {
		return address
	}
	sum := sha256.Sum256([]byte(address))
	return fmt.Sprintf("%s#%x", plain, sum[:8])
}

// RecordedID is the ID of a recorded attachment as AttachmentID makes it today:
// older records have whole addresses.
func RecordedID(id string) string {
	if strings.HasPrefix(id, "http") && strings.Contains(id, "?") {
		return AttachmentID(id)
	}
	return id
}
