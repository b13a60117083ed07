package po

import (
	"strings"
	"testing"
)

func TestPortalAnswer(t *testing.T) {
	for name, row := range map[string]struct {
		status int
		text   string
		want   string
	}{
		"no answer":    {0, "text", ""},
		"status":       {204, "", "HTTP 204 No Content"},
		"no such":      {799, " \r\n", "HTTP 799"},
		"text":         {403, "\n You may not\n\tsee it.\u202e\x1b[31m ", "HTTP 403 Forbidden: You may not see it. [31m"},
		"address":      {500, "see https://x.example/a?token=s3cr3t#s3cr3t now", "HTTP 500 Internal Server Error: see https://x.example/a now"},
		"a value":      {500, "you are cookies3cr3t", "HTTP 500 Internal Server Error: you are [removed]"},
		"a short one":  {500, "we are at work", "HTTP 500 Internal Server Error: we are at work"},
		"JWT":          {500, "eyJs3cr3tabc.s3cr3t.s3cr3t!", "HTTP 500 Internal Server Error: [removed]!"},
		"bearer":       {500, "Authorization: Bearer s3cr3ts3cr3ts3cr3t", "HTTP 500 Internal Server Error: Authorization: Bearer [removed]"},
		"named":        {500, `{"session_id":7,"access_token":"s3cr3ts3cr3t"}`, `HTTP 500 Internal Server Error: {"session_id":7,"access_token":"[removed]"}`},
		"CSRF":         {500, `{"csrf":"s3cr3ts3"}`, `HTTP 500 Internal Server Error: {"csrf":"[removed]"}`},
		"a session":    {500, "ASP.NET_SessionId=s3cr3ts3; JSESSIONID=s3cr3ts3", "HTTP 500 Internal Server Error: ASP.NET_SessionId=[removed]; JSESSIONID=[removed]"},
		"random":       {500, "s3cr3t9a8b7c6d5e4f3g2h1i0j9k8l7m6n5o", "HTTP 500 Internal Server Error: [removed]"},
		"a UUID":       {500, "01234567-89ab-cdef-0123-456789abcdef", "HTTP 500 Internal Server Error: 01234567-89ab-cdef-0123-456789abcdef"},
		"a file":       {404, "offer_2026-03-04_revision_12_final_version.pdf", "HTTP 404 Not Found: offer_2026-03-04_revision_12_final_version.pdf"},
		"a long story": {500, strings.Repeat("word ", 1000), "HTTP 500 Internal Server Error: " + strings.Repeat("word ", 41) + "wor…"},
	} {
		if got := PortalAnswer(row.status, row.text, "cookies3cr3t", "at"); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}
