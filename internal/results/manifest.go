package results

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
	"path"
	"strconv"
	"time"

	"github.com/poactor/poactor/po"
)

// bom makes Excel read the manifest as UTF-8.
const bom = "\uFEFF"

// header names the columns of the manifest. The id is that of po.File where it
// is not the URL.
var header = [...]string{
	"PO_NUMBER", "key", "path", "original name", "bytes", "sha256",
	"url", "lane", "time", "id", "read by", "comparisons",
}

// Places in header.
const (
	colNumber = iota
	colKey
	colPath
	colOriginal
	colBytes
	colSHA256
	colURL
	colLane
	colTime
	colID
	colReadBy
	colComparisons
)

// WriteManifest writes one line for each file of the outcomes: the order's number as
// the list has it and its key, the file's path relative to the output directory, and what is known of
// it. It is CSV in UTF-8. In texts everything that is not printable, and what
// a spreadsheet could take for a formula, is written as in a Go string:
// \n, \u202e, \u003d.
func WriteManifest(w io.Writer, outcomes iter.Seq[po.Outcome]) error {
	if _, err := io.WriteString(w, bom); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	out := csv.NewWriter(w)
	_ = out.Write(header[:]) // its error stays until Error
	for o := range outcomes {
		for _, f := range o.Files {
			if err := out.Write(line(o, f)); err != nil {
				return fmt.Errorf("write manifest: %w", err)
			}
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("write manifest: %w", err)
	}
	return nil
}

// line gives the cells of a file.
func line(o po.Outcome, f po.File) []string {
	id := f.ID
	if id == f.URL {
		id = ""
	}
	comparisons := ""
	if o.ReadBy != "" {
		comparisons = strconv.Itoa(o.Comparisons)
	}
	return []string{
		colNumber:   escape(o.RawNumber),
		colKey:      escape(string(o.Key)),
		colPath:     escape(path.Join(o.Folder, f.Name)),
		colOriginal: escape(f.Original),
		colBytes:    strconv.FormatInt(f.Bytes, 10),
		colSHA256:   f.SHA256,
		colURL:      escape(f.URL),
		colLane:     string(f.Lane),
		colTime:     f.Time.UTC().Format(time.RFC3339Nano),
		colID:       escape(id),

		colReadBy:      string(o.ReadBy),
		colComparisons: comparisons,
	}
}
