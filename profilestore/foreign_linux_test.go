package profilestore

import (
	"os"
	"strings"
	"testing"
)

// A directory that another user made where ours would be is not taken.
func TestOpenRefusesForeignDirectory(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can make a directory somebody else's")
	}
	dir := workDir(t)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, 12345, 12345); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{Dir: dir}); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("Open: %v", err)
	}
}
