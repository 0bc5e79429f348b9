package reference

import (
	"strings"

	"zorpgo/builtins"
	"zorpgo/builtins/word"
)

// statements are those that the policy language has and Starlark has not.
func statements() []word.Page {
	return []word.Page{
		{Name: "import", Also: []string{"from"}, Kind: word.Statement, Signature: "from MODULE import NAME, ... | from MODULE import * | import MODULE",
			Doc: "Brings the names of a module of Zorp's, or of the file MODULE.star, or MODULE.py, beside the one that says it. " +
				"Imports stand at the top of a file. The files of the command line share their names without import.",
			Errors:   []string{"a module that does not exist, or is not built", "a name that the module has not", "files that import each other", "import ... as, relative imports, and imports inside a block"},
			Examples: []word.Example{{Title: "Example", Text: "from Zorp.Core import *\nfrom Zorp.Smtp import SmtpProxy, SMTP_REQ_REJECT\n"}}},
		{Name: "class", Kind: word.Statement, Signature: "class NAME(BASE):",
			Doc:    "Makes a proxy class of another one, or of several. BASE.config(self) or super().config() calls a method of the base that this class has its own form of.",
			Errors: []string{"a service whose class derives from no proxy class", "bases that are no classes, and keywords such as metaclass", "decorators"},
			Examples: []word.Example{{Title: "Example", Text: `from Zorp.Smtp import *

class Careful(SmtpProxy):
    def config(self):
        SmtpProxy.config(self)
        self.max_recipients = 50

Service("mail", Careful)
`}}},
	}
}

// modules are those that can be imported. What a module brings is told by its name alone if it has a page.
func modules() (list []word.Page) {
	for _, m := range builtins.Modules() {
		p := word.Page{Name: m.Name, Kind: word.Module, Signature: "from " + m.Name + " import *",
			Examples: []word.Example{{Title: "Example", Text: "from " + m.Name + " import *\n"}}}
		if m.Base {
			p.Doc = "Brings what is there without import: functions, config and the constants of Zorp's base modules."
		} else {
			p.Doc = "Brings " + strings.Join(m.Names, ", ") + "."
		}
		list = append(list, p)
	}
	return list
}
