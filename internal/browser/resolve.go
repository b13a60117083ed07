package browser

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/poactor/poactor/internal/listing"
	"github.com/poactor/poactor/po"
)

// fileResult is what an attachment has become.
type fileResult struct {
	parts   []po.Attachment // itself, or one for each of several files
	clicked bool
	sure    bool // it was its own element that was clicked
}

// resolve goes over the attachments that HTTP cannot get as they stand.
func (s *Session) resolve(
	ctx context.Context, order po.Order, seen observation, list []po.Attachment, byBrowser []string,
) ([]po.Attachment, error) {
	kept := 0
	at := listPage{seen: seen, fresh: true}
	s.saved = map[string]*download{}
	at.nextFile = s.nextFileBudget(ctx, list)
	ctx, cancel, over := s.clickBudget(ctx)
	defer cancel()
	results := make([]fileResult, len(list))
	get := func(i int, how func(a po.Attachment) (fileResult, error)) error {
		if over() {
			results[i] = failedResult(list[i], po.Timeout, "the order's time was over before the browser had the file")
			return nil
		}
		before := s.compressed.Load()
		g, err := how(list[i])
		failed := func(a po.Attachment) bool { return a.Cause != "" }
		if err == nil && !before && s.compressed.Load() && slices.ContainsFunc(g.parts, failed) {
			g, err = how(list[i])
		}
		if failure, ok := errors.AsType[*po.ReadFailure](err); ok && failure.Cause == po.SignedOut && !over() {
			a := list[i]
			err = s.signInForFile(ctx, &at, &a, failure)
			g = failedResult(a, a.Cause, a.Detail)
		}
		if err != nil && over() {
			s.tab.stale = true
			g, err = failedResult(list[i], po.Timeout, "the browser did not get the file in the order's time"), nil
		}
		kept += s.evidenceOfFiles(ctx, order, g.parts, maxFileEvidence-kept)
		results[i] = g
		return err
	}
	click := func(keep bool) func(po.Attachment) (fileResult, error) {
		return func(a po.Attachment) (fileResult, error) {
			parts, sure, err := s.click(ctx, &at, a, keep)
			return fileResult{parts, true, sure}, err
		}
	}
	byBrowserToo := listing.Wanted(list, byBrowser)
	lastClick := -1
	for i, a := range list {
		if a.URL == "" && a.Cause == "" {
			lastClick = i
		}
	}
	for i, a := range list {
		var err error
		at.last = i == lastClick
		switch {
		case a.Cause != "", a.URL != "" && !byBrowserToo[i]:
			results[i] = fileResult{parts: []po.Attachment{a}, sure: true}
		case a.URL != "":
			err = get(i, func(a po.Attachment) (fileResult, error) { return s.saveOrClick(ctx, &at, a) })
		default:
			err = get(i, click(byBrowserToo[i]))
		}
		if err != nil {
			return nil, err
		}
	}
	again := clicksToSameAddress(results)
	for _, i := range again { // what the portal gives there may depend on the click
		if err := get(i, click(true)); err != nil {
			return nil, err
		}
	}
	if err := s.dropPageDownloads(ctx, &at, list, s.lister.Texts(seen.Items), results, over); err != nil {
		return nil, err
	}
	merge(results, again)
	rejectAmbiguous(results)
	var all []po.Attachment
	for _, r := range results {
		all = append(all, r.parts...)
	}
	s.evidenceOfFiles(ctx, order, all, maxFileEvidence-kept)
	return all, nil
}

// evidenceOfFiles keeps what the tab shows for each attachment that the browser could not
// get and has no evidence yet, for most of them at most, and tells for how many it did.
func (s *Session) evidenceOfFiles(ctx context.Context, order po.Order, parts []po.Attachment, most int) int {
	kept := 0
	for i := range parts {
		if a := &parts[i]; a.Cause != "" && a.Evidence == "" && kept < most {
			a.Evidence = s.evidence(ctx, subject{order: order, attachment: a, cause: a.Cause, detail: a.Detail, page: ctx.Err() == nil})
			kept++
		}
	}
	return kept
}

// leastNextFile is the least time that a click is given to begin another file.
const leastNextFile = 250 * time.Millisecond

// nextFileBudget is how long each click is given for another file, where the order's
// time would not suffice for all of them: half of it goes to what they wait for.
func (s *Session) nextFileBudget(ctx context.Context, list []po.Attachment) time.Duration {
	end, bounded := ctx.Deadline()
	if !bounded {
		return s.config.Times.NextFile
	}
	clicks := 1
	for _, a := range list {
		if a.URL == "" {
			clicks++
		}
	}
	return min(s.config.Times.NextFile, max(leastNextFile, time.Until(end)/time.Duration(2*clicks)))
}

// failedResult is an attachment that is not to be had.
func failedResult(a po.Attachment, cause po.Cause, detail string) fileResult {
	a.Saved, a.Cause, a.Detail = "", cause, detail
	return fileResult{parts: []po.Attachment{a}, sure: true}
}

// saveOrClick has the browser save what an attachment's address gives or, where that
// is no file, what its element does: a script may ask for it in another way.
func (s *Session) saveOrClick(ctx context.Context, at *listPage, a po.Attachment) (fileResult, error) {
	saved, err := s.saveURL(ctx, at, a)
	if err != nil || saved.Cause != po.DownloadRejected && saved.Cause != po.Forbidden {
		return fileResult{parts: []po.Attachment{saved}, sure: true}, err
	}
	a.URL = ""
	parts, sure, err := s.click(ctx, at, a, true)
	if err != nil || len(parts) == 1 && parts[0].Cause != "" {
		return fileResult{parts: []po.Attachment{saved}, sure: true}, err
	}
	return fileResult{parts, true, sure}, nil
}

// clicksToSameAddress finds the clicks that led to the same address as another one's.
func clicksToSameAddress(results []fileResult) (indexes []int) {
	count := map[string]int{}
	for _, r := range results {
		if r.clicked && len(r.parts) == 1 && r.parts[0].URL != "" {
			count[r.parts[0].URL]++
		}
	}
	for i, r := range results {
		if r.clicked && len(r.parts) == 1 && count[r.parts[0].URL] > 1 {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// untouchedMost bounds how long a page is watched that is left alone.
const untouchedMost = 20 * time.Second

// dropPageDownloads takes from the clicks what the page begins to download by itself. Whether
// it does shows while nothing is clicked: while the page was read or, where a click
// gave several files or one whose name says nothing of the link, while it is opened
// anew and left alone for as long as the clicks took.
func (s *Session) dropPageDownloads(
	ctx context.Context, at *listPage, list []po.Attachment, texts []string, results []fileResult, over func() bool,
) error {
	own := s.files.pageDownloads()
	var age time.Duration // of the page at the last download that is not plainly a link's
	several := false
	for i, r := range results {
		several = several || len(r.parts) > 1
		for _, a := range r.parts {
			if d := s.saved[a.Saved]; r.clicked && d != nil && (len(r.parts) > 1 || !mentionsFile(texts[i], d.answer.Name)) {
				age = max(age, d.age)
			}
		}
	}
	if several || age > 0 {
		alone, err := s.watchUntouched(ctx, at, min(age, untouchedMost))
		switch {
		case err != nil && over():
			for i, r := range results { // no time is left to find out
				if len(r.parts) > 1 {
					results[i] = failedResult(list[i], po.Timeout, "the order's time was over before it was known whose the files are")
				}
			}
			return nil
		case err != nil:
			return err
		}
		own = append(own, alone...)
	}
	for i, r := range results {
		if !r.clicked || len(own) == 0 {
			continue
		}
		parts := slices.DeleteFunc(slices.Clone(r.parts), func(a po.Attachment) bool {
			return slices.ContainsFunc(own, func(d *download) bool {
				return a.Saved != "" && s.saved[a.Saved].answer.Name == d.answer.Name || a.URL != "" && a.URL == d.url
			})
		})
		switch {
		case len(parts) == 0:
			results[i] = failedResult(list[i], po.DownloadRejected,
				"nothing came of the link but what the page downloads by itself")
			continue
		case len(parts) == 1 && len(r.parts) > 1:
			parts[0].ID = list[i].ID
		}
		results[i].parts = parts
	}
	return nil
}

// watchUntouched opens the page anew and tells what it downloads by itself in a time.
func (s *Session) watchUntouched(ctx context.Context, at *listPage, d time.Duration) ([]*download, error) {
	at.fresh = false
	if err := s.reopen(ctx, at); err != nil {
		return nil, err
	}
	own := s.files.pageDownloads()
	s.interceptor.setMode(modeSave, nil)
	defer s.interceptor.setMode(modeRead, nil)
	defer s.files.expect()()
	at.fresh = false // a download of its own may have changed it
	wait := fmt.Sprintf("new Promise((resolve) => setTimeout(resolve, %d))", (d + s.config.Times.NextFile).Milliseconds())
	bounded, cancel := context.WithTimeout(ctx, 2*d+s.config.Times.Click)
	defer cancel()
	err := s.page(bounded).evaluate(at.seen.world, wait, nil)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil && po.CauseOf(err) == po.BrowserDied {
		return nil, err
	}
	for len(s.files.started) > 0 {
		own = append(own, <-s.files.started)
	}
	s.cancelAll(own)
	return own, s.closePopups(ctx)
}

// mentionsFile reports whether a file's name stands in what people read at a link.
func mentionsFile(text, file string) bool {
	text, file = strings.ToLower(text), strings.ToLower(file)
	stem := strings.TrimSuffix(file, path.Ext(file))
	return file != "" && strings.Contains(text, file) || len(stem) >= 4 && strings.Contains(text, stem)
}

// merge makes one of elements with the same address and the same file, of which one
// says no more than the other. Where their names are of different documents, the
// page's script has not told the portal which one was meant.
func merge(results []fileResult, indexes []int) {
	for n, i := range indexes {
		for _, j := range indexes[:n] {
			a, b := results[j].parts, results[i].parts
			if len(a) != 1 || len(b) != 1 || !sameFile(a[0].Saved, b[0].Saved) {
				continue
			}
			if !namesAgree(a[0].Name, b[0].Name) {
				const detail = "links of different names give the same file"
				a[0].URL, b[0].URL = "", "" // which of them it belongs to is not known
				results[j] = failedResult(a[0], po.DownloadRejected, detail)
				results[i] = failedResult(b[0], po.DownloadRejected, detail)
				continue
			}
			if genericNames.MatchString(a[0].Name) {
				a[0].Name = b[0].Name
			}
			results[i].parts = nil
		}
	}
}

// genericNames are names that say nothing of a document.
var genericNames = regexp.MustCompile(`(?i)^\W*(download|view|open|show|preview|pdf|file|document|attachment)?\W*$`)

func namesAgree(a, b string) bool {
	return genericNames.MatchString(a) || genericNames.MatchString(b) || strings.Contains(a, b) || strings.Contains(b, a)
}

// rejectAmbiguous refuses what a click on an element gave that may have been another
// one's, as the list had changed by then, if it came twice.
func rejectAmbiguous(results []fileResult) {
	for i, r := range results {
		if r.sure || !r.clicked {
			continue
		}
		for j, other := range results {
			if i != j && other.clicked && anyEqual(r.parts, other.parts) {
				r.parts[0].URL = ""
				results[i] = failedResult(r.parts[0], po.DownloadRejected,
					"the list changed while its files were fetched, and this one came twice")
				break
			}
		}
	}
}

func anyEqual(list, others []po.Attachment) bool {
	for _, a := range list {
		for _, b := range others {
			if a.URL != "" && a.URL == b.URL || a.Saved != "" && b.Saved != "" && sameFile(a.Saved, b.Saved) {
				return true
			}
		}
	}
	return false
}
