package main

import "os"

// inForeground reports whether this process is of the job that has the terminal: there are
// no others.
func inForeground(*os.File) bool { return true }
