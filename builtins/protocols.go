package builtins

import (
	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/plug"
	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/smtp"
	"zorpgo/builtins/word"
)

// protocols is the table of the modules that bring proxy classes: a protocol is a line of it.
var protocols = []protocol{
	{"Zorp.Smtp", func(d *word.Draft) classes { return smtp.New(d) }, smtp.Pages, smtp.Methods, smtp.Proxies},
	{"Zorp.Plug", func(d *word.Draft) classes { return plug.New(d) }, plug.Pages, plug.Methods, plug.Proxies},
}

// protocol is a module and its documentation, what its proxy classes have, and their names.
type protocol struct {
	module           string
	words            func(d *word.Draft) classes
	pages            func() []word.Page
	methods, proxies func() []string
}

// classes are the words of a protocol for one policy.
type classes interface {
	// Module is what a policy can import.
	Module() starlark.StringDict
	// Is reports whether a class of the policy is one of the protocol's.
	Is(class *interp.Class) bool
	Maker() *proxyclass.Maker
}

// ofAll puts together what all protocols have.
func ofAll[T any](list func(p *protocol) []T) (all []T) {
	for i := range protocols {
		all = append(all, list(&protocols[i])...)
	}
	return all
}
