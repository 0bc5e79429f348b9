package word

// Page is the documentation of one thing that a policy can name, as command doc prints it.
type Page struct {
	Name      string
	Also      []string // other names that find it
	Kind      Kind
	Module    string // that offers it; may be empty
	Signature string // may be empty
	Doc       string
	Title     string // of Rows
	Rows      []Row
	Errors    []string // what is refused
	Examples  []Example
}

// Kind sorts pages into chapters.
type Kind string

// The kinds of pages.
const (
	Function  Kind = "function"
	Class     Kind = "proxy class"
	Table     Kind = "table of a proxy"
	Object    Kind = "object"
	Method    Kind = "method of a proxy"
	Setting   Kind = "attribute of a proxy"
	Constants Kind = "constants"
	Statement Kind = "statement"
	Module    Kind = "module"
	Finding   Kind = "finding"
	Test      Kind = "object of tests"
)

// Row is one line of a page's table, such as a parameter. Type and Default may be empty.
type Row struct{ Name, Type, Default, Doc string }

// Example is a text to copy, under a title.
type Example struct {
	Title, Text string
	Whole       string // the policy to load when Text is a part of one; "" if Text can be loaded
}

// Page is the documentation of the word.
func (w *Word) Page() Page {
	p := Page{Name: w.Name, Also: w.Aliases, Kind: Function, Module: w.Module, Signature: w.Signature(), Doc: w.Doc,
		Title: "Parameters", Errors: w.Errors, Examples: []Example{{Title: "Example", Text: w.Example + "\n"}}}
	switch {
	case w.KeywordOnly:
		p.Doc += " Its arguments must have names."
	case w.PositionalOnly:
		p.Doc += " Its arguments have no names."
	}
	for _, param := range w.Params {
		p.Rows = append(p.Rows, param.row())
	}
	return p
}

func (p *Param) row() Row {
	r := Row{p.Name, p.Type.Want, p.Default, p.Doc}
	if p.Default == "" {
		r.Default = "must be given"
	}
	if p.Alias != "" {
		r.Doc += "; also " + p.Alias
	}
	if p.NotBuilt != "" {
		r.Doc += "; not built: " + p.NotBuilt
	}
	return r
}
