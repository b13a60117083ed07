package main

import "os"

// inForeground reports whether this process is of the job that has the terminal: there are
// no others.
func inForeground(*os.File) bool { return true }

// canSuspend reports whether there is a shell that would have this process go on after a
// stop: Windows has no such thing.
func canSuspend() bool { return false }
