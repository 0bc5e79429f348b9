package plug

import (
	"fmt"

	"go.starlark.net/starlark"

	"zorpgo/builtins/interp"
	"zorpgo/builtins/proxyclass"
	"zorpgo/builtins/word"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/plug"
	"zorpgo/engine/session"
	"zorpgo/engine/source"
)

// host is the Go side of a proxy object.
type host struct {
	proxyclass.Host
	settings *settings
}

var _ proxyclass.Hosted = (*host)(nil)

func newHost(class *interp.Class, r *proxyclass.Report) *host {
	h := &host{settings: defaults()}
	h.Host = proxyclass.Host{Class: class, Report: r, Settings: h.settings, Values: map[string]proxyclass.Row{}, Kind: kind}
	return h
}

// InSession implements proxyclass.Hosted.
func (h *host) InSession(s *session.Session) proxyclass.Hosted {
	return &host{settings: h.settings, Host: proxyclass.Host{Class: h.Class, Settings: h.settings, Values: h.Values, Session: s, Kind: kind}}
}

// made is a class whose config() was evaluated once, while the policy was loaded: all its sessions share the outcome.
type made struct {
	*plug.Class
	*proxyclass.Shared
}

var (
	_ proxy.Class  = (*made)(nil)
	_ proxy.Prompt = (*made)(nil)
)

// Name is the class's name in the policy.
func (m *made) Name() string { return m.Class.Name() }

// New makes the machine of a session; the policy's functions find the session's object, made when one first runs.
func (m *made) New(s *session.Session) (proxy.Protocol, error) { return m.NewWith(s, m.Self()), nil }

// protocol makes the proxy classes of a policy.
type protocol struct{ draft *word.Draft }

var _ proxyclass.Protocol = protocol{}

// Host implements proxyclass.Protocol.
func (protocol) Host(class *interp.Class, r *proxyclass.Report) proxyclass.Hosted {
	return newHost(class, r)
}

// Check implements proxyclass.Protocol.
func (p protocol) Check(class *interp.Class) {
	proxyclass.CheckHooks(p.draft, class)
	proxyclass.CheckHook(p.draft, class, []string{statsMethod}, statsArguments, "write it with the parameters ("+statsParameters+")")
}

// Finish implements proxyclass.Protocol.
func (p protocol) Finish(hosted proxyclass.Hosted) error {
	h := hosted.(*host)
	if h.Session == nil {
		p.withoutEffect(h)
	}
	h.setHooks()
	return nil
}

// Compile implements proxyclass.Protocol.
func (protocol) Compile(hosted proxyclass.Hosted) (proxyclass.Compiled, []error) {
	h := hosted.(*host)
	return plug.Compile(h.Class.Name(), &h.settings.Settings)
}

// Share implements proxyclass.Protocol.
func (protocol) Share(c proxyclass.Compiled, s *proxyclass.Shared) proxy.Class {
	return &made{c.(*plug.Class), s}
}

// PerSession implements proxyclass.Protocol.
func (protocol) PerSession(*interp.Class) proxy.Class { return new(plug.Class) }

// withoutEffect tells of what is said in vain.
func (p protocol) withoutEffect(h *host) {
	if r, ok := h.Values["buffer_size"]; ok && h.settings.bufferSize != defaults().bufferSize {
		p.draft.Note(r.Pos, "no-effect", "self.buffer_size has no effect: the engine reads as much at once as has come", "leave it out")
	}
	_, stats, owner := proxyclass.Written(h.Class, []string{statsMethod})
	asks := h.settings.PacketStatsIntervalPacket > 0 || h.settings.PacketStatsIntervalTime > 0
	if stats != nil && !asks {
		p.warn(proxyclass.WrittenAt(stats, owner), fmt.Sprintf("class %s: packetStats is never called", owner.Name()),
			"write self."+packetInterval+" or self."+timeInterval+" in config()")
	}
	for _, name := range []string{packetInterval, timeInterval} {
		if r, ok := h.Values[name]; ok && stats == nil && asks && !kind.Attributes[name].IsDefault(r.Value) {
			p.warn(r.Pos, "self."+name+" has no effect: no packetStats is written", "write def packetStats("+statsParameters+"):")
		}
	}
}

func (p protocol) warn(pos source.Pos, message, hint string) {
	p.draft.Find(source.Finding{Pos: pos, Severity: source.Warning, ID: "no-effect", Message: message, Hint: hint})
}

// at is the moment of a view.
func at(v *plug.View) proxyclass.Moment {
	return proxyclass.Moment{Session: v.Session, Self: v.Self, View: v}
}

// setHooks has the engine call the methods that the policy wrote; what it did not write costs no session anything.
func (h *host) setHooks() {
	s := h.settings
	if proxyclass.Overridden(h.Class, "connectServer") {
		s.Connect = func(v *plug.View) (bool, error) { return at(v).Connect() }
	}
	if proxyclass.Overridden(h.Class, statsMethod) {
		s.PacketStats = askStats
	}
	if names := h.WrittenOf(proxyclass.StartUpMethods); len(names) > 0 {
		s.StartUp = func(v *plug.View) error { return at(v).CallAll(names, true) }
	}
	if names := h.WrittenOf(proxyclass.ShutDownMethods); len(names) > 0 {
		s.ShutDown = func(v *plug.View) error { return at(v).CallAll(names, false) }
	}
}

// askStats asks the policy's packetStats whether the session goes on.
func askStats(v *plug.View) (bool, error) {
	s := v.Stats
	answer, err := at(v).CallMethod(statsMethod, starlark.MakeInt64(s.ClientBytes), starlark.MakeInt64(s.ClientPackets),
		starlark.MakeInt64(s.ServerBytes), starlark.MakeInt64(s.ServerPackets))
	if err != nil {
		return false, err
	}
	n, ok := word.AsInt(answer)
	if !ok {
		return false, fmt.Errorf("%s returned %s, want a number such as ZV_ACCEPT", statsMethod, proxyclass.Printed(answer))
	}
	return n == accept, nil
}
