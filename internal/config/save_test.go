package config

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// What a run works with is known again by its output directory, whatever path leads
// there, and only there.
func TestRemember(t *testing.T) {
	t.Parallel()
	data, outs := t.TempDir(), t.TempDir()
	out := filepath.Join(outs, "orders")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	if got := Remembered(data, out); got != "" {
		t.Errorf("nothing is remembered, and there is %s", got)
	}
	s := Defaults()
	s.Out, s.Portal, s.BaseURL, s.Profile, s.Browser, s.Workers, s.LogFile, s.DryRun = out, "acme.yaml", "https://acme.example", "./profile", "/bin/browser", 7, "x.log", true
	for range 2 {
		if err := s.Remember(data); err != nil {
			t.Fatal(err)
		}
	}
	path := Remembered(data, out)
	again := Settings{}
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	again.Register(fs)
	if err := Fill(fs, Sources{Env: func(string) (string, bool) { return "", false }, File: path, Except: []string{"out"}}); err != nil {
		t.Fatal(err)
	}
	want := s
	want.Portal, want.Profile = absolute("acme.yaml"), absolute("profile")
	want.Out, want.LogFile, want.DryRun = "", "", false // of that start
	if diff := cmp.Diff(want, again); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := os.Symlink(outs, filepath.Join(data, "link")); err == nil {
		if got := Remembered(data, filepath.Join(data, "link", "orders")); got != path {
			t.Errorf("by a link: %q", got)
		}
	}
	if err := os.Rename(out, out+"2"); err != nil {
		t.Fatal(err)
	}
	if got := Remembered(data, out+"2"); got != "" {
		t.Errorf("moved: %q", got)
	}
}

// The name of a profile is remembered as it is: only a path depends on where it was said.
func TestRememberProfile(t *testing.T) {
	t.Parallel()
	for given, want := range map[string]string{
		"": "", "default": "default", NoProfile: NoProfile, filepath.Join("a", "b"): absolute(filepath.Join("a", "b")), ".": absolute("."),
	} {
		s := Defaults()
		s.Out, s.Profile = t.TempDir(), given
		data := t.TempDir()
		if err := s.Remember(data); err != nil {
			t.Fatal(err)
		}
		values, err := readFile(Remembered(data, s.Out), known())
		if err != nil || values["profile"].text != want {
			t.Errorf("%q: %q, %v", given, values["profile"].text, err)
		}
	}
}

// What is remembered does not grow without end.
func TestForget(t *testing.T) {
	t.Parallel()
	data, outs := t.TempDir(), t.TempDir()
	s := Defaults()
	for n := range manyRuns + 10 {
		s.Out = filepath.Join(outs, fmt.Sprint(n))
		if err := os.Mkdir(s.Out, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := s.Remember(data); err != nil {
			t.Fatal(err)
		}
		if n > 0 {
			os.Remove(s.Out)
		}
	}
	entries, err := os.ReadDir(filepath.Join(data, "runs"))
	if err != nil || len(entries) > 20 {
		t.Errorf("%d are remembered: %v", len(entries), err)
	}
	if Remembered(data, filepath.Join(outs, "0")) == "" {
		t.Error("that of a directory that is there is forgotten")
	}
}

func TestDataDir(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("elsewhere it is where the system says")
	}
	for text, want := range map[string]string{
		"": "", "HOME=/h": "/h/.local/share/poactor", "HOME=h": "", "HOME=/h XDG_DATA_HOME=/x": "/x/poactor", "HOME=/h XDG_DATA_HOME=x": "/h/.local/share/poactor",
	} {
		env := map[string]string{}
		for v := range strings.FieldsSeq(text) {
			name, value, _ := strings.Cut(v, "=")
			env[name] = value
		}
		if got := DataDir(func(name string) (string, bool) { v, ok := env[name]; return v, ok }); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
