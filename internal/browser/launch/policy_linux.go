package launch

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
)

func readPolicies(b brand) policies { return readPolicyFiles("/", b) }

// readPolicyFiles reads a brand's policies below a root. Of files that set the same, the
// last by name counts. One that cannot be read may say anything: extensions stay on.
func readPolicyFiles(root string, b brand) policies {
	unread := false
	read := func(level string) (sets []map[string]any) {
		for _, dir := range b.dirs {
			// The pattern is good.
			files, _ := filepath.Glob(filepath.Join(root, dir, "policies", level, "*.json"))
			slices.Sort(files)
			for _, file := range files {
				var set map[string]any
				data, err := os.ReadFile(file)
				if err == nil {
					err = json.Unmarshal(data, &set)
				}
				unread = unread || err != nil
				sets = append(sets, set)
			}
		}
		return sets
	}
	p := parsePolicies(read("recommended"), read("managed"))
	if unread {
		p.any, p.extensions = true, true
	}
	return p
}
