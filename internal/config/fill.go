package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

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
