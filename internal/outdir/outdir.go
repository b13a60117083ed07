// Package outdir knows the output directory of a run and the disk that it is on:
// what is called what there, how a file is replaced so that a power cut leaves the
// old one or the new one, when a disk is full, and how much is free on it.
//
// It is a leaf: every package may import it, and it imports only po.
package outdir

import (
	"io/fs"
	"os"
	"path/filepath"
)

// What people read in an output directory, beside the folders of the orders.
const (
	ManifestFile = "manifest.csv"
	SumsFile     = "SHA256SUMS"
	ReportFile   = "report.html"
	// TaskResultsFile has what came of a program's own tasks.
	TaskResultsFile = "results.jsonl"
	ResultsStem     = "results" // and one of BatchExtensions: the list with its status columns
)

// What is poactor's own, in the state directory.
const (
	StateDir    = ".poactor"
	LedgerFile  = "ledger.db"
	LockFile    = "lock"
	LogFile     = "run.log"
	EventsFile  = "events.jsonl" // what became of workers, portal and sign-in, for the report
	BatchStem   = "batch"        // and one of BatchExtensions: the copy of the last start's list
	ExportFile  = "results.json" // what the results were when they were written last
	IncomingDir = "incoming"     // what browsers are downloading
	EvidenceDir = "evidence"     // of pages that nobody recognised
)

// OwnPrefix begins the names of poactor's own files outside of the state directory.
// They are there only while work goes on.
const OwnPrefix = StateDir + "-"

// StatePath is the path of something in the state directory of an output directory.
func StatePath(out string, names ...string) string {
	return filepath.Join(append([]string{out, StateDir}, names...)...)
}

// BatchExtensions are those that a copy of the batch and the results can have.
func BatchExtensions() []string { return []string{".csv", ".xlsx", ".xlsm"} }

// ResultsPath is the path of the results in an output directory: of those that are
// there, else where those of a CSV file would be.
func ResultsPath(out string) string {
	for _, ext := range BatchExtensions() {
		path := filepath.Join(out, ResultsStem+ext)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	return filepath.Join(out, ResultsStem+".csv")
}

// Size sums up the files below a directory, in bytes, as far as they can be looked at.
func Size(fsys fs.FS, dir string) (bytes int64) {
	_ = fs.WalkDir(fsys, dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}
