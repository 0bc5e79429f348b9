package interp

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.starlark.net/starlark"

	"zorpgo/engine/source"
)

// table is a fake of the tables that proxies have.
type table struct{ starlark.Dict }

func (t *table) Type() string { return "table" }

// host is a fake Go side: it knows response and timeout.
type host struct {
	response *table
	timeout  starlark.Value
}

func (h *host) Attr(name string) (starlark.Value, error) {
	switch name {
	case "response":
		return h.response, nil
	case "timeout":
		return h.timeout, nil
	}
	return nil, nil
}

func (h *host) SetField(name string, v starlark.Value) (bool, error) {
	if name != "timeout" {
		return false, nil
	}
	if _, ok := v.(starlark.Int); !ok {
		return true, fmt.Errorf("timeout wants a number, got %s", v.Type())
	}
	h.timeout = v
	return true, nil
}

func (h *host) AttrNames() []string { return []string{"response", "timeout"} }

// smtp is a fake protocol module.
func smtp() starlark.StringDict {
	method := func(name string, answer starlark.Value) *starlark.Builtin {
		return NewMethod(name, func(thread *starlark.Thread, self *Object, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			if name == "config" {
				return starlark.None, self.SetField("configured", starlark.String(CallerPos(thread).String()))
			}
			return answer, nil
		})
	}
	base := NewClass("AbstractSmtpProxy", nil, starlark.StringDict{"config": method("config", nil), "name": starlark.String("smtp")})
	base.Host = func(*Object) (Attrs, error) { return &host{new(table), starlark.MakeInt(1)}, nil }
	proxy := NewClass("SmtpProxy", []*Class{base}, starlark.StringDict{"checkSender": method("checkSender", starlark.True)})
	return starlark.StringDict{"AbstractSmtpProxy": base, "SmtpProxy": proxy, "SMTP_REQ_POLICY": starlark.MakeInt(6)}
}

func words(calls *[]string) starlark.StringDict {
	word := func(name string) *starlark.Builtin {
		return starlark.NewBuiltin(name, func(thread *starlark.Thread, _ *starlark.Builtin, args starlark.Tuple, _ []starlark.Tuple) (starlark.Value, error) {
			*calls = append(*calls, fmt.Sprint(name, args, CallerPos(thread)))
			return starlark.None, nil
		})
	}
	return starlark.StringDict{"Service": word("Service"), "Rule": word("Rule"), "TRUE": starlark.True}
}

// loader offers fake modules and the files of a txtar-like text: "-- name --" lines before each.
func loader(text string) (*Loader, []string, *[]string) {
	files, names := map[string]string{}, []string{}
	for _, part := range strings.Split("\n"+text, "\n-- ")[1:] {
		name, body, _ := strings.Cut(part, " --\n")
		files[name], names = body+"\n", append(names, name)
	}
	calls := new([]string)
	l := &Loader{
		Modules:  map[string]starlark.StringDict{Core: words(calls), "Zorp.Smtp": smtp()},
		NotBuilt: map[string]string{"Zorp.Http": "SMTP comes first", "NDimensionDispatcher": "write Rule"},
		Read: func(path string) ([]byte, error) {
			if body, ok := files[path]; ok {
				return []byte(body), nil
			}
			return nil, &os.PathError{Op: "open", Path: path, Err: errors.New("no such file")}
		},
	}
	return l, names, calls
}

func loaded(t *testing.T, text string) *Policy {
	t.Helper()
	l, names, _ := loader(text)
	p, findings := l.Load(names)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if findings := p.Freeze(); len(findings) > 0 {
		t.Fatal(findings)
	}
	return p
}

const classes = `-- p.star --
from Zorp.Smtp import *
import Zorp.Smtp

class One(SmtpProxy):
    """The first."""
    limit, other = 10, 20
    double = limit * 2

    class Inner:
        depth = 1
        def get(self): return self.depth

    def __init__(self, start=limit):
        self.start = start

    def config(self):
        SmtpProxy.config(self)
        self.steps = ["One"]
        self.response["RCPT", "250"] = (SMTP_REQ_POLICY, self.checkSender)
        self.timeout = 5

class Two(One):
    def config(self):
        super(Two, self).config()
        self.steps.append("Two")

class Three(Two, Zorp.Smtp.SmtpProxy):
    limit = 11
    for n in range(3):
        last = n
    if last == 2:
        last += 1
    def config(self):
        super().config()
        self.steps.append("Three")
    def checkSender(self, sender):
        return sender == "good" and getattr(self, "flag", True)
    def names(self):
        return limit

limit = "global"
inner = One.Inner()
`

func TestClasses(t *testing.T) {
	p := loaded(t, classes)
	thread := NewThread("test", CallLimits, nil)
	three := p.Globals["Three"].(*Class)
	v, err := Call(thread, three)
	if err != nil {
		t.Fatal(err)
	}
	o := v.(*Object)
	if _, found, err := o.Call(thread, "config"); err != nil || !found {
		t.Fatal(found, err)
	}
	for name, want := range map[string]string{
		"steps": `["One", "Two", "Three"]`, "start": "10", "limit": "11", "double": "20", "other": "20", "last": "3",
		"configured": `"p.star:17:25"`, "timeout": "5", "name": `"smtp"`,
	} {
		if v, err := o.Attr(name); err != nil || v == nil || v.String() != want {
			t.Errorf("%s is %v (%v), want %s", name, v, err, want)
		}
	}
	entry, _, _ := o.Host().(*host).response.Get(starlark.Tuple{starlark.String("RCPT"), starlark.String("250")})
	m := entry.(starlark.Tuple)[1].(*Method)
	if answer, err := Call(thread, m, starlark.String("good")); err != nil || answer != starlark.True {
		t.Error(answer, err)
	}
	if v, _, err := o.Call(thread, "names"); err != nil || v.String() != `"global"` {
		t.Error("a method sees the class body's names:", v, err)
	}
	if v, _, _ := p.Globals["inner"].(*Object).Call(thread, "get"); v.String() != "1" {
		t.Error(v)
	}
	if one := p.Globals["One"].(*Class); one.Doc() != "The first." || one.Pos().String() != "p.star:4:7" {
		t.Error(one.Doc(), one.Pos())
	}
	if !three.Reads("flag") || !three.Reads("steps") || three.Reads("timeout") {
		t.Error("reads", three.reads)
	}
	if o.Shareable() {
		t.Error("an object with a list is not shareable")
	}
}

func TestMethodIdentity(t *testing.T) {
	p := loaded(t, "-- p.star --\nfrom Zorp.Smtp import *\nclass A(SmtpProxy):\n  pass\nclass B(A):\n  def checkSender(self): pass\nbase = SmtpProxy\n")
	builtin, _ := p.Globals["base"].(*Class).Attr("checkSender")
	for name, want := range map[string]bool{"A": true, "B": false} {
		o, _ := p.Globals[name].(*Class).Make()
		m, _ := o.Attr("checkSender")
		if got := m.(*Method).Is(builtin); got != want {
			t.Errorf("%s: built-in %v", name, got)
		}
		clone := o.Clone(nil)
		pair := starlark.Tuple{starlark.None, m}
		if r := Rebind(pair, o, clone).(starlark.Tuple); r[1].(*Method).Self != clone || pair[1].(*Method).Self != o {
			t.Error("Rebind")
		}
		if same, err := starlark.Equal(m, &Method{o, m.(*Method).Func}); !same || err != nil {
			t.Error("equal methods differ", err)
		}
	}
}

// TestFindings: each text gives the findings, one a line.
func TestFindings(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"-- p.star --\nServcie('a')\nif Servcie('b').x[1] + 2: pass\ndef f():\n  y = undefinedd\nNDimensionDispatcher()",
			"p.star:1:1: unknown name Servcie / did you mean Service?\np.star:2:4: unknown name Servcie / did you mean Service?\n" +
				"p.star:4:7: unknown name undefinedd / \np.star:5:1: NDimensionDispatcher is Zorp's but not built yet / write Rule"},
		{"-- p.star --\nx = y\ny = 1", "p.star:2:1: y is defined here, below its first use / move the definition up"},
		{"-- p.star --\nSmtpProxy()", "p.star:1:1: unknown name SmtpProxy / write at the top: from Zorp.Smtp import SmtpProxy"},
		{"-- p.star --\nfrom Zorp.Smpt import *\nfrom Zorp.Http import HttpProxy\nfrom Zorp.Smtp import SmtpPorxy\nimport os\nos.x()",
			"p.star:1:6: Zorp has no module Zorp.Smpt / did you mean Zorp.Smtp?\np.star:2:6: module Zorp.Http is Zorp's but not built yet / SMTP comes first\n" +
				"p.star:3:23: Zorp.Smtp has no SmtpPorxy / did you mean SmtpProxy?\np.star:4:8: there is no module os, and no os.star or os.py beside p.star / a policy cannot reach files and processes"},
		{"-- p.star --\ndef f():\n  return 1 + g()\ndef g():\n  return {}['k']\nx = f()",
			"p.star:4:12: key \"k\" not in dict / in g, called from p.star:2:15\n    in f, called from p.star:5:6"},
		{"-- p.star --\nclass A:\n  x = y.z()\ny = 1", "p.star:2:7: global variable y referenced before assignment / in class A, called from p.star:1:7"},
		{"-- p.star --\nfrom Zorp.Smtp import *\nclass A(SmtpProxy):\n  def config(self):\n    self.timeout = 'x'\nA().config()",
			"p.star:4:9: timeout wants a number, got string / in A.config, called from p.star:5:11"},
		{"-- p.star --\nclass A:\n  def f(self): super().f()\nA().f()", "p.star:2:23: no class that A derives from has .f / in A.f, called from p.star:3:6"},
		{"-- p.star --\nclass A(1): pass", "p.star:1:7: class A derives from a value of type int, which is no class / "},
		{"-- p.star --\nfrom Zorp.Smtp import *\nclass A(SmtpPorxy):\n  def config(self): SmtpPorxy.config(self)\nA().config()",
			"p.star:2:9: unknown name SmtpPorxy / did you mean SmtpProxy?\np.star:3:21: unknown name SmtpPorxy / did you mean SmtpProxy?"},
		{"-- a.star --\nfrom b import *\n-- b.star --\nfrom a import x", "b.star:1:6: a.star imports b.star imports a.star / move what both need to a third file"},
		{"-- a.star --\nfrom b import x, zz\n-- b.py --\nxx = 1\nx = 2", "a.star:1:18: b has no zz / "},
		{"-- a.star --\nreturn 1\nbreak", "a.star:1:1: return statement not within a function / \na.star:2:1: break not in a loop / "},
		{"-- a.star --\ndef f():\n  for i in range(1000):\n    for j in range(1000000): pass\nf()", "a.star:3:5: the call took more than 200000 steps / in f, called from a.star:4:2"},
		{"-- a.star --\nx = 3 +\n-- b.star --\ny = x", "a.star:1:8: the end of the line stands where a value is expected / "},
	} {
		l, names, _ := loader(c.text)
		l.Limits = Limits{Steps: 200_000, Deadline: 10 * time.Second}
		_, findings := l.Load(names)
		var got []string
		for _, f := range findings {
			got = append(got, fmt.Sprintf("%s: %s / %s", f.Pos, f.Message, f.Hint))
		}
		if !strings.HasPrefix(strings.Join(got, "\n"), c.want) || len(got) > 0 && c.want == "" {
			t.Errorf("%s\n got %s\nwant %s", c.text, strings.Join(got, "\n     "), c.want)
		}
	}
}

func TestFreezeCycle(t *testing.T) {
	l, names, _ := loader("-- p.star --\ndef f():\n  def g(): return t\n  t = (1, g)\n  return g\nx = {'a': [f()]}\n")
	p, findings := l.Load(names)
	if len(findings) > 0 {
		t.Fatal(findings)
	}
	if f := p.Freeze(); len(f) != 1 || f[0].Pos.Line != 2 {
		t.Error(f)
	}
}

func TestFreezeTooDeep(t *testing.T) {
	l, names, _ := loader("-- p.star --\nx = ()\nfor i in range(60): x = (x, x)\n")
	p, _ := l.Load(names)
	if f := p.Freeze(); len(f) != 1 || !strings.Contains(f[0].Message, "deeply nested") {
		t.Error(f)
	}
}

func TestFiles(t *testing.T) {
	p := loaded(t, "-- d/mail.star --\nfrom zones import *\nimport zones\nx = zone + zones.zone\n-- d/zones.star --\nzone = 1\n_own = 2\n-- d/last.star --\ny = x + zone\n")
	if p.Globals["x"].String() != "2" || p.Globals["y"].String() != "3" {
		t.Error(p.Globals)
	}
	l, _, _ := loader("-- a.star --\nx = 1")
	if _, findings := l.Load([]string{"none.star"}); len(findings) != 1 || findings[0].String() != "none.star: error: cannot read none.star: no such file [unreadable]" {
		t.Error(findings)
	}
}

func TestCandidates(t *testing.T) {
	p := loaded(t, "-- p.star --\ndef a(): Service('x')\ndef b(): a()\ndef c(n): Service(n)\ndef d(): c(1)\ndef e(): return 1\ndef f(): e(); d()\nclass X:\n  def g(self): Rule()\n")
	var names []string
	for _, c := range p.Candidates() {
		names = append(names, c.Name+" "+c.Pos.String())
	}
	if got := strings.Join(names, ", "); got != "a p.star:1:5, b p.star:2:5, d p.star:4:5" {
		t.Error(got)
	}
}

// TestSizes: one step cannot make too much, and the guard changes nothing else.
func TestSizes(t *testing.T) {
	for _, body := range []string{
		"x = 'a' * 100000000", "x = 100000000 * [1]", "x = 1 << 500\nfor i in range(20): x *= x",
		"x = 'ab'\nfor i in range(40): x += x", "x = [1]\nfor i in range(40): x = x + x", "x = ['a' * 10]\nfor i in range(40): x += x",
		"x = 'a'\nfor i in range(40): x = '%s%s' % (x, x)", "x = 'a'\nfor i in range(40): x = '{0}{0}'.format(x)",
		"x = 'a' * 10000000\ny = ''.join([x, x])", "x = 'a' * 10000\ny = x.replace('a', x)", "y = list(range(10000000))",
		"x = ()\nfor i in range(60): x = (x, x)\ny = str(x)", "x = ()\nfor i in range(60): x = (x, x)\ny = '%s' % x",
		"d = {'k': 'a'}\nfor i in range(40): d['k'] += d['k']",
	} {
		l, names, _ := loader("-- p.star --\n" + body)
		_, findings := l.Load(names)
		if len(findings) != 1 || !strings.Contains(findings[0].Message, "limited to") {
			t.Errorf("%s: %v", body, findings)
		}
	}
	p := loaded(t, "-- p.star --\na = [1]\nb = a\nb += [2]\nc = 'x%s' % 1 + ','.join(['a', 'b']) * 2\nd = {'n': 1}\nd['n'] += 2\nd['n'] *= 5\ne = '{}-{k}'.format(1, k=2)\nf = 2 * 3 % 4 + 1.5\n")
	for name, want := range map[string]string{"a": "[1, 2]", "c": `"x1a,ba,b"`, "d": `{"n": 15}`, "e": `"1-2"`, "f": "3.5"} {
		if got := p.Globals[name].String(); got != want {
			t.Errorf("%s = %s, want %s", name, got, want)
		}
	}
}

func TestRunAtLoad(t *testing.T) {
	l, names, calls := loader("-- p.star --\nseen = []\ndef instance():\n  seen.append(1)\n  Service('x')\ndef bad():\n  Rule(1 + '')")
	p, findings := l.Load(names)
	findings = append(findings, p.RunAtLoad(p.Globals["instance"])...)
	if len(findings) > 0 || strings.Join(*calls, "") != `Service("x",)p.star:4:10` && strings.Join(*calls, "") != `Service("x",) p.star:4:10` {
		t.Error(findings, *calls)
	}
	if findings := p.RunAtLoad(p.Globals["bad"]); len(findings) != 1 || findings[0].Pos != (source.Pos{File: "p.star", Line: 6, Col: 10}) {
		t.Error(findings)
	}
	p.Freeze()
	if findings := p.RunAtLoad(p.Globals["instance"]); len(findings) != 1 || !strings.Contains(findings[0].Message, "frozen") {
		t.Error(findings)
	}
}

func TestConcurrentCalls(t *testing.T) {
	p := loaded(t, classes)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			thread := NewThread("worker", CallLimits, nil)
			for range 50 {
				o, err := Call(thread, p.Globals["Three"])
				if err != nil {
					t.Error(err)
					return
				}
				if _, _, err := o.(*Object).Call(thread, "config"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestLimits(t *testing.T) {
	p := loaded(t, "-- p.star --\ndef spin():\n  for i in range(1000000): pass\ndef ok():\n  return 1\n")
	thread := NewThread("test", Limits{Steps: 1000}, nil)
	for range 3 {
		_, err := Call(thread, p.Globals["spin"])
		if f := FindingsOf(err); len(f) != 1 || f[0].Message != "the call took more than 1000 steps" || f[0].Pos.Line != 2 {
			t.Error(f)
		}
		if v, err := Call(thread, p.Globals["ok"]); err != nil || v.String() != "1" {
			t.Error("a call after one that hit the limit:", v, err)
		}
	}
	_, err := CallWithin(NewThread("slow", Limits{}, nil), time.Millisecond, p.Globals["spin"])
	if f := FindingsOf(err); f[0].Message != "the call took longer than 1ms" {
		t.Error(f)
	}
}
