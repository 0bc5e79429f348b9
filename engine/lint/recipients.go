package lint

import (
	"fmt"
	"net/netip"
	"slices"

	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// settings are those of a mail service whose class is the same for all sessions; else nil.
func settings(s *service.Service) *smtp.Settings {
	if class, ok := s.Class.(interface{ Settings() *smtp.Settings }); ok {
		return class.Settings()
	}
	return nil
}

// entry is what the request table says of verb, and false if it refuses it.
func entry(s *smtp.Settings, verb string) (smtp.Entry, bool) {
	e, ok := s.Request[verb]
	if !ok {
		e, ok = s.Request["*"]
	}
	return e, ok && (e.Action == smtp.Accept || e.Action == smtp.Policy)
}

// mail examines what a mail service accepts.
func (p *policy) mail(s *service.Service) {
	set := settings(s)
	if set == nil || p.takesNothing(s, set) {
		return
	}
	p.believesClients(s, set)
	rcpt, _ := entry(set, "RCPT")
	switch {
	case !set.Relay.Check:
		p.relaying(s)
	case rcpt.Action == smtp.Accept:
		p.find(s.Pos, source.Warning, "relay-unchecked",
			fmt.Sprintf("service %q: its class %s says who may relay, but accepts RCPT without asking: any client may send mail to anywhere", s.Name, s.Class.Name()),
			`write self.request["RCPT"] = (SMTP_REQ_POLICY, self.checkRecipient), or leave the entry as SmtpProxy.config(self) makes it`)
	case rcpt.Hook == smtp.CheckRecipient:
		p.recipients(s, &set.Relay)
	}
}

// recipients examines the lists of a relay check that is the engine's own.
func (p *policy) recipients(s *service.Service, relay *smtp.Relay) {
	if len(relay.Zones)+len(relay.Domains) == 0 && relay.DomainsMatcher == nil {
		p.find(s.Pos, source.Warning, "relay-refuses-all",
			fmt.Sprintf("service %q: its class %s checks recipients, but names no domain and no zone: it refuses all but <postmaster>", s.Name, s.Class.Name()),
			`write self.relay_domains = ("example.com",) with the domains of the server, or leave out relay_check`)
	}
	r := p.anyone(s)
	if r == nil {
		return
	}
	for _, name := range relay.Zones {
		if name == "*" || p.everywhere(name) {
			p.find(s.Pos, source.Warning, "open-relay",
				fmt.Sprintf("service %q is an open relay: relay_zones %q lets any client send mail to anywhere, and the rule at %s takes any client", s.Name, name, r.Pos),
				"name in relay_zones the zones of your own clients, and in relay_domains the domains of the server")
			return
		}
	}
}

// anyone is a rule of s that takes clients from anywhere; nil if there is none.
func (p *policy) anyone(s *service.Service) *rule.Rule {
	for _, r := range p.rules {
		if r.Service != s.Name {
			continue
		}
		limited := len(r.SrcSubnet)+len(r.SrcZone) > 0
		all := slices.ContainsFunc(r.SrcSubnet, unlimited) || slices.ContainsFunc(r.SrcZone, func(z *zone.Zone) bool { return p.everywhere(z.Name) })
		if !limited || all {
			return r
		}
	}
	return nil
}

// everywhere reports whether all addresses of a family that no other zone has are in the zone called name, or below it.
func (p *policy) everywhere(name string) bool {
	return slices.ContainsFunc(p.Zones.All(), func(z *zone.Zone) bool {
		return z.Within(name) && slices.ContainsFunc(z.Prefixes, unlimited)
	})
}

func unlimited(n netip.Prefix) bool { return n.Bits() == 0 }

// takesNothing reports services that no mail can pass, and finds those whose policy just does not mention what is needed.
func (p *policy) takesNothing(s *service.Service, set *smtp.Settings) bool {
	for _, needed := range [][]string{{"EHLO", "HELO"}, {"MAIL"}, {"RCPT"}, {"DATA", "BDAT"}} {
		if slices.ContainsFunc(needed, func(verb string) bool { _, ok := entry(set, verb); return ok }) {
			continue
		}
		if slices.ContainsFunc(append(needed, "*"), func(verb string) bool { _, ok := set.Request[verb]; return ok }) {
			return true // a refusal that the policy wrote
		}
		p.find(s.Pos, source.Warning, "no-mail-passes",
			fmt.Sprintf("service %q: its class %s does not mention %s and so refuses it: no mail can pass", s.Name, s.Class.Name(), needed[0]),
			fmt.Sprintf(`let its config() begin with SmtpProxy.config(self), or write self.request[%q] = SMTP_REQ_ACCEPT`, needed[0]))
		return true
	}
	return false
}
