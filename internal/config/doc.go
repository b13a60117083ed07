// Package config makes a run's settings from flags, the environment and a
// config file, in this precedence: flag > environment > file > default.
//
// The flag set is the one place where a setting's name, type and default are
// declared: the environment and the file are read as if their values stood on
// the command line, so that the three cannot drift apart.
package config
