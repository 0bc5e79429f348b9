package lint

import (
	"fmt"

	"zorpgo/engine/proxy/smtp"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/zone"
)

// believesAll finds a rule that lets everybody say who they are.
func (p *policy) believesAll(r *rule.Rule) {
	for _, z := range r.ProxiesFrom {
		if name := p.everybody(z); name != "" {
			p.find(r.Pos, source.Warning, "proxy-header-from-anybody",
				fmt.Sprintf("zone %q of proxy_protocol_from holds %s: any client may say that it is another one", z.Name, name),
				"name a zone that holds the addresses of the proxies in front, and nothing else")
			return
		}
	}
}

// believesClients finds a class that lets every client say who it is.
func (p *policy) believesClients(s *service.Service, set *smtp.Settings) {
	for _, name := range set.XClientFrom {
		z := p.Zones.ByName(name)
		if z == nil {
			continue
		}
		if network := p.everybody(z); network != "" {
			p.find(s.Pos, source.Warning, "xclient-from-anybody",
				fmt.Sprintf("service %q: zone %q of xclient_from of its class %s holds %s: any client may say that it is another one", s.Name, name, s.Class.Name(), network),
				"name a zone that holds the addresses of the proxies in front, and nothing else")
			return
		}
	}
}

// everybody is a network of z, or of a zone below it, that is all addresses of a family; "" if there is none.
func (p *policy) everybody(z *zone.Zone) string {
	for _, below := range p.Zones.All() {
		if !below.Within(z.Name) {
			continue
		}
		for _, network := range below.Prefixes {
			if network.Bits() == 0 {
				return network.String()
			}
		}
	}
	return ""
}
