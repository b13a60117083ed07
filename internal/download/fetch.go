package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"sync"
	"time"

	"github.com/poactor/poactor/po"
)

// part is one attachment on its way.
type part struct {
	attachment po.Attachment
	kept       *po.File // in its place since an earlier attempt
	unsure     bool     // kept, though not all that is known of the attachment is as it was
	temp       string   // whole under this name in the work folder
	wanted     string   // safe name that it shall get
	file       po.File  // without Name
	missing    *po.Missing
}

// plan says for every attachment whether it is kept, missing for good, or to
// be fetched. An attachment that is listed twice counts once.
func (w *work) plan(attachments []po.Attachment) []*part {
	var parts []*part
	var listed, recorded []string
	seen := map[string]bool{}
	for _, att := range attachments {
		if !seen[att.ID] {
			seen[att.ID] = true
			parts, listed = append(parts, &part{attachment: att}), append(listed, att.ID)
		}
	}
	for _, f := range w.kept {
		recorded = append(recorded, f.ID)
	}
	same := po.MatchIDs(recorded, listed)
	for i, p := range parts {
		att := p.attachment
		if m, ok := same[i]; ok && (m.Sure || att.Saved == "") { // what the browser has just saved is surely its own
			f := w.kept[m.Old]
			f.ID = att.ID
			p.kept, p.unsure = &f, !m.Sure
		} else if att.Cause != "" {
			p.missing = new(po.NewMissing(att, att.Cause, att.Detail))
		} else {
			p.missing = unfetchable(att)
		}
	}
	return parts
}

// unfetchable says why an attachment cannot be fetched here; nil if it can.
func unfetchable(att po.Attachment) *po.Missing {
	if att.URL == "" && att.Saved == "" {
		return &retryInBrowser(po.DownloadRejected, "the link only works by clicking").Missing
	}
	return nil
}

// discardUnsure finds the files that were kept for an attachment which is not surely the
// same, and have come again as another one's: the list has moved, and whose they
// are is not known. It reports whether there are such, which are to be fetched.
func discardUnsure(parts []*part) bool {
	fetched := map[string]bool{}
	for _, p := range parts {
		if p.temp != "" {
			fetched[p.file.SHA256] = true
		}
	}
	doubt := false
	for _, p := range parts {
		doubt = doubt || p.kept != nil && p.unsure && fetched[p.kept.SHA256]
	}
	for _, p := range parts {
		if doubt && p.kept != nil && p.unsure {
			p.kept, p.missing = nil, unfetchable(p.attachment)
		}
	}
	return doubt
}

// Fetch gets the attachments of an order into its work folder, which it makes
// or takes over from an earlier attempt or run, also where that gave it a
// final name already. Files that job.Saved vouches for stay as they are if they
// still have their size and hash and are still listed. The result is complete
// also where there is an error: every attachment is kept or missing. The error
// is for what concerns the order or the run as a whole; it carries po.DiskFull
// where the output directory cannot take more. A cancelled context is no
// error: what was not fetched by then is missing with po.Interrupted.
func (a *Archive) Fetch(ctx context.Context, job po.FetchJob) (po.FetchResult, error) {
	session := newSession(a.transport, a.allowed, a.idleLimit, job.Credentials)
	w, err := a.openWork(job)
	if err != nil {
		return po.FetchResult{Saved: job.Saved}, fmt.Errorf("open work folder: %w", err)
	}
	defer w.dir.Close()
	parts := w.plan(job.Attachments)
	if job.Order.IsTask() {
		if err := w.removeUnlisted(parts); err != nil {
			return po.FetchResult{Saved: job.Saved}, fmt.Errorf("open work folder: %w", err)
		}
	}
	w.progress = a.progressOf(job.Order, parts)
	fetchErr := a.fetchAll(ctx, session, w, parts)
	if fetchErr == nil && discardUnsure(parts) {
		fetchErr = a.fetchAll(ctx, session, w, parts)
	}
	result, err := w.place(parts)
	if fetchErr != nil {
		err = fetchErr
	}
	if err != nil {
		return result, fmt.Errorf("fetch files: %w", err)
	}
	return result, nil
}

// fetchAll fetches what is neither kept nor missing, several at once, and
// stops at the first error that is not one file's own.
func (a *Archive) fetchAll(ctx context.Context, s *session, w *work, parts []*part) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int, len(parts)) // closed below, when all is in it
	for i, p := range parts {
		if p.kept == nil && p.missing == nil && p.temp == "" {
			next <- i
		}
	}
	close(next)
	var group sync.WaitGroup
	var once sync.Once
	var fatal error
	for range min(perOrder, len(next)) {
		group.Go(func() {
			for i := range next {
				if err := a.fetchOne(ctx, s, w, parts[i], i); err != nil {
					once.Do(func() { fatal = err })
					cancel(err)
				}
			}
		})
	}
	group.Wait()
	return fatal
}

// fetchOne brings one attachment to a temporary file, or says in the part why
// not. The error is one that concerns all.
func (a *Archive) fetchOne(ctx context.Context, s *session, w *work, p *part, n int) error {
	select {
	case a.slots <- struct{}{}:
		defer func() { <-a.slots }()
	case <-ctx.Done():
	}
	if ctx.Err() != nil {
		p.missing = &newFileError(po.Interrupted, "it was not fetched any more").Missing
		return nil
	}
	to, err := a.begin(w.dir, tempName(n))
	if err != nil {
		return p.fail(ctx, err)
	}
	to.wrote = func() { w.progress.received(p.attachment, to.bytes, to.length) }
	if err := a.receive(ctx, s, p, to); err != nil {
		to.discard()
		return p.fail(ctx, err)
	}
	p.temp = to.name
	w.progress.done()
	return nil
}

// begin opens a temporary file, unless writing is not to be.
func (a *Archive) begin(dir *os.Root, name string) (*sink, error) {
	if err := a.write(); err != nil {
		return nil, writeError("create temporary file", err)
	}
	if err := quotaError(a.quota.Check(0, 0, 0, "for more files")); err != nil {
		return nil, err
	}
	return newSink(dir, name, a.quota)
}

// fail makes a missing file of a *fileError and passes on every other error.
func (p *part) fail(ctx context.Context, err error) error {
	r, one := errors.AsType[*fileError](err)
	switch {
	case ctx.Err() != nil: // of the order: the file's own limit is within receive
		p.missing = &newFileError(po.Interrupted, "it was not fetched to its end").Missing
		return nil
	case one:
		p.missing = &r.Missing
		return nil
	}
	p.missing = &po.Missing{Cause: po.CauseOf(err), Detail: po.DetailOf(err)}
	return err
}

// receive fills the sink, checks what came and brings it to the disk.
func (a *Archive) receive(ctx context.Context, s *session, p *part, to *sink) error {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()
	att := p.attachment
	if att.SHA256 != "" {
		return a.receiveChecked(p, to)
	}
	var ans answer
	var err error
	lane := po.LaneHTTP
	if att.Saved != "" {
		lane = po.LaneBrowser
		ans, err = takeSaved(att, to)
	} else {
		ans, err = s.ask(ctx, att, to)
	}
	if err != nil {
		return err
	}
	name := chooseName(ans.disposition, att)
	k, err := examine(ans, att, name, to)
	if r, ok := errors.AsType[*fileError](err); ok {
		r.Browser = lane == po.LaneHTTP
		r.Answer = s.refusal(ctx, ans.status, pageText(ans.contentType, to.head))
	}
	if err != nil {
		return err
	}
	if to.bytes == 0 && ans.announced != 0 {
		empty := newFileError(po.DownloadRejected, "the file is empty, and the portal did not say so")
		empty.Answer = po.PortalAnswer(ans.status, "")
		return empty
	}
	if err := to.close(); err != nil {
		return err
	}
	p.wanted = withExtension(SafeName(name), k, ans.contentType)
	p.file = po.File{ID: att.ID, Original: truncate(name), Bytes: to.bytes, SHA256: to.sum(),
		URL: po.PublicURL(att.URL), Lane: lane, Empty: to.bytes == 0, Time: time.Now().UTC()}
	return nil
}

// ask gets a file, and one of zero bytes once more, to be sure. Where the portal
// had announced these zero bytes, and will not give the file again, as with a link
// that works once, the first answer stands.
func (s *session) ask(ctx context.Context, att po.Attachment, to *sink) (answer, error) {
	first, err := s.get(ctx, att, to)
	if err != nil || to.bytes > 0 {
		return first, err
	}
	second, err := s.get(ctx, att, to)
	if r, ok := errors.AsType[*fileError](err); ok && first.announced == 0 && to.bytes == 0 {
		switch r.Cause {
		case po.Forbidden, po.DownloadRejected, po.BlockedHost:
			return first, nil
		}
	}
	return second, err
}

// examine looks at what came of a file. The error is a *fileError, or that of reading
// it back.
func examine(ans answer, att po.Attachment, name string, to *sink) (kind, error) {
	tail, err := to.tail()
	if err != nil {
		return kind{}, err
	}
	cause, detail := check(content{
		name:        expectedName(name, att),
		contentType: ans.contentType,
		disposition: ans.disposition,
		head:        to.head,
		tail:        tail,
		announced:   ans.announced,
		size:        to.bytes,
	})
	if cause != "" {
		return kind{}, newFileError(cause, "%s", detail)
	}
	if to.bytes == 0 {
		return kind{}, nil
	}
	k := kindOf(to.head)
	if ans.unsure && !k.hasEnd() {
		return kind{}, newFileError(po.DownloadIncomplete,
			"the portal sent the file compressed, and the browser does not tell whether all of it came")
	}
	return k, nil
}

// takeSaved takes over a file that the browser has saved, with what the portal said
// of it. The browser has undone its encodings, and does not tell whether they came to
// their ends.
func takeSaved(att po.Attachment, to *sink) (answer, error) {
	if err := copySaved(att.Saved, to); err != nil {
		return answer{}, err
	}
	header := att.Answer.Header
	length, err := strconv.ParseInt(header.Get("Content-Length"), 10, 64)
	if err != nil {
		length = -1
	}
	ans, err := answerOf(att.Answer.Status, header, length, att)
	if r, ok := errors.AsType[*fileError](err); ok && r.Cause == po.DownloadRejected {
		// An encoding that browsers do not know is left as it is.
		return answer{
			status:      att.Answer.Status,
			contentType: header.Get("Content-Type"),
			disposition: header.Get("Content-Disposition"),
			announced:   length,
		}, nil
	}
	ans.unsure = len(ans.encodings) > 0
	return ans, err
}

// copySaved copies a file that the browser has saved. It is copied, not
// renamed: its bytes must be read for the hash in any case, and only a copy
// goes through the archive's root.
func copySaved(name string, to *sink) error {
	switch info, err := os.Lstat(name); {
	case errors.Is(err, fs.ErrNotExist): // it went with its browser, which is not the order's fault
		return newFileError(po.BrowserDied, "the file that the browser saved is gone with it")
	case err != nil || !info.Mode().IsRegular():
		return newFileError(po.DownloadRejected, "what the browser saved is not a file")
	}
	file, err := os.Open(name)
	if err != nil {
		return newFileError(po.DownloadRejected, "the file that the browser saved cannot be read")
	}
	defer file.Close()
	if _, err := io.Copy(to, file); err != nil {
		if to.err != nil {
			return to.err
		}
		return newFileError(po.DownloadIncomplete, "the file that the browser saved cannot be read to its end")
	}
	return nil
}
