package report

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/poactor/poactor/internal/outdir"
	"github.com/poactor/poactor/internal/progress"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

func TestPageHasNoSecretAndNoWayOut(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(write(t, output(t), sample(30), false))
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	if strings.Contains(page, secret) {
		t.Error("the page has the query of an address")
	}
	if n := strings.Count(page, "</script>"); n != 2 || strings.Contains(page, "<img") {
		t.Errorf("what is hostile has become a part of the page: %d ends of scripts", n)
	}
	_, rest, _ := strings.Cut(page, `<script id="data" type="application/json">`)
	data, _, _ := strings.Cut(rest, "</script>")
	var got shownPage
	if err := json.Unmarshal([]byte(data), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Orders) != 32 || got.Orders[30].Supplier != hostile {
		t.Errorf("%d orders, the supplier of one is %q", len(got.Orders), got.Orders[30].Supplier)
	}
	if len(got.Thumbnails) != 1 || !strings.HasPrefix(got.Thumbnails[evidence], "data:image/jpeg;base64,") {
		t.Errorf("%d thumbnails", len(got.Thumbnails))
	}
}

// shownPage is what a test reads of a page.
type shownPage struct {
	Orders     []po.Outcome
	Thumbnails map[string]string
}

// A page of very many orders leaves out orders that ended well, and no others.
func TestManyOrders(t *testing.T) {
	t.Parallel()
	r := &record{}
	for i := range maxOrders + 100 {
		o := po.Outcome{Key: po.Key(fmt.Sprint(i)), Status: po.Completed}
		if i >= maxOrders {
			o.Status = po.Failed
		}
		r.outcomes = append(r.outcomes, o)
	}
	p := &page{Causes: map[po.Cause]help{}}
	if err := p.read(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for _, o := range p.Orders {
		if o.Status == po.Failed {
			failed++
		}
	}
	if len(p.Orders) != maxOrders || failed != 100 || p.Counts[po.Completed] != maxOrders {
		t.Errorf("%d orders, %d of them failed, counts %v", len(p.Orders), failed, p.Counts)
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	out := output(t)
	path := outdir.StatePath(out, outdir.EventsFile)
	if err := appendTo(path, `{"time":"2026-11-30T08:00:00Z","event":"run_en`); err != nil { // a power cut
		t.Fatal(err)
	}
	events, err := OpenEvents(out, progress.WriteEvent)
	if err != nil {
		t.Fatal(err)
	}
	events.Event(messages.RunEnded{})
	events.Event(struct{}{})
	if err := events.Close(); err != nil {
		t.Fatal(err)
	}
	events.Event(messages.RunEnded{}) // closed: nothing happens
	want := []string{"run_started", "worker_started", "worker_ready", "worker_lost", "worker_ready", "portal_paced",
		"session_lost", "session_restored", "run_paused", "run_resumed", "pool_resized", "fast_lane", "fast_lane", "fast_lane", "fast_lane", "fast_lane", "run_ended"}
	if diff := cmp.Diff(want, eventNames(readBack(t, out))); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

func TestEventsAreBounded(t *testing.T) {
	t.Parallel()
	out := output(t)
	events, err := OpenEvents(out, progress.WriteEvent)
	if err != nil {
		t.Fatal(err)
	}
	reason := strings.Repeat("x", 1000)
	const n = 3 * maxEvents / 1000
	for i := range n {
		events.Event(messages.PoolResized{To: i, Reason: reason})
	}
	if err := events.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(outdir.StatePath(out, outdir.EventsFile))
	if err != nil {
		t.Fatal(err)
	}
	list := readBack(t, out)
	if info.Size() > maxEvents || info.Size() < maxEvents/2 || list[len(list)-1].To != n-1 {
		t.Errorf("%d bytes, the last event is number %d", info.Size(), list[len(list)-1].To)
	}
	for i := range list {
		if list[i].To != list[0].To+i {
			t.Fatalf("after event %d comes %d", list[i-1].To, list[i].To)
		}
	}
}

// Folders of evidence lead nowhere but below the state directory.
func TestScreenshot(t *testing.T) {
	t.Parallel()
	for folder, want := range map[string]string{
		evidence:                        "evidence/PO00005/20261130T080100.000-timeout/page.png",
		".poactor/evidence/../ledger":   "",
		".poactor/evidence//a":          "",
		"/etc":                          "",
		"../.poactor/evidence/a":        "",
		".poactor/evidence/a/../../../": "",
	} {
		if got, ok := screenshot(folder); got != want || ok != (want != "") {
			t.Errorf("screenshot(%q) = %q, %v, want %q", folder, got, ok, want)
		}
	}
}

func TestDamagedPictures(t *testing.T) {
	t.Parallel()
	out := output(t)
	path := filepath.Join(out, filepath.FromSlash(evidence), "page.png")
	full, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, content := range [][]byte{nil, full[:len(full)/2], []byte("<svg onload=owned()>")} {
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(write(t, out, sample(10), true))
		if err != nil || strings.Contains(string(text), "base64,/9j/") {
			t.Errorf("a thumbnail of a damaged picture, or %v", err)
		}
	}
}

func readBack(t *testing.T, out string) []moment {
	t.Helper()
	state, err := outdir.OpenState(out)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	list, err := readEvents(state)
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if end := f.Close(); err == nil {
		err = end
	}
	return err
}

// Only an order's last try has a small picture: an order that fails in each of a thousand starts makes no report slow.
func TestSmallPictures(t *testing.T) {
	t.Parallel()
	out := output(t)
	folder := func(name string) string { return path.Join(outdir.StateDir, outdir.EvidenceDir, name) }
	for _, name := range []string{"a", "c", "d", "e"} {
		if err := os.CopyFS(filepath.Join(out, filepath.FromSlash(folder(name))), os.DirFS(filepath.Join(out, filepath.FromSlash(evidence)))); err != nil {
			t.Fatal(err)
		}
	}
	state, err := outdir.OpenState(out)
	if err != nil {
		t.Fatal(err)
	}
	defer state.Close()
	p := &page{Thumbnails: map[string]string{}, Pictures: map[string]bool{},
		Orders: []order{{Evidence: folder("c"), Tries: []try{{Evidence: folder("a")}, {Evidence: folder("c")}}},
			{Tries: []try{{Evidence: folder("d")}, {Evidence: folder("e")}, {}}}}}
	(&thumbnails{made: map[string]string{}}).fill(p, state)
	small := slices.Sorted(maps.Keys(p.Thumbnails))
	if want := []string{folder("c"), folder("e")}; !slices.Equal(small, want) || len(p.Pictures) != 4 {
		t.Errorf("small %v, want %v; %d in full", small, want, len(p.Pictures))
	}
}
