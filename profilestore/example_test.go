package profilestore_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/poactor/poactor/profilestore"
)

func Example() {
	work, err := os.MkdirTemp("", "work")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(work)

	store, err := profilestore.Open(profilestore.Config{Dir: work, Capacity: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()

	profile, err := store.Lease(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	// Start a browser with --user-data-dir=profile.Dir and TMPDIR=profile.TempDir,
	// and end it before the release.
	_, err = os.Stat(filepath.Join(profile.Dir, "Default", "Preferences"))
	fmt.Println("preferences:", err)
	fmt.Println("release:", profile.Release())
	_, err = os.Stat(profile.Dir)
	fmt.Println("gone:", os.IsNotExist(err))
	// Output:
	// preferences: <nil>
	// release: <nil>
	// gone: true
}
