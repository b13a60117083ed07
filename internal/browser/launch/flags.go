package launch

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
)

// unwanted are features of the browser that nobody uses here. Those of the
// address bar make a page of its own for its suggestions in every new window:
// without it a browser's start and first page take 0.62 s of CPU time instead
// of 1.25 s, and 40 MB less (Chromium 156). Pages that have been left are never
// gone back to; keeping them costs 10 to 50 MB.
var unwanted = []string{
	"SpareRendererForSitePerProcess", "Translate", "BackForwardCache",
	"WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup",
}

// oneProcess has the browser do its drawing in its main process, and leaves out the one
// that others of its kind are copied from; a headless shell has its network there too.
// That spares a fifth of a shell's start, and 17 MB (Chromium 156, 4 workers on 2 slow
// cores, 30 orders: 145 orders a minute instead of 122, 0.56 s of CPU time an order
// instead of 0.70). The renderer, which the portal's script runs in, stays by itself and
// sandboxed. Only Linux, where it was measured, and where Chromium gives its network no
// sandbox that could be lost.
var oneProcess = []string{"--in-process-gpu", "--no-unsandboxed-zygote"}

// networkInProcess is the feature for it. With it the whole browser crashes where a
// portal or a proxy asks for Kerberos (WWW-Authenticate: Negotiate; Chromium 156).
const networkInProcess = "NetworkServiceInProcess2"

// What a page may put into a profile: the browser gives all sites together most of
// the disk otherwise. What no such bound is for is to be watched, see ProfileGrowth.
const (
	storageBytes = 128 << 20 // databases, caches of scripts, files of their own
	cacheBytes   = 64 << 20  // the HTTP cache
	// ProfileGrowth is how much all of it may take in bytes: more than these bounds,
	// and what a browser writes by itself.
	ProfileGrowth = 512 << 20
)

// The size of a page, in CSS pixels: that of a usual laptop.
const (
	ScreenWidth  = 1366
	ScreenHeight = 900
)

// Options says how a browser is started. The directories must be set.
type Options struct {
	ProfileDir string // the browser's user data directory
	TempDir    string // for its temporary files; a short path, as it puts sockets into it
	Headful    bool   // with its window
	Cloned     bool   // the profile is a copy of somebody's
	NoSandbox  bool   // without the browser's own sandbox
	NoImages   bool   // it loads none
	UserAgent  string // what it says that it is, see Browser.UserAgent; empty: as it likes
	// SignIn is for the window that somebody signs in with: with the extensions that the
	// profile has, and pages may ask for permissions, like that for the local network,
	// which the company's own programs for signing in are reached by.
	SignIn bool
	// Extensions leaves the profile's extensions on, as a company's sign-in may need one.
	Extensions bool
	// Negotiate lists the hosts to which the browser may show who the user of this machine
	// is, without asking (Kerberos, NTLM).
	Negotiate []string
}

// profileFlags are the arguments of every browser that works on a profile, driven or
// not: with others for the key or the session, the profile's cookies are lost.
func profileFlags(b Browser, o Options) []string {
	list := []string{
		"--user-data-dir=" + o.ProfileDir,
		"--no-first-run", "--no-default-browser-check",
		"--restore-last-session",                        // keeps cookies that live for a session
		"--password-store=basic", "--use-mock-keychain", // as at sign-in, or cookies are lost
	}
	if b.Edge() { // on Windows it may start itself again, without the pipe, and outside our group
		list = append(list, "--edge-skip-compat-layer-relaunch")
	}
	if len(o.Negotiate) > 0 {
		list = append(list, "--auth-server-allowlist="+strings.Join(o.Negotiate, ","))
	}
	if o.NoSandbox {
		list = append(list, "--no-sandbox")
	}
	return list
}

// flags are the arguments of a driven browser beside those of the pipe. What each of
// them brings was measured in Chromium 156: single-threaded V8 and a full
// screen of its own save half of the CPU time of an order.
func flags(b Browser, o Options) []string {
	list := append(profileFlags(b, o),
		"--no-startup-window", "--disable-component-update", "--disable-sync", "--disable-default-apps",
		"--disable-breakpad", "--disable-prompt-on-repost", "--disable-hang-monitor",
		"--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding",
		"--disable-background-timer-throttling",
		"--metrics-recording-only", "--mute-audio", "--disable-gpu", "--disable-software-rasterizer",
		"--disable-features="+strings.Join(unwanted, ","),
		"--js-flags=--single-threaded",
	)
	if b.Edge() { // else a company's Edge may hand the last page of a sign-in to another profile
		list = append(list, "--enable-automation")
	}
	if !o.Extensions && !o.SignIn && !b.policies().extensions {
		list = append(list, "--disable-extensions", "--disable-background-networking") // which brings and updates them
	}
	if !o.SignIn {
		list = append(list, "--deny-permission-prompts") // nobody would answer; what is granted stays
	}
	if !o.Cloned && !o.SignIn { // a headless shell would ask for none
		list = append(list, "--accept-lang=en-US,en")
	}
	storage := storageBytes
	if o.Cloned || o.SignIn { // what is in it already counts
		storage += ProfileGrowth
	}
	enabled := []string{fmt.Sprintf("StorageQuotaSettings:PoolSizeBytes/%d", storage)}
	if runtime.GOOS == "linux" {
		list = append(list, oneProcess...)
		if b.isShell() {
			enabled = append(enabled, networkInProcess)
		}
	}
	list = append(list, "--enable-features="+strings.Join(enabled, ","), fmt.Sprintf("--disk-cache-size=%d", cacheBytes))
	list = append(list, fmt.Sprintf("--window-size=%d,%d", ScreenWidth, ScreenHeight))
	if !o.Headful && !o.SignIn {
		list = append(list, "--headless=new", fmt.Sprintf("--screen-info={%dx%d}", ScreenWidth, ScreenHeight))
	}
	if o.NoImages {
		list = append(list, "--blink-settings=imagesEnabled=false")
	}
	if o.UserAgent != "" {
		list = append(list, "--user-agent="+o.UserAgent)
	}
	return list
}

// environment is ours without what would change the browser or leak from it,
// and with a directory for temporary files of its own.
func environment(tempDir string) []string {
	env := slices.DeleteFunc(os.Environ(), func(v string) bool {
		for _, prefix := range []string{"POACTOR_", "CHROME_", "SSLKEYLOGFILE=", "TMPDIR=", "TMP=", "TEMP="} {
			if strings.HasPrefix(v, prefix) {
				return true
			}
		}
		return false
	})
	if runtime.GOOS == "windows" {
		return append(env, "TMP="+tempDir, "TEMP="+tempDir)
	}
	return append(env, "TMPDIR="+tempDir)
}
