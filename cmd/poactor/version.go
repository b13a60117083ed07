package main

import (
	"cmp"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/poactor/poactor/internal/progress"
)

// version is set by the linker where the build knows better than the module
// (make build: what git describe says).
var version string

// build says what this program was built from.
type build struct {
	Module   string `json:"version"`            // of the module; "(devel)" in a working copy
	Revision string `json:"revision,omitempty"` // of the source; empty if not known
	Dirty    bool   `json:"dirty,omitempty"`    // the source was changed since
}

// versionJSON is what version says as JSON; the version of the JSON lines is each one's own.
type versionJSON struct {
	build
	Go   string `json:"go"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
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
	var asJSON bool
	c := &cobra.Command{
		Use:     "version [flags]",
		Short:   "Show version, revision, Go and platform",
		Example: "  poactor version\n  poactor version --json",
		Args:    noArguments,
		Run: func(*cobra.Command, []string) {
			if b := buildVersion(); asJSON {
				progress.WriteLine(a.stdout, "version", versionJSON{b, runtime.Version(), runtime.GOOS, runtime.GOARCH})
			} else {
				fmt.Fprintln(a.stdout, b)
			}
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "write it as JSON, with the version of the JSON lines (schema)")
	return c
}
