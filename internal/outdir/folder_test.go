package outdir

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

func TestKeyOf(t *testing.T) {
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
		if got, ok := Orders.KeyOf(folder); got != want || ok != (want != "") {
			t.Errorf("KeyOf(%q) = %q, %v; want %q", folder, got, ok, want)
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
		if diff := cmp.Diff(want, Orders.OtherFolders(folder)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", folder, diff)
		}
	}
}

func TestFoldersOfTasks(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]po.Key{
		"acme":            "acme",
		"acme__WORK":      "acme",
		"PO_1_COMPLETED":  "PO_1_COMPLETED",
		"https%3A%2F%2Fx": "https%3A%2F%2Fx",
		".poactor":        "",
		"a b":             "",
		"A/acme":          "",
		"../acme":         "",
		"":                "",
	} {
		if got, ok := Tasks.KeyOf(folder); got != want || ok != (want != "") {
			t.Errorf("KeyOf(%q) = %q, %v; want %q", folder, got, ok, want)
		}
	}
	if diff := cmp.Diff([]string{"acme__WORK"}, Tasks.OtherFolders("acme")); diff != "" {
		t.Error(diff)
	}
}
