package trial_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zorpgo/builtins"
	"zorpgo/builtins/trial"
	"zorpgo/engine/encryption/certtest"
)

// instances are those of the samples that have more than one, by the file of tests.
var instances = map[string]string{"incoming_test.star": "smtp_in", "outgoing_test.star": "smtp_out"}

// TestSamples runs the tests of the sample policies. Every sample has some, and they meet all of its rules.
func TestSamples(t *testing.T) {
	dirs, _ := filepath.Glob("../../policies/*/*.star")
	for i := range dirs {
		dirs[i] = filepath.Dir(dirs[i])
	}
	for _, dir := range slices.Compact(dirs) {
		t.Run(filepath.Base(dir), func(t *testing.T) {
			files, _ := filepath.Glob(dir + "/*.star")
			tests := slices.DeleteFunc(slices.Clone(files), func(f string) bool { return !strings.HasSuffix(f, "_test.star") })
			policy := slices.DeleteFunc(files, func(f string) bool { return strings.HasSuffix(f, "_test.star") })
			slices.SortFunc(policy, func(a, b string) int { return -strings.Compare(a, b) }) // zones before mail
			if len(tests) == 0 {
				t.Fatal("has no tests")
			}
			for _, file := range tests {
				sample(t, instances[filepath.Base(file)], policy, file)
			}
		})
	}
}

func sample(t *testing.T, instance string, policy []string, tests string) {
	t.Helper()
	report, found, err := trial.Run(trial.Options{Load: builtins.Options{Instance: instance, Open: certtest.Beside}, Policy: policy, Tests: []string{tests}})
	if err != nil || report == nil {
		t.Fatalf("%v\n%v", err, found)
	}
	for _, r := range report.Results {
		if r.Failure != nil {
			t.Errorf("%s: %s: %s\n%s", r.Name, r.Failure.Pos, r.Failure.Message, strings.Join(r.Lines, "\n"))
		}
	}
	for _, rule := range report.Rules {
		if rule.Times == 0 {
			t.Errorf("no test meets %s (%s)", rule.Name, rule.Pos)
		}
	}
}

// TestFailures runs tests that fail, and compares how: of each archive in testdata the file "want" has the place and
// the message of each failing test.
func TestFailures(t *testing.T) {
	archives, _ := filepath.Glob("testdata/*.txtar")
	if len(archives) == 0 {
		t.Fatal("no archives")
	}
	for _, name := range archives {
		a, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want := ""
		texts := map[string]string{}
		for _, f := range a.Files {
			if texts[f.Name] = string(f.Data); f.Name == "want" {
				want = string(f.Data)
			}
		}
		report := runTexts(t, texts)
		var got strings.Builder
		for _, r := range report.Results {
			if r.Failure != nil {
				got.WriteString(r.Name + ": " + r.Failure.Pos.String() + ": " + r.Failure.Message + "\n")
			}
		}
		if got.String() != want {
			t.Errorf("%s: got:\n%s\nwant:\n%s", name, got.String(), want)
		}
	}
}

// runTexts runs p_test.star of p.star.
func runTexts(t *testing.T, texts map[string]string) *trial.Report {
	t.Helper()
	load := builtins.Options{ReadFile: func(name string) ([]byte, error) {
		if text, ok := texts[name]; ok {
			return []byte(text), nil
		}
		return nil, os.ErrNotExist
	}}
	report, found, err := trial.Run(trial.Options{Load: load, Policy: []string{"p.star"}, Tests: []string{"p_test.star"}})
	if err != nil || report == nil {
		t.Fatalf("%v\n%v", err, found)
	}
	return report
}

const twoRules = `from Zorp.Smtp import *

class Mail(SmtpProxy):
    "Mail of all kinds."
    def config(self):
        "Sets up."
        SmtpProxy.config(self)
        self.request["HELP"] = (SMTP_REQ_POLICY, self.help)
        self.request["NOOP"] = (SMTP_REQ_POLICY, self.noop)
    def help(self, command, param):
        return SMTP_REQ_REJECT
    def noop(self, command, param):
        return SMTP_REQ_ACCEPT

Service("mail", Mail, DirectedRouter(SockAddrInet("172.16.20.254", 25)))
Rule(service="mail", dst_subnet="172.16.40.1", dst_port=25)
Rule(service="mail", dst_subnet="172.16.40.2", dst_port=25)
`

// Coverage counts rules and methods over all tests, whatever became of them.
func TestCoverage(t *testing.T) {
	report := runTexts(t, map[string]string{"p.star": twoRules, "p_test.star": `
def test_one(t):
    t.connect("192.0.2.1", "172.16.40.1").say("HELP", "500")
def test_two(t):
    t.connect("192.0.2.1", "172.16.40.1").say("HELP", "200")
`})
	got := ""
	for _, c := range slices.Concat(report.Rules, report.Methods) {
		got += c.Pos.String() + " " + c.Name + strings.Repeat(" x", c.Times) + "\n"
	}
	const want = "p.star:16:1 rule 1 x x\np.star:17:1 rule 2\np.star:5:5 Mail.config x x x\np.star:10:5 Mail.help x x\np.star:12:5 Mail.noop\n"
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
	if report.Failed() != 1 {
		t.Errorf("%d failed", report.Failed())
	}
	var xml bytes.Buffer
	if err := report.JUnit(&xml); err != nil || !strings.Contains(xml.String(), `<testsuite name="zorpgo test" tests="2" failures="1"`) ||
		!strings.Contains(xml.String(), `<testcase classname="p_test.star" name="test_two" file="p_test.star" line="4"`) {
		t.Errorf("%v\n%s", err, xml.String())
	}
}

// What one test leaves behind no other sees.
func TestIsolation(t *testing.T) {
	report := runTexts(t, map[string]string{
		"p.star": strings.Replace(twoRules, "25)))", "25)), max_instances=1)", 1),
		"p_test.star": `
def test_one(t):
    t.connect("192.0.2.1", "172.16.40.1")
    t.equal(t.connect("192.0.2.1", "172.16.40.2").greeting[:3], "421")
def test_two(t):
    c = t.connect("192.0.2.1", "172.16.40.1")
    c.close()
    t.equal(t.connect("192.0.2.1", "172.16.40.2").denied, None)
`})
	for _, r := range report.Results {
		if r.Failure != nil {
			t.Errorf("%s: %s", r.Failure.Pos, r.Failure.Message)
		}
	}
}
