package download

import (
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	const (
		page   = "<!DOCTYPE html><html><head><title>Sign in</title></head><body><form><input name=p type=\"password\"></form></body></html>"
		report = "<html><body><table><tr><td>1</td></tr></table></body></html>"
		office = `<html xmlns:x="urn:schemas-microsoft-com:office:excel"><table></table></html>`
		jpeg   = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
		ole    = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\x00\x00"
		rtf    = `{\rtf1\ansi hello}`
		json   = `{"error": "session expired"}`
	)
	const ok, rejected, short = po.Cause(""), po.DownloadRejected, po.DownloadIncomplete
	rows := map[string]struct {
		name, contentType, disposition, head string
		announced, got                       int64
		want                                 po.Cause
	}{
		"pdf":                          {"a.pdf", "application/pdf", "attachment", pdf, 20, 20, ok},
		"nothing announced":            {"a.pdf", "", "", pdf, -1, 20, ok},
		"short":                        {"a.pdf", "application/pdf", "", pdf, 21, 20, short},
		"short page":                   {"a.pdf", "text/html", "", page, 2100, 20, short},
		"longer than announced":        {"a.pdf", "", "", pdf, 19, 20, rejected},
		"empty, announced":             {"a.pdf", "application/pdf", "", "", 0, 0, ok},
		"page for pdf":                 {"a.pdf", "text/html; charset=utf-8", "", page, -1, 9, rejected},
		"page called pdf":              {"a.pdf", "application/pdf", `attachment; filename="a.pdf"`, page, -1, 9, rejected},
		"page behind BOM":              {"a.pdf", "", "", "\xef\xbb\xbf \r\n" + page, -1, 9, rejected},
		"page behind comments":         {"a.pdf", "", "", "\n<!-- v1 -->\n<!-- > -->" + page, -1, 9, rejected},
		"page behind a long comment":   {"a.pdf", "", "", "<!-- " + strings.Repeat("x", 5000) + " -->" + page, -1, 9, rejected},
		"page as XML":                  {"a.pdf", "", "", `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">`, -1, 9, rejected},
		"page in UTF-16":               {"a.pdf", "", "", "\xff\xfe<\x00h\x00t\x00m\x00l\x00>\x00", -1, 9, rejected},
		"page without tags":            {"a.pdf", "text/html", "", "Please sign in.", -1, 9, rejected},
		"page, upper-case name":        {"A.PDF", "text/html", "", page, -1, 9, rejected},
		"page, no extension":           {"invoice", "text/html", "", page, -1, 9, rejected},
		"page, no extension, attached": {"invoice", "text/html", "attachment", report, -1, 9, ok},
		"pdf declared html":            {"a.pdf", "text/html", "", pdf, -1, 9, ok},
		"jpeg called pdf":              {"a.pdf", "application/pdf", "", jpeg, -1, 9, ok},
		"mail called docx":             {"a.docx", "application/octet-stream", "", ole, -1, 9, ok},
		"text called pdf":              {"a.pdf", "application/octet-stream", "", "hello", -1, 9, rejected},
		"html":                         {"a.html", "text/html", "", report, -1, 9, ok},
		"sign-in for html":             {"a.htm", "text/html", "", page, -1, 9, rejected},
		"sign-in for html, attached":   {"a.htm", "text/html", "attachment", page, -1, 9, rejected},
		"svg":                          {"a.svg", "image/svg+xml", "", "<!-- x --><svg>", -1, 9, ok},
		"mhtml":                        {"a.mht", "", "", report, -1, 9, ok},
		"table as xls, attached":       {"a.xls", "application/vnd.ms-excel", `attachment; filename="a.xls"`, report, -1, 9, ok},
		"page as doc, attached":        {"a.doc", "application/msword", "ATTACHMENT;filename=a b.doc", report, -1, 9, ok},
		"office page as xls":           {"a.xls", "application/vnd.ms-excel", "", office, -1, 9, ok},
		"sign-in for xls":              {"a.xls", "text/html", "", page, -1, 9, rejected},
		"sign-in for xls, inline":      {"a.xls", "text/html", "inline", page, -1, 9, rejected},
		"notes with tags":              {"a.txt", "text/plain", "", "<b>note</b>", -1, 9, ok},
		"sign-in for txt":              {"a.txt", "text/html", "", page, -1, 9, rejected},
		"rtf":                          {"a.rtf", "application/rtf", "", rtf, -1, 9, ok},
		"rtf called doc":               {"a.doc", "application/msword", "", rtf, -1, 9, ok},
		"json for pdf":                 {"a.pdf", "application/json", "", json, -1, 9, rejected},
		"json for pdf, undeclared":     {"a.pdf", "application/octet-stream", "attachment", " \n[ {\"a\":1}]", -1, 9, rejected},
		"json text for xlsx":           {"a.xlsx", "application/problem+json", "", "null", -1, 9, rejected},
		"json, no extension":           {"invoice", "application/json", "", json, -1, 9, rejected},
		"json as json":                 {"a.json", "application/json", "", `{"order": 1, "error": ""}`, -1, 9, ok},
		"json as txt":                  {"a.txt", "text/plain", "", `{"order": 1}`, -1, 9, ok},
		"brackets are no json":         {"a.txt", "", "", "[1] note", -1, 9, ok},
		"pdf declared json":            {"a.pdf", "application/json", "", pdf, -1, 9, ok},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cause, detail := check(content{row.name, row.contentType, row.disposition, []byte(row.head), []byte(row.head), row.announced, row.got})
			if cause != row.want || (cause == "") != (detail == "") {
				t.Errorf("Check = %q, %q; want %q", cause, detail, row.want)
			}
		})
	}
}

func TestDispositionName(t *testing.T) {
	t.Parallel()
	rows := map[string]struct{ header, want string }{
		"none":                  {"", ""},
		"no name":               {"attachment", ""},
		"plain":                 {`attachment; filename="a b.pdf"`, "a b.pdf"},
		"token":                 {`attachment; filename=a.pdf`, "a.pdf"},
		"extended":              {`attachment; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf`, "Résumé.pdf"},
		"extended wins":         {`attachment; filename="Resume.pdf"; filename*=UTF-8''R%C3%A9sum%C3%A9.pdf`, "Résumé.pdf"},
		"extended, latin":       {`attachment; filename*=iso-8859-1'en'R%E9sum%E9.pdf`, "Résumé.pdf"},
		"extended, Cyrillic":    {`attachment; filename="x.pdf"; filename*=windows-1251''%D1%F7%E5%F2.pdf`, "Счет.pdf"},
		"extended, Japanese":    {`attachment; filename*=Shift_JIS'ja'%90%BF%8B%81%8F%91.pdf`, "請求書.pdf"},
		"extended, unknown":     {`attachment; filename*=x-none''R%C3%A9sum%C3%A9.pdf`, "Résumé.pdf"},
		"extended, broken":      {`attachment; filename*=UTF-8''%ZZ; filename="a.pdf"`, "a.pdf"},
		"as in mail, Latin":     {`attachment; filename="=?iso-8859-1?Q?R=E9sum=E9.pdf?="`, "Résumé.pdf"},
		"as in mail, Chinese":   {`attachment; filename="=?GB2312?B?t6LGsS5wZGY=?="`, "发票.pdf"},
		"as in mail, no quotes": {`attachment; filename==?UTF-8?B?UsOpc3Vtw6kucGRm?=`, "Résumé.pdf"},
		"raw Windows-1252":      {"attachment; filename=\"10\x80.pdf\"", "10€.pdf"},
		"no quotes":             {`attachment; filename=a b (1).pdf`, "a b (1).pdf"},
		"no quotes, more":       {`attachment; filename=a b.pdf; size=3`, "a b.pdf"},
		"empty parameter":       {`attachment;; filename="a.pdf";`, "a.pdf"},
		"no kind":               {`; filename="a.pdf"`, "a.pdf"},
		"raw UTF-8":             {"attachment; filename=\"Résumé.pdf\"", "Résumé.pdf"},
		"raw UTF-8, no quotes":  {"attachment; filename=Résumé.pdf", "Résumé.pdf"},
		"raw latin":             {"attachment; filename=\"R\xe9sum\xe9.pdf\"", "Résumé.pdf"},
		"percent":               {`attachment; filename="R%C3%A9sum%C3%A9.pdf"`, "Résumé.pdf"},
		"not percent":           {`attachment; filename="50% off.pdf"`, "50% off.pdf"},
		"as in mail":            {`attachment; filename="=?UTF-8?B?UsOpc3Vtw6kucGRm?="`, "Résumé.pdf"},
		"escaped quote":         {`attachment; filename="a\"b.pdf"`, `a"b.pdf`},
		"windows path":          {`attachment; filename="C:\dir\x.pdf"`, `C:\dir\x.pdf`},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := dispositionName(row.header); got != row.want {
				t.Errorf("dispositionName(%q) = %q, want %q", row.header, got, row.want)
			}
		})
	}
}

func FuzzDispositionName(f *testing.F) {
	f.Add(`attachment; filename="a\"b.pdf"; filename*=UTF-8''%41`)
	f.Add("attachment; filename=\xff; filename*=x'")
	f.Fuzz(func(t *testing.T, header string) { checkSafe(t, header, SafeName(dispositionName(header))) })
}

func TestChooseName(t *testing.T) {
	t.Parallel()
	att := po.Attachment{Name: "page.pdf", URL: "https://x/files/url%20name.pdf?token=1"}
	rows := map[string]struct {
		disposition string
		att         po.Attachment
		want        string
	}{
		"answer first":          {`attachment; filename="answer.pdf"`, att, "answer.pdf"},
		"answer of no use":      {`attachment; filename="../.."`, att, "page.pdf"},
		"page":                  {"inline", att, "page.pdf"},
		"URL":                   {"", po.Attachment{Name: " . ", URL: att.URL}, "url name.pdf"},
		"nothing":               {"", po.Attachment{URL: "https://x/"}, ""},
		"browser's":             {"", po.Attachment{Answer: po.Answer{Name: "b.pdf"}, URL: att.URL}, "b.pdf"},
		"page before browser's": {"", po.Attachment{Name: "page.pdf", Answer: po.Answer{Name: "b.pdf"}}, "page.pdf"},
		"given by a script":     {"", po.Attachment{Name: "Download", Answer: po.Answer{Name: "b.pdf"}}, "b.pdf"},
		"made of the URL":       {"", po.Attachment{Name: "Invoice 1", Answer: po.Answer{Status: 200, Name: "download.pdf"}}, "Invoice 1"},
		"hostile, as it was":    {"", po.Attachment{Name: "../../x.pdf"}, "../../x.pdf"},
		"hostile, but a letter": {"", po.Attachment{Name: "..\n\u202ex"}, "..\n\u202ex"},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := chooseName(row.disposition, row.att); got != row.want {
				t.Errorf("chooseName = %q, want %q", got, row.want)
			}
		})
	}
	if got := truncate(strings.Repeat("é", 2000)); len(got) != maxOriginalBytes {
		t.Errorf("truncated to %d bytes, want %d", len(got), maxOriginalBytes)
	}
}
