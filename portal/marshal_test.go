package portal

import (
	"strings"
	"testing"
)

func TestMarshal(t *testing.T) {
	t.Parallel()
	full := coupa()
	full.BaseURL = "https://x.example"
	full.AllowedHosts = []string{"*.example.com"}
	full.Block = []string{"image", "*://t.example/*"}
	full.Signs.Empty.Texts = []string{"- no: # 'list'", `back\slash`, "two\nlines", "yes", "0x1F", " space ", "\"both' kinds\"", "*x", "&y", "[z]"}
	bare := Portal{Name: "bare", Order: OrderPage{Path: "/{number}"}, Attachments: Attachments{Links: []string{"a"}, Target: []string{}}}.withDefaults()
	for _, p := range []Portal{coupa(), full, bare} {
		sameAgain(t, p)
	}
	data, err := coupa().Marshal()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"# base_url: https://company.example.com", "name: coupa", "  # The part of the name in ( ) is the file's name.", "    statuses: [404, 410]"} {
		if !strings.Contains(string(data), line+"\n") {
			t.Errorf("no line %q in\n%s", line, data)
		}
	}
}
