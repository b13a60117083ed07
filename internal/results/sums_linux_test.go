package results

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/poactor/poactor/po"
)

// TestSumsCheck lets the real sha256sum check files with hostile names.
func TestSumsCheck(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("sha256sum")
	if err != nil {
		t.Skip("no sha256sum on this machine")
	}
	names := []string{"a.pdf", "with space.pdf", " leading", "trailing ", "*star", "-", "--help", "a  b", `back\slash`, `\first`,
		"new\nline", "\nfirst", "carriage\rreturn", "end\r", `literal\n`, "=cmd|x", "'quote\"", "\u202efdp.exe", "日本.pdf", "\xff\xfe.bin",
		"#comment", "\ufeffmark", "tab\ttab", strings.Repeat("n", 255), sum + "  x"}
	dir := t.TempDir()
	var files []po.File
	for _, name := range names {
		content := []byte("content of " + name)
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256(content)
		files = append(files, po.File{Name: name, SHA256: hex.EncodeToString(digest[:])})
	}
	folder := "- odd\\folder\nx/PO_1_COMPLETED"
	if err := os.MkdirAll(filepath.Join(dir, folder), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if err := os.Link(filepath.Join(dir, f.Name), filepath.Join(dir, folder, f.Name)); err != nil {
			t.Fatal(err)
		}
	}
	all := []po.Outcome{{Files: files}, {Folder: folder, Files: files}}
	var sums bytes.Buffer
	if err := WriteSums(&sums, slices.Values(all)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "SHA256SUMS"), sums.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	check := func() (string, error) {
		cmd := exec.CommandContext(t.Context(), tool, "--check", "--strict", "SHA256SUMS")
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "LC_ALL=C")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	out, err := check()
	if err != nil || strings.Count(out, ": OK\n") != 2*len(names) {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := os.WriteFile(filepath.Join(dir, "new\nline"), []byte("altered"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := check(); err == nil {
		t.Errorf("an altered file went unnoticed:\n%s", out)
	}
}
