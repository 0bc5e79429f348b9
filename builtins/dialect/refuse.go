package dialect

import "strings"

// refusals says, for a word that begins a statement, how to write it here.
var refusals = map[string]string{
	"try":      "errors end the call and refuse the mail; test beforehand, as in: if key in table",
	"while":    "write a for loop over range(n)",
	"with":     "a policy opens nothing that would need closing",
	"raise":    "write fail(\"text\")",
	"del":      "write table.pop(key)",
	"global":   "what the policy defines at its top level is constant once loaded; return the value instead",
	"nonlocal": "return the value instead",
	"yield":    "collect the values in a list and return it",
	"async":    "every call of a policy already runs on its own",
	"await":    "every call of a policy already runs on its own",
	"exec":     "write the statement itself",
	"assert":   "write: if not condition: fail(\"text\")",
	"load":     "write: from file import name",
	"@":        "decorate by hand: define the function, then name = decorator(name)",
}

// lone are the refusals that hold anywhere in a statement.
var lone = map[string]bool{"yield": true, "await": true, "async": true}

// refuse reports what Python has and a policy has not.
func (p *parser) refuse() {
	for i, t := range p.tokens {
		w := p.word(i)
		switch {
		case t.kind == text:
			p.refuseString(i)
		case w == "`" && p.word(i-2) == "`":
		case w == "`":
			p.notIn(t.start, "backquotes are", "write str(x)")
		case w == "lambda" && p.word(i+1) == "(":
			p.notIn(t.start, "a lambda with a tuple for parameter is", "take one parameter and index it")
		case (t.stmt || t.kind == name && lone[w] && p.word(i-1) != ".") && refusals[w] != "" && !p.isName(i, w):
			p.notIn(t.start, w+" is", refusals[w])
		case t.stmt && w == "print" && p.word(i+1) == ">>":
			p.notIn(t.start, "print to a file is", "write print(x), which goes to the log")
		}
	}
}

// isName reports whether statement word w, token i, is one that Starlark takes for a name and that is used as one.
func (p *parser) isName(i int, w string) bool {
	if w != "assert" && w != "exec" {
		return false
	}
	next := p.word(i + 1)
	return next != "" && strings.Contains("=.,[", next) || w == "exec" && next == "("
}

func (p *parser) notIn(at int, what, hint string) {
	for _, b := range p.broken {
		if b == at {
			return
		}
	}
	p.fail(at, "not-in-zorpgo", what+" not in zorpgo's policy language", hint)
}

func (p *parser) refuseString(i int) {
	if prefix, _ := p.parts(i); strings.Contains(prefix, "f") {
		p.notIn(p.tokens[i].start, "an f-string is", `write "{}".format(x) or "%s" % x`)
	}
}
