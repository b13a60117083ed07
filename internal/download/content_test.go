package download

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"github.com/poactor/poactor/po"
)

// zipOf makes an archive of files with the given names.
func zipOf(t *testing.T, names ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		f, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, strings.Repeat("<Types/>", 50))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What the portal says is not always what it sends.
func TestContent(t *testing.T) {
	t.Parallel()
	const (
		attached = "attachment; filename=x"
		ok       = po.Cause("")
		no       = po.DownloadRejected
		short    = po.DownloadIncomplete
		s3       = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>"
		soap     = `<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><soap:Fault><faultstring>away</faultstring></soap:Fault></soap:Body></soap:Envelope>`
		linear   = "%PDF-1.7\n1 0 obj\n<</Linearized 1/L 4000/H [ 500 200]/O 3/E 900/N 1/T 900>>\nendobj\nstartxref\n0\n%%EOF\n"
		saml     = `<html><body onload="document.forms[0].submit()"><form method=post action="https://idp/x"><input type="hidden" name="SAMLRequest" value="x"></form></body></html>`
		office   = `<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"></Workbook>`
	)
	archive := zipOf(t, "a.txt", "b.txt")
	docx := zipOf(t, "[Content_Types].xml", "word/document.xml")
	wide := []byte(archive) // as a record of ZIP64 would have it
	binary.LittleEndian.PutUint32(wide[len(wide)-6:], zip64)
	empty := zipOf(t)
	for name, row := range map[string]struct {
		name, contentType, disposition, content string
		want                                    po.Cause
	}{
		// An error's answer in the place of a document, with status 200.
		"S3 error for pdf":           {"a.pdf", "application/pdf", attached, s3, no},
		"S3 error, no extension":     {"n", "application/xml", attached, s3, no},
		"S3 error for xml":           {"a.xml", "application/xml", attached, s3, no},
		"SOAP fault for xlsx":        {"a.xlsx", "text/xml", "", soap, no},
		"text for pdf":               {"a.pdf", "text/plain", "", "Sorry, you can only download 10 documents a day.\n", no},
		"text for zip":               {"a.zip", "application/octet-stream", attached, "ERROR 1042: file is locked by virus scanner\r\n", no},
		"stack trace for pdf":        {"a.pdf", "application/pdf", attached, "Error: java.lang.NullPointerException\r\n\tat com.portal.Main(Main.java:17)\r\n", no},
		"JSON error, no extension":   {"n", "text/plain", attached, `{"error":"token expired","code":401}`, no},
		"problem details":            {"n", "application/octet-stream", attached, `{"type":"about:blank","title":"Forbidden","status":403}`, no},
		"JSON error for json":        {"a.json", "application/json", attached, `{"success":false,"message":"no rights"}`, no},
		"JSON error for csv":         {"a.csv", "text/csv", attached, `{"message":"Internal server error"}`, no},
		"text error, no extension":   {"Offer", "text/plain", attached, "Session expired, please log in again", no},
		"text error for csv":         {"a.csv", "text/csv", attached, "Error: report could not be made", no},
		"text error for xls":         {"a.xls", "application/vnd.ms-excel", attached, "File not found", no},
		"refusal for txt":            {"a.txt", "text/plain", attached, "HTTP 403 Forbidden", no},
		"pdf promised by the type":   {"Offer", "application/pdf", attached, "the archive is closed for maintenance", no},
		"pdf promised, base64":       {"a.pdf", "application/pdf", attached, "JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBvYmo=", no},
		"sign-in page, no extension": {"Offer", "text/html", attached, signInPage, no},
		"sign-in page for html":      {"a.html", "text/html", attached, signInPage, no},
		"SSO form for html":          {"a.html", "text/html", attached, saml, no},
		"way to sign in":             {"a.html", "text/html", "", `<html><meta http-equiv="refresh" content="0; url=/login?from=x"></html>`, no},
		"error page for html":        {"a.html", "text/html", attached, "<html><title>Portal</title><h1>Access denied</h1></html>", no},
		"page for xml":               {"a.xml", "application/xml", attached, "<html><body>x</body></html>", no},
		"page for csv":               {"a.csv", "text/csv", attached, "<!doctype html><p>x", no},
		"several parts":              {"a.pdf", "multipart/byteranges; boundary=x", "", "--x\r\nContent-Range: bytes 0-9/20\r\n\r\n%PDF-1.4\x00\x01\xff", no},
		"gzip that nobody spoke of":  {"a.pdf", "application/pdf", attached, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", no},
		"no PDF":                     {"a.pdf", "application/pdf", attached, "\x00\x01\x02\x03\xff\xfe\x00", no},
		// Documents that are text.
		"csv":                           {"a.csv", "text/csv", attached, "PO;Text\n1;Error: none\n2;x\n", ok},
		"csv that begins with an error": {"a.csv", "text/csv", attached, "Error,Count\nx,1\ny,2\n", ok},
		"txt":                           {"a.txt", "text/plain", attached, "Not found in stock: 3 pieces. We deliver in May.", ok},
		"txt behind BOM":                {"a.txt", "text/plain", "", "\xef\xbb\xbfGrüße", ok},
		"txt in UTF-16":                 {"a.txt", "text/plain", "", "\xff\xfeh\x00i\x00", ok},
		"log of errors":                 {"a.log", "text/plain", attached, strings.Repeat("ERROR: disk\n", 100), ok},
		"html":                          {"a.html", "text/html", attached, "<html><title>Terms and Conditions</title><body>x</body></html>", ok},
		"xml":                           {"a.xml", "application/xml", attached, `<?xml version="1.0"?><Invoice xmlns="urn:oasis"><Note>Error</Note></Invoice>`, ok},
		"xml that looks like HTML":      {"a.xml", "application/xml", attached, `<table><row/></table>`, ok},
		"json":                          {"a.json", "application/json", attached, `{"invoice":1,"errors":[]}`, ok},
		"json of messages":              {"a.json", "application/json", attached, `[{"title":"A"}]`, ok},
		"key":                           {"a.key", "application/octet-stream", attached, "-----BEGIN PRIVATE KEY-----", ok},
		"mail":                          {"a.eml", "message/rfc822", attached, "From: a@b.c\r\nTo: d@e.f\r\nSubject: Error: x\r\n\r\n<html>", ok},
		"xls that is XML":               {"a.xls", "application/vnd.ms-excel", attached, office, ok},
		"xls that is lines of fields":   {"a.xls", "application/vnd.ms-excel", attached, "PO\tText\n1\tx\n", ok},
		"doc that is RTF":               {"a.doc", "application/msword", attached, `{\rtf1\ansi x}`, ok},
		"text, no extension":            {"README", "text/plain", attached, "Deliver by the gate.", ok},
		"signature as text":             {"a.p7m", "application/pkcs7-mime", attached, "-----BEGIN PKCS7-----\nMII\n", ok},
		// Documents that are not.
		"pdf":                            {"a.pdf", "application/pdf", attached, pdf, ok},
		"pdf behind junk":                {"a.pdf", "application/pdf", attached, "\x1b%-12345X@PJL\r\n" + pdf, ok},
		"pdf before junk":                {"a.pdf", "application/pdf", attached, pdf + strings.Repeat("\x00", 5000) + "<!-- served in 3 ms -->", ok},
		"pdf in two versions":            {"a.pdf", "", "", pdf + "9 0 obj\n<<>>\nendobj\nstartxref\n9\n%%EOF\n", ok},
		"pdf without end":                {"a.pdf", "application/pdf", attached, strings.TrimSuffix(pdf, "%%EOF\n"), short},
		"pdf without end, any name":      {"a", "", "", "%PDF-1.4\n1 0 obj", short},
		"pdf cut in its second version":  {"a.pdf", "", "", pdf + "9 0 obj\n<<", short},
		"pdf cut, made for the web":      {"a.pdf", "", "", linear + strings.Repeat("x", 2000), short},
		"pdf whole, made for the web":    {"a.pdf", "", "", linear + strings.Repeat("x", 4000) + "%%EOF", ok},
		"zip":                            {"a.zip", "application/zip", attached, archive, ok},
		"zip before junk":                {"a.zip", "application/zip", attached, archive + "\r\n\r\n", ok},
		"zip of ZIP64":                   {"a.zip", "application/zip", attached, string(wide), ok},
		"empty zip":                      {"a.zip", "application/zip", attached, empty, ok},
		"zip without end":                {"a.zip", "application/zip", attached, archive[:len(archive)-30], short},
		"zip cut in its comment's place": {"a.zip", "application/zip", attached, archive[:len(archive)-2], short},
		"docx":                           {"a.docx", "", "", docx, ok},
		"docx without end":               {"a.docx", "", "", docx[:len(docx)/2], short},
		"old office":                     {"a.msg", "", "", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", ok},
		"png called pdf":                 {"a.pdf", "application/pdf", attached, "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", ok},
		"gz":                             {"a.gz", "application/gzip", attached, "\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", ok},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := []byte(row.content)
			cause, detail := check(content{row.name, row.contentType, row.disposition, b[:min(len(b), headBytes)], b[max(0, len(b)-tailBytes):], -1, int64(len(b))})
			if cause != row.want || (cause == "") != (detail == "") {
				t.Errorf("check = %q, %q; want %q", cause, detail, row.want)
			}
		})
	}
}

func gzipped(s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	w.Close()
	return b.String()
}

// A file is what its encodings leave of the body, and whole when they have come to
// their ends, whatever its length.
func TestEncodings(t *testing.T) {
	t.Parallel()
	doc := "%PDF-1.7\n" + strings.Repeat("some text that can be made shorter\n", 3000) + "%%EOF\n"
	with := func(make func(w io.Writer) io.WriteCloser) string {
		var b bytes.Buffer
		w := make(&b)
		io.WriteString(w, doc)
		w.Close()
		return b.String()
	}
	zlibbed := with(func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) })
	bare := with(func(w io.Writer) io.WriteCloser { f, _ := flate.NewWriter(w, 6); return f })
	brotlied := with(func(w io.Writer) io.WriteCloser { return brotli.NewWriter(w) })
	zstded := with(func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z })
	gz := gzipped(doc)
	const ok, no, short = po.Cause(""), po.DownloadRejected, po.DownloadIncomplete
	for name, row := range map[string]struct {
		encoding, body string
		want           po.Cause
	}{
		"gzip":                {"gzip", gz, ok},
		"x-gzip":              {"X-GZIP", gz, ok},
		"gzip twice":          {"gzip, gzip", gzipped(gz), ok},
		"deflate":             {"deflate", zlibbed, ok},
		"deflate, bare":       {"deflate", bare, ok},
		"brotli":              {"br", brotlied, ok},
		"zstd":                {"zstd", zstded, ok},
		"gzip within brotli":  {"br,gzip", gzipped(brotlied), ok},
		"words that say none": {"utf-8, identity", doc, ok},
		"gzip in two members": {"gzip", gzipped(doc[:500]) + gzipped(doc[500:]), ok},
		"gzip before junk":    {"gzip", gz + "\x00\x00junk", ok},
		"gzip cut":            {"gzip", gz[:len(gz)-9], short},
		"gzip's sum cut":      {"gzip", gz[:len(gz)-2], short},
		"gzip's head only":    {"gzip", gz[:5], short},
		"second member cut":   {"gzip", gzipped(doc[:500]) + gz[:40], short},
		"inner gzip cut":      {"gzip, gzip", gzipped(gz[:len(gz)-9]), short},
		"deflate cut":         {"deflate", zlibbed[:len(zlibbed)-3], short},
		"deflate, bare, cut":  {"deflate", bare[:len(bare)-3], short},
		"brotli cut":          {"br", brotlied[:len(brotlied)-3], short},
		"zstd cut":            {"zstd", zstded[:len(zstded)-3], short},
		"gzip damaged":        {"gzip", gz[:len(gz)/2] + "\xff\xff\xff" + gz[len(gz)/2+3:], no},
		"plain, called gzip":  {"gzip", doc, no},
		"unknown":             {"compress", gz, no},
		"too often":           {"gzip,gzip,gzip,gzip,gzip", gz, no},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, allowed := portal(t, send(row.body, "Content-Encoding", row.encoding, "Content-Length", strconv.Itoa(len(row.body))))
			a := openArchive(t, Config{Allowed: allowed})
			result := fetchOne(t, a, po.Attachment{ID: "1", Name: "a.pdf", URL: base})
			if row.want == "" {
				wantTree(t, a, map[string]string{"S/PO_1__WORK/a.pdf": doc})
			} else if len(result.Missing) != 1 || result.Missing[0].Cause != row.want {
				t.Errorf("%+v, want %s", result, row.want)
			}
		})
	}
}

// An archive is not unpacked since its server calls its format an encoding.
func TestArchiveIsNoEncoding(t *testing.T) {
	t.Parallel()
	gz := gzipped("data")
	base, allowed := portal(t, send(gz, "Content-Encoding", "gzip", "Content-Type", "application/x-gzip"))
	a := openArchive(t, Config{Allowed: allowed})
	fetchOne(t, a, po.Attachment{ID: "1", Name: "backup.tgz", URL: base})
	wantTree(t, a, map[string]string{"S/PO_1__WORK/backup.tgz": gz})
}

// Part of a file is not the file, whatever status it comes with.
func TestPartOfAFile(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status int
		field  string
		want   po.Cause
	}{
		"all of it":         {206, fmt.Sprintf("bytes 0-%d/%d", len(pdf)-1, len(pdf)), ""},
		"all of it, as 200": {200, fmt.Sprintf("bytes 0-%d/%d", len(pdf)-1, len(pdf)), ""},
		"the beginning":     {206, "bytes 0-499/20000", po.DownloadIncomplete},
		"as 200":            {200, "bytes 0-499/20000", po.DownloadIncomplete},
		"the end":           {206, "bytes 19500-19999/20000", po.DownloadIncomplete},
		"of unknown length": {206, "bytes 0-499/*", po.DownloadIncomplete},
		"unsaid":            {206, "", po.DownloadIncomplete},
		"more announced":    {206, "bytes 0-999/1000", po.DownloadIncomplete},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base, allowed := portal(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if row.field != "" {
					w.Header().Set("Content-Range", row.field)
				}
				w.WriteHeader(row.status)
				w.(http.Flusher).Flush() // without a length
				io.WriteString(w, pdf)
			}))
			result := fetchOne(t, openArchive(t, Config{Allowed: allowed}), po.Attachment{ID: "1", Name: "a.pdf", URL: base})
			if row.want == "" && len(result.Saved.Files) != 1 || row.want != "" && (len(result.Missing) != 1 || result.Missing[0].Cause != row.want) {
				t.Errorf("%+v, want %q", result, row.want)
			}
		})
	}
}

// A file of zero bytes that is announced as such is kept, also where its link works
// once.
func TestEmptyFromALinkThatWorksOnce(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		second int
		want   po.Cause
	}{
		"forbidden": {403, ""}, "gone": {410, ""}, "trouble": {500, po.PortalError},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0 // one after the other
			base, allowed := portal(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if asked++; asked > 1 {
					w.WriteHeader(row.second)
					return
				}
				w.Header().Set("Content-Length", "0")
			}))
			result := fetchOne(t, openArchive(t, Config{Allowed: allowed}), po.Attachment{ID: "1", Name: "a.pdf", URL: base})
			if row.want == "" && (len(result.Saved.Files) != 1 || !result.Saved.Files[0].Empty) || row.want != "" && (len(result.Missing) != 1 || result.Missing[0].Cause != row.want) {
				t.Errorf("%+v, want %q", result, row.want)
			}
			if asked != 2 {
				t.Errorf("asked %d times, want 2", asked)
			}
		})
	}
}

// A name without extension gets that of its content.
func TestWithExtension(t *testing.T) {
	t.Parallel()
	docx := zipOf(t, "[Content_Types].xml", "word/document.xml")
	for _, row := range []struct{ name, contentType, content, want string }{
		{"Invoice 4711", "application/pdf", pdf, "Invoice 4711.pdf"},
		{"Invoice 4711", "", pdf, "Invoice 4711.pdf"},
		{"Offer No. 12", "", pdf, "Offer No. 12.pdf"},
		{"Contract v1.2", "", pdf, "Contract v1.2.pdf"},
		{"Contract.v2", "", pdf, "Contract.v2.pdf"},
		{"Invoice.pdf", "", pdf, "Invoice.pdf"},
		{"scan.pdf", "", "\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR", "scan.pdf"},
		{"part.prt", "", docx, "part.prt"},
		{"report", "application/octet-stream", docx, "report.docx"},
		{"files", "", zipOf(t, "a.txt"), "files.zip"},
		{"README", "text/plain", "Deliver by the gate.", "README.txt"},
		{"list", "text/csv; charset=utf-8", "one\n", "list.csv"},
		{"data", "application/json", `{"a": 1}`, "data.json"},
		{"e-invoice", "application/xml", `<Invoice xmlns="urn:x"><ID>1</ID></Invoice>`, "e-invoice.xml"},
		{"mail", "application/vnd.ms-outlook", "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00", "mail.msg"},
		{"what", "", "\x00\x01\x02\xff", "what"},
		{strings.Repeat("x", 300), "", pdf, strings.Repeat("x", maxNameUnits-4) + ".pdf"},
	} {
		if got := withExtension(SafeName(row.name), kindOf([]byte(row.content)), row.contentType); got != row.want {
			t.Errorf("withExtension(%q) = %q, want %q", row.name, got, row.want)
		}
	}
}
