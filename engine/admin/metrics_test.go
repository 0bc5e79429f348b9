package admin

import (
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v2"
)

// described are the names of the metrics that s has, whether there is something to count or not.
func described(t *testing.T) []string {
	t.Helper()
	name := regexp.MustCompile(`fqName: "(\w+)"`)
	var list []string
	for _, m := range all {
		found := name.FindStringSubmatch(m.desc.String())
		if found == nil {
			t.Fatalf("no name in %s", m.desc)
		}
		list = append(list, found[1])
	}
	return list
}

// TestMonitoringNames: what the dashboard and the alerts ask for is there, and every metric is on the dashboard or in an
// alert.
func TestMonitoringNames(t *testing.T) {
	known := described(t)
	asked := map[string]bool{}
	for _, file := range []string{"grafana.json", "prometheus-alerts.yaml"} {
		text, err := os.ReadFile(filepath.Join("../../policies", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`zorpgo_[a-z_]+`).FindAllString(string(text), -1) {
			name = strings.TrimSuffix(name, "_bucket")
			asked[name] = true
			if !slices.Contains(known, name) {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
	for _, name := range known {
		if !asked[name] && name != "zorpgo_start_time_seconds" && name != "zorpgo_listeners" {
			t.Errorf("nobody looks at %s", name)
		}
	}
}

func TestMonitoringFiles(t *testing.T) {
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Annotations map[string]string
			}
		}
	}
	text, err := os.ReadFile("../../policies/prometheus-alerts.yaml")
	if err == nil {
		err = yaml.UnmarshalStrict(text, &struct{ Groups any }{})
	}
	if err == nil {
		err = yaml.Unmarshal(text, &rules)
	}
	if err != nil || len(rules.Groups) != 1 || len(rules.Groups[0].Rules) < 10 {
		t.Fatalf("%+v, %v", rules, err)
	}
	for _, r := range rules.Groups[0].Rules {
		if r.Alert == "" || r.Expr == "" || r.Annotations["summary"] == "" {
			t.Errorf("not whole: %+v", r)
		}
	}
	var board struct {
		Panels []struct{ Title string }
	}
	text, err = os.ReadFile("../../policies/grafana.json")
	if err == nil {
		err = json.Unmarshal(text, &board)
	}
	if err != nil || len(board.Panels) < 10 {
		t.Errorf("%d panels, %v", len(board.Panels), err)
	}
}

func TestMetricsOfNothing(t *testing.T) {
	s := newServer(t, nil)
	w := request(s, "GET", "/metrics", "")
	for _, line := range []string{`zorpgo_build_info{goversion="go`, "zorpgo_serving 0", `zorpgo_reloads_total{result="ok"} 0`, "go_goroutines ", "process_open_fds "} {
		if !strings.Contains(w.Body.String(), line) {
			t.Errorf("no %s in\n%s", line, w.Body)
		}
	}
	s.Ready()
	s.Reload()
	if w := request(s, "GET", "/metrics", ""); !has(w, "zorpgo_serving 1") || !has(w, `zorpgo_reloads_total{result="ok"} 1`) {
		t.Errorf("after a reload:\n%s", w.Body)
	}
}

func has(w *httptest.ResponseRecorder, line string) bool {
	return strings.Contains(w.Body.String(), "\n"+line+"\n")
}
