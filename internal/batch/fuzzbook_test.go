package batch

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// FuzzWorkbook changes the bytes of workbooks.
func FuzzWorkbook(f *testing.F) {
	for _, path := range workbooks(f) {
		f.Add(read(f, path))
	}
	f.Add(orders("1", "bad", "2").bytes())
	f.Add(orders("1").set(sheetOne, prefixed).bytes())
	f.Fuzz(func(t *testing.T, in []byte) { checkAnyWorkbook(t, in, t.TempDir()) })
}

// FuzzParts changes what is in a workbook's parts: a checksum stops most of
// what FuzzWorkbook does.
func FuzzParts(f *testing.F) {
	whole := orders("1", "bad").texts(`<si><r><t>a</t></r></si>`).styles(map[int]string{164: "[h]&quot;x&quot;0"}, 0, 14, 164)
	add := func(b *book) {
		f.Add(b.parts[sheetOne], b.parts["xl/sharedStrings.xml"], b.parts["xl/styles.xml"], b.parts["xl/workbook.xml"], b.parts["xl/_rels/workbook.xml.rels"], b.parts[contentTypes])
	}
	add(whole)
	for _, path := range workbooks(f) {
		add(unzip(f, read(f, path)))
	}
	f.Fuzz(func(t *testing.T, sheet, texts, styles, main, rels, types string) {
		b := orders("1", "bad").texts().styles(nil).set(sheetOne, sheet).set("xl/sharedStrings.xml", texts).set("xl/styles.xml", styles).
			set("xl/workbook.xml", main).set("xl/_rels/workbook.xml.rels", rels).set(contentTypes, types)
		checkAnyWorkbook(t, b.bytes(), t.TempDir())
	})
}

// TestAnyWorkbook makes sheets of what matters in one.
func TestAnyWorkbook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		header := rapid.SampledFrom([]string{`<c t="s"><v>0</v></c>`, inline("B3", "po") + inline("C3", "STATUS"), `<c t="str"><f>A1</f><v>PO</v></c>` + inline("D3", "ERROR_MESSAGE")}).Draw(r, "header")
		cell := rapid.SampledFrom([]string{`<c/>`, `<c s="2"/>`, `<c><v>1</v></c>`, `<c s="1"><v>1</v></c>`, `<c><v>2.5E3</v></c>`, `<c t="s"><v>1</v></c>`, `<c t="str"><v>bad</v></c>`,
			`<c><f>A1</f><v>1</v></c>`, `<c><f t="shared" si="0" ref="A1:A9">B1</f><v>4</v></c>`, `<c t="b"><f t="shared" si="0"/><v>1</v></c>`, `<c t="inlineStr"><is><t> PO3 </t></is></c>`,
			`<c t="inlineStr"><is><r><t>x</t></r></is></c>`, `<c t="inlineStr"><is/></c>`, "\n", "<!-- -->", `<x><c/></x>`, `<c><v/><v>7</v></c>`, `<v>`})
		row := rapid.Custom(func(r *rapid.T) string {
			tag := rapid.SampledFrom([]string{`<row>`, `<row spans="1:2" x="">`, `<row customFormat="1" s="3">`, `<row r="20">`}).Draw(r, "tag")
			return tag + strings.Join(rapid.SliceOfN(cell, 0, 6).Draw(r, "cells"), "") + `</row>`
		})
		sheet := worksheet(`<row r="3">` + header + `</row>` + strings.Join(rapid.SliceOfN(row, 0, 6).Draw(r, "rows"), ""))
		b := rows("").set(sheetOne, sheet).texts(`<si><t>PO_NUMBER</t></si>`, `<si><t>COMPLETED</t></si>`).styles(nil, 0, 14, 1)
		checkAnyWorkbook(r, b.bytes(), dir)
	})
}

// checkAnyWorkbook is what holds for every file that begins like a workbook:
// no panic, one clear error, and what is not filled comes back.
func checkAnyWorkbook(t check, in []byte, dir string) {
	t.Helper()
	path := filepath.Join(dir, "batch.xlsx")
	if err := os.WriteFile(path, in, 0o644); err != nil {
		t.Fatal(err)
	}
	b, err := Open(path, parse)
	if err != nil {
		var e *Error
		if !errors.As(err, &e) || e.Err == nil || strings.ContainsAny(err.Error(), "\r\n") {
			t.Fatalf("%T %q", err, err)
		}
		return
	}
	w, ok := b.source.(*workbook)
	if !ok {
		return
	}
	once := sheetOf(t, results(t, b, none), w.part)
	again := filepath.Join(dir, "again.xlsx")
	if err := os.WriteFile(again, results(t, b, none), 0o644); err != nil {
		t.Fatal(err)
	}
	if twice := sheetOf(t, results(t, mustOpen(t, again), none), w.part); once != twice {
		t.Fatalf("written again:\n%s\n%s", once, twice)
	}
	checkFilled(t, b, dir)
}

// sheetOf reads a part of an archive; empty if that cannot be.
func sheetOf(t check, archive []byte, part string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range z.File {
		if !strings.EqualFold(f.Name, part) {
			continue
		}
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	return ""
}
