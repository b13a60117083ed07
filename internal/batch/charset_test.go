package batch

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// TestCharset: what the list's encoding lacks makes the results UTF-8; no
// character becomes another.
func TestCharset(t *testing.T) {
	t.Parallel()
	b := open(t, "sep=;\r\nPO_NUMBER;Gr\xF6\xDFe;Preis\r\n1;\"a;\x80\";5\r\n\r\n2;K\xF6ln;\x85\r\n")
	named := func(name string) func(po.Key) (po.Outcome, bool) {
		return func(key po.Key) (po.Outcome, bool) {
			return po.Outcome{Key: key, Status: po.NoAttachments, Supplier: name, Attempts: 1}, key == "2"
		}
	}
	if out := string(results(t, b, named("M\u00fcller \u20ac"))); !strings.Contains(out, "\r\n2;K\xF6ln;\x85;NO_ATTACHMENTS;M\xFCller \x80;") {
		t.Errorf("in its own encoding: %q", out)
	}
	err := b.WriteResults(io.Discard, named("\u0141\u00f3d\u017a \u65e5\u672c"))
	var e *Error
	if !errors.Is(err, ErrCharset) || !errors.As(err, &e) || !strings.Contains(e.Msg, "Windows-1252 has no '\u0141'") {
		t.Fatalf("got %v", err)
	}
	out := string(results(t, b, named("\u0141\u00f3d\u017a \u65e5\u672c")))
	if !strings.HasPrefix(out, "\uFEFFsep=;\r\nPO_NUMBER;Gr\u00f6\u00dfe;Preis;STATUS;") ||
		!strings.Contains(out, "\r\n1;\"a;\u20ac\";5\r\n\r\n2;K\u00f6ln;\u2026;NO_ATTACHMENTS;\u0141\u00f3d\u017a \u65e5\u672c;") || strings.Contains(out, "?") {
		t.Errorf("in UTF-8: %q", out)
	}
	for row, err := range open(t, out).Rows() { // which are read as what they are
		if err != nil || row.Order.Key == "2" && row.Status != po.NoAttachments {
			t.Errorf("read again: %+v, %v", row, err)
		}
	}
}
