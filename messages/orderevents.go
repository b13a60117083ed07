package messages

import (
	"cmp"
	"encoding/json"

	"github.com/poactor/poactor/po"
)

// OrderQuarantined says that browsers have died with an order in hand, so that
// it is run once more, alone in a throw-away browser.
type OrderQuarantined struct {
	RawNumber string `json:"number,omitempty"`
	Key       po.Key `json:"key,omitempty"`
	Worker    string `json:"worker,omitempty"` // that is for it alone
	Deaths    int    `json:"deaths,omitempty"`
}

// OrderStarted says that a worker begins to read an order.
type OrderStarted struct {
	RawNumber string `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key `json:"key,omitempty"`
	Worker
	Attempt   int    `json:"attempt,omitempty"`
	ByBrowser int    `json:"by_browser,omitempty"` // files that the browser is to save, as HTTP could not get them
	Reason    string `json:"reason,omitempty"`     // why a browser reads it, in a run that reads orders without one
}

// OrderRead is a worker's answer to ReadOrder.
type OrderRead struct {
	Token     string `json:"-"`
	RawNumber string `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key `json:"key,omitempty"`
	Worker
	Reading po.Reading     `json:"-"`
	Failure po.ReadFailure `json:"-"` // its Cause is empty if the page was read
	Took    Duration       `json:"took_ms"`
}

// MarshalJSON shows of the reading and the failure what is for people.
func (e OrderRead) MarshalJSON() ([]byte, error) { return json.Marshal(e.shown()) }

type orderReadFields OrderRead // without the method

type orderReadShown struct {
	orderReadFields
	Sign     po.Sign  `json:"sign,omitempty"`
	Cause    po.Cause `json:"cause,omitempty"`
	Detail   string   `json:"detail,omitempty"`
	Supplier string   `json:"supplier,omitempty"`
	Found    int      `json:"found"`
}

func (e OrderRead) shown() any {
	return orderReadShown{orderReadFields(e), e.Reading.Sign, e.Failure.Cause, e.Failure.Detail, e.Reading.Supplier, len(e.Reading.Attachments)}
}

// FileProgress says how far a file is that takes long. It comes from beside the actors: the
// last of an order may come after its FilesFetched.
type FileProgress struct {
	RawNumber string `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key `json:"key,omitempty"`
	po.FileProgress
}

// PageRequested says that an order's page is asked for without a browser.
type PageRequested struct {
	RawNumber string `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key `json:"key,omitempty"`
}

// PageRead is the page reader's answer to ReadPage: an order's page that was read without a
// browser.
type PageRead struct {
	Token     string         `json:"-"`
	RawNumber string         `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key         `json:"key,omitempty"`
	Page      po.PageReading `json:"-"`
	Failure   po.ReadFailure `json:"-"` // its Cause is empty if the portal has answered
	Reason    string         `json:"-"` // why a browser has to read the order; empty if it need not
	Took      Duration       `json:"took_ms"`
}

// MarshalJSON shows of the page what is for people.
func (e PageRead) MarshalJSON() ([]byte, error) { return json.Marshal(e.shown()) }

type pageReadFields PageRead // without the method

type pageReadShown struct {
	pageReadFields
	Cause  po.Cause `json:"cause,omitempty"`
	Detail string   `json:"detail,omitempty"` // why it was not read, or why a browser has to read it
	Found  int      `json:"found"`
}

func (e PageRead) shown() any {
	return pageReadShown{pageReadFields(e), e.Failure.Cause, cmp.Or(e.Failure.Detail, e.Reason, e.Page.Doubt), len(e.Page.Attachments)}
}

// FastLane says how far orders are read without a browser: after each comparison, when that is
// given up, and at the end of the run.
type FastLane struct {
	Way       po.ReadBy `json:"way,omitempty"`        // how they are read
	Trusted   bool      `json:"trusted"`              // some orders need no browser
	Off       string    `json:"reason,omitempty"`     // why none is read without a browser any more; empty: they are
	Learned   int       `json:"learned"`              // comparisons that have agreed, of those that are needed first
	Needed    int       `json:"needed"`               // those
	Compared  int       `json:"compared"`             // orders that were read in both ways
	Agreed    int       `json:"agreed"`               // of those, the ones of which both ways told the same
	ReadAgain int       `json:"read_again,omitempty"` // orders that were completed without a browser, and that one reads again
	Ended     bool      `json:"ended,omitempty"`      // the run is over
}

// FilesFetched is the file fetcher's answer to FetchFiles.
type FilesFetched struct {
	Token     string         `json:"-"`
	RawNumber string         `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key         `json:"key,omitempty"`
	Result    po.FetchResult `json:"-"`
	Failure   po.Cause       `json:"cause,omitempty"` // of the fetch as a whole, like DiskFull; else empty
	Detail    string         `json:"detail,omitempty"`
	Took      Duration       `json:"took_ms"`
}

// MarshalJSON shows of the result the files.
func (e FilesFetched) MarshalJSON() ([]byte, error) { return json.Marshal(e.shown()) }

type filesFetchedFields FilesFetched // without the method

type filesFetchedShown struct {
	filesFetchedFields
	Files        []po.File    `json:"files,omitempty"`
	Missing      int          `json:"missing"`
	MissingFiles []po.Missing `json:"missing_files,omitempty"`
}

func (e FilesFetched) shown() any {
	return filesFetchedShown{filesFetchedFields(e), e.Result.Saved.Files, len(e.Result.Missing), e.Result.Missing}
}

// OrderRetried says that a try failed and that another will be made.
type OrderRetried struct {
	RawNumber string `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key `json:"key,omitempty"`
	Worker    string `json:"worker,omitempty"`
	Attempt   int    `json:"attempt,omitempty"` // the one that failed
	po.Failure
	After Duration `json:"after_ms"`
}

// OrderReleased says that an order was put back without a fault of its own.
type OrderReleased struct {
	RawNumber string   `json:"number,omitempty"` // the number as the batch has it
	Key       po.Key   `json:"key,omitempty"`
	Cause     po.Cause `json:"cause,omitempty"`
	Detail    string   `json:"detail,omitempty"`
}

// OrderSettled says how an order ended. It comes after the ledger has it and
// the order's folder has its final name.
type OrderSettled struct {
	po.Outcome
	Worker string   `json:"worker,omitempty"`
	Took   Duration `json:"took_ms"` // since the order was first leased in this try
}

// OrdersReopened says that outcomes of this start no longer count, and that their
// orders are open again: a lost session, or a portal in trouble, may have faked them.
type OrdersReopened struct {
	Outcomes []po.Outcome `json:"-"` // key, number, status, cause and folder of each
	Reason   string       `json:"reason,omitempty"`
}

// MarshalJSON shows of the outcomes the orders' numbers.
func (e OrdersReopened) MarshalJSON() ([]byte, error) { return json.Marshal(e.shown()) }

type ordersReopenedFields OrdersReopened // without the method

type ordersReopenedShown struct {
	ordersReopenedFields
	Orders  int      `json:"orders"`
	Numbers []string `json:"numbers,omitempty"`
}

func (e OrdersReopened) shown() any {
	var numbers []string
	for _, o := range e.Outcomes {
		numbers = append(numbers, o.RawNumber)
	}
	return ordersReopenedShown{ordersReopenedFields(e), len(numbers), numbers}
}
