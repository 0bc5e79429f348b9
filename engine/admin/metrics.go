package admin

import (
	"log/slog"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"zorpgo/engine"
	"zorpgo/engine/journal"
	"zorpgo/engine/limit"
	"zorpgo/engine/meter"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/session"
)

// metric is one that Prometheus is shown. Its labels are names of the policy and words of fixed sets, so that there are
// never more series than the policy has rows.
type metric struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
}

func gauge(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("zorpgo_"+name, help, labels, nil), prometheus.GaugeValue}
}

func counter(name, help string, labels ...string) metric {
	return metric{prometheus.NewDesc("zorpgo_"+name, help, labels, nil), prometheus.CounterValue}
}

// certificateLabels tell certificates apart, by where the policy names them.
var certificateLabels = []string{"pos", "file", "subject"}

var (
	buildInfo      = gauge("build_info", "Always 1; the labels tell what runs.", "version", "goversion")
	startTime      = gauge("start_time_seconds", "When the listeners were opened, in seconds since 1970.")
	serving        = gauge("serving", "1 while new connections are taken.")
	generation     = gauge("policy_generation", "How many policies were in force so far.")
	reloads        = counter("reloads_total", "Reloads, by result.", "result")
	lastReloadGood = gauge("last_reload_success", "1 unless the last reload was refused.")
	listeners      = gauge("listeners", "Open listeners.")
	connections    = gauge("connections", "Connections that are being handled.")
	connectionsMax = gauge("connections_limit", "How many there may be (--max-connections).")
	resets         = counter("connections_reset_total", "Connections that were given to no service.", "reason")
	acceptFailures = counter("accept_failures_total", "Failures to accept a connection: no descriptors, no memory.")
	logFailures    = counter("log_write_failures_total", "Records of the log that could not be written, and are lost.")
	logRepeats     = counter("log_repeats_total", "Records of the log that were counted instead of written.")
	ruleHits       = counter("rule_hits_total", "Connections that met a rule.", "rule", "pos", "service")
	certificateEnd = gauge("certificate_not_after_seconds", "When a certificate ends that clients or servers are shown, in seconds since 1970.", certificateLabels...)
	certificateOld = gauge("certificate_outdated", "1 while the files of a certificate are of no use, so that it stays as it was.", certificateLabels...)

	sessionsNow     = gauge("sessions", "Live sessions.", "service")
	sessionsLimit   = gauge("sessions_limit", "How many there may be (max_instances).", "service")
	sessionsRefused = counter("sessions_refused_total", "Sessions that were turned away, by the limit that did.", "service", "limit")
	networksNow     = gauge("client_networks", "Client networks that the limits of a service tell apart.", "service")
	sessionsStarted = counter("sessions_started_total", "Sessions so far, those that were turned away included.", "service")
	sessionsEnded   = counter("sessions_ended_total", "Sessions that ended, by verdict.", "service", "verdict")
	bytesRead       = counter("received_bytes_total", "Bytes that were read from a side.", "service", "side")
	bytesWritten    = counter("sent_bytes_total", "Bytes that were written to a side.", "service", "side")
	tlsSessions     = counter("tls_sessions_total", "Sessions that ended, by the TLS version of each side.", "service", "side", "version")
	transactions    = counter("transactions_total", "Mail transactions that the server accepted.", "service")
	messages        = counter("messages_total", "Messages that the server confirmed.", "service")
	commands        = counter("smtp_commands_total", "Commands of clients, by verb.", "service", "verb")
	replies         = counter("smtp_replies_total", "Replies to clients, by the verb and the first digit of the code.", "service", "verb", "class")
	refusals        = counter("smtp_refusals_total", "What the proxy itself refused, by reason.", "service", "reason")
	bugs            = counter("session_bugs_total", "Sessions that ended by a bug of zorpgo; the log has its stack.", "service")
	connectFailures = counter("server_connect_failures_total", "Connections to servers that failed, by cause.", "service", "cause")
	targetUp        = gauge("target_up", "1 while a server is not passed over, for all that the sessions have found.", "service", "target")
	connectTime     = gauge("server_connect_seconds", "How long connections to servers took.", "service")
	functionTime    = gauge("policy_function_seconds", "How long functions of the policy took.", "service", "function")
)

// all lists them.
var all = []metric{
	buildInfo, startTime, serving, generation, reloads, lastReloadGood, listeners, connections, resets, acceptFailures, logFailures, logRepeats, ruleHits,
	certificateEnd, certificateOld, connectionsMax, sessionsNow, sessionsLimit, sessionsRefused, networksNow, sessionsStarted, sessionsEnded, bytesRead, bytesWritten, tlsSessions, transactions, messages,
	commands, replies, refusals, bugs, connectFailures, targetUp, connectTime, functionTime,
}

// metrics serves a registry of its own.
func (s *Server) metrics() http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(s, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, // without the metric that is broken, not without all
		ErrorLog:      slog.NewLogLogger(s.o.Log.Handler(), slog.LevelError),
	})
}

// Describe implements prometheus.Collector.
func (s *Server) Describe(to chan<- *prometheus.Desc) {
	for _, m := range all {
		to <- m.desc
	}
}

// scrape is one look at all counters.
type scrape struct{ to chan<- prometheus.Metric }

func (c scrape) put(m metric, value float64, labels ...string) {
	c.to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, values(labels)...)
}

// values are labels as Prometheus takes them: the name of a file can be any bytes, and what is no UTF-8 would be a panic.
func values(labels []string) []string {
	for i, v := range labels {
		labels[i] = journal.Escape(v)
	}
	return labels
}

// some leaves out what has not happened yet.
func (c scrape) some(m metric, n int64, labels ...string) {
	if n > 0 {
		c.put(m, float64(n), labels...)
	}
}

func (c scrape) histogram(m metric, h *meter.Histogram, labels ...string) {
	n, sum, below := h.Counts()
	c.to <- prometheus.MustNewConstHistogram(m.desc, n, sum, below, values(labels)...)
}

// Collect implements prometheus.Collector: what the sessions count is read here, and only here.
func (s *Server) Collect(to chan<- prometheus.Metric) {
	c, e := scrape{to}, s.o.Engine.Status()
	c.put(buildInfo, 1, s.o.Version, runtime.Version())
	c.put(serving, number(s.ready.Load() && !s.draining.Load()))
	if !e.Started.IsZero() {
		c.put(startTime, float64(e.Started.UnixMilli())/1000)
	}
	c.put(generation, float64(e.Generation))
	c.put(listeners, float64(len(e.Listeners)))
	c.put(connections, float64(e.Sessions))
	if e.Limit > 0 {
		c.put(connectionsMax, float64(e.Limit))
	}
	c.put(resets, float64(e.Counts.Full), "max-connections")
	c.put(resets, float64(e.Counts.NoRule), "no-rule")
	c.put(resets, float64(e.Counts.Denied), "denied")
	c.put(acceptFailures, float64(e.Counts.Failures))
	c.put(logFailures, float64(s.o.Output.Failed()))
	c.put(logRepeats, float64(s.o.Repeats.Left()))
	s.collectReloads(c)
	for _, r := range e.Rules {
		c.put(ruleHits, float64(r.Hits.Count()), strconv.Itoa(r.ID), r.Pos.String(), r.Service)
	}
	c.certificates(e.Config)
	for _, v := range e.Services {
		if !v.Deny {
			c.service(v)
		}
	}
}

func (s *Server) collectReloads(c scrape) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.put(reloads, float64(s.reloads[true]), "ok")
	c.put(reloads, float64(s.reloads[false]), "refused")
	c.put(lastReloadGood, number(s.last == nil || s.last.OK))
}

// certificates puts each once: a policy may make many at one place, of one name, of which the first to end counts.
func (c scrape) certificates(policy *engine.Config) {
	type state struct {
		end time.Time
		old bool
	}
	seen := map[[3]string]state{}
	for _, one := range certificates(policy) {
		labels := [3]string{one.Pos, one.File, one.Subject}
		s, more := seen[labels]
		if !more || one.NotAfter.Before(s.end) {
			s.end = one.NotAfter
		}
		s.old = s.old || one.Outdated != ""
		seen[labels] = s
	}
	for labels, s := range seen {
		c.put(certificateEnd, float64(s.end.Unix()), labels[:]...)
		c.put(certificateOld, number(s.old), labels[:]...)
	}
}

func (c scrape) service(v engine.ServiceStatus) {
	name, m := v.Name, v.Meter()
	c.put(sessionsNow, float64(v.Running()), name)
	if v.MaxInstances > 0 {
		c.put(sessionsLimit, float64(v.MaxInstances), name)
	}
	if v.Limits.PerClient() {
		c.put(networksNow, float64(v.Networks()), name)
	}
	for k := limit.Sessions; k < limit.Kinds; k++ {
		c.some(sessionsRefused, v.Refused(k), name, k.String())
	}
	c.put(sessionsStarted, float64(v.Service.Sessions()), name)
	for verdict := session.Accepted; verdict <= session.InvalidPolicyCall; verdict++ {
		c.put(sessionsEnded, float64(m.Ended[verdict].Load()), name, verdict.String())
	}
	for _, side := range []proxy.Side{proxy.Client, proxy.Server} {
		c.put(bytesRead, float64(m.Read[side].Load()), name, side.String())
		c.put(bytesWritten, float64(m.Written[side].Load()), name, side.String())
		for i, version := range [meter.Versions]string{"none", "1.0", "1.1", "1.2", "1.3"} {
			c.some(tlsSessions, m.TLS[side][i].Load(), name, side.String(), version)
		}
	}
	c.targets(v)
	for cause := range meter.Causes {
		c.some(connectFailures, m.Failures[cause].Load(), name, cause.String())
	}
	c.put(bugs, float64(m.Bugs.Load()), name)
	c.histogram(connectTime, &m.Connects, name)
	m.Functions(func(function string, h *meter.Histogram) { c.histogram(functionTime, h, name, function) })
	c.smtp(name, m)
}

// targets puts each once: a policy may name one several times, so that it gets more of the sessions.
func (c scrape) targets(v engine.ServiceStatus) {
	seen := map[string]bool{}
	for _, t := range v.Targets {
		if t.Named && !seen[t.Address] {
			seen[t.Address] = true
			c.put(targetUp, number(t.Since.IsZero()), v.Name, t.Address)
		}
	}
}

// smtp is what the SMTP sessions of a service counted; others have nothing there.
func (c scrape) smtp(name string, m *meter.Service) {
	c.put(transactions, float64(m.Transactions.Load()), name)
	c.put(messages, float64(m.Messages.Load()), name)
	for i, verb := range smtp.VerbNames() {
		c.some(commands, m.Commands[i].Load(), name, verb)
		for class := range m.Replies[i] {
			c.some(replies, m.Replies[i][class].Load(), name, verb, strconv.Itoa(class))
		}
	}
	for i, reason := range smtp.Reasons() {
		c.some(refusals, m.Refusals[i].Load(), name, reason)
	}
}

func number(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
