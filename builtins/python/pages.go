package python

import (
	"strings"

	"zorpgo/builtins/word"
)

// Pages is the documentation of the modules and functions.
func Pages() []word.Page {
	return []word.Page{
		page("re", "import re", "Regular expressions. They match in linear time, so there are no look-around and no back references; "+
			"a blank inside an operator, which re.VERBOSE would refuse, is passed over. A wrong pattern in the policy's text is reported when it is loaded.", []word.Row{
			row("compile(pattern, flags=0)", "the pattern, whose methods are the functions below without their first parameter"),
			row("match(pattern, string, flags=0)", "where the string begins with the pattern, or None"),
			row("search(pattern, string, flags=0)", "where the pattern is found first, or None; of what it gives there are group, groups, groupdict, start, end, span"),
			row("findall(pattern, string, flags=0)", "all that is found: texts, or groups if the pattern has some"),
			row("split(pattern, string, maxsplit=0, flags=0)", "the parts between what is found"),
			row("sub(pattern, repl, string, count=0, flags=0)", "the string with repl, a text or a function, in place of what is found"),
			row("subn(pattern, repl, string, count=0, flags=0)", "the same, and how many times"),
			row("escape(string)", "the string as a pattern that matches it alone"),
		}, "compile match search findall split sub subn escape I IGNORECASE L LOCALE M MULTILINE S DOTALL U UNICODE X VERBOSE",
			"import re\nfrom Zorp.Smtp import *\n\nif re.match(\"mx[0-9]+\", \"mx7\"):\n    Service(\"mail\", SmtpProxy)\n"),
		page("string", "import string", "Python 2's functions of texts, which texts also have as methods, and its constants.", []word.Row{
			row("split(s, sep, max), splitfields, rsplit, splitlines", "the parts of a text"),
			row("join(list, sep=\" \"), joinfields", "the texts of a list as one"),
			row("find, rfind, index, rindex, count", "where a part stands, or how often"),
			row("strip, lstrip, rstrip, replace", "the text without blanks at its ends, or with another part"),
			row("lower, upper, capitalize, capwords", "the text in other letters"),
			row("startswith, endswith", "how a text begins or ends"),
			row("atoi(s, base=10), atol, atof", "the number that a text means"),
		}, "split splitfields rsplit splitlines join joinfields find rfind index rindex count strip lstrip rstrip replace lower upper capitalize "+
			"capwords startswith endswith atoi atol atof ascii_letters ascii_lowercase ascii_uppercase letters lowercase uppercase digits "+
			"hexdigits octdigits punctuation whitespace",
			"import string\n\ndomains = string.split(\"a.example b.example\")\n"),
		page("time", "import time", "The clock. A config() that looks at it is run for each session.", []word.Row{
			row("time()", "seconds since 1970"),
			row("localtime(seconds), gmtime(seconds)", "year, month, day, hour, minute, second, weekday (Monday is 0), day of the year, daylight saving; now if nothing is given"),
			row("strftime(format, t)", "such a time as text"),
			row("ctime(seconds)", "a time in the usual form"),
			row("mktime(t)", "the seconds of a localtime"),
		}, "time localtime gmtime strftime ctime mktime",
			"import time\nfrom Zorp.Smtp import *\n\nclass Nightly(SmtpProxy):\n    def config(self):\n        SmtpProxy.config(self)\n"+
				"        if time.localtime()[3] < 6:\n            self.timeout = 60000\n\nService(\"mail\", Nightly)\n"),
		page("socket", "import socket", "Addresses and names. Nothing is connected to. Names are asked of the resolver for five seconds at most; only the session "+
			"that asks waits, and a config() that asks is run for each session.", []word.Row{
			row("gethostbyname(host)", "its first IPv4 address"),
			row("gethostbyaddr(address)", "its name, a list of other names, a list of the address"),
			row("getfqdn(host=\"\")", "the full name of a host, of this one if none is given"),
			row("gethostname()", "the name of this host"),
			row("inet_aton(text), inet_pton(family, text)", "an address as octets"),
			row("inet_ntoa(octets), inet_ntop(family, octets)", "octets as an address"),
		}, "gethostbyname gethostbyaddr getfqdn gethostname inet_aton inet_pton inet_ntoa inet_ntop SOCK_STREAM SOCK_DGRAM",
			"import socket\n\nprint(socket.inet_ntoa(socket.inet_aton(\"172.16.40.1\")))\n"),
		page("functions of Python", "map(function, list)", "Functions that Python 2 has and Starlark has not. They are there without import.", []word.Row{
			row("map(function, list), filter(function, list)", "a list of what a function gives for each element, or of those for which it is true"),
			row("reduce(function, list, initial)", "the elements, taken together by a function of two"),
			row("sum(list, start=0)", "the sum of numbers"),
			row("callable(x)", "whether it can be called"),
			row("hex(n), oct(n)", "a number in another base"),
			row("round(x, digits=0)", "a number with fewer digits"),
		}, "map filter reduce sum callable hex oct round", "print(sum(map(len, [\"a\", \"bc\"])))\n"),
	}
}

func row(name, doc string) word.Row { return word.Row{Name: name, Doc: doc} }

func page(name, signature, doc string, rows []word.Row, also, example string) word.Page {
	p := word.Page{Name: name, Kind: word.Object, Signature: signature, Doc: doc, Title: "Functions", Rows: rows,
		Examples: []word.Example{{Title: "Example", Text: example}}}
	for other := range strings.FieldsSeq(also) {
		if other != name {
			p.Also = append(p.Also, other)
		}
	}
	return p
}
