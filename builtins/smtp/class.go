package smtp

import (
	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
)

// made is a class whose config() was evaluated once, while the policy was loaded: all its sessions share the outcome.
type made struct {
	*smtp.Class
	*proxyclass.Shared
}

var _ proxy.Class = (*made)(nil)

// Name is the class's name in the policy.
func (m *made) Name() string { return m.Class.Name() }

// StartTLSAt is where the policy accepts STARTTLS itself, and not by its default.
func (m *made) StartTLSAt() source.Pos {
	h := m.Shared.Host.(*host)
	r, ok := h.tables["extensions"].rows[key{"STARTTLS"}]
	switch action, _, isAction := actionOf(r.Value); {
	case ok && r.Pos.IsValid() && isAction && smtp.Action(action) == smtp.Accept:
		return r.Pos
	case h.settings.PermitExtensions&smtp.ExtStartTLS != 0:
		return h.Values["permit_extensions"].Pos
	}
	return source.Pos{}
}

// New makes the machine of a session; its hooks find the session's object, made when one of them first runs.
func (m *made) New(s *session.Session) (proxy.Protocol, error) {
	return m.NewWith(s, m.Self()), nil
}

// protocol makes the proxy classes of a policy.
type protocol struct{ *Words }

var _ proxyclass.Protocol = protocol{}

// Host implements proxyclass.Protocol.
func (protocol) Host(class *interp.Class, r *proxyclass.Report) proxyclass.Hosted {
	return newHost(class, r)
}

// Check implements proxyclass.Protocol.
func (p protocol) Check(class *interp.Class) {
	proxyclass.CheckHooks(p.draft, class, [][]string{{"generateReceived"}})
}

// Finish implements proxyclass.Protocol.
func (p protocol) Finish(hosted proxyclass.Hosted) error {
	h := hosted.(*host)
	for _, step := range []func() error{
		h.fill, h.checkBits,
		func() error { return h.resolveRelay(p.draft) },
		func() error { return h.setTrace(p.Words) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	h.unneeded(p.draft)
	h.setHooks()
	h.closeTables()
	return nil
}

// Compile implements proxyclass.Protocol.
func (protocol) Compile(hosted proxyclass.Hosted) (proxyclass.Compiled, []error) {
	h := hosted.(*host)
	return smtp.Compile(h.Class.Name(), h.settings)
}

// Share implements proxyclass.Protocol.
func (protocol) Share(c proxyclass.Compiled, s *proxyclass.Shared) proxy.Class {
	return &made{Class: c.(*smtp.Class), Shared: s}
}

// PerSession implements proxyclass.Protocol: files can be read only while the policy is loaded.
func (p protocol) PerSession(*interp.Class) proxy.Class {
	p.own.prepare()
	return new(smtp.Class)
}
