package launch

import (
	"slices"
	"strings"
	"testing"
)

func TestEnvironmentAndFlags(t *testing.T) {
	t.Setenv("POACTOR_PROFILE", "x")
	t.Setenv("SSLKEYLOGFILE", "/x")
	env := environment("/short")
	for _, v := range env {
		if strings.HasPrefix(v, "POACTOR_") || strings.HasPrefix(v, "SSLKEYLOGFILE") {
			t.Errorf("the browser gets %s", v)
		}
	}
	for name, row := range map[string]struct {
		options Options
		has     []string
		lacks   []string
	}{
		"default": {Options{}, []string{"--headless=new", "--screen-info={1366x900}"}, []string{"--no-sandbox", "--blink-settings=imagesEnabled=false"}},
		"headful": {Options{Headful: true}, nil, []string{"--headless=new", "--screen-info={1366x900}"}},
		"asked":   {Options{NoSandbox: true, NoImages: true}, []string{"--no-sandbox", "--blink-settings=imagesEnabled=false"}, nil},
	} {
		row.options.ProfileDir = "/p"
		got := flags(row.options)
		for _, f := range append(row.has, "--user-data-dir=/p") {
			if !slices.Contains(got, f) {
				t.Errorf("%s: %s is missing", name, f)
			}
		}
		for _, f := range row.lacks {
			if slices.Contains(got, f) {
				t.Errorf("%s: %s is there", name, f)
			}
		}
	}
}
