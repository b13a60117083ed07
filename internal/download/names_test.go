package download

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

func TestSafeName(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 300)
	rows := map[string]struct{ hostile, want string }{
		"plain":                {"Invoice 12.pdf", "Invoice 12.pdf"},
		"spaces kept":          {"a  b.pdf", "a  b.pdf"},
		"parent":               {"../../x.pdf", "x.pdf"},
		"windows path":         {`C:\Users\me\x.pdf`, "x.pdf"},
		"alternate stream":     {"x.pdf:evil.exe", "x.pdf_evil.exe"},
		"path ends in slash":   {"a/b.pdf/", "b.pdf"},
		"path ends in dots":    {"a/..", "a"},
		"only dots":            {"..", "attachment"},
		"empty":                {"", "attachment"},
		"only spaces":          {" \t\n", "attachment"},
		"device":               {"CON", "_CON"},
		"device, extension":    {"con.pdf", "_con.pdf"},
		"device, two":          {"nul.tar.gz", "_nul.tar.gz"},
		"device, space":        {"AUX .txt", "_AUX .txt"},
		"port":                 {"Com1.pdf", "_Com1.pdf"},
		"port, superscript":    {"LPT².pdf", "_LPT².pdf"},
		"not a device":         {"CONTRACT.pdf", "CONTRACT.pdf"},
		"not a port":           {"COM12.pdf", "COM12.pdf"},
		"console":              {"CONIN$", "_CONIN$"},
		"folder settings":      {"Desktop.ini", "_Desktop.ini"},
		"windows characters":   {`a<b>c:d"e|f?g*h.pdf`, "a_b_c_d_e_f_g_h.pdf"},
		"control":              {"a\x00b\x1b[31m.pdf", "ab[31m.pdf"},
		"newline":              {"a\nb\r\n.pdf", "a b  .pdf"},
		"right to left":        {"invoice\u202efdp.exe", "invoicefdp.exe"},
		"isolates":             {"\u2066a\u2069.pdf", "a.pdf"},
		"zero width":           {"a\u200bb\ufeff.pdf", "ab.pdf"},
		"trailing":             {"a.pdf. . ", "a.pdf"},
		"trailing no-break":    {"a.pdf\u00a0", "a.pdf"},
		"leading":              {"  ..hidden.pdf", "hidden.pdf"},
		"our own temp":         {".poactor-1.part", "poactor-1.part"},
		"office lock":          {"~$a.docx", "a.docx"},
		"office lock, hidden":  {".~$.~$a.docx", "a.docx"},
		"formula":              {"=cmd|' calc'!A0.csv", "=cmd_' calc'!A0.csv"},
		"decomposed":           {"Re\u0301sume\u0301.pdf", "Résumé.pdf"},
		"joined by a drop":     {"e\u200b\u0301.pdf", "é.pdf"},
		"bytes of no encoding": {"a\xff\xfeb.pdf", "a_b.pdf"},
		"private use":          {"a\uf022b.pdf", "a_b.pdf"},
		"long":                 {long + ".pdf", strings.Repeat("x", 146) + ".pdf"},
		"long, wide":           {strings.Repeat("漢", 300) + ".pdf", strings.Repeat("漢", 78) + ".pdf"},
		"long, beyond the BMP": {strings.Repeat("😀", 300) + ".pdf", strings.Repeat("😀", 59) + ".pdf"},
		"long, no extension":   {long, strings.Repeat("x", 150)},
		"long extension":       {"a." + long, "a." + strings.Repeat("x", 148)},
		"cut at a space":       {strings.Repeat("x", 145) + " y.pdf" + ".pdf", strings.Repeat("x", 145) + ".pdf"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := SafeName(row.hostile); got != row.want {
				t.Errorf("SafeName(%q) = %q, want %q", row.hostile, got, row.want)
			}
		})
	}
}

func TestSafeFolder(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ hostile, want string }{
		"plain":            {"ACME GmbH & Co. KG", "ACME GmbH & Co. KG"},
		"slash":            {"AC/DC", "AC_DC"},
		"parent":           {"../..", ""},
		"parent and name":  {"../../etc", "_.._etc"},
		"empty":            {"", ""},
		"signs only":       {"///...", ""},
		"device":           {"nul", "_nul"},
		"trailing dot":     {"ACME Inc.", "ACME Inc"},
		"hidden":           {".poactor", "poactor"},
		"results":          {"Results.csv", "_Results.csv"},
		"sums":             {"SHA256SUMS", "_SHA256SUMS"},
		"chinese":          {"华为技术有限公司", "华为技术有限公司"},
		"long":             {strings.Repeat("x", 300), strings.Repeat("x", 60)},
		"long, cut at dot": {strings.Repeat("x", 59) + ".x", strings.Repeat("x", 59)},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := SafeFolder(row.hostile); got != row.want {
				t.Errorf("SafeFolder(%q) = %q, want %q", row.hostile, got, row.want)
			}
		})
	}
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	rows := map[string]struct {
		name string
		n    int
		want string
	}{
		"first":        {"a.pdf", 1, "a.pdf"},
		"second":       {"a.pdf", 2, "a (2).pdf"},
		"no extension": {"a", 10, "a (10)"},
		"longest":      {SafeName(strings.Repeat("é", 400) + ".pdf"), 9999, strings.Repeat("é", 118) + " (9999).pdf"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := numbered(row.name, row.n); got != row.want || len(got) > 255 {
				t.Errorf("numbered(%q, %d) = %q, want %q", row.name, row.n, got, row.want)
			}
		})
	}
}

func TestFold(t *testing.T) {
	t.Parallel()
	if fold("Résumé.PDF") != fold("re\u0301sume\u0301.pdf") || fold("a.pdf") == fold("b.pdf") {
		t.Error("fold does not tell what is one file on macOS and Windows")
	}
}

func TestURLName(t *testing.T) {
	t.Parallel()
	rows := map[string]string{
		"https://x/a/b%20c.pdf?t=1": "b c.pdf",
		"https://x/a/..%2F..%2Fb":   "../../b",
		"https://x/a%ZZ":            "",
		"https://x/":                "",
		"https://x":                 "",
		"https://x/d/":              "d",
		"":                          "",
	}
	for address, want := range rows {
		if got := urlName(address); got != want {
			t.Errorf("urlName(%q) = %q, want %q", address, got, want)
		}
	}
}

// checkSafe holds what is true of every safe name.
func checkSafe(t *testing.T, hostile, name string) {
	t.Helper()
	switch {
	case !utf8.ValidString(name), !norm.NFC.IsNormalString(name):
		t.Errorf("%q gave %q, which is no valid UTF-8 in NFC", hostile, name)
	case len(name) > maxNameBytes+1, len(name) == 0:
		t.Errorf("%q gave %d bytes", hostile, len(name))
	case strings.ContainsAny(name, `<>:"/\|?*`), strings.ContainsFunc(name, unicode.IsControl):
		t.Errorf("%q gave %q, which has a forbidden character", hostile, name)
	case strings.Trim(name, ". ") != name, strings.HasPrefix(name, "~$"):
		t.Errorf("%q gave %q, which some system changes or hides", hostile, name)
	case reserved(name):
		t.Errorf("%q gave %q, which is reserved", hostile, name)
	}
}

var hostileNames = []string{"", ".", "..", "../../x.pdf", "CON.pdf", "com¹", "a\nb", "\u202egpj.exe", "e\u0301", "~$x", ".~$", "a. .", "\xff", "K\u2126", strings.Repeat("é", 200) + ".pdf"}

func FuzzSafeName(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, hostile string) {
		name := SafeName(hostile)
		checkSafe(t, hostile, name)
		if again := SafeName(name); again != name {
			t.Errorf("%q gave %q, and that gave %q", hostile, name, again)
		}
	})
}

func FuzzSafeFolder(f *testing.F) {
	for _, name := range hostileNames {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, hostile string) {
		name := SafeFolder(hostile)
		if name == "" {
			return
		}
		checkSafe(t, hostile, name)
		if again := SafeFolder(name); again != name {
			t.Errorf("%q gave %q, and that gave %q", hostile, name, again)
		}
	})
}
