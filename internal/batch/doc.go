// Package batch reads the batch, a CSV or TSV file of purchase orders, and
// writes it back with the status columns filled.
//
// The bytes of the user's own cells are never decoded and encoded again: a row
// is cut into cells, each of which keeps its raw bytes, and only the cells
// that poactor fills are replaced. Quoting, line ends, delimiter, byte order
// mark, sep= line, ragged rows and empty lines come back as they were.
//
// Nothing is held in memory but the row at hand: every operation is a pass
// over the file.
package batch
