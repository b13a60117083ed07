package export

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v4"

	"github.com/poactor/poactor/internal/telemetry"
	"github.com/poactor/poactor/messages"
	"github.com/poactor/poactor/po"
)

var docs = filepath.Join("..", "..", "..", "docs")

var update = flag.Bool("update", false, "print the table of docs/metrics.md")

// everything are events that give each metric each of its labels.
func everything() []any {
	w := messages.Worker{Name: "worker-1"}
	order := po.Outcome{Key: "1", Status: po.Failed, Cause: po.Timeout, Missing: []po.Missing{{Cause: po.Timeout}}}
	begin := messages.OrderStarted{Worker: w, Key: "1"}
	far := model.Now().Add(1e18).Time()
	return []any{
		messages.BatchMerged{Open: 2}, messages.RunStarted{Workers: 2}, messages.WorkerReady{Worker: w, Took: 1},
		begin, messages.OrderRead{Worker: w, Key: "1", Failure: po.ReadFailure{Cause: po.Timeout}},
		messages.OrderRetried{Key: "1", Failure: po.Failure{Cause: po.Timeout}}, begin,
		messages.OrderReleased{Key: "1", Cause: po.BrowserDied}, begin,
		messages.FilesFetched{Key: "1", Result: po.FetchResult{Saved: po.Saved{Files: []po.File{
			{Name: "a", Lane: po.LaneHTTP, Bytes: 1, Time: far}}}}},
		messages.OrderSettled{Outcome: order}, messages.OrdersReopened{Outcomes: []po.Outcome{order}},
		messages.WorkerLost{Worker: "worker-1", Cause: po.BrowserDied},
		messages.WorkerLost{Worker: "worker-1", Cause: po.BrowserDied, GaveUp: true},
		messages.PoolResized{From: 2, To: 1, LimitedBy: messages.LimitedByMemory},
		messages.SessionRestored{How: "x"},
	}
}

// scrape shows everything and reads it as Prometheus does.
func scrape(t *testing.T) map[string]*dto.MetricFamily {
	t.Helper()
	p := serve(t)
	defer p.Close()
	r, err := telemetry.New(p.Meters(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range everything() {
		r.Event(e)
	}
	response, err := http.Get(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return families
}

// docs/metrics.md has every metric with its type, labels and help, and none that there is not.
func TestMetricsPage(t *testing.T) {
	t.Parallel()
	var want []string
	for name, f := range scrape(t) {
		if name == "target_info" { // of the exporter
			continue
		}
		labels := map[string]bool{}
		for _, m := range f.Metric {
			for _, l := range m.Label {
				labels["`"+l.GetName()+"`"] = true
			}
		}
		kind := strings.ToLower(f.GetType().String())
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s |", name, kind,
			strings.Join(slices.Sorted(maps.Keys(labels)), ", "), f.GetHelp()))
	}
	slices.Sort(want)
	if *update {
		fmt.Println(strings.Join(want, "\n"))
	}
	text, err := os.ReadFile(filepath.Join(docs, "metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `poactor_") {
			got = append(got, strings.TrimSpace(line))
		}
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// series are the names that a query may use.
func series(t *testing.T) []string {
	t.Helper()
	var names []string
	for name, f := range scrape(t) {
		if f.GetType() == dto.MetricType_HISTOGRAM {
			names = append(names, name+"_bucket", name+"_sum", name+"_count")
		} else {
			names = append(names, name)
		}
	}
	return names
}

var metricName = regexp.MustCompile(`\bpoactor_[a-z_]+`)

// checkQuery wants a query to use metrics, and only those that there are.
func checkQuery(t *testing.T, known []string, query string) {
	t.Helper()
	names := metricName.FindAllString(query, -1)
	if len(names) == 0 {
		t.Errorf("no metric in %q", query)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			t.Errorf("%q: there is no metric %s", query, name)
		}
	}
	if strings.Count(query, "(") != strings.Count(query, ")") || strings.Count(query, "{") != strings.Count(query, "}") {
		t.Errorf("%q: brackets", query)
	}
}

// The dashboard and the alerts ask for metrics that there are.
func TestQueries(t *testing.T) {
	t.Parallel()
	known := series(t)
	var dashboard struct {
		Title  string
		Panels []struct {
			Title, Type string
			Targets     []struct{ Expr string }
		}
	}
	text, err := os.ReadFile(filepath.Join(docs, "grafana.json"))
	if err == nil {
		err = json.Unmarshal(text, &dashboard)
	}
	if err != nil || dashboard.Title == "" || len(dashboard.Panels) == 0 {
		t.Fatalf("%v, %+v", err, dashboard)
	}
	for _, p := range dashboard.Panels {
		if len(p.Targets) == 0 && p.Type != "row" {
			t.Errorf("the panel %q shows nothing", p.Title)
		}
		for _, q := range p.Targets {
			checkQuery(t, known, q.Expr)
		}
	}
	var alerts struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For string
				Labels           map[string]string
				Annotations      map[string]string
			}
		}
	}
	text, err = os.ReadFile(filepath.Join(docs, "alerts.yaml"))
	if err == nil {
		err = yaml.Unmarshal(text, &alerts)
	}
	if err != nil || len(alerts.Groups) == 0 {
		t.Fatalf("%v, %+v", err, alerts)
	}
	for _, g := range alerts.Groups {
		for _, r := range g.Rules {
			checkQuery(t, known, r.Expr)
			if r.Alert == "" || r.Annotations["summary"] == "" {
				t.Errorf("%+v says nothing", r)
			}
			if _, err := model.ParseDuration(r.For); r.For != "" && err != nil {
				t.Error(err)
			}
		}
	}
}
