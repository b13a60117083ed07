package report

// syncDir does nothing: Windows cannot sync a directory; NTFS journals the
// rename.
func syncDir(string) error { return nil }
