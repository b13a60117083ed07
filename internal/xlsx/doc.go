// Package xlsx reads the rows of an Office Open XML workbook (XLSX, XLSM), and
// writes the workbook back with new cells in some columns of one sheet.
//
// A workbook is a zip archive of XML parts. A sheet is cut into rows and cells
// that keep their bytes, and only the cells that are new are replaced; all other
// parts are copied without being decompressed. So styles, formulas, tables,
// validations, macros and whatever else Excel knows survive, and a sheet of any
// length is a stream. (excelize holds the whole sheet in memory and writes it in
// its own words; it is asked only how dates look.)
//
// Workbooks come from strangers: everything that is read is bounded, entities
// cannot be declared, and what does not hold together is refused. Nothing is held
// in memory but the row at hand and the shared strings: every operation is a pass
// over the file.
package xlsx
