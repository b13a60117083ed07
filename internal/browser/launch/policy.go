package launch

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/poactor/poactor/po"
)

// brand is a kind of browser, and where its policies are: what a company sets for the
// browsers of its machines.
type brand struct {
	name  string
	dirs  []string // Linux
	key   string   // Windows, in both hives
	plist string   // macOS
	page  string   // of the browser, that shows them
}

var (
	edge = brand{name: "Microsoft Edge", dirs: []string{"etc/opt/edge"}, key: `SOFTWARE\Policies\Microsoft\Edge`,
		plist: "com.microsoft.Edge", page: "edge://policy"}
	chrome = brand{name: "Google Chrome", dirs: []string{"etc/opt/chrome"}, key: `SOFTWARE\Policies\Google\Chrome`,
		plist: "com.google.Chrome", page: "chrome://policy"}
	chromium = brand{name: "Chromium", dirs: []string{"etc/chromium", "etc/chromium-browser"},
		key: `SOFTWARE\Policies\Chromium`, plist: "org.chromium.Chromium", page: "chrome://policy"}
	// unknown is any other browser, and the headless shell, which knows no policies.
	unknown = brand{name: "the browser", page: "chrome://policy"}
)

// brand tells the kind of a browser by what it says, or else by its path.
func (b Browser) brand() brand {
	said, path := strings.ToLower(b.Version), strings.ToLower(b.Path)
	switch {
	case b.Edge():
		return edge
	case b.isShell(), strings.Contains(said, "for testing"):
		return unknown
	case strings.HasPrefix(said, "google chrome"):
		return chrome
	case strings.HasPrefix(said, "chromium"), strings.Contains(path, "chromium"):
		return chromium
	case strings.Contains(path, "google"): // google-chrome, /opt/google/chrome, Google\Chrome, Google Chrome.app
		return chrome
	}
	return unknown
}

// policies are those of a browser that matter here. The zero value is none.
type policies struct {
	any        bool // there are some, whatever they are
	extensions bool // extensions come with the company's orders
	noDriving  bool // no program may drive the browser
}

// parsePolicies reads sets of policies, by their names, the stronger ones last. Values are
// as encoding/json has them; where there are no lists, as in the registry, a list is an
// object, and where there are no objects, one is a text.
func parsePolicies(recommended, managed []map[string]any) policies {
	all := map[string]any{}
	for _, set := range slices.Concat(recommended, managed) {
		maps.Copy(all, set)
	}
	must := map[string]any{}
	for _, set := range managed {
		maps.Copy(must, set)
	}
	p := policies{any: len(all) > 0}
	switch v := must["RemoteDebuggingAllowed"].(type) {
	case bool:
		p.noDriving = !v
	case float64:
		p.noDriving = v == 0
	}
	switch v := all["ExtensionInstallForcelist"].(type) {
	case []any:
		p.extensions = len(v) > 0
	case map[string]any:
		p.extensions = len(v) > 0
	}
	for _, v := range asObject(all["ExtensionSettings"]) {
		switch asObject(v)["installation_mode"] {
		case "force_installed", "normal_installed":
			p.extensions = true
		}
	}
	return p
}

func asObject(v any) map[string]any {
	switch v := v.(type) {
	case map[string]any:
		return v
	case string:
		var o map[string]any
		_ = json.Unmarshal([]byte(v), &o) // else it is none
		return o
	}
	return nil
}

// policies are those that this machine and user have for the browser, as far as they can
// be read; those from a vendor's cloud cannot.
func (b Browser) policies() policies { return readPolicies(b.brand()) }

// CheckPolicies tells whether policies forbid to drive the browser. The error is a
// *po.Error.
func (b Browser) CheckPolicies() error {
	if b.policies().noDriving {
		return b.drivingForbidden()
	}
	return nil
}

// drivingForbidden is the error where policies forbid to drive the browser.
func (b Browser) drivingForbidden() error {
	kind := b.brand()
	return &po.Error{
		Msg: fmt.Sprintf("the policy RemoteDebuggingAllowed of this machine forbids programs to drive %s (%s); see %s in it",
			kind.name, b.Path, kind.page),
		Hint:  HintForbidden,
		Cause: po.BrowserDied,
		Err:   ErrForbidden,
	}
}
