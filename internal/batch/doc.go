// Package batch reads the batch, a CSV, TSV or XLSX file of purchase orders,
// and writes it back with the status columns filled.
//
// The bytes of the user's own cells are never decoded and encoded again: a row
// is cut into cells, each of which keeps its raw bytes, and only the cells
// that poactor fills are replaced. Quoting, line ends, delimiter, byte order
// mark, sep= line, ragged rows and empty lines come back as they were.
//
// A workbook is treated alike, by package xlsx, which knows nothing of orders.
//
// What a list means is found out before anything is done with it: where its
// header is (headersearch.go), which column has the numbers (numbercolumn.go),
// which rows are of orders (recordtypes.go, secondheader.go), which numbers can be
// trusted (numbercheck.go), and whether a quote has swallowed rows (quotes.go).
// What is unclear is told, never guessed.
//
// Nothing is held in memory but the row at hand, and of a workbook its shared
// strings: every operation is a pass over the file.
package batch
