package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

// JSON writes each event as one JSON line: "event" names it, "time" is when it
// was written, times taken are in milliseconds. The fields are chosen one by
// one, so that nothing secret in an event can get out. It is not safe for
// concurrent use.
type JSON struct {
	out io.Writer
	now func() time.Time
}

// NewJSON writes to out. now is the clock, like time.Now.
func NewJSON(out io.Writer, now func() time.Time) *JSON {
	return &JSON{out: out, now: now}
}

// record is one line. Pointers tell a zero from a field that the event has not.
type record struct {
	Time   time.Time `json:"time"`
	Event  string    `json:"event"`
	Number string    `json:"number,omitempty"`
	Key    po.Key    `json:"key,omitempty"`
	Worker string    `json:"worker,omitempty"`

	Status   po.Status    `json:"status,omitempty"`
	Sign     po.Sign      `json:"sign,omitempty"`
	Cause    po.Cause     `json:"cause,omitempty"`
	Detail   string       `json:"detail,omitempty"`
	Supplier string       `json:"supplier,omitempty"`
	Attempt  int          `json:"attempt,omitempty"`
	Found    *int         `json:"found,omitempty"`
	Missing  *int         `json:"missing,omitempty"`
	Files    []fileRecord `json:"files,omitempty"`
	Lost     []Missing    `json:"missing_files,omitempty"`
	Folder   string       `json:"folder,omitempty"`
	URL      string       `json:"url,omitempty"`
	TookMS   *int64       `json:"took_ms,omitempty"`
	AfterMS  *int64       `json:"after_ms,omitempty"`
	GaveUp   bool         `json:"gave_up,omitempty"`

	From   int            `json:"from,omitempty"`
	To     int            `json:"to,omitempty"`
	Binds  messages.Binds `json:"binds,omitempty"`
	Reason string         `json:"reason,omitempty"`
	Deaths int            `json:"deaths,omitempty"`
	Fault  string         `json:"fault,omitempty"`
	At     *int           `json:"at,omitempty"`

	Portal     string            `json:"portal,omitempty"`
	Workers    int               `json:"workers,omitempty"`
	Sequential bool              `json:"sequential,omitempty"`
	Profile    string            `json:"profile,omitempty"`
	Counts     map[po.Status]int `json:"counts,omitempty"`
	Open       *int              `json:"open,omitempty"`

	Start    int  `json:"start,omitempty"`
	New      *int `json:"new,omitempty"`
	Back     *int `json:"back,omitempty"`
	Gone     *int `json:"gone,omitempty"`
	Settled  *int `json:"settled,omitempty"`
	Again    *int `json:"again,omitempty"`
	Later    *int `json:"later,omitempty"`
	Orders   *int `json:"orders,omitempty"`
	Kept     *int `json:"kept,omitempty"`
	Opened   *int `json:"opened,omitempty"`
	Finished *int `json:"finished,omitempty"`
	Strange  *int `json:"strange,omitempty"`

	Numbers []string `json:"numbers,omitempty"`
	Paths   []string `json:"paths,omitempty"`

	Profiles  *int      `json:"profiles,omitempty"`
	Processes *int      `json:"processes,omitempty"`
	Bytes     *int64    `json:"bytes,omitempty"`
	Left      *[]string `json:"left,omitempty"`
}

// fileRecord is a file without its URL, which may carry a signature.
type fileRecord struct {
	Name   string  `json:"name"`
	Bytes  int64   `json:"bytes"`
	SHA256 string  `json:"sha256"`
	Lane   po.Lane `json:"lane"`
	Empty  bool    `json:"empty,omitempty"`
}

// Event writes one event. Events it does not know are left out: a host's own
// are no business of the command line.
func (j *JSON) Event(event any) {
	r, ok := newRecord(event)
	if !ok {
		return
	}
	r.Time = j.now().UTC()
	WriteJSON(j.out, r)
}

// Stamp begins a JSON line that is no event of the run: an error, say.
type Stamp struct {
	Time  time.Time `json:"time"`
	Event string    `json:"event"`
}

// Now is the stamp of an event that is told now.
func Now(event string) Stamp { return Stamp{time.Now().UTC(), event} }

// WriteJSON writes a value as one JSON line that is safe for a terminal.
func WriteJSON(out io.Writer, v any) {
	line, err := json.Marshal(v)
	if err != nil {
		return // only for values that JSON has no form for: there are none in what is written
	}
	fmt.Fprintln(out, po.MaskAddresses(ascii(line)))
}

// Indented writes a value as indented JSON that is safe for a terminal.
func Indented(out io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	for line := range strings.Lines(string(text) + "\n") { // line ends are between the strings
		if _, err := fmt.Fprintln(out, ascii([]byte(strings.TrimSuffix(line, "\n")))); err != nil {
			return err
		}
	}
	return nil
}

// ascii escapes what a terminal could act on. Such characters stand inside
// strings only.
func ascii(line []byte) string {
	var b strings.Builder
	for _, r := range string(line) {
		switch {
		case unsafe(r) && r > 0xFFFF:
			hi, lo := 0xD800+(r-0x10000)>>10, 0xDC00+(r-0x10000)&0x3FF
			fmt.Fprintf(&b, `\u%04x\u%04x`, hi, lo)
		case unsafe(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

func newRecord(event any) (record, bool) {
	switch e := event.(type) {
	case messages.BatchMerged:
		return record{Event: "batch_merged", Start: e.Start, New: &e.New, Back: &e.Back, Gone: &e.Gone, Settled: &e.Settled,
			Again: &e.Again, Open: &e.Open, Later: &e.Later}, true
	case messages.OutputAudited:
		return record{Event: "output_audited", Orders: &e.Orders, Kept: &e.Kept, Missing: &e.Missing, Opened: &e.Opened,
			Finished: &e.Finished, Strange: &e.Strange, Paths: e.Paths}, true
	case messages.Advised:
		return record{Event: "advised", To: e.Workers, Binds: e.Binds, Reason: e.Text}, true
	case messages.FaultInjected:
		return record{Event: "fault_injected", Fault: e.Fault, At: &e.At, Profile: e.Profile}, true
	case messages.LeftoversRemoved:
		return record{Event: "leftovers_removed", Profiles: &e.Profiles, Processes: &e.Processes, Bytes: &e.Bytes}, true
	case messages.RunCleaned:
		left := append([]string{}, e.Left...) // never null
		return record{Event: "run_cleaned", Left: &left}, true
	case messages.RunStarted:
		return record{Event: "run_started", Portal: e.Portal, Workers: e.Workers, Sequential: e.Sequential}, true
	case messages.RunEnded:
		return record{Event: "run_ended", Counts: e.Counts, Open: &e.Open, Later: &e.Later, Cause: e.Cause, Detail: e.Detail}, true
	case messages.WorkerReady:
		return record{Event: "worker_ready", Worker: e.Worker.Name, Profile: e.Profile, TookMS: ms(e.Took)}, true
	case messages.WorkerLost:
		return record{Event: "worker_lost", Worker: e.Worker, Cause: e.Cause, Detail: e.Detail,
			AfterMS: ms(e.Again), GaveUp: e.GaveUp}, true
	case messages.WorkerRecycled:
		return record{Event: "worker_recycled", Worker: e.Worker, Reason: e.Reason}, true
	case messages.WorkerDismissed:
		return record{Event: "worker_dismissed", Worker: e.Worker}, true
	case messages.PoolResized:
		return record{Event: "pool_resized", From: e.From, To: e.To, Sequential: e.To == 1, Binds: e.Binds, Reason: e.Reason}, true
	case messages.PortalPaced:
		return record{Event: "portal_paced", To: e.Reading, AfterMS: ms(e.Hold), Binds: messages.BindsPortal, Reason: e.Reason}, true
	case messages.JobStuck:
		return record{Event: "job_stuck", Worker: e.Worker, Number: e.Written, TookMS: ms(e.For)}, true
	case messages.JobReturned:
		return record{Event: "job_returned", Worker: e.Worker, Number: e.Written, AfterMS: ms(e.After)}, true
	}
	return orderRecord(event)
}

func orderRecord(event any) (record, bool) {
	switch e := event.(type) {
	case messages.OrderStarted:
		return record{Event: "order_started", Number: e.Written, Key: e.Key, Worker: e.Worker.Name, Attempt: e.Attempt}, true
	case messages.OrderRead:
		found := len(e.Reading.Attachments)
		return record{Event: "order_read", Number: e.Written, Key: e.Key, Worker: e.Worker.Name, Sign: e.Reading.Sign,
			Cause: e.Failure.Cause, Detail: e.Failure.Detail, Supplier: e.Reading.Supplier,
			Found: &found, TookMS: ms(e.Took)}, true
	case messages.FilesFetched:
		missing := len(e.Result.Missing)
		return record{Event: "files_fetched", Number: e.Written, Key: e.Key, Files: fileRecords(e.Result.Kept.Files),
			Missing: &missing, Lost: MissingFiles(e.Result.Missing), Cause: e.Failure, Detail: e.Detail, TookMS: ms(e.Took)}, true
	case messages.OrderRetried:
		return record{Event: "order_retried", Number: e.Written, Key: e.Key, Worker: e.Worker, Attempt: e.Attempt,
			Cause: e.Failure.Cause, Detail: e.Failure.Detail, Lost: MissingFiles(e.Failure.Missing), AfterMS: ms(e.After)}, true
	case messages.OrderReleased:
		return record{Event: "order_released", Number: e.Written, Key: e.Key, Cause: e.Failure.Cause, Detail: e.Failure.Detail}, true
	case messages.OrdersReopened:
		n, numbers := len(e.Outcomes), []string{}
		for _, o := range e.Outcomes {
			numbers = append(numbers, o.Written)
		}
		return record{Event: "orders_reopened", Orders: &n, Numbers: numbers, Reason: e.Reason}, true
	case messages.SessionProbed:
		return record{Event: "session_probed", Number: e.Written, Key: e.Key, Worker: e.Worker, Sign: e.Sign, Cause: e.Cause,
			Detail: e.Detail, TookMS: ms(e.Took)}, true
	case messages.OrderQuarantined:
		return record{Event: "order_quarantined", Number: e.Written, Key: e.Key, Worker: e.Worker, Deaths: e.Deaths}, true
	case messages.OrderSettled:
		return settledRecord(e), true
	}
	return record{}, false
}

func settledRecord(e messages.OrderSettled) record {
	o := e.Outcome
	return record{Event: "order_settled", Number: o.Written, Key: o.Key, Worker: e.Worker, Status: o.Status, Cause: o.Cause,
		Detail: o.Detail, Supplier: o.Supplier, Attempt: o.Attempts, Found: &o.Found,
		Files: fileRecords(o.Files), Lost: MissingFiles(o.Missing), Folder: o.Folder, URL: o.URL, TookMS: ms(e.Took)}
}

func fileRecords(files []po.File) []fileRecord {
	out := make([]fileRecord, len(files))
	for i, f := range files {
		out[i] = fileRecord{f.Name, f.Bytes, f.SHA256, f.Lane, f.Empty}
	}
	return out
}

// Missing is a file that could not be had, as JSON: its address has no query.
type Missing struct {
	Name   string   `json:"name"`
	URL    string   `json:"url,omitempty"`
	Cause  po.Cause `json:"cause"`
	Detail string   `json:"detail,omitempty"`
}

// MissingFiles is the list of missing files as JSON and the log have it; it is
// never null.
func MissingFiles(list []po.Missing) []Missing {
	out := make([]Missing, len(list))
	for i, m := range list {
		out[i] = Missing{m.Name, m.URL, m.Cause, m.Detail}
	}
	return out
}

func ms(d time.Duration) *int64 {
	n := d.Milliseconds()
	return &n
}
