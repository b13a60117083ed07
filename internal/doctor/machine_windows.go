package doctor

// openFileLimit is none: Windows bounds handles by memory alone.
func openFileLimit() (uint64, bool) { return 0, false }
