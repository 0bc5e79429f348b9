package graph

import (
	"net/netip"
	"testing"

	"zorpgo/engine"
	"zorpgo/engine/chain"
	"zorpgo/engine/route"
	"zorpgo/engine/rule"
	"zorpgo/engine/service"
	"zorpgo/engine/source"
	"zorpgo/engine/stream"
	"zorpgo/engine/zone"
)

func at(line int) source.Pos { return source.Pos{File: "policies/p.star", Line: line, Col: 1} }

func networks(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func servers(texts ...string) (list []stream.Addr) {
	for _, text := range texts {
		list = append(list, stream.Addr{AddrPort: netip.MustParseAddrPort(text)})
	}
	return list
}

func ports(low, high uint16) []rule.PortRange { return []rule.PortRange{{Low: low, High: high}} }

// config is a policy of these parts.
func config(t testing.TB, zones []*zone.Zone, services []*service.Service, rules []*rule.Rule) *engine.Config {
	t.Helper()
	table, found := zone.NewTable(zones)
	if len(found) > 0 {
		t.Fatal(found)
	}
	c := &engine.Config{Instance: "default_instance", Zones: table, Services: map[string]*service.Service{}, Rules: rule.NewSet(rules)}
	for _, v := range services {
		c.Services[v.Name] = v
	}
	return c
}

// small is a policy that has a little of everything.
func small(t testing.TB) *engine.Config {
	internet := &zone.Zone{Name: "internet", Prefixes: networks("0.0.0.0/0", "::/0"), Pos: at(1)}
	dmz := &zone.Zone{Name: "dmz", Prefixes: networks("172.16.40.0/24"), Parent: internet, Pos: at(2)}
	lab := &zone.Zone{Name: "lab <\"&'>", Prefixes: networks("10.9.0.0/16", "10.8.0.0/16", "10.7.0.0/16", "10.6.0.0/16", "10.5.0.0/16"), Pos: at(3)}
	return config(t, []*zone.Zone{internet, dmz, lab}, []*service.Service{
		{Name: "mail", Pos: at(10), Router: &route.Directed{Dest: servers("172.16.20.254:25", "172.16.20.253:25")},
			Chainer: &chain.StateBased{Failover: true}, MaxInstances: 100},
		{Name: "through", Pos: at(12), Router: &route.Transparent{ForcedPort: 2525, Forge: route.Forge{Addr: true}}},
		{Name: "no", Pos: at(14), Deny: true, DenyIPv4: "tcp reset"},
		{Name: "spare", Pos: at(15), Router: &route.Inband{}},
	}, []*rule.Rule{
		{ID: 1, Service: "mail", Pos: at(20), Proto: []int{6}, SrcZone: []*zone.Zone{internet}, DstSubnet: networks("172.16.40.1/32"), DstPort: ports(25, 25)},
		{ID: 2, Service: "through", Pos: at(21), Proto: []int{6}, SrcZone: []*zone.Zone{dmz}, DstZone: []*zone.Zone{internet}, DstPort: ports(1024, 65535)},
		{ID: 3, Service: "no", Pos: at(22), Proto: []int{17}, SrcSubnet: networks("192.0.2.0/24"), SrcIface: []string{"eth0"}},
		{ID: 4, Service: "mail", Pos: at(23), Listener: &rule.Listener{Word: "ZoneListener", Pos: at(23), OwnZone: true,
			At: []netip.AddrPort{netip.MustParseAddrPort("192.0.2.25:25")}}, SrcZone: []*zone.Zone{dmz}},
	})
}
