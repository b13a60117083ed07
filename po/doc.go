// Package po holds the nouns of the job: an order and its number, what a
// portal's page said of it, the files that belong to it, and how it ended.
//
// Everything here is a plain value. The package imports the standard library
// only and every other package may import it.
package po
