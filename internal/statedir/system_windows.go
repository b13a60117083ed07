package statedir

import "io/fs"

// foreign reports whether a file belongs to another user. On Windows it is not
// asked: who owns a file says little there (an administrator's belong to a group,
// those of a network drive to whom the server knows), and rights come from the
// folder above. What is found is trusted with as little all the same: nothing that
// is run, signed in with or gone to comes from there.
func foreign(fs.FileInfo) bool { return false }

// linked reports whether a file has more than one name: not told by what Lstat
// knows here.
func linked(fs.FileInfo) bool { return false }
