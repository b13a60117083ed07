package main

import (
	"io"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/sirupsen/logrus"
)

func TestOutFor(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		batch, asked, want string
		code               int
	}{
		"beside":            {batch: filepath.Join("x", "orders.csv"), want: filepath.Join("x", "orders")},
		"two dots":          {batch: "a.b.csv", want: "a.b"},
		"no extension":      {batch: "orders", want: "orders.out"},
		"hidden":            {batch: ".csv", want: ".csv.out"},
		"only dots":         {batch: "..csv", want: "..csv.out"},
		"asked":             {batch: "orders.csv", asked: "o", want: "o"},
		"standard input":    {batch: "-", code: exitUse},
		"standard in asked": {batch: "-", asked: "o", want: "o"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := outFor(tt.batch, tt.asked)
			if got != tt.want || exitCode(err) != tt.code {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	info := &debug.BuildInfo{Main: debug.Module{Version: "v1.2.3"}, Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "abc"}, {Key: "vcs.modified", Value: "true"}}}
	tests := map[string]struct {
		info    *debug.BuildInfo
		version string
		want    string
	}{
		"of the module": {info: info, want: "poactor v1.2.3, revision abc with changes\n"},
		"of the build":  {info: info, version: "v2", want: "poactor v2, revision abc with changes\n"},
		"of neither":    {info: &debug.BuildInfo{}, want: "poactor (devel)\n"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := newBuild(tt.info, tt.version).String(); !strings.HasPrefix(got, tt.want) {
				t.Errorf("%q", got)
			}
		})
	}
}

// A panic is one line for the user and a stack for the log.
func TestPanic(t *testing.T) {
	t.Parallel()
	var stderr, logged strings.Builder
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: &stderr,
		env: func(string) (string, bool) { panic("first line\nsecond line") }}
	a.log = logrus.New()
	a.log.SetOutput(&logged)
	if code := a.main([]string{"orders.csv"}); code != exitBug {
		t.Errorf("exit code %d", code)
	}
	want := "poactor: error: a bug: first line second line\n" +
		"poactor: hint: run again with --log-file FILE and report it with that file\n"
	if stderr.String() != want {
		t.Errorf("%q", stderr.String())
	}
	if !strings.Contains(logged.String(), "goroutine") {
		t.Errorf("no stack in the log: %q", logged.String())
	}
}
