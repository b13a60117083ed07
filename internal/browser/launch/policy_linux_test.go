package launch

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadPolicyFiles(t *testing.T) {
	t.Parallel()
	const forces, forbids, allows = `{"ExtensionInstallForcelist":["id"]}`, `{"RemoteDebuggingAllowed":false}`, `{"RemoteDebuggingAllowed":true}`
	for name, row := range map[string]struct {
		files   map[string]string
		brand   brand
		want    policies
		managed bool // whatever browser it is for
	}{
		"none":               {nil, chromium, policies{}, false},
		"Chromium":           {map[string]string{"etc/chromium/policies/managed/a.json": forces}, chromium, policies{any: true, extensions: true}, true},
		"Ubuntu's Chromium":  {map[string]string{"etc/chromium-browser/policies/managed/a.json": forbids}, chromium, policies{any: true, noDriving: true}, true},
		"Chrome":             {map[string]string{"etc/opt/chrome/policies/recommended/a.json": forces}, chrome, policies{any: true, extensions: true}, true},
		"Edge":               {map[string]string{"etc/opt/edge/policies/managed/a.json": forbids}, edge, policies{any: true, noDriving: true}, true},
		"another browser's":  {map[string]string{"etc/opt/edge/policies/managed/a.json": forbids}, chrome, policies{}, true},
		"of no known brand":  {map[string]string{"etc/opt/edge/policies/managed/a.json": forbids}, unknown, policies{}, true},
		"no policy file":     {map[string]string{"etc/chromium/policies/managed/README": forbids}, chromium, policies{}, true},
		"the last file":      {map[string]string{"etc/chromium/policies/managed/a.json": forbids, "etc/chromium/policies/managed/b.json": allows}, chromium, policies{any: true}, true},
		"with a comment":     {map[string]string{"etc/chromium/policies/managed/a.json": "// x\n" + forbids}, chromium, policies{any: true, extensions: true}, true},
		"beside another one": {map[string]string{"etc/chromium/policies/managed/a.json": "{", "etc/chromium/policies/managed/b.json": forbids}, chromium, policies{any: true, extensions: true, noDriving: true}, true},
		"not policies":       {map[string]string{"etc/chromium/master_preferences": "{}"}, chromium, policies{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			for file, text := range row.files {
				path := filepath.Join(root, file)
				if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(row.want, readPolicyFiles(root, row.brand), cmp.AllowUnexported(policies{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if got := managedBelow(root); got != row.managed {
				t.Errorf("managed: %v", got)
			}
		})
	}
}
