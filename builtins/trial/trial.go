// Package trial runs the tests of a policy: functions written beside it, in its own language, that connect as a client,
// speak, and say what they expect. No socket is opened: the servers, the resolver and the clock are played.
//
// The command test calls Run. What a test can say is described in Pages.
package trial

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"time"

	"zorpgo/builtins"
	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine"
	"zorpgo/engine/match"
	"zorpgo/engine/rehearse"
	"zorpgo/engine/source"
)

// Options say what to test.
type Options struct {
	Load   builtins.Options // of the policy; whom it would ask is played
	Policy []string         // its files
	Tests  []string         // the files of its tests
	Wanted func(name string) bool
	Says   io.Writer // what tests log; nil: nothing
}

// Report is what came of a run.
type Report struct {
	Results []Result
	Rules   []Covered // of the policy, by id
	Methods []Covered // of its classes, in the order of the text
}

// Result is that of one test.
type Result struct {
	Name    string
	Pos     source.Pos
	Took    time.Duration
	Failure *source.Finding // without an id; nil: it passed
	Lines   []string        // what was said last, if it failed
}

// Covered is a rule or a method, and how often tests met it.
type Covered struct {
	Name  string
	Pos   source.Pos
	Times int
}

// limits are those of one test.
var limits = interp.Limits{Steps: 5_000_000, Deadline: 20 * time.Second}

// Run runs the tests. Each has the policy to itself, loaded anew: what one leaves behind, no other sees. With errors
// among the findings of the policy no test runs. The error is that of a file that cannot be read.
func Run(o Options) (*Report, source.Findings, error) {
	r := &runner{Options: o, hits: map[source.Pos]int{}}
	_, tests, found, err := r.load()
	if err != nil || found.HasErrors() {
		return nil, found, err
	}
	var report Report
	for _, t := range tests {
		if o.Wanted == nil || o.Wanted(t.Name) {
			report.Results = append(report.Results, r.run(t))
		}
	}
	r.cover(&report)
	return &report, found, nil
}

// runner is one Run.
type runner struct {
	Options
	stage    *stage // of the test that runs
	config   *engine.Config
	coverage builtins.Coverage
	hits     map[source.Pos]int // of rules
}

// load reads the policy for one test.
func (r *runner) load() (*engine.Config, []builtins.Test, source.Findings, error) {
	r.stage = &stage{runner: r, names: map[string][]netip.Addr{}, unknown: map[string]bool{}}
	opts := r.Load
	opts.Log = slog.New(slog.DiscardHandler)
	opts.Resolve, opts.LookupAddr = r.stage.resolve, rehearse.LookupAddr
	opts.ResolveAt = func(netip.AddrPort) match.Resolve { return r.stage.resolve }
	opts.DialMail = r.stage.dialMail
	config, tests, found, err := builtins.LoadTests(opts, &r.coverage, r.Policy, r.Tests)
	r.config, r.stage.config = config, config
	return config, tests, found, err
}

// run runs t under a policy of its own.
func (r *runner) run(t builtins.Test) Result {
	began := time.Now()
	result := Result{Name: t.Name, Pos: t.Pos}
	_, again, _, err := r.load()
	if err != nil {
		result.Failure = &source.Finding{Pos: t.Pos, Severity: source.Error, Message: err.Error()}
		return result
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	r.stage.ctx = ctx
	for _, same := range again {
		if same.Pos == t.Pos {
			result.Failure = r.call(same)
		}
	}
	if result.Failure != nil {
		result.Lines = r.stage.last()
	}
	r.stage.end()
	result.Took = time.Since(began)
	return result
}

func (r *runner) call(t builtins.Test) *source.Finding {
	thread := interp.NewThread(t.Name, limits, func(at source.Pos, text string) { r.say(at, text) })
	word.Until(thread, r.stage.ctx)
	if n := t.Func.NumParams(); n != 1 {
		return &source.Finding{Pos: t.Pos, Severity: source.Error, Message: fmt.Sprintf("%s has %d parameters", t.Name, n), Hint: "write def " + t.Name + "(t):"}
	}
	_, err := interp.CallWithin(thread, limits.Deadline, t.Func, tester(r.stage))
	found := interp.FindingsOf(err)
	if len(found) == 0 {
		return nil
	}
	failure := found[0]
	failure.ID = ""
	return &failure
}

func (r *runner) say(at source.Pos, text string) {
	if r.Says != nil {
		fmt.Fprintf(r.Says, "%s: %s\n", at, text)
	}
}

// cover fills in what was met.
func (r *runner) cover(report *Report) {
	for _, rule := range r.config.Rules.All() {
		report.Rules = append(report.Rules, Covered{Name: rule.Called(), Pos: rule.Pos, Times: r.hits[rule.Pos]})
	}
	for _, m := range r.coverage.Methods {
		report.Methods = append(report.Methods, Covered{Name: m.Name, Pos: m.Pos, Times: m.Runs})
	}
}
