package profilestore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

// skipped lists the patterns (path.Match, on a lower-case name at any depth)
// of what a clone leaves out: what a browser makes again by itself, and what
// would tie two browsers together. Found by starting Chromium 156 on clones.
var skipped = []string{
	// Caches.
	"cache", "code cache", "media cache", "gpucache", "gpupersistentcache", "*dawn*cache", "grshadercache", "shadercache",
	"component_crx_cache", "extensions_crx_cache", "blob_storage", "service worker",
	// What the browser's maker sends to every profile.
	"safe browsing", "optimization_guide_model_store", "segmentation_platform", "widevinecdm", "subresource filter",
	"gcm store",
	// Crash dumps and statistics.
	"crashpad", "crash reports", "browsermetrics*",
	// Open tabs: a worker must not open them.
	"sessions",
	// Stored passwords, passkeys, cards, addresses and tokens of accounts. A worker
	// signs in with cookies; nothing else of the user's is its business.
	"login data*", "web data*", "account web data*", "affiliation database*", "passkey*", "trusted_vault*", "webauthn*",
	// Where the user has been, and what was typed there.
	"history*", "archived history*", "visited links*", "top sites*", "favicons*", "shortcuts*", "bookmarks*",
	"network action predictor*", "download metadata*", "sync data*",
	// Locks and what tells of a running browser. Never to be copied.
	"lock", "lockfile", "singleton*", "devtoolsactiveport", "runningchromeversion",
}

func skip(name string) bool {
	name = strings.ToLower(name)
	for _, pattern := range skipped {
		if ok, _ := path.Match(pattern, name); ok {
			return true
		}
	}
	return false
}

// checkBase refuses what cannot be cloned.
func checkBase(base string) error {
	info, err := os.Stat(base)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("the profile %s does not exist", base)
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("the profile %s is not a directory", base)
	case gone(filepath.Join(base, "Local State")) && gone(filepath.Join(base, "Default")):
		if !gone(filepath.Join(base, "Preferences")) {
			return fmt.Errorf("%s is one profile of a browser; give the directory above it: %s", base, filepath.Dir(base))
		}
		return fmt.Errorf("%s is not a browser profile: it has neither a Local State file nor a Default directory", base)
	}
	return CheckUnused(base)
}

// lockHolder is who has a profile open.
type lockHolder struct {
	host    string // another one; empty: this
	process string
}

// CheckUnused tells whether a browser has the user data directory dir open. The error is
// a *po.Error and wraps ErrBaseInUse; its hint says what to do, also where the browser was
// on another host, or in a container, that may be gone.
func CheckUnused(dir string) error {
	h := findHolder(dir)
	if h == nil {
		return nil
	}
	e := &po.Error{Msg: fmt.Sprintf("the profile %s is %v (%s)", dir, ErrBaseInUse, h.process),
		Hint: "close the browser that uses the profile", Cause: po.ProfileFailed, Err: ErrBaseInUse}
	if h.host != "" {
		lock := filepath.Join(dir, "SingletonLock")
		e.Msg = fmt.Sprintf("the profile %s is held by a browser of another host, %s (%s)", dir, h.host, h.process)
		e.Hint = "close the browser there; if that host or container is gone, nothing uses the profile: remove " + lock
	}
	return e
}

// clonePlan is what a clone consists of. Its zero value is an empty profile.
type clonePlan struct {
	root  *os.Root // of the base; nil for an empty profile
	dirs  []string // relative, parents first, without the top
	files []string
	bytes int64
}

// planClone looks through the base. Symbolic links, sockets and the like are
// left out: a clone holds files and directories of the base only.
func planClone(base string, maxBytes int64) (clonePlan, error) {
	if err := checkBase(base); err != nil {
		return clonePlan{}, err
	}
	root, err := os.OpenRoot(base)
	if err != nil {
		return clonePlan{}, err
	}
	plan := clonePlan{root: root}
	err = fs.WalkDir(root.FS(), ".", plan.visit)
	if err == nil && plan.bytes > maxBytes {
		err = fmt.Errorf("the profile %s has %d MB without its caches; the limit is %d MB: "+
			"use a profile of its own for this portal", base, plan.bytes>>20, maxBytes>>20)
	}
	if err != nil {
		root.Close()
		return clonePlan{}, err
	}
	return plan, nil
}

// checkReadable is what a clone needs, tried before anybody waits for one.
func checkReadable(base string, maxBytes int64) error {
	plan, err := planClone(base, maxBytes)
	if err == nil {
		defer plan.close()
		err = plan.tryOpenAll()
	}
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("the profile %s %w: %v", base, ErrUnreadable, err)
	}
	return err
}

// tryOpenAll opens every file that a clone has.
func (c *clonePlan) tryOpenAll() error {
	for _, name := range c.files {
		f, err := c.root.Open(name)
		if err == nil {
			err = f.Close()
		}
		if ignoreMissing(err) != nil {
			return err
		}
	}
	return nil
}

func (c *clonePlan) visit(name string, d fs.DirEntry, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist): // a browser that was just closed still tidies up
		return nil
	case err != nil:
		return err
	case name == ".":
		return nil
	case skip(d.Name()):
		if d.IsDir() {
			return fs.SkipDir
		}
		return nil
	case d.IsDir():
		c.dirs = append(c.dirs, name)
		return nil
	case !d.Type().IsRegular():
		return nil
	}
	info, err := d.Info()
	if err != nil {
		return ignoreMissing(err)
	}
	c.files = append(c.files, name)
	c.bytes += info.Size()
	return nil
}

func (c *clonePlan) close() {
	if c.root != nil {
		c.root.Close()
	}
}

// copyTo copies the plan into the directory to, everything private to the
// user.
func (c *clonePlan) copyTo(ctx context.Context, to string) error {
	for _, name := range c.dirs {
		if err := os.Mkdir(filepath.Join(to, filepath.FromSlash(name)), 0o700); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, name := range c.files {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err := c.copyFile(name, filepath.Join(to, filepath.FromSlash(name))); err != nil {
			return fmt.Errorf("clone profile: %w", err)
		}
	}
	return nil
}

// copyFile copies the bytes. It never links: browsers write into their
// databases in place.
func (c *clonePlan) copyFile(name, to string) error {
	in, err := c.root.Open(name)
	if err != nil {
		return ignoreMissing(err)
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func ignoreMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// checkFree refuses to begin what the disk cannot take. Where the free space
// is not known the attempt will show.
func checkFree(dir string, bytes int64) error {
	space, err := outdir.DiskSpace(dir)
	if err != nil || space.Free >= uint64(bytes) {
		return nil
	}
	return fmt.Errorf("%w: %d MB are free at %s, a browser profile needs %d MB", po.DiskFull,
		space.Free>>20, dir, bytes>>20)
}
