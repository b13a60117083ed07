package profilestore

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/po"
)

const ownPreferences = `{"download":{"prompt_for_download":false},"plugins":{"always_open_pdf_externally":true}}`

func TestCloneKeepsWhatMatters(t *testing.T) {
	t.Parallel()
	kept := map[string]string{
		"Local State":                          `{"os_crypt":{"encrypted_key":"k"}}`,
		"Default/Cookies":                      "cookies",
		"Default/Cookies-journal":              "j",
		"Default/Network/Cookies":              "windows",
		"Default/Secure Preferences":           "{}",
		"Default/Local Storage/leveldb/1.ldb":  strings.Repeat("ldb", 100_000),
		"Default/Session Storage/1.log":        "s",
		"Default/IndexedDB/https_x/1.ldb":      "i",
		"Default/Local Storage/leveldb/LOCKED": "not a lock",
		"Profile 1/Cookies":                    "other",
	}
	left := map[string]string{
		"SingletonCookie": "x", "lockfile": "x", "DevToolsActivePort": "x", "RunningChromeVersion": "x",
		"BrowserMetrics-spare.pma": "x", "BrowserMetrics/a.pma": "x", "Crashpad/reports/a.dmp": "x", "GrShaderCache/a": "x",
		"ShaderCache/a": "x", "GraphiteDawnCache/a": "x", "component_crx_cache/a": "x", "extensions_crx_cache/a": "x",
		"Safe Browsing/a": "x", "optimization_guide_model_store/a": "x", "segmentation_platform/a": "x", "WidevineCdm/a": "x",
		"Subresource Filter/a": "x", "GPUPersistentCache/a": "x",
		"Default/Cache/a": "x", "Default/Code Cache/a": "x", "Default/GPUCache/a": "x", "Default/DawnWebGPUCache/a": "x",
		"Default/Service Worker/a": "x", "Default/blob_storage/a": "x", "Default/GCM Store/a": "x", "Default/Sessions/a": "x",
		"Default/Local Storage/leveldb/LOCK": "x",
		"Default/Login Data":                 "x", "Default/Login Data-journal": "x", "Default/Login Data For Account": "x", "Profile 1/Login Data": "x",
		"Default/Web Data": "x", "Default/Web Data-wal": "x", "Default/Account Web Data": "x", "Default/Affiliation Database": "x",
		"Default/passkey_enclave_state": "x", "trusted_vault.pb": "x", "Default/History": "x", "Default/History-journal": "x", "Default/Visited Links": "x",
		"Default/Top Sites": "x", "Default/Favicons": "x", "Default/Shortcuts": "x", "Default/Bookmarks.bak": "x", "Default/Network Action Predictor": "x",
		"Default/Sync Data/LevelDB/a": "x",
	}
	base := t.TempDir()
	write(t, base, kept)
	write(t, base, left)
	if runtime.GOOS != "windows" {
		outside := t.TempDir()
		write(t, outside, map[string]string{"secret": "s"})
		for link, target := range map[string]string{"Default/out": outside, "Default/file": outside + "/secret", "SingletonLock": "nobody", "in": "Default"} {
			if err := os.Symlink(target, filepath.Join(base, link)); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := read(t, filepath.Join(base, "Default", "Local Storage"))
	p := lease(t, openStore(t, Config{Base: base}))
	kept["Default/Preferences"] = ownPreferences
	if diff := cmp.Diff(kept, read(t, p.Dir)); diff != "" {
		t.Errorf("clone (-want +got):\n%s", diff)
	}
	if runtime.GOOS == "windows" {
		return
	}
	for name, mode := range map[string]os.FileMode{"Local State": 0o600, "Default/Cookies": 0o600, "Default/Local Storage": 0o700 | os.ModeDir} {
		info, err := os.Stat(filepath.Join(p.Dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode() != mode {
			t.Errorf("%s has mode %v, want %v", name, info.Mode(), mode)
		}
	}
	write(t, p.Dir, map[string]string{"Default/Local Storage/leveldb/1.ldb": "changed in place"})
	if diff := cmp.Diff(before, read(t, filepath.Join(base, "Default", "Local Storage"))); diff != "" {
		t.Errorf("the base changed with its clone:\n%s", diff)
	}
}

func TestBaseInUse(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the lock is another one there")
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	own := host + "-" + strconv.Itoa(os.Getpid())
	rows := map[string]struct {
		link      string
		msg, hint string // parts; empty: it is nobody's
	}{
		"living process":    {own, "is in use by a running browser (process " + strconv.Itoa(os.Getpid()) + ")", "close the browser"},
		"dead process":      {host + "-4194304", "", ""}, // above every pid_max
		"other host":        {"elsewhere.example-17", "is held by a browser of another host, elsewhere.example (process 17)", "remove "},
		"gone container":    {"4f0c9d2b7a11-1", "is held by a browser of another host, 4f0c9d2b7a11 (process 1)", "container is gone"},
		"host of two words": {"web-1-17", "another host, web-1 (process 17)", "remove "},
		"no pid":            {"nobody", "", ""},
		"pid of no kind":    {host + "-x", "", ""},
		"pid of a group":    {host + "--0", "", ""},
		"pid of everyone":   {host + "-0", "", ""},
	}
	for name, row := range rows {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			base := t.TempDir()
			write(t, base, map[string]string{"Local State": "{}"})
			if err := os.Symlink(row.link, filepath.Join(base, "SingletonLock")); err != nil {
				t.Fatal(err)
			}
			s, err := Open(Config{Dir: workDir(t), Base: base})
			if err == nil {
				defer s.Close()
			}
			e, refused := errors.AsType[*po.Error](err)
			switch {
			case !refused:
				if err != nil || row.msg != "" {
					t.Errorf("not refused: %v", err)
				}
			case row.msg == "" || !strings.Contains(e.Msg, row.msg) || !strings.Contains(e.Hint, row.hint):
				t.Errorf("%s; %s", e.Msg, e.Hint)
			case !errors.Is(err, ErrBaseInUse) || po.CauseOf(err) != po.ProfileFailed:
				t.Errorf("error without cause: %v", err)
			}
		})
	}
}

func TestBaseTakenIntoUseLater(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("the lock is another one there")
	}
	base := t.TempDir()
	write(t, base, map[string]string{"Local State": "{}"})
	s := openStore(t, Config{Base: base, Capacity: 1})
	host, _ := os.Hostname()
	if err := os.Symlink(host+"-"+strconv.Itoa(os.Getpid()), filepath.Join(base, "SingletonLock")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Lease(t.Context()); !errors.Is(err, po.ProfileFailed) {
		t.Errorf("Lease: %v, want profile_failed", err)
	}
	if err := os.Remove(filepath.Join(base, "SingletonLock")); err != nil {
		t.Fatal(err)
	}
	lease(t, s) // the failure has cost no capacity
}

func TestCloneTooLarge(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	write(t, base, map[string]string{"Local State": "{}", "Default/big": strings.Repeat("x", 2000), "Default/Cache/more": strings.Repeat("x", 9000)})
	if _, err := Open(Config{Dir: workDir(t), Base: base, MaxBytes: 1999}); !errors.Is(err, po.ProfileFailed) {
		t.Errorf("Open: %v, want profile_failed", err)
	}
	dir := workDir(t)
	s := openStore(t, Config{Dir: dir, Base: base, MaxBytes: 2100})
	write(t, base, map[string]string{"Default/more": strings.Repeat("x", 200)}) // it grows
	if _, err := s.Lease(t.Context()); !errors.Is(err, po.ProfileFailed) {
		t.Errorf("Lease: %v, want profile_failed", err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("after a failed lease there are %v, %v; want lock and marker only", entries, err)
	}
	lease(t, openStore(t, Config{Base: base, MaxBytes: 2300}))
}
