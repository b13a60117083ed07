package batch

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
)

// orders makes a workbook with numbers under a header.
func orders(numbers ...string) *xlsxtest.Book {
	data := `<row r="1">` + xlsxtest.Inline("A1", "PO_NUMBER") + xlsxtest.Inline("B1", "Note") + `</row>`
	for i, n := range numbers {
		data += fmt.Sprintf(`<row r="%d">%s</row>`, i+2, xlsxtest.Inline(fmt.Sprintf("A%d", i+2), n))
	}
	return xlsxtest.WithRows(data)
}

// workbooks are those of the corpus.
func workbooks(t testing.TB) []string {
	t.Helper()
	files, err := filepath.Glob("testdata/workbooks/*.xls[xm]")
	if err != nil || len(files) < 6 {
		t.Fatalf("the corpus has only %d workbooks, %v", len(files), err)
	}
	return files
}

func read(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
