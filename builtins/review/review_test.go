package review_test

import (
	"fmt"
	"strings"
	"testing"

	"zorpgo/builtins/dialect"
	"zorpgo/builtins/review"
	"zorpgo/engine/source"
)

const mail = "class Mail(SmtpProxy):\n    def config(self):\n        SmtpProxy.config(self)\n"

var cases = []struct {
	name, policy string
	want         string // "line severity id", one per finding
}{
	{"a class in use", mail + "Service(proxy_class=Mail)\n", ""},
	{"a class in use by a module's name", mail + "Service(proxy_class=mail.Mail)\n", ""},
	{"a class that another derives from", mail + "class More(Mail):\n    pass\nService(More)\n", ""},
	{"an unused class", mail, "1 warning unused-class"},
	{"an unused class and the one that it derives from", mail + "class More(Mail):\n    pass\n", "4 warning unused-class"},

	{"methods that the engine calls, in a class of a class", mail + "class More(Mail):\n    def relayCheck(self, a):\n        return a\nService(More)\n", ""},
	{"a slip", mail + "    def relaycheck(self, a):\n        return a\nService(Mail)\n", "4 warning unused-method"},
	{"a name like no other", mail + "    def mine(self, a):\n        return a\nService(Mail)\n", "4 note unused-method"},
	{"a method that a table has", mail + "        self.request['MAIL'] = (POLICY, self.mine)\n    def mine(self, c, p):\n        return ACCEPT\nService(Mail)\n", ""},
	{"a method that getattr finds", mail + "        getattr(self, 'mine')()\n    def mine(self):\n        return 1\nService(Mail)\n", ""},
	{"a method of a class that is no proxy", "class Table:\n    def mine(self):\n        return 1\nx = Table()\n", ""},

	{"after return", "def f():\n    return 1\n    print('x')\n    print('y')\n", "3 warning unreachable-code"},
	{"after fail, break and continue", "def f(l):\n    for x in l:\n        if x:\n            break\n            print(x)\n        continue\n        print(x)\n    fail('x')\n    print(l)\n",
		"5 warning unreachable-code\n7 warning unreachable-code\n9 warning unreachable-code"},
	{"pass after return", "def f():\n    return 1\n    pass\n", ""},
	{"after a return of one branch", "def f(x):\n    if x:\n        return 1\n    return 2\n", ""},

	{"set twice", "def f(self):\n    self.a = 1\n    self.b = 2\n    self.a = 3\n", "4 warning set-twice"},
	{"an entry set twice", "def f(self):\n    self.request['MAIL'] = 1\n    self.request['RCPT'] = 1\n    self.request['MAIL'] = 2\n", "4 warning set-twice"},
	{"an entry of two parts set twice", "def f(self):\n    self.response['MAIL', '250'] = 1\n    self.response['MAIL', '250'] = 2\n", "3 warning set-twice"},
	{"read in between", "def f(self):\n    self.a = 1\n    self.b = self.a\n    self.a = 3\n", ""},
	{"a table read in between", "def f(self):\n    self.t['a'] = 1\n    self.b = self.t\n    self.t['a'] = 3\n", ""},
	{"called in between", "def f(self):\n    self.a = 1\n    SmtpProxy.config(self)\n    self.a = 3\n", ""},
	{"made of what a call says", "def f(self):\n    self.a = 1\n    self.b = g(self)\n    self.a = 3\n", ""},
	{"a condition in between", "def f(self):\n    self.a = 1\n    if self.a:\n        self.a = 2\n", ""},
	{"other objects and names", "def f(self, o):\n    self.a = 1\n    o.a = 2\n    x = 1\n    x = 2\n", ""},

	{"keys twice", "x = {'a': 1, 'b': 2, \"a\": 3}\n", "1 error duplicate-key"},
	{"numbers twice", "x = {1: 1, 0x1: 2}\n", "1 error duplicate-key"},
	{"pairs twice", "x = {('a', 1): 1, ('a', 1): 2}\n", "1 error duplicate-key"},
	{"different keys", "x = {'1': 1, 1: 2, y: 3, y: 4, 'y': 5}\n", ""},

	{"an import that is not used", "from names import a, b\nx = a\n", "1 warning unused-import"},
	{"modules of zorpgo, whole files and all names", "from Zorp.Smtp import SmtpProxy\nfrom socket import inet_aton\nimport names\nfrom names import *\n", ""},
}

func TestReview(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got []string
			for _, f := range findings(t, c.policy, true) {
				got = append(got, fmt.Sprintf("%d %s %s", f.Pos.Line, f.Severity, f.ID))
			}
			if joined := strings.Join(got, "\n"); joined != c.want {
				t.Errorf("got\n%s\nwant\n%s", joined, c.want)
			}
		})
	}
}

func findings(t *testing.T, text string, complete bool) source.Findings {
	t.Helper()
	f, problems := dialect.Parse("p.star", []byte(text))
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	p := &review.Policy{Methods: []string{"config", "relayCheck"}, Proxies: []string{"SmtpProxy"}, Module: func(name string) bool { return name == "socket" }}
	p.Learn(f)
	return p.Findings(complete)
}

// What seems unused may be used by the part of a policy that could not be read.
func TestIncomplete(t *testing.T) {
	if found := findings(t, "from names import a\n"+mail+"x = {1: 1, 1: 2}\n", false); len(found) != 1 || found[0].ID != "duplicate-key" {
		t.Error(found)
	}
}
