package poactor

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/poactor/poactor/po"
	"github.com/poactor/poactor/profilestore"
)

// left looks for what the run has not cleared away, when its profiles are
// closed.
func (o *resources) left(ctx context.Context) []string {
	var left []string
	look := func(what string, list []string, err error) {
		left = append(left, list...)
		if err != nil { // it must not pass for nothing
			left = append(left, fmt.Sprintf("perhaps %s: %v", what, err))
		}
	}
	if o.profiles != nil {
		list, err := profilestore.Remaining(o.profiles.Dir())
		look("profiles", list, err)
		list, err = listDir(o.incoming)
		look("downloads", list, err)
	}
	if o.ledger != nil && o.archive != nil {
		list, err := o.workFolders(ctx)
		look("work folders", list, err)
	}
	return left
}

// workFolders lists the work folders of orders that are settled. That of an
// order which is open has what the next start goes on with.
func (o *resources) workFolders(ctx context.Context) ([]string, error) {
	var list []string
	err := o.archive.WorkFolders(func(folder string, key po.Key) error {
		s, err := o.ledger.History(ctx, key)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // of another ledger
		}
		if err == nil && !s.Open {
			list = append(list, filepath.Join(o.ledger.Dir(), filepath.FromSlash(folder)))
		}
		return err
	})
	return list, err
}
