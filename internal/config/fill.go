package config

import (
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
	"github.com/spf13/pflag"
)

// EnvPrefix begins the environment variable of every setting: --base-url is
// POACTOR_BASE_URL.
const EnvPrefix = "POACTOR_"

// Sources are where settings come from besides the command line.
type Sources struct {
	// Env looks an environment variable up, like os.LookupEnv.
	Env func(name string) (string, bool)
	// File is the path of the config file; empty: none.
	File string
	// Except names flags that are left alone.
	Except []string
}

// Fill sets each flag of fs that the command line has left alone from the
// environment, else from the config file. The file may name any setting of a
// run, also one that fs does not declare; what it names and nobody knows is an
// error, with its place. Empty variables count as not set.
func Fill(fs *pflag.FlagSet, from Sources) error {
	values, err := readFile(from.File, known())
	if err != nil {
		return err
	}
	var errs []error
	fs.VisitAll(func(f *pflag.Flag) {
		if f.Changed || !isSetting(f.Name) || slices.Contains(from.Except, f.Name) {
			return
		}
		name := EnvName(f.Name)
		if text, ok := from.Env(name); ok && text != "" {
			errs = append(errs, set(fs, f.Name, text, name))
			return
		}
		if v, ok := values[f.Name]; ok {
			errs = append(errs, set(fs, f.Name, v.text, v.place))
		}
	})
	for _, err := range errs {
		if err != nil {
			return err // one line; the next shows when this one is mended
		}
	}
	return nil
}

// Unknown names the environment variables that look like a setting and are none,
// each with the one that was probably meant. environ is like that of os.Environ.
func Unknown(environ []string) []string {
	known := append(names(known()), notFlags...)
	for i, name := range known {
		known[i] = EnvName(name)
	}
	var list []string
	for _, variable := range environ {
		name, value, _ := strings.Cut(variable, "=")
		upper := strings.ToUpper(name)
		if runtime.GOOS == "windows" { // which finds them whatever their case
			name = upper
		}
		if strings.HasPrefix(upper, EnvPrefix) && value != "" && !slices.Contains(known, name) {
			list = append(list, fmt.Sprintf("the environment variable %s is no setting%s", name, didYouMean(upper, known)))
		}
	}
	slices.Sort(list)
	return list
}

// notFlags are variables beside those of a run's flags, named like these.
var notFlags = []string{"config", "keychain"}

// didYouMean names the known word that was probably meant; empty if none was.
func didYouMean(word string, known []string) string {
	best, least := "", 3 // so that two letters may be wrong
	for _, k := range known {
		if d := levenshtein.ComputeDistance(word, k); d < least && d < len(k) {
			best, least = k, d
		}
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// names lists the flags of a set.
func names(fs *pflag.FlagSet) []string {
	var list []string
	fs.VisitAll(func(f *pflag.Flag) { list = append(list, f.Name) })
	return list
}

// EnvName is the environment variable of a flag.
func EnvName(flag string) string {
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// set gives a flag a value that came from elsewhere, and names the place where
// it is wrong instead of the flag.
func set(fs *pflag.FlagSet, name, text, place string) error {
	err := fs.Set(name, text)
	if bad, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		err = errors.Unwrap(bad)
		return fmt.Errorf("%s: %q is not a value of %s: %w", place, text, name, err)
	}
	return err
}

// known lists the settings of a run as a flag set that nobody parses.
func known() *pflag.FlagSet {
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	new(Settings).Register(fs)
	return fs
}

func isSetting(name string) bool { return known().Lookup(name) != nil }
