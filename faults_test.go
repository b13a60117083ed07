package poactor

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/poactor/poactor/internal/browser"
	"github.com/poactor/poactor/internal/fault"
	"github.com/poactor/poactor/internal/fault/faulty"
	"github.com/poactor/poactor/internal/testportal"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/portal"
	"github.com/poactor/poactor/profilestore"
)

// always has one fault, in each operation that it strikes, and what is told of it.
func always(k fault.Kind) (*faulty.Ports, *[]messages.FaultInjected) {
	f, told := faulty.New(fault.Plan{Seed: 1, Every: map[fault.Kind]int{k: 1}}), new([]messages.FaultInjected)
	f.SetSink(func(e any) { *told = append(*told, e.(messages.FaultInjected)) })
	return f, told
}

// A plan of faults is checked before anything is opened.
func TestPlanOfFaultsIsChecked(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"every: {rain: 3}", "evry: {}", "every: ["} {
		if err := (Config{Faults: text}).validate(); err == nil || !strings.Contains(err.Error(), "fault") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// A fault that cannot happen to what a host runs is an error, not silence.
func TestBrowserFaultsNeedRealBrowsers(t *testing.T) {
	t.Parallel()
	coupa, _ := portal.Builtin("coupa")
	coupa, err := coupa.WithBaseURL("http://127.0.0.1:1")
	must(t, err)
	for text, wanted := range map[string]bool{
		"every: {browser_kill: 3}": false, "every: {profile_stuck: 3}": false, "every: {disk_full: 3}": true,
		"every: {worker_panic: 3}": true, "every: {portal_500: 3}": false, "every: {poactor_kill: 3}": false,
		"{every: {portal_500: 3}, elsewhere: true}": true,
	} {
		cfg := Config{Portal: coupa, Out: t.TempDir(), Browsers: browsers{}, Faults: text}
		if err := cfg.withDefaults().validate(); (err == nil) != wanted {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// No browser starts on a profile that is damaged.
func TestDamagedProfileIsDamaged(t *testing.T) {
	t.Parallel()
	f, told := always(fault.ProfileDamaged)
	r := newTrial(t, testportal.Options{Orders: 1})
	settings, err := r.cfg.browserConfig()
	must(t, err)
	dir, err := os.MkdirTemp("", "ps")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, damaged := range []bool{false, true} {
		home := filepath.Join(dir, map[bool]string{false: "1", true: "2"}[damaged])
		p := browser.Profile{ID: home, Dir: filepath.Join(home, "p"), TempDir: filepath.Join(home, "t"),
			Release: func() error { return nil }}
		must(t, os.MkdirAll(p.Dir, 0o700))
		must(t, os.MkdirAll(p.TempDir, 0o700))
		if damaged {
			f.Leased(p.ID, p.Dir)
		}
		settings.Lease = func(context.Context) (browser.Profile, error) { return p, nil }
		s, err := browser.New(settings).Open(t.Context())
		if err == nil {
			s.Close()
		}
		if (err != nil) != damaged {
			t.Errorf("damaged: %v, the browser starts: %v", damaged, err)
		}
	}
	if len(*told) != 1 {
		t.Errorf("told: %v, want the one", *told)
	}
}

// A fault of a browser that is dead already is not told of.
func TestFaultOfADeadBrowserIsNotTold(t *testing.T) {
	t.Parallel()
	r := newTrial(t, testportal.Options{Orders: 1})
	settings, err := r.cfg.browserConfig()
	must(t, err)
	o := &resources{}
	dir, err := os.MkdirTemp("", "ps")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	o.profiles, err = profilestore.Open(profilestore.Config{Dir: filepath.Join(dir, "w")})
	must(t, err)
	defer o.closeProfiles()
	settings.Lease = func(ctx context.Context) (browser.Profile, error) { return o.lease(ctx, o.profiles.Lease) }
	for _, k := range fault.Kinds() {
		if k.Op() != fault.OpRead || k == fault.WorkerPanic {
			continue
		}
		f, told := always(k)
		s, err := f.Browsers(browsers{launcher: browser.New(settings)}).Open(t.Context())
		must(t, err)
		must(t, s.Close())
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err = s.Read(ctx, r.orders(t)[0], nil)
		cancel()
		if err == nil || len(*told) > 0 {
			t.Errorf("%s: %v, told %v", k, err, *told)
		}
	}
}
