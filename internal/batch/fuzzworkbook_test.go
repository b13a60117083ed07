package batch

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
	"pgregory.net/rapid"
)

// FuzzWorkbook changes the bytes of workbooks.
func FuzzWorkbook(f *testing.F) {
	for _, path := range workbooks(f) {
		f.Add(read(f, path))
	}
	f.Add(orders("1", "bad", "2").Bytes())
	f.Add(orders("1").Set(xlsxtest.SheetOne, prefixed).Bytes())
	f.Fuzz(func(t *testing.T, in []byte) { checkAnyWorkbook(t, in, t.TempDir()) })
}

// TestAnyWorkbook makes sheets of what matters in one.
func TestAnyWorkbook(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rapid.Check(t, func(r *rapid.T) {
		header := rapid.SampledFrom([]string{`<c t="s"><v>0</v></c>`, xlsxtest.Inline("B3", "po") + xlsxtest.Inline("C3", "STATUS"), `<c t="str"><f>A1</f><v>PO</v></c>` + xlsxtest.Inline("D3", "ERROR_MESSAGE")}).Draw(r, "header")
		cell := rapid.SampledFrom([]string{`<c/>`, `<c s="2"/>`, `<c><v>1</v></c>`, `<c s="1"><v>1</v></c>`, `<c><v>2.5E3</v></c>`, `<c t="s"><v>1</v></c>`, `<c t="str"><v>bad</v></c>`,
			`<c><f>A1</f><v>1</v></c>`, `<c><f t="shared" si="0" ref="A1:A9">B1</f><v>4</v></c>`, `<c t="b"><f t="shared" si="0"/><v>1</v></c>`, `<c t="inlineStr"><is><t> PO3 </t></is></c>`,
			`<c t="inlineStr"><is><r><t>x</t></r></is></c>`, `<c t="inlineStr"><is/></c>`, "\n", "<!-- -->", `<x><c/></x>`, `<c><v/><v>7</v></c>`, `<v>`})
		row := rapid.Custom(func(r *rapid.T) string {
			tag := rapid.SampledFrom([]string{`<row>`, `<row spans="1:2" x="">`, `<row customFormat="1" s="3">`, `<row r="20">`}).Draw(r, "tag")
			return tag + strings.Join(rapid.SliceOfN(cell, 0, 6).Draw(r, "cells"), "") + `</row>`
		})
		sheet := xlsxtest.Worksheet(`<row r="3">` + header + `</row>` + strings.Join(rapid.SliceOfN(row, 0, 6).Draw(r, "rows"), ""))
		b := xlsxtest.WithRows("").Set(xlsxtest.SheetOne, sheet).SharedStrings(`<si><t>PO_NUMBER</t></si>`, `<si><t>COMPLETED</t></si>`).Styles(nil, 0, 14, 1)
		checkAnyWorkbook(r, b.Bytes(), dir)
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
	if _, ok := b.source.(*workbook); !ok {
		return
	}
	once := results(t, b, none)
	again := filepath.Join(dir, "again.xlsx")
	if err := os.WriteFile(again, once, 0o644); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(xlsxtest.Unzip(t, once), xlsxtest.Unzip(t, results(t, mustOpen(t, again), none))); diff != "" {
		t.Fatalf("written again:\n%s", diff)
	}
	checkFilled(t, b, dir)
}
