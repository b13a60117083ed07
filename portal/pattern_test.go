package portal

import (
	"regexp"
	"testing"
)

func TestCoupaNamePattern(t *testing.T) {
	t.Parallel()
	re := regexp.MustCompile(coupa().Attachments.NamePattern)
	for shown, want := range map[string]string{
		"offer.pdf file attachment":           "offer.pdf",
		"offer.pdf  File Attachment":          "offer.pdf",
		"a file attachment.pdf":               "",
		"my file attachment file attachment":  "my file attachment",
		"file attachment":                     "",
		"offer.pdf":                           "",
		"offer.pdf file attachment (removed)": "",
	} {
		got := ""
		if groups := re.FindStringSubmatch(shown); groups != nil {
			got = groups[1]
		}
		if got != want {
			t.Errorf("%q: %q, want %q", shown, got, want)
		}
	}
}
