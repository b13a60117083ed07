package xlsx_test

import (
	"fmt"
	"io"
	"log"
	"os"

	"github.com/poactor/poactor/internal/xlsx"
	"github.com/poactor/poactor/internal/xlsx/xlsxtest"
)

// A column is added behind what the rows hold; everything else stays as it was.
func ExampleWorkbook_Rewrite() {
	in, err := os.CreateTemp("", "book-*.xlsx")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(in.Name())
	defer in.Close()
	book := xlsxtest.WithRows(`<row><c t="str"><v>Fruit</v></c></row><row><c t="str"><v>Apple</v></c></row>`)
	if _, err := in.Write(book.Bytes()); err != nil {
		log.Fatal(err)
	}

	w, err := xlsx.Open(in)
	if err != nil {
		log.Fatal(err)
	}
	r, err := w.NewReader(in)
	if err != nil {
		log.Fatal(err)
	}
	structure, err := r.Inspect(w.Sheets[0], 1, 0, func(row *xlsx.Row) error {
		fmt.Println(row.Number(), row.Text(0))
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	name, count := "Count", "7"
	err = w.Rewrite(in, io.Discard, xlsx.Edit{
		Structure: structure,
		Columns:   []xlsx.Column{{Index: 1, Added: name, Number: true}},
		Cells: func(row *xlsx.Row) []*string {
			if row.Number() == 1 {
				return []*string{&name}
			}
			return []*string{&count}
		},
	})
	fmt.Println(err)
	// Output:
	// 1 Fruit
	// 2 Apple
	// <nil>
}
