//go:build !linux

package launch

// managed is always true: here vendors install no headless shell, and what policies
// there are is not in files.
func managed() bool { return true }
