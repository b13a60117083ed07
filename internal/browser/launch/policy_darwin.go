package launch

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"time"
)

// managedPreferences is where the system keeps what a company has set.
const managedPreferences = "/Library/Managed Preferences"

// plutilWithin bounds the reading of one file of them.
const plutilWithin = 3 * time.Second

// readPolicies reads the managed preferences: the machine's, then the user's, which count
// more. They are property lists, which the system's own tool makes JSON of; one that
// cannot be read may say anything: extensions stay on.
func readPolicies(b brand) policies {
	if b.plist == "" {
		return policies{}
	}
	files := []string{filepath.Join(managedPreferences, b.plist+".plist")}
	if u, err := user.Current(); err == nil {
		files = append(files, filepath.Join(managedPreferences, u.Username, b.plist+".plist"))
	}
	var sets []map[string]any
	unread := false
	for _, file := range files {
		if _, err := os.Stat(file); err != nil {
			continue
		}
		set, err := readPropertyList(file)
		unread = unread || err != nil
		sets = append(sets, set)
	}
	p := parsePolicies(nil, sets)
	if unread {
		p.any, p.extensions = true, true
	}
	return p
}

func readPropertyList(file string) (set map[string]any, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), plutilWithin)
	defer cancel()
	data, err := exec.CommandContext(ctx, "/usr/bin/plutil", "-convert", "json", "-o", "-", file).Output()
	if err == nil {
		err = json.Unmarshal(data, &set)
	}
	return set, err
}
