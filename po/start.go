package po

import "time"

// Start is one start of poactor on an output directory, as the ledger has it: a run
// takes as many as are needed until every order is settled.
type Start struct {
	Number  int       `json:"number"` // 1 for the first
	Began   time.Time `json:"began"`
	Ended   time.Time `json:"ended,omitzero"`    // zero: it was killed, or is under way
	Program string    `json:"program,omitempty"` // version of poactor
	Host    string    `json:"-"`
	Process int       `json:"-"`
	Portal  string    `json:"portal"`
	BaseURL string    `json:"base_url"`
	Workers int       `json:"workers"`
	Cause   Cause     `json:"cause,omitempty"` // why it ended early; empty if it did not
	Detail  string    `json:"detail,omitempty"`
}

// Owner is the process that holds an output directory.
type Owner struct {
	Process int       `json:"process"`
	Host    string    `json:"host"`
	Since   time.Time `json:"since"`
}
