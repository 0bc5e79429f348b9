package admin

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zorpgo/engine"
	"zorpgo/engine/encryption"
	"zorpgo/engine/encryption/certtest"
	services "zorpgo/engine/service"
	"zorpgo/engine/source"
)

// collected is what Prometheus makes of what put gives it: each metric by its labels.
type collected struct {
	put func(scrape)
}

func (collected) Describe(chan<- *prometheus.Desc) {}

func (c collected) Collect(to chan<- prometheus.Metric) { c.put(scrape{to}) }

// scraped is what Prometheus is told of a metric.
func scraped(t *testing.T, name string, put func(scrape)) (series []string) {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(collected{put})
	w := httptest.NewRecorder()
	promhttp.HandlerFor(r, promhttp.HandlerOpts{}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for line := range strings.Lines(w.Body.String()) {
		if strings.HasPrefix(line, "zorpgo_"+name+"{") {
			series = append(series, strings.TrimSpace(strings.TrimPrefix(line, "zorpgo_"+name)))
		}
	}
	if len(series) == 0 {
		t.Errorf("%s: %s", name, w.Body)
	}
	return series
}

// TestCertificateSeries: certificates of one place and name are one series, which tells of the first that ends; no name
// of a file is too strange.
func TestCertificateSeries(t *testing.T) {
	made := func(end int64) *encryption.Certificate {
		one := certtest.New(t).Make(certtest.Wanted{Names: []string{"mx.example.com"}, Until: time.Unix(end, 0)})
		c, err := encryption.NewCertificate(&encryption.Files{}, encryption.Source{Text: one.PEM}, encryption.Key{Source: encryption.Source{Text: one.KeyPEM(t)}})
		if err != nil {
			t.Fatal(err)
		}
		c.Pos = source.Pos{File: "caf\xe9.star", Line: 3, Col: 7}
		return c
	}
	choice := &encryption.Choice{Default: made(2.5e9)}
	for _, end := range []int64{2.6e9, 2.4e9, 2.7e9} {
		choice.Names = append(choice.Names, encryption.Named{Certificate: made(end)})
	}
	in := &services.Service{Name: "in", Encryption: &encryption.Policy{Client: encryption.ClientSide{Mode: encryption.StartTLS, Client: encryption.Client{Certificates: choice}}}}
	policy := &engine.Config{Services: map[string]*services.Service{"in": in}}
	for name, value := range map[string]string{"certificate_not_after_seconds": "2.4e+09", "certificate_outdated": "0"} {
		got := scraped(t, name, func(c scrape) { c.certificates(policy) })
		if want := `{file="",pos="caf\\xe9.star:3:7",subject="CN=mx.example.com"} ` + value; len(got) != 1 || got[0] != want {
			t.Errorf("%s: %q, not %s", name, got, want)
		}
	}
}

// TestTargetSeries: a server that a policy names twice is one series.
func TestTargetSeries(t *testing.T) {
	twice := engine.TargetStatus{Address: "127.0.0.1:25", Named: true}
	v := engine.ServiceStatus{Service: &services.Service{Name: "in"}, Targets: []engine.TargetStatus{twice, {Address: "127.0.0.2:25", Named: true}, twice}}
	got := scraped(t, "target_up", func(c scrape) { c.targets(v) })
	if want := []string{`{service="in",target="127.0.0.1:25"} 1`, `{service="in",target="127.0.0.2:25"} 1`}; !slices.Equal(got, want) {
		t.Errorf("%q, not %q", got, want)
	}
}
