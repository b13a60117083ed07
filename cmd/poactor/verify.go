package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/internal/progress"
)

func (a *app) verifyCommand() *cobra.Command {
	var asJSON, update bool
	c := &cobra.Command{
		Use:   "verify [flags] DIR",
		Short: "Hash every file again and compare",
		Long: `Verify reads every file of an output directory, and compares its size and SHA-256
with the record and with SHA256SUMS. It ends with 3 and the names if anything
differs. What is in no record, like your own notes, is no difference. Files that
are as recorded and not yet listed in SHA256SUMS are told, and are no error where
the run was killed before it could list them: the next start does, and so does
--update, which goes on with nothing else: it brings SHA256SUMS and manifest.csv up
to date with the record, and gives folders their final names. Where anything is
damaged it leaves all as it is.`,
		Example: "  poactor verify orders\n  poactor verify --update orders\n  poactor verify --json orders",
		Args:    oneArgument("DIR", "give the output directory of a run, like: poactor verify orders"),
		RunE: func(c *cobra.Command, args []string) error {
			v, err := verify(c.Context(), args[0])
			if err != nil {
				return err
			}
			updated := 0
			if update && v.Damaged == 0 && v.Behind > 0 {
				if updated = v.Behind; !asJSON {
					a.say("bringing %s up to date: %s", args[0], progress.Count(updated, "difference"))
				}
				if err := poactor.UpdateSums(c.Context(), args[0]); err != nil {
					return err
				}
				if v, err = verify(c.Context(), args[0]); err != nil {
					return err
				}
			}
			if asJSON {
				progress.WriteLine(a.stdout, "verification", verificationJSON{v, updated})
			} else {
				a.showVerification(v)
			}
			if err == nil && (v.Damaged > 0 || v.Behind > 0 && !v.CutOff) {
				return errUnfinished
			}
			return err
		},
	}
	c.Flags().BoolVar(&update, "update", false,
		"bring SHA256SUMS, manifest.csv and folder names up to date with the record, where nothing is damaged")
	c.Flags().BoolVar(&asJSON, "json", false, "write it as JSON")
	return c
}

// verificationJSON is what verify says as JSON.
type verificationJSON struct {
	poactor.Verification
	Updated int `json:"updated"` // differences that --update has put right before
}

// verify is poactor.Verify, with words for a directory that no run has left.
func verify(ctx context.Context, dir string) (poactor.Verification, error) {
	if err := checkRunDir(dir); err != nil {
		return poactor.Verification{}, err
	}
	v, err := poactor.Verify(ctx, dir)
	if errors.Is(err, fs.ErrNotExist) {
		err = noRecord(dir)
	}
	return v, err
}

func (a *app) showVerification(v poactor.Verification) {
	behind := 0
	for _, d := range v.Differences {
		if d.Kind != poactor.Damaged {
			if behind++; behind > maxListed {
				continue
			}
		}
		fmt.Fprintln(a.stdout, progress.Line(d.Kind.String()+": "+d.Path+": "+d.What))
	}
	if behind > maxListed {
		fmt.Fprintf(a.stdout, "and %d more that are not yet listed or renamed\n", behind-maxListed)
	}
	switch size := humanize.Bytes(uint64(v.Bytes)); {
	case len(v.Differences) == 0:
		fmt.Fprintf(a.stdout, "%s, %s: all as recorded\n", progress.Count(v.Files, "file"), size)
	case v.Damaged == 0 && v.CutOff:
		fmt.Fprintf(a.stdout, "%s, %s: none is damaged; the last start was killed: "+
			"the next one, or verify --update, repairs what is unfinished\n", progress.Count(v.Files, "file"), size)
	default:
		fmt.Fprintf(a.stdout, "%s: %s\n", progress.Count(v.Files, "file"), progress.Count(len(v.Differences), "difference"))
	}
}
