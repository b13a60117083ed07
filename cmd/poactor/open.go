package main

import (
	"context"
	"io"
	"os"
	"path/filepath"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/config"
	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// openJob reads and checks everything that can be without a browser. A dry run
// leaves the output directory alone.
func (a *app) openJob(ctx context.Context, s config.Settings, path string, choice po.Choice) (*job, error) {
	j := &job{settings: s, choice: choice}
	if err := a.open(ctx, j, path); err != nil {
		j.close()
		return nil, err
	}
	return j, nil
}

func (a *app) open(ctx context.Context, j *job, path string) (err error) {
	if j.portal, err = runPortal(j.settings); err != nil {
		return err
	}
	if j.dir, err = outFor(path, j.settings.Out); err != nil {
		return err
	}
	if err := checkOut(j.dir); err != nil {
		return err
	}
	if j.profile, err = a.findProfile(j.settings, j.portal); err != nil {
		return err
	}
	j.settings.Profile = j.profile.setting(j.settings.Profile)
	if j.profile.account != nil && !j.settings.DryRun {
		if _, _, err := j.profile.session.Load(ctx); err != nil { // the key may be missing
			return err
		}
		if !j.settings.Quiet && !j.settings.JSON {
			a.say("%s", j.profile.text())
		}
	}
	if path == "-" {
		err = j.openStdin(a.stdin)
	} else {
		j.batch, err = poactor.OpenBatch(path, j.portal)
	}
	if err != nil {
		return err
	}
	return a.prepare(j, path)
}

// checkProfile says what is wrong with a profile to copy, before the batch is
// read.
func checkProfile(dir string) error {
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return wrongUse("--profile takes the user data directory of a browser that is signed in", "profile %s is no directory", dir)
	}
	return nil
}

// prepare takes the output directory, unless this is a dry run.
func (a *app) prepare(j *job, path string) error {
	if !j.settings.Quiet {
		a.listBad(j.batch)
	}
	if j.batch.Counts().Malformed == 0 { // nothing would be said of any row
		if err := j.checkUsable(path); err != nil {
			return err
		}
	}
	if j.settings.DryRun {
		return nil
	}
	a.sayList(j, path)
	if err := j.hold(); err != nil {
		return err
	}
	j.settings.Out = j.dir
	j.forgotten = j.settings.Remember(config.DataDir(a.env))
	if j.aside != "" && !j.settings.Quiet {
		a.warn("the record of earlier starts is %s now; files that are there are kept", j.aside)
	}
	return nil
}

// hold takes the output directory for this run.
func (j *job) hold() (err error) {
	if j.ledger != nil {
		return nil
	}
	if j.settings.Fresh {
		if j.aside, err = poactor.ArchiveLedger(j.dir); err != nil {
			return err
		}
	}
	if j.ledger, err = poactor.OpenLedger(j.dir); err == nil {
		j.cleanup = append(j.cleanup, func() { _ = j.ledger.Close() })
	}
	return err
}

// state is the path of a file of poactor's own in the output directory.
func (j *job) state(name string) string { return outdir.StatePath(j.dir, name) }

// stdinName is what a batch without a file is called.
const stdinName = "standard input"

// openStdin writes standard input to a file, which is then the batch: it is
// read more than once.
func (j *job) openStdin(in io.Reader) error {
	path, err := j.spoolPath()
	if err != nil {
		return err
	}
	err = outdir.Replace(path, 0o600, func(w io.Writer) error {
		_, err := io.Copy(w, in)
		return err
	})
	if err != nil {
		return outdir.WriteError(err)
	}
	j.batch, err = poactor.OpenBatch(path, j.portal)
	return shownError(err, "-")
}

func (j *job) spoolPath() (string, error) {
	if j.settings.DryRun {
		dir, err := os.MkdirTemp("", "poactor-")
		if err != nil {
			return "", cannot("set TMPDIR (on Windows TMP) to a directory that is there, has room and can be written to", "temporary directory: %v", err)
		}
		j.cleanup = append(j.cleanup, func() { _ = os.RemoveAll(dir) })
		return filepath.Join(dir, "batch.csv"), nil
	}
	if err := j.hold(); err != nil {
		return "", err
	}
	return j.state(outdir.BatchStem + ".csv"), nil
}
