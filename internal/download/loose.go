package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/poactor/poactor/po"
)

// Loose gathers the files of a task while the work on it goes on: whole, checked and
// hashed, in a directory of their own, from which Fetch takes them into the task's
// folder when the work is done. It is not safe for concurrent use.
type Loose struct {
	archive *Archive
	path    string
	dir     *os.Root
	names   map[string]bool // folds of those that are taken
	files   []po.Attachment
	count   int // of temporary files
}

// NewLoose makes the directory. Close removes it.
func (a *Archive) NewLoose(dir string) (*Loose, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, writeError("make directory", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, diskError("open directory", err)
	}
	return &Loose{archive: a, path: dir, dir: root, names: map[string]bool{}}, nil
}

// Fetch gets a file by HTTP as the browser would whose credentials are given. An empty
// name is the one that its answer gives it. An error is a *po.ReadFailure, or carries
// po.DiskFull.
func (l *Loose) Fetch(ctx context.Context, address, name string, c po.Credentials) (po.File, error) {
	s := newSession(l.archive.transport, l.archive.allowed, l.archive.idleLimit, c)
	return l.receive(ctx, s, po.Attachment{Name: name, URL: address}, name)
}

// Take takes over a file that the browser has saved. Name and error are as of Fetch.
func (l *Loose) Take(ctx context.Context, saved po.Attachment, name string) (po.File, error) {
	s := newSession(l.archive.transport, l.archive.allowed, l.archive.idleLimit, po.Credentials{})
	f, err := l.receive(ctx, s, saved, name)
	_ = os.Remove(saved.Saved) // else it goes with the browser's directory
	return f, err
}

func (l *Loose) receive(ctx context.Context, s *session, att po.Attachment, name string) (po.File, error) {
	p := &part{attachment: att}
	to, err := l.begin()
	if err == nil {
		if err = l.archive.receive(ctx, s, p, to); err != nil {
			to.discard()
		}
	}
	if err != nil {
		return po.File{}, looseError(ctx, err, att.URL)
	}
	if name != "" {
		p.wanted = SafeName(name)
	}
	return l.add(p.wanted, to, p.file), nil
}

// Write saves what a program has made itself. It ends with ctx, also where from does not. An
// error carries po.DiskFull, or wraps that of from.
func (l *Loose) Write(ctx context.Context, name string, from io.Reader) (po.File, error) {
	to, err := l.begin()
	if err != nil {
		return po.File{}, looseError(ctx, err, "")
	}
	content := readUntil(ctx, from)
	defer content.Close()
	if _, err = io.Copy(to, content); err == nil {
		err = to.close()
	}
	if err != nil {
		to.discard()
		return po.File{}, looseError(ctx, errors.Join(to.err, err), "")
	}
	return l.add(SafeName(name), to, po.File{Original: truncate(name), Lane: po.LaneBrowser, Time: time.Now().UTC()}), nil
}

// readUntil reads from, which is a program's own, until ctx ends. A Read that hangs is left to
// itself then.
func readUntil(ctx context.Context, from io.Reader) io.ReadCloser {
	r, w := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = r.CloseWithError(context.Cause(ctx)) })
	go func() {
		defer stop()
		defer func() {
			if p := recover(); p != nil {
				_ = w.CloseWithError(fmt.Errorf("%w: the reader has panicked: %v", po.TaskFailed, p))
			}
		}()
		_, err := io.Copy(w, from)
		if _, ok := errors.AsType[po.Cause](err); err != nil && !ok {
			err = fmt.Errorf("%w: %w", po.TaskFailed, err)
		}
		_ = w.CloseWithError(err) // no error is the end
	}()
	return r
}

func (l *Loose) begin() (*sink, error) {
	l.count++
	return l.archive.begin(l.dir, tempName(l.count))
}

// add takes a file that is whole among those of the task, under the first name that is free.
func (l *Loose) add(wanted string, to *sink, f po.File) po.File {
	n := 1
	for l.names[fold(numbered(wanted, n))] {
		n++
	}
	f.Name, f.Bytes, f.SHA256 = numbered(wanted, n), to.bytes, to.sum()
	f.Empty = f.Bytes == 0
	f.ID = po.Identity{Key: f.SHA256, Label: f.Name}.String()
	l.names[fold(f.Name)] = true
	l.files = append(l.files, po.Attachment{
		ID:     f.ID,
		Name:   f.Name,
		URL:    f.URL,
		Saved:  filepath.Join(l.path, to.name),
		SHA256: f.SHA256,
		Lane:   f.Lane,
	})
	return f
}

// Close ends the gathering. With keep it returns the files; they are whoever has them
// fetched's then. Else it removes them.
func (l *Loose) Close(keep bool) []po.Attachment {
	_ = l.dir.Close()
	if !keep || len(l.files) == 0 {
		_ = os.RemoveAll(l.path) // what is left goes with the run's directory
		return nil
	}
	return l.files
}

// looseError is the error of one file for the work that wants it.
func looseError(ctx context.Context, err error, address string) error {
	if r, ok := errors.AsType[*fileError](err); ok && ctx.Err() == nil {
		detail := r.Detail
		if r.Answer != "" {
			detail = fmt.Sprintf("%s (%s)", detail, r.Answer)
		}
		return &po.ReadFailure{
			Cause:      r.Cause,
			Detail:     detail,
			RetryAfter: r.RetryAfter,
			URL:        po.PublicURL(address),
			Answered:   true,
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// receiveChecked copies a file that was checked when it was saved, and sees that it is
// still that.
func (a *Archive) receiveChecked(p *part, to *sink) error {
	att := p.attachment
	if err := copySaved(att.Saved, to); err != nil {
		return err
	}
	if err := to.close(); err != nil {
		return err
	}
	sum := to.sum()
	if sum != att.SHA256 {
		return newFileError(po.DownloadIncomplete, "the file that was saved has changed")
	}
	p.wanted = att.Name
	p.file = po.File{ID: att.ID, Original: att.Name, Bytes: to.bytes, SHA256: sum, URL: po.PublicURL(att.URL),
		Lane: att.Lane, Empty: to.bytes == 0, Time: time.Now().UTC()}
	return nil
}

// removeUnlisted removes what an earlier attempt has left of a task and this one has not
// saved again: its name is free then.
func (w *work) removeUnlisted(parts []*part) error {
	listed := map[string]bool{}
	for _, p := range parts {
		if p.kept != nil {
			listed[p.kept.Name] = true
		}
	}
	for _, f := range w.kept {
		if listed[f.Name] {
			continue
		}
		if err := w.dir.Remove(f.Name); err != nil && !os.IsNotExist(err) {
			return diskError("remove former file", err)
		}
	}
	return nil
}
