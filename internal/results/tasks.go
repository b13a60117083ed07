package results

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/poactor/poactor/po"
)

// TaskLedger is what the files of a program's own tasks are written from.
type TaskLedger interface {
	Ledger
	// TaskOutcomes yields the tasks that are settled, in the order of the batch.
	TaskOutcomes(ctx context.Context) iter.Seq2[po.Outcome, error]
}

// taskLine is a line of results.jsonl.
type taskLine struct {
	Key      string          `json:"key"`
	Status   po.Status       `json:"status"`
	Cause    po.Cause        `json:"cause,omitempty"`
	Error    string          `json:"error,omitempty"`
	Attempts int             `json:"attempts"`
	Time     time.Time       `json:"time"`
	Folder   string          `json:"folder,omitempty"`
	Files    []taskFile      `json:"files,omitempty"`
	Result   json.RawMessage `json:"result,omitempty"`
}

type taskFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
	URL    string `json:"url,omitempty"`
}

// WriteTasks writes one JSON object a line for each task: its key, how it ended, its files
// and what its work has returned.
func WriteTasks(w io.Writer, outcomes iter.Seq[po.Outcome]) error {
	out := bufio.NewWriter(w)
	lines := json.NewEncoder(out)
	for o := range outcomes {
		line := taskLine{Key: o.RawNumber, Status: o.Status, Cause: o.Cause, Error: o.Detail, Attempts: o.Attempts,
			Time: o.Time.UTC(), Folder: o.Folder, Result: o.Result}
		for _, f := range o.Files {
			line.Files = append(line.Files, taskFile{f.Name, f.Bytes, f.SHA256, f.URL})
		}
		if err := lines.Encode(line); err != nil {
			return fmt.Errorf("write results: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}
