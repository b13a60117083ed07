package messages

import (
	"encoding/json"
	"reflect"
	"time"

	"github.com/poactor/poactor/po"
)

// The events below go between actors and to the host. Their JSON tags are what --json, the
// log and docs/events.md show; what could be a secret, and what is for actors only, is "-".

// eventNames names every event in JSON.
var eventNames = map[reflect.Type]string{
	reflect.TypeFor[Warning]():          "advised", // "warning" is a line of the command
	reflect.TypeFor[BatchMerged]():      "batch_merged",
	reflect.TypeFor[FaultInjected]():    "fault_injected",
	reflect.TypeFor[FastLane]():         "fast_lane",
	reflect.TypeFor[FileProgress]():     "file_progress",
	reflect.TypeFor[FilesFetched]():     "files_fetched",
	reflect.TypeFor[JobReturned]():      "job_returned",
	reflect.TypeFor[JobStuck]():         "job_stuck",
	reflect.TypeFor[LeftoversRemoved](): "leftovers_removed",
	reflect.TypeFor[OrderQuarantined](): "order_quarantined",
	reflect.TypeFor[OrderRead]():        "order_read",
	reflect.TypeFor[OrderReleased]():    "order_released",
	reflect.TypeFor[OrderRetried]():     "order_retried",
	reflect.TypeFor[OrderSettled]():     "order_settled",
	reflect.TypeFor[OrderStarted]():     "order_started",
	reflect.TypeFor[OrdersReopened]():   "orders_reopened",
	reflect.TypeFor[OutputAudited]():    "output_audited",
	reflect.TypeFor[PageRead]():         "page_read",
	reflect.TypeFor[PageRequested]():    "page_requested",
	reflect.TypeFor[PoolResized]():      "pool_resized",
	reflect.TypeFor[PortalPaced]():      "portal_paced",
	reflect.TypeFor[ResultsWarning]():   "results_warning",
	reflect.TypeFor[RunCleaned]():       "run_cleaned",
	reflect.TypeFor[RunEnded]():         "run_ended",
	reflect.TypeFor[RunPaused]():        "run_paused",
	reflect.TypeFor[RunResumed]():       "run_resumed",
	reflect.TypeFor[RunStarted]():       "run_started",
	reflect.TypeFor[SessionLost]():      "session_lost",
	reflect.TypeFor[SessionProbed]():    "session_probed",
	reflect.TypeFor[SessionProved]():    "session_proved",
	reflect.TypeFor[SessionRestored]():  "session_restored",
	reflect.TypeFor[WorkerDismissed]():  "worker_dismissed",
	reflect.TypeFor[WorkerLost]():       "worker_lost",
	reflect.TypeFor[WorkerReady]():      "worker_ready",
	reflect.TypeFor[WorkerRecycled]():   "worker_recycled",
	reflect.TypeFor[WorkerStarted]():    "worker_started",
	reflect.TypeFor[WorkersRequested](): "workers_requested",
}

// EventName returns the name of an event in JSON, like "order_settled". It is empty if the
// value is none of the events of this package.
func EventName(event any) string { return eventNames[reflect.TypeOf(event)] }

// EventTypes returns the name and the type of every event.
func EventTypes() map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for t, name := range eventNames {
		types[name] = t
	}
	return types
}

// JSONType returns the type whose fields are an event's in JSON: its own, or that of
// what it shows in its place.
func JSONType(event reflect.Type) reflect.Type {
	if e, ok := reflect.Zero(event).Interface().(interface{ shown() any }); ok {
		return reflect.TypeOf(e.shown())
	}
	return event
}

// Duration is a time.Duration that JSON has as whole milliseconds.
type Duration time.Duration

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).Milliseconds()) }

// String writes it as time.Duration does.
func (d Duration) String() string { return time.Duration(d).String() }

// WorkerStarted says that there is another worker, whose browser is opened next.
type WorkerStarted struct {
	Worker   string `json:"worker,omitempty"`
	Isolated bool   `json:"isolated,omitempty"` // a throw-away one, for an order in quarantine
}

// WorkerReady says that a worker has a browser and no order: one credit.
type WorkerReady struct {
	Worker
	Took    Duration `json:"took_ms"`           // to open the browser, on the first credit of an incarnation; else 0
	Profile string   `json:"profile,omitempty"` // id of its browser profile, never used before
	Worn    string   `json:"-"`                 // why the browser should be replaced; empty if it need not
}

// WorkerLost says that an incarnation of a worker has ended in an accident.
// What it had in hand goes back to the dispatcher.
type WorkerLost struct {
	Worker       string   `json:"worker,omitempty"` // its name
	Cause        po.Cause `json:"cause,omitempty"`
	Detail       string   `json:"detail,omitempty"`
	RestartAfter Duration `json:"after_ms"`          // until the next incarnation opens its browser
	GaveUp       bool     `json:"gave_up,omitempty"` // there will be no next one
	Trace        po.Trace `json:"-"`                 // of what it had in hand
}

// WorkerRecycled says that a worker opens a fresh browser instead of one that is
// worn.
type WorkerRecycled struct {
	Worker string `json:"worker,omitempty"`
	Reason string `json:"reason,omitempty"`
}

// WorkerDismissed says that a worker ends since the pool is to be smaller, or
// since it has done the one thing that it was for.
type WorkerDismissed struct {
	Worker string `json:"worker,omitempty"`
}

// PoolResized says that the pool is to have another size, and what limits it.
type PoolResized struct {
	From       int       `json:"from,omitempty"`
	To         int       `json:"to,omitempty"`
	LimitedBy  LimitedBy `json:"limited_by,omitempty"`
	Reason     string    `json:"reason,omitempty"`
	Sequential bool      `json:"sequential,omitempty"` // To is 1: one order after the other
}

// PortalPaced says that the portal is asked for less, or for more again: how many
// orders are read at once, by all workers together, and for how long none is
// begun.
type PortalPaced struct {
	Hold      Duration  `json:"after_ms"`
	Reading   int       `json:"to,omitempty"`
	LimitedBy LimitedBy `json:"limited_by,omitempty"` // LimitedByPortal
	Reason    string    `json:"reason,omitempty"`
}

// JobStuck says that a job of a worker did not end when its context did. Its
// place is given to another; it is waited for beside.
type JobStuck struct {
	RawNumber string   `json:"number,omitempty"` // the order in hand; empty if it was another job
	Worker    string   `json:"worker,omitempty"`
	For       Duration `json:"took_ms"`
}

// JobReturned says that a job that was stuck has ended after all. What it brought
// is not used.
type JobReturned struct {
	RawNumber string   `json:"number,omitempty"`
	Worker    string   `json:"worker,omitempty"`
	After     Duration `json:"after_ms"` // that it was called off
}

// SessionProbed says that an order whose attachments were seen before was read once
// more, to see whether the session lives and the portal answers.
type SessionProbed struct {
	RawNumber string   `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key   `json:"key,omitempty"`
	Worker    string   `json:"worker,omitempty"`
	Sign      po.Sign  `json:"sign,omitempty"`  // of the page; attachments: all is well
	Cause     po.Cause `json:"cause,omitempty"` // why it was not read; empty if it was
	Detail    string   `json:"detail,omitempty"`
	Took      Duration `json:"took_ms"`
}

// SessionProved says what the portal shows of who is signed in, to one browser.
type SessionProved struct {
	Worker
	Proof   po.Proof       `json:"-"`
	Failure po.ReadFailure `json:"-"` // its Cause is empty if the page was read
	Took    Duration       `json:"took_ms"`
}

// MarshalJSON shows of proof and failure what is for people.
func (e SessionProved) MarshalJSON() ([]byte, error) { return json.Marshal(e.shown()) }

type sessionProvedFields SessionProved // without the method

type sessionProvedShown struct {
	sessionProvedFields
	SignedIn bool     `json:"signed_in"`
	Cause    po.Cause `json:"cause,omitempty"`
	Detail   string   `json:"detail,omitempty"`
}

func (e SessionProved) shown() any {
	detail := e.Failure.Detail
	if e.Failure.Cause == "" {
		detail = e.Proof.Detail
	}
	return sessionProvedShown{sessionProvedFields(e), e.Proof.SignedIn, e.Failure.Cause, detail}
}

// SessionLost says that the session is over for every browser: all pause, what they have
// in hand goes back, and it is being restored.
type SessionLost struct {
	Detail string `json:"detail,omitempty"` // how it was seen
}

// SessionRestored says that every browser gets a session again, or why there is none.
type SessionRestored struct {
	How     string   `json:"how,omitempty"`    // it was restored, in words
	Failure string   `json:"detail,omitempty"` // why it was not, in words; empty if it was
	Took    Duration `json:"took_ms"`
}

// BatchMerged says what the batch changed in the ledger, before the run starts.
type BatchMerged struct {
	Open     int `json:"open"`            // orders to work on in this start, the former included
	Start    int `json:"start,omitempty"` // of poactor on this output directory; 1 for the first
	New      int `json:"new"`             // orders that were never in it
	Returned int `json:"returned"`        // orders that are in the batch again
	Removed  int `json:"removed"`         // orders that are in the batch no more; what was done stays
	Settled  int `json:"settled"`         // orders that earlier starts have settled for good
	Reopened int `json:"reopened"`        // orders that earlier starts have ended as Failed or Partial, open again
	Deferred int `json:"deferred"`        // open orders that are left for another start
}

// Warning says before a run what speaks against its number of workers: the batch
// or the machine. The run goes on all the same.
type Warning struct {
	Workers   int       `json:"to,omitempty"`         // that suit
	LimitedBy LimitedBy `json:"limited_by,omitempty"` // LimitedByUser: the batch is small
	Text      string    `json:"reason,omitempty"`     // with numbers, for people
}

// FaultInjected says that a fault was made to happen, in a run that is put to
// faults on purpose.
type FaultInjected struct {
	Fault   string `json:"fault,omitempty"`   // its kind
	At      int    `json:"at"`                // how many operations of those it strikes there were before
	Profile string `json:"profile,omitempty"` // of the browser that it struck; empty if it struck none
}

// OutputAudited says what came of holding the ledger against the output
// directory: what an earlier start, or people, have left of it.
type OutputAudited struct {
	Missing  int `json:"missing"`  // files that are gone or damaged
	Orders   int `json:"orders"`   // looked at
	Saved    int `json:"saved"`    // files that are as they were recorded
	Opened   int `json:"opened"`   // orders that were done, and are opened again for them
	Finished int `json:"finished"` // folders that got their final name, or were cleared away
	Unknown  int `json:"unknown"`  // work folders of orders that this ledger does not know: left alone

	Paths []string `json:"paths,omitempty"` // of the missing files, within the output directory: the first thousand
}

// LeftoversRemoved says what runs that were killed had left and this start has
// removed, whatever their output directory was.
type LeftoversRemoved struct {
	Profiles  int   `json:"profiles"`
	Processes int   `json:"processes"` // browsers that were alive; each counts once, with all it had started
	Bytes     int64 `json:"bytes"`     // of the profiles, and of files that were half downloaded
}

// ResultsWarning says that a file of the results is not as, or where, people look for
// it: another program holds it, so that what is new is in a file beside it; somebody
// has edited it, so that it has another name now; it is of an earlier list; or it is
// UTF-8, as the list's own encoding lacks a character.
type ResultsWarning struct {
	File string `json:"file"`    // its name in the output directory
	Text string `json:"message"` // in words, for people
}

// RunCleaned is the last event: every browser is closed, and what the run had
// for itself is gone but for what Leftovers names: paths and processes.
type RunCleaned struct {
	Leftovers []string `json:"leftovers"` // empty, not nil, if nothing is left
}

// RunStarted is the first event of the actors.
type RunStarted struct {
	Portal     string `json:"portal,omitempty"`
	Workers    int    `json:"workers,omitempty"`
	Sequential bool   `json:"sequential,omitempty"` // an order's files are fetched before the next order is read
}

// RunPaused says that the user pauses the run: no order is begun, those in hand are
// finished.
type RunPaused struct{}

// RunResumed says that the user ends the pause.
type RunResumed struct{}

// WorkersRequested says that the user wishes for another number of workers. How many there
// are then, PoolResized says.
type WorkersRequested struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// RunEnded is the last event of the actors.
type RunEnded struct {
	Cause    po.Cause          `json:"cause,omitempty"` // why it ended early; empty if every order was settled and audited
	Detail   string            `json:"detail,omitempty"`
	Counts   map[po.Status]int `json:"counts,omitempty"` // orders settled in this start
	Open     int               `json:"open"`             // orders not settled of those that this start was for
	Deferred int               `json:"deferred"`         // open orders that a limit has left for another start
}
