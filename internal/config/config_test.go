package config

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/spf13/pflag"

	"github.com/poactor/poactor"
	"github.com/poactor/poactor/portal"
)

// fill parses args, then fills from env and a file with the given text.
func fill(t *testing.T, args []string, env map[string]string, file string) (Settings, error) {
	t.Helper()
	path := ""
	if file != "" {
		path = filepath.Join(t.TempDir(), "config.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var s Settings
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	s.Register(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	lookup := func(name string) (string, bool) { v, ok := env[name]; return v, ok }
	return s, Fill(fs, Sources{Env: lookup, File: path})
}

func TestPrecedence(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		env  map[string]string
		file string
		want func(*Settings)
	}{
		"default": {want: func(*Settings) {}},
		"file":    {file: "workers: 6\n", want: func(s *Settings) { s.Workers = 6 }},
		"environment before file": {
			env: map[string]string{"POACTOR_WORKERS": "7"}, file: "workers: 6\n",
			want: func(s *Settings) { s.Workers = 7 },
		},
		"flag before environment": {
			args: []string{"--workers=8"}, env: map[string]string{"POACTOR_WORKERS": "7"}, file: "workers: 6\n",
			want: func(s *Settings) { s.Workers = 8 },
		},
		"flag with the default's value": {
			args: []string{"--workers=4"}, env: map[string]string{"POACTOR_WORKERS": "7"},
			want: func(s *Settings) { s.Workers = 4 },
		},
		"flag before a bad variable": {
			args: []string{"--workers=8"}, env: map[string]string{"POACTOR_WORKERS": "x"},
			want: func(s *Settings) { s.Workers = 8 },
		},
		"empty variable": {
			env: map[string]string{"POACTOR_WORKERS": ""}, file: "workers: 6\n",
			want: func(s *Settings) { s.Workers = 6 },
		},
		"every kind in a file": {
			file: "# mine\nbase_url: https://x.example\nheadful: true\ntask-timeout: 90s\nretries: 0\nportal: '/x/a b.yaml'\n",
			want: func(s *Settings) {
				s.BaseURL, s.Headful, s.TaskTimeout, s.Retries, s.Portal =
					"https://x.example", true, 90*time.Second, 0, "/x/a b.yaml"
			},
		},
		"sizes": {
			args: []string{"--max-file=500MB"}, env: map[string]string{"POACTOR_MIN_FREE": "1.5 GiB"},
			want: func(s *Settings) { s.MaxFile, s.MinFree = 500_000_000, 3<<29 },
		},
		"no bounds": {
			args: []string{"--max-file=0", "--min-free=0"},
			want: func(s *Settings) { s.MaxFile, s.MinFree = 0, 0 },
		},
		"only a comment": {file: "# nothing yet\n", want: func(*Settings) {}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := fill(t, tt.args, tt.env, tt.file)
			if err != nil {
				t.Fatal(err)
			}
			want := Settings{Workers: 4, Portal: "coupa", Retries: 2, TaskTimeout: 2 * time.Minute, MaxFile: 2 << 30, MinFree: -1, LogLevel: "info"}
			tt.want(&want)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestBadSources(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		env  map[string]string
		file string
		want string // part of the one line
	}{
		"unknown key":    {file: "workers: 4\nworker: 5\n", want: `config.yaml:2: unknown key "worker"; did you mean workers?`},
		"twice":          {file: "workers: 4\nretries: 1\nworkers: 5\n", want: `config.yaml:3: `},
		"both spellings": {file: "base-url: a\nbase_url: b\n", want: `config.yaml:2: key "base-url" is there twice`},
		"bad value":      {file: "\nworkers: many\n", want: `config.yaml:2: "many" is not a value of workers: must be an integer`},
		"list":           {file: "workers: [1, 2]\n", want: `config.yaml:1: "workers" wants one plain value`},
		"nothing":        {file: "workers:\n", want: `config.yaml:1: "workers" wants one plain value`},
		"no mapping":     {file: "just words\n", want: `config.yaml:1: want lines like`},
		"list at top":    {file: "- workers: 1\n", want: `config.yaml:1: want lines like`},
		"tab":            {file: "workers:\n\t4\n", want: `config.yaml:`},
		"help is no key": {file: "help: true\n", want: `unknown key "help"`},
		"bad size":       {env: map[string]string{"POACTOR_MAX_FILE": "big"}, want: `POACTOR_MAX_FILE: "big" is not a value of max-file: must be a size like 500MB or 2GiB`},
		"bad variable":   {env: map[string]string{"POACTOR_TASK_TIMEOUT": "soon"}, want: `POACTOR_TASK_TIMEOUT: "soon" is not a value of task-timeout: must be a duration`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := fill(t, nil, tt.env, tt.file)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got  %q\nwant a line with %q", err, tt.want)
			}
		})
	}
}

// A command that declares only some settings takes those, and the file may
// name the others.
func TestFillPart(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "c.yaml")
	if err := os.WriteFile(path, []byte("workers: 9\nbrowser: /b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var s Settings
	fs := pflag.NewFlagSet("", pflag.ContinueOnError)
	s.RegisterBrowser(fs)
	orders := fs.Int("orders", 60, "")
	env := map[string]string{"POACTOR_ORDERS": "5", "POACTOR_NO_SANDBOX": "true"}
	err := Fill(fs, Sources{Env: func(n string) (string, bool) { v, ok := env[n]; return v, ok }, File: path})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Settings{Browser: "/b", NoSandbox: true}, s); diff != "" {
		t.Error(diff)
	}
	if *orders != 60 {
		t.Errorf("orders = %d: not a setting of a run", *orders)
	}
}

// A relative path in a file is relative to the file; those of flags and variables
// are as they were given.
func TestPathsOfAFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, portal := range map[string]string{"config.yaml": "sub/acme.yaml", "acme": "acme"} {
		text := "portal: " + portal + "\nprofile: ../profile\nbrowser: /opt/b\nlog-file: run.log\nout: .\nbase-url: https://x\nlog-level: warn\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(file string, args ...string) Settings {
		t.Helper()
		var s Settings
		fs := pflag.NewFlagSet("", pflag.ContinueOnError)
		s.Register(fs)
		if err := fs.Parse(args); err != nil {
			t.Fatal(err)
		}
		env := func(name string) (string, bool) {
			v, ok := map[string]string{"POACTOR_LOG_FILE": "env.log"}[name]
			return v, ok
		}
		if err := Fill(fs, Sources{Env: env, File: file}); err != nil {
			t.Fatal(err)
		}
		return s
	}
	want := Defaults()
	want.Portal, want.Profile, want.Browser, want.Out = filepath.Join(dir, "sub", "acme.yaml"), filepath.Join(filepath.Dir(dir), "profile"), "/opt/b", "o"
	want.LogFile, want.BaseURL, want.LogLevel = "env.log", "https://x", "warn"
	if diff := cmp.Diff(want, read(filepath.Join(dir, "config.yaml"), "--out=o")); diff != "" {
		t.Error(diff)
	}
	if got := read(filepath.Join(dir, "acme")); got.Portal != filepath.Join(dir, "acme") || got.Out != dir {
		t.Errorf("%+v", got)
	}
	home, err := os.UserHomeDir()
	if err != nil {
		t.Skip("no home directory")
	}
	for _, tt := range []struct{ name, text, want string }{
		{"portal", "coupa", "coupa"}, {"portal", "acme", "acme"}, {"profile", "~/p", filepath.Join(home, "p")},
		{"profile", "none", "none"}, {"profile", "audit", "audit"}, {"profile", "./p", filepath.Join("etc", "p")},
		{"passphrase-file", "p", filepath.Join("etc", "p")},
		{"profile", "", ""}, {"workers", "4", "4"}, {"browser", "b", filepath.Join("etc", "b")},
	} {
		if got := fromFile(filepath.Join("etc", "c.yaml"), tt.name, tt.text); got != tt.want {
			t.Errorf("%s: %s becomes %q, want %q", tt.name, tt.text, got, tt.want)
		}
	}
}

func TestUnknown(t *testing.T) {
	t.Parallel()
	got := Unknown([]string{"PATH=/bin", "POACTOR_WORKERS=4", "POACTOR_CONFIG=c", "POACTOR_BASEURL=https://u:secret@x", "POACTOR_worker=4",
		"POACTOR_SERVICE_HOST=10.0.0.1", "POACTOR_EMPTY="})
	want := []string{"the environment variable POACTOR_BASEURL is no setting; did you mean POACTOR_BASE_URL?",
		"the environment variable POACTOR_SERVICE_HOST is no setting", "the environment variable POACTOR_worker is no setting; did you mean POACTOR_WORKERS?"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if got := Find("", dir); got != "" {
		t.Errorf("without a file: %q", got)
	}
	path := filepath.Join(dir, "poactor", "config.yaml")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := Find("", dir); got != path {
		t.Errorf("user's: %q", got)
	}
	if got := Find("mine.yaml", dir); got != "mine.yaml" {
		t.Errorf("named: %q", got)
	}
}

func TestFileThatIsNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for path, want := range map[string]string{
		filepath.Join(dir, "no.yaml"): "does not exist",
		dir:                           "is not a file",
	} {
		if _, err := readFile(path, known()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		want string // empty: good
	}{
		"defaults":         {},
		"64 workers":       {args: []string{"--workers=64"}},
		"no workers":       {[]string{"--workers=0"}, "--workers must be 1 to 64, not 0"},
		"negative workers": {[]string{"--workers=-3"}, "--workers must be 1 to 64, not -3"},
		"65 workers":       {[]string{"--workers=65"}, "--workers must be 1 to 64, not 65"},
		"retries":          {[]string{"--retries=-1"}, "--retries must be 0 or more, not -1"},
		"timeout":          {[]string{"--task-timeout=10ms"}, "--task-timeout must be 1s or more, not 10ms"},
		"limit":            {[]string{"--limit=-1"}, "--limit must be 0 or more, not -1"},
		"level":            {[]string{"--log-level=loud"}, `--log-level must be error, warn, info, debug or trace, not "loud"`},
		"json and quiet":   {[]string{"--json", "--quiet"}, "--json and --quiet cannot go together"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, err := fill(t, tt.args, nil, "")
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if err := s.Check(); err != nil {
				got = err.Error()
			}
			if got != tt.want {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
}

func TestRun(t *testing.T) {
	t.Parallel()
	s, err := fill(t, []string{"--retries=4", "--profile=p", "--browser=b", "--headful", "--no-sandbox", "--login-wait=1m"}, nil, "")
	if err != nil {
		t.Fatal(err)
	}
	want := poactor.Config{
		Portal: portal.Portal{Name: "x"}, Out: "o", Workers: 4, Attempts: 5, TaskTimeout: 2 * time.Minute, MaxFile: 2 << 30,
		Browser: "b", Headful: true, LoginWait: time.Minute, NoSandbox: true,
	}
	got := s.Run(portal.Portal{Name: "x"}, "o")
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(poactor.Config{}, "OnEvent", "Log"), cmpopts.IgnoreUnexported(poactor.Config{})); diff != "" {
		t.Error(diff)
	}
}

func FuzzFile(f *testing.F) {
	for _, seed := range []string{"workers: 4\n", "a: b\n", "- x\n", "workers:\n\t4", "{workers: 1}", "? [a]: b", "&a workers: *a", "<<: {workers: 1}\n", "workers: |\n  4\n"} {
		f.Add(seed)
	}
	names := map[string]bool{}
	known().VisitAll(func(fl *pflag.Flag) { names[fl.Name] = true })
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parse("c.yaml", []byte(text), known())
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("more than one line: %q", err)
		}
		for name := range maps.Keys(got) {
			if !names[name] {
				t.Errorf("unknown key %q taken", name)
			}
		}
	})
}
