// Package plug is the words of Zorp.Plug: the classes AbstractPlugProxy and PlugProxy with their attributes and methods.
// It turns a policy's class into a class of engine/proxy/plug. Package builtins gives it to policies that import
// Zorp.Plug.
package plug

import (
	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
)

const (
	plugProxyName = "PlugProxy"
	abstractName  = "AbstractPlugProxy"
)

// Words are Zorp.Plug for one policy.
type Words struct {
	draft    *word.Draft
	abstract *interp.Class
	plug     *interp.Class
	maker    *proxyclass.Maker
}

// New makes the words of the policy whose declarations go into d.
func New(d *word.Draft) *Words {
	w := &Words{draft: d}
	w.maker = proxyclass.NewMaker(d, protocol{d}, kind)
	w.abstract = interp.NewClass(abstractName, nil, methods)
	w.abstract.Host = func(o *interp.Object) (interp.Attrs, error) {
		return newHost(o.Class(), &proxyclass.Report{Draft: d}), nil
	}
	w.plug = interp.NewClass(plugProxyName, []*interp.Class{w.abstract}, starlark.StringDict{})
	return w
}

// Module is everything that "from Zorp.Plug import *" brings.
func (w *Words) Module() starlark.StringDict {
	return starlark.StringDict{abstractName: w.abstract, plugProxyName: w.plug, "PLUG_DEBUG": starlark.String("plug.debug")}
}

// Is reports whether class is one of Zorp.Plug's or derives from one.
func (w *Words) Is(class *interp.Class) bool { return class.Is(w.abstract) }

// Maker makes the proxy classes.
func (w *Words) Maker() *proxyclass.Maker { return w.maker }

// Proxies are the classes that a policy may derive from.
func Proxies() []string { return []string{abstractName, plugProxyName} }

// Methods are those that the engine calls, or that Zorp would call.
func Methods() []string { return append(methods.Keys(), proxyclass.HooksNotBuilt()...) }
