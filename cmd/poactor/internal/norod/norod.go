// Package norod keeps rod from reading our command line.
//
// Importing rod scans os.Args for a flag "-rod" while packages are initialised
// and panics on a value it does not know, before main could refuse
// it. rod leaves the command line alone where the environment
// variable below is set, so it must be set before rod's packages are
// initialised.
//
// The order is laid down by the language
// (https://go.dev/ref/spec#Package_initialization): packages are sorted by
// import path, and the first whose imports are all initialised is next. This
// package imports only os; rod's imports log, which imports os and sorts after
// this one. So as soon as os is there this package is next, and rod's is not.
// A script test holds it. It is the one place where the order of
// initialisation matters and therefore the one package that does something
// there.
package norod

import "os"

// Variable is what rod looks for; any value will do.
const Variable = "DISABLE_ROD_FLAG"

var _ = os.Setenv(Variable, "1")
