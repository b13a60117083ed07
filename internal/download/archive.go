package download

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/po"
)

const (
	// DefaultParallel is how many files are fetched at once where the Config
	// says nothing: more have not made a run faster.
	DefaultParallel = 12
	// DefaultFileTimeout is the time for one file: the longest met at Coupa.
	DefaultFileTimeout = 300 * time.Second
	// perOrder is how many files of one order are fetched at once: as many as
	// browsers open connections to a host.
	perOrder = 6
)

// Config says where files go and may come from. Out and Allowed must be set.
type Config struct {
	// Out is the output directory. It is made if it does not exist.
	Out string
	// Allowed says whether files may be fetched from an address. It is asked
	// for every redirect as well.
	Allowed func(u *url.URL) bool
	// Layout says what the folders are called: outdir.Orders, or outdir.Tasks.
	Layout outdir.Layout
	// Parallel is how many files are fetched at once in all; default
	// DefaultParallel.
	Parallel int
	// FileTimeout is the time for one file; default DefaultFileTimeout. A file of
	// which the portal sends nothing for 60 s ends sooner.
	FileTimeout time.Duration
	// MaxFile is the largest file that is taken, in bytes, and MinFree what stays free
	// on the disk of Out. 0: outdir.DefaultMaxFile, and 1 GiB or a twentieth of the disk,
	// whichever is less; negative: there is no such bound.
	MaxFile, MinFree int64
	// Write is asked before each file that is begun. Its error ends the file as
	// one of the disk does: syscall.ENOSPC is a full disk, on each system. Nil: it
	// never fails.
	Write func() error
}

// Archive puts the files of orders into the output directory. It satisfies the
// Files port of package actors and is safe for concurrent use, but for two
// calls at once for the same order.
type Archive struct {
	root      *os.Root
	layout    outdir.Layout
	allowed   func(*url.URL) bool
	transport *http.Transport
	slots     chan struct{} // holds one value per file being fetched
	timeout   time.Duration
	idleLimit time.Duration // maxIdle, shorter in tests
	write     func() error
	quota     outdir.Quota

	tell             atomic.Pointer[func(po.Order, po.FileProgress)] // nil: nobody is told of progress
	progressInterval time.Duration                                   // the constant, shorter in tests
}

// Open makes the output directory ready: it is there, and files can be written
// into it. The error carries po.DiskFull where the disk is full.
func Open(c Config) (*Archive, error) {
	if c.Parallel == 0 {
		c.Parallel = DefaultParallel
	}
	if c.FileTimeout == 0 {
		c.FileTimeout = DefaultFileTimeout
	}
	if c.Write == nil {
		c.Write = func() error { return nil }
	}
	if c.Out == "" || c.Allowed == nil || c.Parallel < 1 || c.FileTimeout < 0 {
		return nil, fmt.Errorf("open archive: it needs an output directory, allowed hosts and positive bounds")
	}
	out, err := filepath.Abs(c.Out)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", err)
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, diskError("output directory", err)
	}
	root, err := os.OpenRoot(out)
	if err != nil {
		return nil, diskError("output directory", err)
	}
	quota := outdir.NewQuota(out, c.MaxFile, c.MinFree)
	if err := quotaError(quota.Check(0, 0, 0, "for more files")); err != nil {
		root.Close()
		return nil, err
	}
	if err := tryWrite(root); err != nil {
		root.Close()
		return nil, diskError("output directory", err)
	}
	return &Archive{root: root, layout: c.Layout, allowed: c.Allowed, transport: newTransport(c.Parallel),
		slots: make(chan struct{}, c.Parallel), timeout: c.FileTimeout,
		idleLimit: maxIdle, write: c.Write, quota: quota, progressInterval: progressInterval}, nil
}

// tryWrite finds out at once what would else fail with the first file.
func tryWrite(root *os.Root) error {
	name := outdir.OwnPrefix + "probe" + tempSuffix
	file, err := outdir.Create(root, name, 0o644)
	if err != nil {
		return err
	}
	_, err = file.Write([]byte("probe"))
	return errors.Join(err, file.Close(), root.Remove(name))
}

// Close gives connections and the output directory free. Nothing may be asked
// of the archive afterwards.
func (a *Archive) Close() error {
	a.transport.CloseIdleConnections()
	return a.root.Close()
}

// writeError is diskError for making and writing, where a lack of rights will
// meet every other file as well.
func writeError(operation string, err error) error {
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%s: %w: %w", operation, po.DiskFull, err)
	}
	return diskError(operation, err)
}

// diskError wraps an error of the output directory with the operation; one
// that will meet every other file as well carries po.DiskFull.
func diskError(operation string, err error) error {
	switch {
	case err == nil:
		return nil
	case outdir.Unwritable(err):
		return fmt.Errorf("%s: %w: %w", operation, po.DiskFull, err)
	}
	return fmt.Errorf("%s: %w", operation, err)
}
