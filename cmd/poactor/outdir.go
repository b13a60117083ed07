package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// outFor is the output directory of a batch: the one asked for, else one
// beside the batch that is named after it.
func outFor(batch, asked string) (string, error) {
	if asked != "" {
		return asked, nil
	}
	if batch == "-" {
		return "", wrongUse("give --out DIR", "a batch on standard input has no name to call the output directory by")
	}
	ext := filepath.Ext(batch)
	if dir := strings.TrimSuffix(batch, ext); ext != "" && filepath.Base(dir) != "." && filepath.Base(batch) != ext {
		return dir, nil
	}
	return batch + ".out", nil
}

// checkOut says what is wrong with an output directory without making it.
func checkOut(dir string) error {
	info, err := os.Stat(dir)
	switch {
	case err == nil && !info.IsDir():
		return wrongUse("give another one with --out", "output directory %s is a file", dir)
	case errors.Is(err, syscall.ENOTDIR):
		return wrongUse("give another one with --out", "output directory %s is below a file", dir)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return outdir.WriteError(err)
	}
	return nil
}

// lookLedger opens the ledger of an output directory for reading; nil if there
// is none.
func lookLedger(dir string) (*poactor.Ledger, error) {
	ledger, err := poactor.OpenLedgerReadOnly(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return ledger, err
}

// runActive is the error where a run holds the output directory.
func runActive(dir string) error {
	return &po.Error{Msg: "a run is active in " + dir, Hint: "wait until it has ended", Err: poactor.ErrHeld}
}
