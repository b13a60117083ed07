package download

import (
	"testing"

	"github.com/poactor/poactor/po"
)

func TestFinal(t *testing.T) {
	t.Parallel()
	order := po.Order{Key: "123", Number: "123"}
	levelled := order
	levelled.Levels = []string{"2025", "EMEA/North", "../..", ""}
	junk := order
	junk.Levels = []string{"..", " "}
	files := []po.File{{Name: "a.pdf"}}
	rows := map[string]struct {
		order    po.Order
		supplier string
		kept     po.Saved
		status   po.Status
		want     string
	}{
		"supplier":               {order, "ACME Ltd.", po.Saved{}, po.Completed, "ACME Ltd/PO_123_COMPLETED"},
		"partial":                {order, "ACME", po.Saved{}, po.Partial, "ACME/PO_123_PARTIAL"},
		"no attachments":         {order, "ACME", po.Saved{}, po.NoAttachments, "ACME/PO_123_NO_ATTACHMENTS"},
		"no supplier":            {order, "", po.Saved{}, po.Failed, "Unknown supplier/PO_123_FAILED"},
		"hostile supplier":       {order, "../../etc/passwd", po.Saved{}, po.Failed, "_.._etc_passwd/PO_123_FAILED"},
		"hostile, nothing left":  {order, "../..", po.Saved{}, po.Failed, "Unknown supplier/PO_123_FAILED"},
		"absolute supplier":      {order, "/etc", po.Saved{}, po.Failed, "_etc/PO_123_FAILED"},
		"supplier is ours":       {order, "results.csv", po.Saved{}, po.Failed, "_results.csv/PO_123_FAILED"},
		"levels":                 {levelled, "ACME", po.Saved{}, po.Completed, "2025/EMEA_North/PO_123_COMPLETED"},
		"junk levels":            {junk, "ACME", po.Saved{}, po.Completed, "ACME/PO_123_COMPLETED"},
		"where it was":           {order, "New", po.Saved{Folder: "Old/PO_123__WORK", Files: files}, po.Completed, "Old/PO_123_COMPLETED"},
		"where it ended before":  {order, "New", po.Saved{Folder: "Old/PO_123_PARTIAL", Files: files}, po.Completed, "Old/PO_123_COMPLETED"},
		"supplier now known":     {order, "New", po.Saved{Folder: "Unknown supplier/PO_123_FAILED"}, po.Completed, "New/PO_123_COMPLETED"},
		"supplier still unknown": {order, "", po.Saved{Folder: "Unknown supplier/PO_123_FAILED"}, po.Failed, "Unknown supplier/PO_123_FAILED"},
		"kept outside":           {order, "ACME", po.Saved{Folder: "../PO_123__WORK"}, po.Completed, "ACME/PO_123_COMPLETED"},
		"kept absolute":          {order, "ACME", po.Saved{Folder: "/tmp/PO_123__WORK"}, po.Completed, "ACME/PO_123_COMPLETED"},
		"kept of another order":  {order, "ACME", po.Saved{Folder: "Old/PO_124__WORK"}, po.Completed, "ACME/PO_123_COMPLETED"},
		"not found":              {order, "ACME", po.Saved{}, po.NotFound, ""},
		"not found, had files":   {order, "ACME", po.Saved{Folder: "Old/PO_123__WORK", Files: files}, po.NotFound, "Old/PO_123_PARTIAL"},
		"none, had files":        {order, "ACME", po.Saved{Folder: "Old/PO_123__WORK", Files: files}, po.NoAttachments, "Old/PO_123_PARTIAL"},
		"no number":              {po.Order{Key: "123"}, "ACME", po.Saved{}, po.Failed, ""},
		"no key":                 {po.Order{Number: "123"}, "ACME", po.Saved{}, po.Failed, ""},
		"no such status":         {order, "ACME", po.Saved{}, "DONE", ""},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := new(Archive).Final(row.order, row.supplier, row.kept, row.status); got != row.want {
				t.Errorf("Final = %q, want %q", got, row.want)
			}
		})
	}
}
