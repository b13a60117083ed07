package report

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// maxEvents bounds the events that are kept of all starts, in bytes: those of some 25,000
// restarts. When it is reached, the older half goes.
const maxEvents = 4 << 20

// Events keeps the events of a run that the record of the orders does not have, as the
// lines of --json. It is safe for concurrent use.
type Events struct {
	encode Encoder
	mu     sync.Mutex
	dir    *os.Root // the state directory
	file   *os.File // nil when it is closed, or could not be written
	size   int64
	err    error
	now    func() time.Time
}

// Encoder writes an event as a line of JSON, as of a moment.
type Encoder func(to io.Writer, at time.Time, event any)

// OpenEvents opens the events of an output directory, which this process holds, to add to
// them.
func OpenEvents(out string, encode Encoder) (*Events, error) {
	dir, err := outdir.OpenState(out)
	if err != nil {
		return nil, err
	}
	e := &Events{encode: encode, dir: dir, now: time.Now}
	if err := e.open(); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return e, nil
}

func (e *Events) open() (err error) {
	e.file, err = e.dir.OpenFile(outdir.EventsFile, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	if e.size, err = e.file.Seek(0, io.SeekEnd); err != nil || e.size == 0 {
		return err
	}
	last := make([]byte, 1)
	if _, err = e.file.ReadAt(last, e.size-1); err == nil && last[0] != '\n' { // a power cut, or a full disk
		return e.write([]byte{'\n'})
	}
	return err
}

// Event keeps an event if it tells of workers, portal, sign-in or the run as a whole.
func (e *Events) Event(event any) {
	if !kept(event) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	var line bytes.Buffer
	e.encode(&line, e.now(), event)
	if e.file == nil {
		return
	}
	if err := e.add(line.Bytes()); err != nil { // a line in part is none: nothing comes after it
		e.err = errors.Join(fmt.Errorf("keep events: %w", err), e.file.Close())
		e.file = nil
	}
}

func (e *Events) add(line []byte) error {
	if e.size+int64(len(line)) > maxEvents {
		if err := e.trim(); err != nil {
			return err
		}
	}
	return e.write(line)
}

func (e *Events) write(line []byte) error {
	n, err := e.file.Write(line)
	e.size += int64(n)
	return err
}

// trim forgets the older half.
func (e *Events) trim() error {
	newer, err := io.ReadAll(io.NewSectionReader(e.file, max(0, e.size-maxEvents/2), maxEvents/2))
	if err != nil {
		return err
	}
	_, newer, _ = bytes.Cut(newer, []byte{'\n'})
	if err := e.file.Close(); err != nil { // Windows renames to no file that is open
		return err
	}
	if err := outdir.ReplaceIn(e.dir, outdir.EventsFile, 0o600, outdir.Bytes(newer)); err != nil {
		return err
	}
	return e.open()
}

// Close ends it. The error is what kept it from keeping every event.
func (e *Events) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	err := e.err
	if e.file != nil {
		err = errors.Join(err, e.file.Close())
		e.file = nil
	}
	return errors.Join(err, e.dir.Close())
}

// kept says which events are: there are few of them in a run, and orders are in its record.
func kept(event any) bool {
	switch event.(type) {
	case messages.RunStarted, messages.RunEnded, messages.RunPaused, messages.RunResumed,
		messages.WorkerStarted, messages.WorkerReady, messages.WorkerLost, messages.WorkerRecycled,
		messages.WorkerDismissed, messages.WorkersRequested, messages.PoolResized, messages.PortalPaced,
		messages.JobStuck, messages.SessionLost, messages.SessionRestored, messages.OrdersReopened,
		messages.OrderQuarantined, messages.FaultInjected, messages.FastLane:
		return true
	}
	return false
}

// moment is an event as the page gets it: of its fields those that it shows.
type moment struct {
	Time      time.Time `json:"time"`
	Event     string    `json:"event"`
	Worker    string    `json:"worker,omitempty"`
	Cause     po.Cause  `json:"cause,omitempty"`
	Detail    string    `json:"detail,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	How       string    `json:"how,omitempty"`
	LimitedBy string    `json:"limited_by,omitempty"`
	Fault     string    `json:"fault,omitempty"`
	Number    string    `json:"number,omitempty"`
	Workers   int       `json:"workers,omitempty"`
	From      int       `json:"from,omitempty"`
	To        int       `json:"to,omitempty"`
	After     int64     `json:"after_ms,omitempty"`
	GaveUp    bool      `json:"gave_up,omitempty"`
	Way       po.ReadBy `json:"way,omitempty"` // from here on: of the reading without a browser
	Trusted   bool      `json:"trusted,omitempty"`
	Compared  int       `json:"compared,omitempty"`
	Agreed    int       `json:"agreed,omitempty"`
	ReadAgain int       `json:"read_again,omitempty"`
}

// readEvents reads the events of an output directory. Lines that are none are left out.
func readEvents(state *os.Root) ([]moment, error) {
	list := []moment{}
	info, err := state.Lstat(outdir.EventsFile)
	if errors.Is(err, fs.ErrNotExist) {
		return list, nil
	}
	if err != nil {
		return list, err
	}
	if !info.Mode().IsRegular() {
		return list, fmt.Errorf("%s is not a file", outdir.EventsFile)
	}
	file, err := state.Open(outdir.EventsFile)
	if err != nil {
		return list, err
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, 2*maxEvents))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m moment
		if json.Unmarshal(lines.Bytes(), &m) != nil || m.Time.IsZero() {
			continue
		}
		m.Detail, m.Reason, m.How = mask(m.Detail), mask(m.Reason), mask(m.How)
		list = append(list, m)
	}
	return list, lines.Err()
}

// mask makes a text one that may be shown: without what addresses may hide, and not endless.
func mask(text string) string {
	const longest = 2000
	text = po.MaskAddresses(text)
	if len(text) > longest {
		text = strings.ToValidUTF8(text[:longest], "") + "…"
	}
	return text
}
