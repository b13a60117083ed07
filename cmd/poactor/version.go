package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is set by the linker where the build knows better than the module
// (make build: what git describe says).
var version string

// build says what this program was built from.
type build struct {
	Module   string // version of the module; "(devel)" in a working copy
	Revision string // of the source; empty if not known
	Dirty    bool   // the source was changed since
}

func buildVersion() build {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return build{Module: "(unknown)"}
	}
	return newBuild(info, version)
}

func newBuild(info *debug.BuildInfo, version string) build {
	b := build{Module: cmp.Or(version, info.Main.Version, "(devel)")}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.modified":
			b.Dirty = s.Value == "true"
		}
	}
	return b
}

func (b build) String() string {
	s := "poactor " + b.Module
	if b.Revision != "" {
		s += ", revision " + b.Revision
		if b.Dirty {
			s += " with changes"
		}
	}
	return fmt.Sprintf("%s\n%s, %s/%s", s, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Show version, revision, Go and platform",
		Example: "  poactor version",
		Args:    noArguments,
		Run:     func(*cobra.Command, []string) { fmt.Fprintln(a.stdout, buildVersion()) },
	}
}
