package builtins_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"zorpgo/builtins"
	"zorpgo/builtins/interp"
	"zorpgo/engine/session"
)

// Expressions of Python 2 that policies use: each is true.
var pythonTruths = []string{
	`"%02d|%5s|%-5s|%.2f|%x|%X|%+d|% d|%%|%r" % (1, 2, "c", 4.5, 255, 255, 7, 8, "q") == '01|    2|c    |4.50|ff|FF|+7| 8|%|"q"'`,
	`"%(a)03d %(b)s" % {"a": 7, "b": "x"} == "007 x"`, `"%*d|%.3s|%c%c|%o" % (4, 2, "abcdef", "x", 65, 8) == "   2|abc|xA|10"`,
	`"%s" % "x" == "x"`, `"%s" % [1, 2] == "[1, 2]"`, `"%05d" % -42 == "-0042"`, `"%#x" % 255 == "0xff"`, `"%s and %s" % ("a", None) == "a and None"`,
	`[c for c in "abc"] == ["a", "b", "c"]`, `"x".ljust(3) + "|" == "x  |"`, `"x".rjust(3, "-") == "--x"`, `"x".center(4) == " x  "`,
	`"-7".zfill(4) == "-007"`, `"aB".swapcase() == "Ab"`, `"a\tb".expandtabs(4) == "a   b"`, `"ab".encode("hex") == "6162"`, `u"x".encode("utf-8") == "x"`,
	`[1, 2, 1].count(1) == 2`, `sorted({"b": 1, "a": 2}.iterkeys()) == ["a", "b"]`, `list({"a": 1}.iteritems()) == [("a", 1)]`, `"abcb".count("b") == 2`,
	`{"a": 1}.has_key("a") and not {"a": 1}.has_key("b")`, `1 < 2 <= 2 < 3 and not 1 < 2 < 2`, `None is None and 1 is not None`, `"a" "b" == "ab"`,
	`isinstance("x", basestring) and isinstance(u"x", str) and isinstance(1, (str, int))`, `map(str, [1, 2]) == ["1", "2"]`, `filter(None, [0, 1]) == [1]`,
	`reduce(lambda a, b: a + b, [1, 2, 3]) == 6`, `reduce(lambda a, b: a + b, [], 5) == 5`, `sum([1, TRUE]) == 2`, `callable(len) and not callable(1)`,
	`hex(255) == "0xff" and oct(8) == "010"`, `round(2.567, 2) == 2.57`, `list(xrange(2)) == [0, 1]`, `long("5") == 5`, `0644 == 420 and 10L == 10`,
	`re.match("b", "ab") is None`, `re.search("b", "ab").start() == 1`, `re.match("(?P<user>[^@]+)@(.*)", "bob@a.example").group("user", 2) == ("bob", "a.example")`,
	`re.compile("A", re.I).findall("aAb") == ["a", "A"]`, `re.findall("(.)=(.)", "a=1 b=2") == [("a", "1"), ("b", "2")]`, `re.findall("(.)=", "a=b=") == ["a", "b"]`,
	`re.split("[,;] *", "a, b;c") == ["a", "b", "c"]`, `re.split("(,)", "a,b,c", 1) == ["a", ",", "b,c"]`, `re.sub("(b+)", r"<\1>", "abbc") == "a<bb>c"`,
	`re.sub("b", lambda m: m.group().upper(), "abc") == "aBc"`, `re.subn("b", "", "abab", 1) == ("aab", 1)`, `re.escape("a.b") == "a\\.b"`,
	`re.search("^b$", "a\nb\nc", re.M) is not None and re.search("a.b", "a\nb", flags=re.DOTALL) is not None`, `re.match("a{,2}$", "aa") is not None`,
	`re.match("(a)?(b)", "b").groups() == (None, "b")`, `re.match("[]a[]+", "[]a").group() == "[]a"`, `re.match(r"x\Z", "x") is not None`,
	`re.match("(?P<n>.)", "x").groupdict() == {"n": "x"}`, `re.compile("a").pattern == "a"`,
	`re.match("a \\ b # c)\n [ #]+ [^] ] [] ] $", "a b # x]", re.X) is not None`, `re.findall(" (b) # (", "a b", re.VERBOSE | re.I) == ["b"]`,
	`re.compile("a # b", re.X).pattern == "a # b" and re.search("a b", "ab") is None`,
	`string.join(["a", "b"], "-") == "a-b" and string.join(["a", "b"]) == "a b"`, `string.split("a b") == ["a", "b"]`, `string.find("abc", "c") == 2`,
	`string.atoi("0x10", 16) == 16 and string.atoi("10", 16) == 16 and string.atol(" 7 ") == 7`, `string.lower("A") + string.upper("b") == "aB"`, `string.replace("aa", "a", "b") == "bb"`,
	`string.digits + string.lowercase[:2] == "0123456789ab"`, `string.capwords("a bc") == "A Bc"`, `string.strip(" x ") == "x"`,
	`socket.inet_ntoa(socket.inet_aton("10.0.0.1")) == "10.0.0.1"`, `socket.inet_ntop(socket.AF_INET6, socket.inet_pton(socket.AF_INET6, "fd00::1")) == "fd00::1"`,
	`socket.gethostbyname("mail.example.com") == "192.0.2.25"`, `socket.gethostbyaddr("192.0.2.25")[0] == "alias.example.com"`,
	`socket.getfqdn() == "fw.example.com" or socket.gethostname() == "fw.example.com"`, `socket.getfqdn("192.0.2.25") == "alias.example.com"`,
	`time.time() == 1000000000`, `time.gmtime()[:6] == (2001, 9, 9, 1, 46, 40)`, `time.strftime("%Y-%m-%d %%", time.gmtime(0)) == "1970-01-01 %"`,
	`time.gmtime(0)[6:] == (3, 1, 0)`, `time.mktime(time.localtime(86400)) == 86400`, `time.strftime("%j %w", time.gmtime(0)) == "001 4"`,
}

func TestPythonThatPoliciesUse(t *testing.T) {
	text := "import re, string, time\nimport socket\n"
	for i, truth := range pythonTruths {
		text += fmt.Sprintf("if not (%s): print 'truth %d is false'\n", truth, i)
	}
	text += "l = [3, 1, 2]\nl.sort()\nif l != [1, 2, 3]: print 'sort'\nl.reverse()\nif l != [3, 2, 1]: print 'reverse'\n"
	var says strings.Builder
	opts := options(map[string]string{"p.star": text})
	opts.Now = func() time.Time { return time.Unix(1e9, 0) }
	opts.Log = slog.New(slog.NewTextHandler(&says, nil))
	_, found, err := builtins.Load(opts, "p.star")
	if err != nil || found.HasErrors() || says.Len() > 0 {
		t.Errorf("%v\n%s\n%s", err, found.Error(), &says)
	}
}

// What a policy can do in one step or by many is bounded in time and memory: the load ends with an error at the place.
func TestPoliciesCannotExhaust(t *testing.T) {
	for _, text := range []string{
		`for i in range(10**9): pass`, `for i in xrange(1000000000): pass`, `x = "x" * 10**10`, `x = [0] * 10**10`, `x = "x" * 10**6 * 10**6`,
		`l = []` + "\n    for i in range(100000): l.append('x' * 10000000)", `x = "x" * 10000000` + "\n    x = ','.join([x, x])", `x = ("a" * 10000000).replace("a", "bb")`,
		`x = "{0}{0}{0}".format("x" * 8000000)`, `x = "%s%s%s" % (("x" * 8000000,) * 3)`, `x = "%9999999999d" % 1`, `x = "%.9999999999f" % 1`,
		`x = "x".ljust(10**9)`, `x = "x".zfill(10**9)`, `x = "\t".expandtabs(10**9)`, `x = re.sub("a", "b" * 10000, "a" * 10000)`,
		`x = re.search("(a|b|c)+x(d|e|f)+y(g|h)*(i|j)*(k+)+$", "a" * 16000000)`, `x = re.compile("((a{1000}){1000}){1000}")`, `x = re.compile("a" * 100000)`,
		`x = string.join(["x" * 9000000] * 3, "")`, `x = string.replace("a" * 10000000, "a", "bb")`, `x = 1` + "\n    for i in range(100000): x = x * 1000000007",
		`f = lambda g: g(g)` + "\n    f(f)", `x = "x"` + "\n    for i in range(100): x += x", `x = ("a," * 5000000).split(",")` + "\n    y = [x] * 100000 + x * 5",
		`l = []` + "\n    l.append(l)\n    x = str(l * 1000000)", `x = [[c for c in "x" * 1000000] for i in range(1000)]`, `x = time.strftime("%Y" * 1000000)`,
	} {
		if strings.Contains(text, "10**") { // no power operator: spelled out
			for n, digits := range map[string]string{"10**10": "10000000000", "10**9": "1000000000", "10**6": "1000000"} {
				text = strings.ReplaceAll(text, n, digits)
			}
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, found, err := builtins.Load(options(map[string]string{"p.star": "import re, string, time\ndef default_instance():\n    " + text + "\n"}), "p.star")
		runtime.ReadMemStats(&after)
		if err != nil || !found.HasErrors() {
			t.Errorf("%s: %v, %s", text, err, found.Error())
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%s took %s", text, took)
		}
		if made := (after.TotalAlloc - before.TotalAlloc) >> 20; made > 4096 {
			t.Errorf("%s made %d MiB", text, made)
		}
	}
}

// A config() that looks at the time or at names runs once for each session, and one that does not runs once.
func TestConfigThatVaries(t *testing.T) {
	const head = "import time\nfrom socket import gethostbyname\nfrom Zorp.Smtp import *\nclass X(SmtpProxy):\n    def config(self):\n        SmtpProxy.config(self)\n"
	for body, want := range map[string]int{`if time.localtime()[0] > 2000: print "night"`: 2, `print gethostbyname("mail.example.com")`: 2, `print "always"`: 1} {
		var says strings.Builder
		opts := options(map[string]string{"p.star": head + "        " + body +
			"\ndef default_instance():\n    Service('a', X)\n    Rule(service='a', dst_port=25, dst_subnet='10.0.0.1')\n"})
		opts.Log = slog.New(slog.NewTextHandler(&says, nil))
		config, found, err := builtins.Load(opts, "p.star")
		if err != nil || found.HasErrors() {
			t.Fatalf("%v\n%s", err, found.Error())
		}
		for range 2 {
			s := &session.Session{ID: "svc/i/a:0", Client: netip.MustParseAddrPort("10.0.0.2:1"), Log: opts.Log}
			if _, err := config.Services["a"].Class.New(s); err != nil {
				t.Error(err)
			}
		}
		if got := strings.Count(says.String(), "core.message"); got != want {
			t.Errorf("%s ran %d times, want %d\n%s", body, got, want, &says)
		}
	}
}

// TestWaitingIsNoWork: a look-up may take longer than the work of a function.
func TestWaitingIsNoWork(t *testing.T) {
	t.Parallel()
	opts := options(map[string]string{"p.star": `from socket import gethostbyname
from Zorp.Smtp import *
class X(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        [i for i in range(1000)]
        gethostbyname("mail.example.com")
        [i for i in range(1000)]
def default_instance():
    Service('a', X)
    Rule(service='a', dst_port=25, dst_subnet='10.0.0.1')
`})
	answer := opts.Resolve
	opts.Resolve = func(ctx context.Context, host string) ([]netip.Addr, error) {
		<-time.After(interp.CallLimits.Work + 100*time.Millisecond)
		return answer(ctx, host)
	}
	config, found, err := builtins.Load(opts, "p.star")
	if err != nil || found.HasErrors() {
		t.Fatalf("%v\n%s", err, found.Error())
	}
	s := &session.Session{ID: "svc/i/a:0", Client: netip.MustParseAddrPort("10.0.0.2:1"), Log: slog.New(slog.DiscardHandler)}
	if _, err := config.Services["a"].Class.New(s); err != nil {
		t.Error(err)
	}
}
