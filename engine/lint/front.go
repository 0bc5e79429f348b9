package lint

import (
	"fmt"

	"zorpgo/engine/rule"
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
