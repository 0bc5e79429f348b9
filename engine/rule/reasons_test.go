package rule

import (
	"fmt"
	"net/netip"
	"testing"

	"zorpgo/engine/zone"
)

// TestReasonsAgainstScore holds what is said of a rule against what is decided on it.
func TestReasonsAgainstScore(t *testing.T) {
	w := newWorld(t, 3)
	for range 5000 {
		r, f := w.rule(t, 1), w.flow()
		score, matches := r.Score(f)
		reasons := r.Reasons(f)
		holds := true
		for d, reason := range reasons {
			holds = holds && reason.Holds()
			sum := 0
			for _, c := range reason.Wants {
				sum += c.Score
				if (c.Held != "") != (c.Score > 0) {
					t.Fatalf("%+v: holds %q with score %d", c, c.Held, c.Score)
				}
			}
			if sum != reason.Score || matches && score[d] != sum {
				t.Fatalf("%+v, %+v: %s adds up to %d, not %d of %v", r, f, reason.Dimension, sum, reason.Score, score)
			}
			if (len(reason.Wants) > 0) != r.has(d) {
				t.Fatalf("%+v: conditions on the %s: %v", r, reason.Dimension, reason.Wants)
			}
		}
		if holds != matches {
			t.Fatalf("%+v, %+v: reasons say %v, the score %v", r, f, holds, matches)
		}
	}
}

func TestReasons(t *testing.T) {
	intra := &zone.Zone{Name: "intra"}
	it := &zone.Zone{Name: "intra.it", Parent: intra}
	flow := Flow{
		Iface: "eth0", Ifgroup: 1, Proto: ProtoTCP, SrcPort: 40000, DstPort: 25,
		Src: netip.MustParseAddr("10.1.2.3"), Dst: netip.MustParseAddr("2001:db8::1"), SrcZone: it,
	}
	icmp := Flow{Proto: ProtoICMP, ICMPType: 8, Src: flow.Src, Dst: flow.Dst}
	for _, c := range []struct {
		rule Rule
		flow Flow
		d    int
		want string
	}{
		{Rule{}, flow, src, "source: [] 0, 10.1.2.3 in zone intra.it, below intra"},
		{Rule{SrcZone: []*zone.Zone{intra}, SrcSubnet: prefixes(t, []string{"10.0.0.0/8", "10.1.2.3", "::/0"})}, flow, src,
			"source: [{src_subnet [10.0.0.0/8 10.1.2.3 ::/0] 10.1.2.3 1056} {src_zone [intra] intra 1}] 1057, 10.1.2.3 in zone intra.it, below intra"},
		{Rule{DstZone: []*zone.Zone{intra}}, flow, dst, "destination: [{dst_zone [intra]  0}] 0, 2001:db8::1 in no zone"},
		{Rule{DstPort: []PortRange{{1, 1024}, {25, 25}}}, flow, dstPort, "destination port: [{dst_port [1-1024 25] 25 2}] 2, port 25"},
		{Rule{SrcPort: []PortRange{{1, 1024}}}, flow, srcPort, "source port: [{src_port [1-1024]  0}] 0, port 40000"},
		{Rule{SrcIface: []string{"eth0"}, SrcIfgroup: []int{2}}, flow, iface,
			"incoming interface: [{src_iface [eth0] eth0 2} {src_ifgroup [2]  0}] 2, interface eth0 of group 1"},
		{Rule{SrcIfgroup: []int{0}}, icmp, iface, "incoming interface: [{src_ifgroup [0]  0}] 0, no known interface"},
		{Rule{Proto: []int{ProtoUDP}}, flow, proto, "protocol: [{proto [17]  0}] 0, TCP"},
		{Rule{ProtoType: []int{8}}, flow, protoType, "ICMP type: [{proto_type [8]  0}] 0, TCP, which has none"},
		{Rule{ProtoType: []int{8}}, icmp, protoType, "ICMP type: [{proto_type [8] 8 1}] 1, ICMP type 8, code 0"},
	} {
		r := c.rule.Reasons(&c.flow)[c.d]
		if got := fmt.Sprintf("%s: %v %d, %s", r.Dimension, r.Wants, r.Score, r.Has); got != c.want {
			t.Errorf("%+v:\n got %s\nwant %s", c.rule, got, c.want)
		}
	}
}
