package launch

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// versionWithin bounds the question for a browser's version.
const versionWithin = 3 * time.Second

// Browser is an installed browser and what it says of itself.
type Browser struct {
	Path    string
	Version string // its name and version in its own words; empty: not known
}

// Inspect asks the browser of a path what it is. Some take a second for the answer.
func Inspect(ctx context.Context, path string) Browser {
	return Browser{Path: path, Version: versionText(ctx, path)}
}

// Edge reports whether the browser is Microsoft Edge, by the name of its executable or
// by what it says.
func (b Browser) Edge() bool {
	name := strings.ToLower(filepath.Base(b.Path))
	for _, edge := range []string{"msedge", "microsoft-edge", "microsoft edge"} {
		if strings.HasPrefix(name, edge) {
			return true
		}
	}
	return strings.Contains(strings.ToLower(b.Version), "edge") // msedge.exe as well
}

// UserAgent is what the browser would say that it is with a window: by itself it says
// HeadlessChrome without one, which portals refuse, or take for somebody else than
// who has signed in with a window. Empty where its version is not known.
func (b Browser) UserAgent() string {
	return userAgent(runtime.GOOS, b.Version, b.Edge())
}

// versionText is what a browser says of its name and version. On Windows it would
// open a window instead, but has a directory of that name beside it.
func versionText(ctx context.Context, path string) string {
	if runtime.GOOS == "windows" {
		found, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.*.*.*")) // the pattern is good
		for i := len(found) - 1; i >= 0; i-- {
			if version := filepath.Base(found[i]); fullVersion.MatchString(version) {
				return filepath.Base(path) + " " + version
			}
		}
		return ""
	}
	ctx, cancel := context.WithTimeout(ctx, versionWithin)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, "--version")
	cmd.WaitDelay = time.Second
	out, err := cmd.Output()
	if err != nil {
		return ""
	}
	return string(out)
}

var fullVersion = regexp.MustCompile(`\b(\d+)\.\d+\.\d+\.\d+\b`)

// platforms are what browsers say of their systems since Chromium 110, whatever
// their versions are.
var platforms = map[string]string{
	"linux":   "X11; Linux x86_64",
	"darwin":  "Macintosh; Intel Mac OS X 10_15_7",
	"windows": "Windows NT 10.0; Win64; x64",
}

// userAgent is what the browser of a version would say with a window.
func userAgent(goos, version string, edge bool) string {
	m, platform := fullVersion.FindStringSubmatch(version), platforms[goos]
	if m == nil || platform == "" {
		return ""
	}
	agent := fmt.Sprintf("Mozilla/5.0 (%s) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/%s.0.0.0 Safari/537.36",
		platform, m[1])
	if edge {
		agent += fmt.Sprintf(" Edg/%s.0.0.0", m[1])
	}
	return agent
}
