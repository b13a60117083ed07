package launch

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePolicies(t *testing.T) {
	t.Parallel()
	extensions, noDriving := policies{any: true, extensions: true}, policies{any: true, noDriving: true}
	for name, row := range map[string]struct {
		recommended, managed []string
		want                 policies
	}{
		"none":       {nil, nil, policies{}},
		"empty file": {nil, []string{"{}"}, policies{}},
		"another":    {nil, []string{`{"HomepageLocation":"https://x.example"}`}, policies{any: true}},

		"driving is forbidden":            {nil, []string{`{"RemoteDebuggingAllowed":false}`}, noDriving},
		"driving is forbidden, by number": {nil, []string{`{"RemoteDebuggingAllowed":0}`}, noDriving},
		"driving is allowed":              {nil, []string{`{"RemoteDebuggingAllowed":true}`}, policies{any: true}},
		"driving is allowed, by number":   {nil, []string{`{"RemoteDebuggingAllowed":1}`}, policies{any: true}},
		"no such value":                   {nil, []string{`{"RemoteDebuggingAllowed":"no"}`}, policies{any: true}},
		"the last counts":                 {nil, []string{`{"RemoteDebuggingAllowed":false}`, `{"RemoteDebuggingAllowed":true}`}, policies{any: true}},
		"a recommendation does not count": {[]string{`{"RemoteDebuggingAllowed":false}`}, nil, policies{any: true}},

		"forced":                         {nil, []string{`{"ExtensionInstallForcelist":["id;https://x.example"]}`}, extensions},
		"forced, in the registry":        {nil, []string{`{"ExtensionInstallForcelist":{"1":"id"}}`}, extensions},
		"an empty list":                  {nil, []string{`{"ExtensionInstallForcelist":[]}`}, policies{any: true}},
		"recommended":                    {[]string{`{"ExtensionInstallForcelist":["id"]}`}, nil, extensions},
		"by settings":                    {nil, []string{`{"ExtensionSettings":{"*":{"installation_mode":"blocked"},"id":{"installation_mode":"force_installed"}}}`}, extensions},
		"by settings, may be turned off": {nil, []string{`{"ExtensionSettings":{"id":{"installation_mode":"normal_installed"}}}`}, extensions},
		"by settings, in the registry":   {nil, []string{`{"ExtensionSettings":"{\"id\":{\"installation_mode\":\"force_installed\"}}"}`}, extensions},
		"by settings, in keys":           {nil, []string{`{"ExtensionSettings":{"id":"{\"installation_mode\":\"force_installed\"}"}}`}, extensions},
		"only allowed":                   {nil, []string{`{"ExtensionSettings":{"*":{"installation_mode":"allowed"},"id":7}}`}, policies{any: true}},
		"settings that are none":         {nil, []string{`{"ExtensionSettings":"{"}`}, policies{any: true}},
	} {
		got := parsePolicies(sets(t, row.recommended), sets(t, row.managed))
		if diff := cmp.Diff(row.want, got, cmp.AllowUnexported(policies{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func sets(t *testing.T, texts []string) []map[string]any {
	list := make([]map[string]any, len(texts))
	for i, text := range texts {
		if err := json.Unmarshal([]byte(text), &list[i]); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestBrand(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ path, version, want string }{
		{"/usr/lib/chromium/chromium", "", "Chromium"},
		{"/usr/lib/chromium/chromium", "Chromium 156.0.8078.108 built on Debian", "Chromium"},
		{"/usr/lib/chromium/chromium-headless-shell", "", "the browser"},
		{"/opt/google/chrome/chrome", "", "Google Chrome"},
		{"/usr/bin/google-chrome", "Google Chrome 156.0.8078.108 ", "Google Chrome"},
		{`C:\Program Files\Google\Chrome\Application\chrome.exe`, "chrome.exe 156.0.8078.108", "Google Chrome"},
		{"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "", "Google Chrome"},
		{"/opt/chrome/chrome", "Google Chrome for Testing 156.0.8078.108", "the browser"},
		{"/opt/chrome/chrome", "Chromium 156.0.8078.0", "Chromium"},
		{"/opt/microsoft/msedge/msedge", "", "Microsoft Edge"},
		{"/opt/x/x", "Microsoft Edge 156.0.3099.1", "Microsoft Edge"},
		{"/opt/x/x", "", "the browser"},
	} {
		if got := (Browser{Path: row.path, Version: row.version}).brand().name; got != row.want {
			t.Errorf("%s, %s: %s, want %s", row.path, row.version, got, row.want)
		}
	}
}
