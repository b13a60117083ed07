package browser

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/poactor/poactor/internal/browser/launch"
	"github.com/poactor/poactor/internal/process"
)

// A browser draws in its main process, and a headless shell has its network there. One that no longer
// knows the flags of launch that ask for one process starts all the same, but is slower to.
func TestOneProcess(t *testing.T) {
	t.Parallel()
	s := openSession(t, testPortal(serve(t, site{"/orders/1": page("<p class=none>None.</p>")})))
	mustRead(t, s, "1")
	list, err := process.Find(func(arg string) bool { return arg == "--user-data-dir="+s.profile.Dir })
	if err != nil {
		t.Fatal(err)
	}
	kind := regexp.MustCompile(`--(type|utility-sub-type)=([^ ]+)`)
	var kinds []string
	for _, p := range list {
		line := strings.Join(p.Args, " ")
		if strings.Contains(line, "--no-zygote-sandbox") {
			kinds = append(kinds, "second zygote")
		}
		for _, m := range kind.FindAllStringSubmatch(line, -1) {
			kinds = append(kinds, m[2])
		}
	}
	if !slices.Contains(kinds, "renderer") {
		t.Errorf("no renderer among %v", kinds)
	}
	unwanted := []string{"second zygote", "gpu-process"}
	if path, _ := launch.Find(*browserPath, false); strings.Contains(path, "headless") {
		unwanted = append(unwanted, "network.mojom.NetworkService")
	}
	for _, k := range unwanted {
		if slices.Contains(kinds, k) {
			t.Errorf("a %s among %v", k, kinds)
		}
	}
}
