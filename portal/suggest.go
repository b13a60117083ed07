package portal

import (
	"fmt"

	"github.com/agnivade/levenshtein"
)

// suggest names the known word that was probably meant, or else returns other.
func suggest(word string, known []string, other string) string {
	best, least := "", 3 // so that two letters may be wrong
	for _, k := range known {
		if d := levenshtein.ComputeDistance(word, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		return other
	}
	return fmt.Sprintf("did you mean %q?", best)
}
