package nat

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"zorpgo/engine/stream"
)

func TestOutcomes(t *testing.T) {
	mapping, _ := NewMapping(prefixes("10.0.0.0/8", "0.0.0.0/0", "203.0.113.5/32"))
	shift, _ := NewShift(prefixes("10.0.0.0/24", "192.0.2.0/24"))
	six, _ := NewNAT46(netip.MustParseAddr("64:ff9b::"), netip.IPv6Unspecified(), 96)
	four, _ := NewNAT64(96)
	hash := map[netip.Addr]netip.Addr{netip.MustParseAddr("10.0.0.1"): netip.MustParseAddr("fd00::1")}
	for i, c := range []struct {
		nat  NAT
		mode Mode
		want string // of IPv4 and of IPv6
	}{
		{&Static{client}, Source, "10.0.0.9/32 | 10.0.0.9/32"},
		{&Random{To: []netip.AddrPort{client, server}}, Source, "10.0.0.9/32 192.0.2.1/32 | 10.0.0.9/32 192.0.2.1/32"},
		{&General{[]Mapping{mapping}}, Source, "203.0.113.5/32 silent | silent"},
		{&Hash{To: hash, Reject: true}, Source, "fd00::1/128 | "},
		{&Hash{To: hash}, Source, "0.0.0.0/0 fd00::1/128 | ::/0"},
		{&OneToOne{Shifts: []Shift{shift}, Reject: true}, Destination, "192.0.2.0/24 | "},
		{&OneToOne{Shifts: []Shift{shift}}, Destination, "0.0.0.0/0 192.0.2.0/24 | ::/0"},
		{four, Source, " | 0.0.0.0/0"},
		{six, Source, "64:ff9b::/96 | "},
		{ForgeClient{}, Source, "0.0.0.0/0 | ::/0"},
		{ForgeClient{}, Destination, "silent | silent"},
	} {
		var texts []string
		for _, f := range []stream.Family{stream.IPv4, stream.IPv6} {
			o, known := (&Policy{NAT: c.nat}).Outcome(f, c.mode)
			var list []string
			for _, n := range o.Networks {
				list = append(list, n.String())
			}
			if slices.Sort(list); o.Silent {
				list = append(list, "silent")
			}
			if texts = append(texts, strings.Join(list, " ")); !known {
				t.Error(i, "is not known")
			}
		}
		if got := strings.Join(texts, " | "); got != c.want {
			t.Errorf("%d: %s: %s, want %s", i, fmt.Sprintf("%T", c.nat), got, c.want)
		}
	}
}
