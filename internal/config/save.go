package config

import (
	"path/filepath"
	"slices"

	"github.com/spf13/pflag"
	"go.yaml.in/yaml/v4"

	"github.com/poactor/poactor/portal"
)

// ofOneStart are settings that say nothing about the work itself.
var ofOneStart = []string{"out", "limit", "dry-run", "fresh", "json", "quiet", "log-file"}

// Marshal writes what a run works with as a config file, so that the same run
// can be begun again from anywhere: paths are absolute.
func (s Settings) Marshal() ([]byte, error) {
	if _, builtin := portal.Builtin(s.Portal); !builtin {
		s.Portal = absolute(s.Portal)
	}
	s.Profile, s.Browser = absolute(s.Profile), absolute(s.Browser)
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	values := map[string]string{}
	copied := s
	s.Register(fs) // which sets the defaults
	s = copied
	fs.VisitAll(func(f *pflag.Flag) {
		if !slices.Contains(ofOneStart, f.Name) {
			values[f.Name] = f.Value.String()
		}
	})
	return yaml.Marshal(values)
}

func absolute(path string) string {
	if path == "" {
		return ""
	}
	if abs, err := filepath.Abs(path); err == nil {
		return abs
	}
	return path
}
