package core

import (
	"fmt"
	"net/netip"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/word"
	"zorpgo/engine/nat"
	"zorpgo/engine/session"
	"zorpgo/engine/stream"
)

const performTranslation = "performTranslation"

// abstractNAT is what NAT classes of a policy derive from.
var abstractNAT = interp.NewClass("AbstractNAT", nil, nil)

var abstractNATPage = word.Page{
	Name: "AbstractNAT", Also: []string{performTranslation}, Kind: word.Object, Module: "Zorp.Core", Signature: "class NAME(AbstractNAT):",
	Doc: "Is what address translations of the policy's own derive from. Their method performTranslation(self, session, addrs, nat_type) gets the pair " +
		"(source, destination), and NAT_SNAT or NAT_DNAT for the one to be translated. It returns the new address, or None to leave it to the router. " +
		"What it returns is not remembered. If it fails, or returns anything else, there is no connection.",
	Errors: []string{"a class without performTranslation, or with one that cannot be called so", "an object that is changed in a session"},
	Examples: []word.Example{{Title: "Example", Text: `from Zorp.Smtp import *

class ByZone(AbstractNAT):
    def performTranslation(self, session, addrs, nat_type):
        source, destination = addrs
        if session.client_zone == None:
            return None
        return SockAddrInet("172.16.20.253", destination.port)

NATPolicy("by-zone", ByZone())
Service("mail", SmtpProxy, dnat_policy="by-zone")
`}},
}

// writtenNAT is a translation that the policy wrote. Its object is constant, so that all sessions may call it at a time.
type writtenNAT struct {
	class  string
	method starlark.Callable
}

var _ nat.Asking = (*writtenNAT)(nil)

// written is the NAT that o stands for; what is wrong with its class is a finding at param.
func written(c *word.Call, param string, o *interp.Object) nat.NAT {
	class := o.Class()
	v, err := o.Attr(performTranslation)
	method, ok := v.(*interp.Method)
	switch {
	case err != nil || v == nil:
		c.Problem(param, "bad-hook", fmt.Sprintf("class %s has no method %s", class.Name(), performTranslation), "write def performTranslation(self, session, addrs, nat_type):")
		return nil
	case !ok:
		c.Problem(param, "bad-hook", fmt.Sprintf("class %s: %s is %s, want a method", class.Name(), performTranslation, word.TypeName(v)), "write def performTranslation(self, session, addrs, nat_type):")
		return nil
	}
	if problem := interp.Miscount(method, 3); problem != "" {
		c.ProblemAt(method.Pos(), "bad-hook", fmt.Sprintf("class %s: %s", class.Name(), problem), "write it with the parameters (self, session, addrs, nat_type)")
		return nil
	}
	c.Draft.Later(func() {
		for _, f := range interp.FreezeValue(o) {
			c.Draft.Find(f)
		}
	})
	return &writtenNAT{class: class.Name(), method: method}
}

// Translate implements nat.NAT, for a session of which only the client is known.
func (w *writtenNAT) Translate(p nat.Pair, m nat.Mode) (netip.AddrPort, bool, error) {
	return netip.AddrPort{}, false, fmt.Errorf("%s needs a session", w.class)
}

// TranslateFor calls the policy's method.
func (w *writtenNAT) TranslateFor(s *session.Session, p nat.Pair, m nat.Mode) (netip.AddrPort, bool, error) {
	thread := word.SessionThread(w.class, s.Log)
	pair := starlark.Tuple{socketAddress(p.Src), socketAddress(p.Dst)}
	answer, err := interp.Call(thread, w.method, word.ConnectingValue(s), pair, starlark.MakeInt(int(m)))
	if err != nil {
		return netip.AddrPort{}, false, w.failed(err)
	}
	switch a := answer.(type) {
	case starlark.NoneType:
		return netip.AddrPort{}, false, nil
	case word.SockAddr:
		if a.Path == "" {
			return a.AddrPort, true, nil
		}
	}
	return netip.AddrPort{}, false, fmt.Errorf("%s of %s returned %s, want an IP address or None", performTranslation, w.class, word.TypeName(answer))
}

func socketAddress(a netip.AddrPort) starlark.Value {
	return word.AddressValue(stream.Addr{AddrPort: a})
}

// failed is an error with the policy line that it came from.
func (w *writtenNAT) failed(err error) error {
	if found := interp.FindingsOf(err); len(found) > 0 {
		return fmt.Errorf("%s: %s", found[0].Pos, found[0].Message)
	}
	return err
}
