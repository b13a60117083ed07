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
		kept     po.Kept
		status   po.Status
		want     string
	}{
		"supplier":               {order, "ACME Ltd.", po.Kept{}, po.Completed, "ACME Ltd/PO_123_COMPLETED"},
		"partial":                {order, "ACME", po.Kept{}, po.Partial, "ACME/PO_123_PARTIAL"},
		"no attachments":         {order, "ACME", po.Kept{}, po.NoAttachments, "ACME/PO_123_NO_ATTACHMENTS"},
		"no supplier":            {order, "", po.Kept{}, po.Failed, "Unknown supplier/PO_123_FAILED"},
		"hostile supplier":       {order, "../../etc/passwd", po.Kept{}, po.Failed, "_.._etc_passwd/PO_123_FAILED"},
		"hostile, nothing left":  {order, "../..", po.Kept{}, po.Failed, "Unknown supplier/PO_123_FAILED"},
		"absolute supplier":      {order, "/etc", po.Kept{}, po.Failed, "_etc/PO_123_FAILED"},
		"supplier is ours":       {order, "results.csv", po.Kept{}, po.Failed, "_results.csv/PO_123_FAILED"},
		"levels":                 {levelled, "ACME", po.Kept{}, po.Completed, "2025/EMEA_North/PO_123_COMPLETED"},
		"junk levels":            {junk, "ACME", po.Kept{}, po.Completed, "ACME/PO_123_COMPLETED"},
		"where it was":           {order, "New", po.Kept{Folder: "Old/PO_123__WORK", Files: files}, po.Completed, "Old/PO_123_COMPLETED"},
		"where it ended before":  {order, "New", po.Kept{Folder: "Old/PO_123_PARTIAL", Files: files}, po.Completed, "Old/PO_123_COMPLETED"},
		"supplier now known":     {order, "New", po.Kept{Folder: "Unknown supplier/PO_123_FAILED"}, po.Completed, "New/PO_123_COMPLETED"},
		"supplier still unknown": {order, "", po.Kept{Folder: "Unknown supplier/PO_123_FAILED"}, po.Failed, "Unknown supplier/PO_123_FAILED"},
		"kept outside":           {order, "ACME", po.Kept{Folder: "../PO_123__WORK"}, po.Completed, "ACME/PO_123_COMPLETED"},
		"kept absolute":          {order, "ACME", po.Kept{Folder: "/tmp/PO_123__WORK"}, po.Completed, "ACME/PO_123_COMPLETED"},
		"kept of another order":  {order, "ACME", po.Kept{Folder: "Old/PO_124__WORK"}, po.Completed, "ACME/PO_123_COMPLETED"},
		"not found":              {order, "ACME", po.Kept{}, po.NotFound, ""},
		"not found, had files":   {order, "ACME", po.Kept{Folder: "Old/PO_123__WORK", Files: files}, po.NotFound, "Old/PO_123_PARTIAL"},
		"none, had files":        {order, "ACME", po.Kept{Folder: "Old/PO_123__WORK", Files: files}, po.NoAttachments, "Old/PO_123_PARTIAL"},
		"no number":              {po.Order{Key: "123"}, "ACME", po.Kept{}, po.Failed, ""},
		"no key":                 {po.Order{Number: "123"}, "ACME", po.Kept{}, po.Failed, ""},
		"no such status":         {order, "ACME", po.Kept{}, "DONE", ""},
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
