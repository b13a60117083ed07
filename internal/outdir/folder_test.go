package outdir

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

func TestOrderOf(t *testing.T) {
	t.Parallel()
	rows := map[string]po.Key{
		"A/PO_1__WORK":           "1",
		"A/B/PO_1_COMPLETED":     "1",
		"PO_1_NO_ATTACHMENTS":    "1",
		"A/PO_X%2FY_PARTIAL":     "X%2FY",
		"A/PO_1_FAILED_FAILED":   "1_FAILED",
		"A/PO_1_NOT_FOUND":       "",
		"A/PO_1":                 "",
		"A/PO__WORK":             "",
		"A/PO_..__WORK":          "",
		"A/PO_a__WORK":           "",
		"../PO_1__WORK":          "",
		"A/../../PO_1__WORK":     "",
		"A/../PO_1__WORK":        "",
		"/PO_1__WORK":            "",
		`A\..\..\PO_1__WORK`:     "",
		"A/PO_1__WORK/":          "",
		"A/PO_1_COMPLETED (2)":   "",
		"":                       "",
		"A/PO_1_COMPLETED/x.pdf": "",
	}
	for folder, want := range rows {
		if got, ok := OrderOf(folder); got != want || ok != (want != "") {
			t.Errorf("OrderOf(%q) = %q, %v; want %q", folder, got, ok, want)
		}
	}
}

func TestOtherFolders(t *testing.T) {
	t.Parallel()
	rows := map[string][]string{
		"A/PO_1__WORK": {"A/PO_1_PARTIAL", "A/PO_1_FAILED", "A/PO_1_COMPLETED", "A/PO_1_NO_ATTACHMENTS"},
		"PO_1_FAILED_FAILED": {"PO_1_FAILED__WORK", "PO_1_FAILED_PARTIAL", "PO_1_FAILED_COMPLETED",
			"PO_1_FAILED_NO_ATTACHMENTS"},
		"A/notes": nil,
		"":        nil,
	}
	for folder, want := range rows {
		if diff := cmp.Diff(want, OtherFolders(folder)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", folder, diff)
		}
	}
}
