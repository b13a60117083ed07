package outdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// The state directory, OUT/.poactor, has what is poactor's own of a run. An output
// directory may come from anybody, in an archive or on a shared drive, so what is
// found there is not trusted: it must be a directory of this user, and all that lies
// directly in it plain files and directories of this user. Nobody else can change
// that afterwards, since it is made private (0700, files 0600).
//
// Whoever works below it does so in the os.Root that OpenState and MakeState return,
// which leads nowhere else, or, where a library only takes a path, by the path of
// what they have looked at.

// MakeState opens the state directory of an output directory, which must exist; it is
// made if need be. An error wraps ErrUntrusted where what is there is not poactor's.
func MakeState(out string) (*os.Root, error) {
	if err := os.Mkdir(StatePath(out), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return OpenState(out)
}

// OpenState opens the state directory that an output directory has. The error is
// fs.ErrNotExist where it has none, and wraps ErrUntrusted where what is there is
// not poactor's.
func OpenState(out string) (*os.Root, error) { return OpenPrivate(StatePath(out)) }

// OpenPrivate opens a directory that is to be this user's alone, as OpenState does with
// the state directory.
func OpenPrivate(path string) (*os.Root, error) {
	there, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	user := userOn(filepath.Dir(path), there)
	if err := check(path, there, user, true); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	if opened, err := root.Stat("."); err != nil || !os.SameFile(there, opened) {
		root.Close()
		return nil, untrusted(path, "replaced by somebody in this moment")
	}
	if err := checkAll(root, user); err != nil {
		root.Close()
		return nil, err
	}
	return root, nil
}

// checkAll looks at all that lies directly in the directory, and makes it
// private. A file system without such rights, and one that can only be read, stay
// as they are.
func checkAll(root *os.Root, user int) error {
	_ = root.Chmod(".", 0o700)
	entries, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		info, err := root.Lstat(e.Name())
		if errors.Is(err, fs.ErrNotExist) { // a run tidies up
			continue
		}
		if err != nil {
			return err
		}
		if err := check(filepath.Join(root.Name(), e.Name()), info, user, false); err != nil {
			return err
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			_ = root.Chmod(e.Name(), mode&0o700)
		}
	}
	return nil
}

// userOn is the user that we are on the file system of an output directory: one
// that is mounted over a network, or knows no owners, makes somebody else of us.
// there is something that lies in it.
func userOn(out string, there fs.FileInfo) int {
	user := os.Geteuid()
	if Owner(there) == user {
		return user
	}
	probe, err := os.CreateTemp(out, OwnPrefix+"owner-")
	if err != nil {
		return user
	}
	defer os.Remove(probe.Name())
	defer probe.Close()
	info, err := probe.Stat()
	if err != nil {
		return user
	}
	return Owner(info)
}

// check says what is wrong with something that is found.
func check(path string, info fs.FileInfo, user int, directory bool) error {
	switch mode := info.Mode(); {
	case mode&fs.ModeSymlink != 0:
		return untrusted(path, "a link")
	case Owner(info) != user:
		return untrusted(path, "another user's")
	case mode.IsDir():
		return nil
	case directory:
		return untrusted(path, "not a directory")
	case !mode.IsRegular():
		return untrusted(path, "neither a file nor a directory")
	case linked(info):
		return untrusted(path, "a link: the same file has another name elsewhere")
	}
	return nil
}

// IsDir reports whether a name below an open state directory is a directory, and no
// link to one.
func IsDir(root *os.Root, name string) bool {
	info, err := root.Lstat(filepath.FromSlash(name))
	return err == nil && info.IsDir()
}
