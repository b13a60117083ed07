package portal

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/poactor/poactor/po"
)

func TestParse(t *testing.T) {
	t.Parallel()
	loose := Portal{Name: "loose"}
	dotted := Portal{Name: "dotted", Order: OrderPage{Number: `\d+\.\d+`}}
	either := Portal{Name: "either", Order: OrderPage{Number: `A-(\d+)|B-\d+`}}
	tests := []struct {
		name    string
		portal  Portal
		written string
		key     po.Key
		number  string
		err     string
	}{
		{"plain", coupa(), "15262984", "15262984", "15262984", ""},
		{"prefix PO", coupa(), "PO15262984", "15262984", "15262984", ""},
		{"prefix pm, lower case", coupa(), "pm15262984", "15262984", "15262984", ""},
		{"spaces", coupa(), "  PO15262984\t", "15262984", "15262984", ""},
		{"no-break space", coupa(), "\u00a0PO15262984\u00a0", "15262984", "15262984", ""},
		{"byte order mark", coupa(), "\ufeffPO15262984", "15262984", "15262984", ""},
		{"zero-width space inside", coupa(), "PO\u200b15262984", "15262984", "15262984", ""},
		{"direction marks", coupa(), "\u202aPO15262984\u202c", "15262984", "15262984", ""},
		{"apostrophe", coupa(), "'PO15262984", "15262984", "15262984", ""},
		{"formula", coupa(), `="PO15262984"`, "15262984", "15262984", ""},
		{"quotes", coupa(), `"15262984"`, "15262984", "15262984", ""},
		{"float", coupa(), "15262984.0", "15262984", "15262984", ""},
		{"float with comma", coupa(), "15262984,00", "15262984", "15262984", ""},
		{"leading zeros stay", coupa(), "PO0012345", "0012345", "0012345", ""},
		{"a fraction is none", coupa(), "15262984.5", "", "", `invalid_number: "15262984.5" is not an order number of this portal`},
		{"scientific", coupa(), "1.5262984E+07", "", "", `invalid_number: "1.5262984E+07" is not an order number of this portal`},
		{"five digits", coupa(), "PO12345", "", "", `invalid_number: "PO12345" is not an order number of this portal`},
		{"empty", coupa(), "", "", "", "invalid_number: the order number is empty"},
		{"only invisible", coupa(), "\ufeff \u200b\u00a0", "", "", "invalid_number: the order number is empty"},
		{"prefix twice", coupa(), "POPO1234567", "", "", `invalid_number: "POPO1234567" is not an order number of this portal`},
		{"two numbers", coupa(), "1234567\n7654321", "", "", `invalid_number: "1234567\n7654321" is not an order number of this portal`},
		{"other digits", coupa(), "१२३४५६७", "", "", `invalid_number: "१२३४५६७" is not an order number of this portal`},
		{"too long for a file name", coupa(), strings.Repeat("1", 200), "", "", "invalid_number: order number of 200 bytes is too long"},
		{"long hostile", coupa(), strings.Repeat("x", 5000), "", "", `invalid_number: "` + strings.Repeat("x", 60) + `"… (5000 characters) is not an order number of this portal`},
		{"any number by default", loose, "ab/12 ", "AB%2F12", "ab/12", ""},
		{"formula by default", loose, `="ab-12"`, "AB-12", "ab-12", ""},
		{"up the path", loose, "..", "", "", `invalid_number: ".." is not an order number of this portal`},
		{"this path", loose, ".", "", "", `invalid_number: "." is not an order number of this portal`},
		{"control character", loose, "12\x0034", "", "", `invalid_number: "12\x0034" is not an order number of this portal`},
		{"float by default", loose, "4500000001.0", "4500000001", "4500000001", ""},
		{"a portal's own .0", dotted, "12.0", "12.0", "12.0", ""},
		{"group", either, "A-7", "7", "7", ""},
		{"group that has no part", either, "B-7", "B-7", "B-7", ""},
		{"alternatives are whole too", either, "A-7x", "", "", `invalid_number: "A-7x" is not an order number of this portal`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			key, number, err := tt.portal.Parse(tt.written)
			if key != tt.key || number != tt.number {
				t.Errorf("Parse(%q) = %q, %q, want %q, %q", tt.written, key, number, tt.key, tt.number)
			}
			if got := text(err); got != tt.err {
				t.Errorf("error %q, want %q", got, tt.err)
			}
			if err != nil && !errors.Is(err, po.InvalidNumber) {
				t.Error("the error does not wrap po.InvalidNumber")
			}
		})
	}
}

func TestParserRefusesABadPattern(t *testing.T) {
	t.Parallel()
	_, _, err := Portal{Name: "x", Order: OrderPage{Number: `(\d+`}}.Parse("1")
	want := "order.number of portal x: error parsing regexp: missing closing ): `(\\d+`"
	if diff := cmp.Diff(want, text(err)); diff != "" {
		t.Error(diff)
	}
	if errors.Is(err, po.InvalidNumber) {
		t.Error("a bad pattern is not the number's fault")
	}
}

// Whatever is put around a number, the number comes out, its key is safe and
// its address stays below the order path.
func TestParseProperty(t *testing.T) {
	t.Parallel()
	parse, err := coupa().Parser()
	if err != nil {
		t.Fatal(err)
	}
	safe := regexp.MustCompile(`^[0-9]{6,}$`)
	rapid.Check(t, func(t *rapid.T) {
		digits := rapid.StringMatching(`[0-9]{6,20}`).Draw(t, "digits")
		prefix := rapid.SampledFrom([]string{"", "PO", "po", "PM", "Pm"}).Draw(t, "prefix")
		before := rapid.SampledFrom([]string{"", " ", "\u00a0", "\ufeff", "\u200b\t", "'"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", " ", "\u00a0", "\u200b", "\r\n"}).Draw(t, "after")
		key, number, err := parse(before + prefix + digits + after)
		if err != nil || number != digits || string(key) != digits {
			t.Fatalf("got %q, %q, %v", key, number, err)
		}
		again, _, err := parse(number)
		if err != nil || again != key {
			t.Fatalf("a parsed number parses to %q, %v", again, err)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		key, number, err := parse(rapid.String().Draw(t, "written"))
		if err == nil && (!safe.MatchString(number) || !safe.MatchString(string(key))) {
			t.Fatalf("took %q, key %q", number, key)
		}
		if err != nil && strings.ContainsAny(err.Error(), "\r\n") {
			t.Fatalf("error of several lines: %q", err)
		}
	})
}

func TestOrderURL(t *testing.T) {
	t.Parallel()
	at := func(base, path string) Portal { return Portal{BaseURL: base, Order: OrderPage{Path: path}} }
	tests := []struct {
		name   string
		portal Portal
		number string
		want   string
	}{
		{"path", at("https://a.example", "/order_headers/{number}"), "123456", "https://a.example/order_headers/123456"},
		{"base with a path", at("https://a.example/app", "/o/{number}"), "1", "https://a.example/app/o/1"},
		{"slash", at("https://a.example", "/o/{number}"), "../x", "https://a.example/o/..%2Fx"},
		{"query", at("https://a.example", "/o?po={number}&v=1"), "1&admin=1#x +y", "https://a.example/o?po=1%26admin%3D1%23x%20%2By&v=1"},
		{"twice", at("https://a.example", "/{number}/{number}"), "7", "https://a.example/7/7"},
		{"a mark in the number", at("https://a.example", "/o/{number}"), "{number}", "https://a.example/o/%7Bnumber%7D"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got := tt.portal.OrderURL(tt.number); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

func text(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
