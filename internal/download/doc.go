// Package download puts the files of orders where they belong: whole or not at
// all.
//
// Names, folders and the checks of content are pure (names.go, folder.go,
// check.go). Archive brings the bytes, by HTTP with the browser's cookies or
// from a file that the browser has saved, into the order's work folder, and
// gives that folder its final name. All it does below the output directory
// goes through an os.Root, so that neither a hostile name nor a planted link
// leads outside.
package download
