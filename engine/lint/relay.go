package lint

import (
	"fmt"

	"zorpgo/engine/service"
	"zorpgo/engine/source"
)

// relaying warns of mail services that leave it to their server which recipients it takes: a server that trusts the
// firewall's address, which then is the address of every client, would relay for anyone.
func (p *policy) relaying(s *service.Service) {
	if set := settings(s); s.ShowsClient() || s.Announce > 0 || set.XClientToServer && !set.PermitUnannouncedClient {
		return
	}
	seen, trust, way := "this host as the client", "this host's address", "let the router say forge_addr=TRUE, or let"
	if s.SNAT != nil {
		seen, trust, way = "addresses of snat_policy as the clients", "these addresses", "let"
	}
	p.find(s.Pos, source.Warning, "relaying-left-to-server",
		fmt.Sprintf("service %q leaves it to the server which recipients are relayed to, and the server sees %s", s.Name, seen),
		"the server must not trust "+trust+"; or "+way+" the proxy class say relay_domains")
}
