package zone

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"zorpgo/engine/source"
)

func TestParsePrefix(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"10.0.0.0/8", "10.0.0.0/8"},
		{"10.1.2.3/8", "10.1.2.3/8"},
		{"10.1.2.3", "10.1.2.3/32"},
		{"0.0.0.0/0", "0.0.0.0/0"},
		{"2001:db8::/32", "2001:db8::/32"},
		{"2001:DB8::1", "2001:db8::1/128"},
		{"::ffff:0:0/96", "::ffff:0.0.0.0/96"},
		{"::/0", "::/0"},
	} {
		if p, err := ParsePrefix(c.text); err != nil || p.String() != c.want {
			t.Errorf("ParsePrefix(%q) = %v, %v, want %s", c.text, p, err, c.want)
		}
	}
}

func TestParsePrefixRefuses(t *testing.T) {
	for _, c := range []struct{ text, says string }{
		{"", "write a network such as 10.0.0.0/8"},
		{"10.0.0.0/255.0.0.0", "write 10.0.0.0/8"},
		{"10.0.0.0/255.255.255.255", "write 10.0.0.0/32"},
		{"10.0.0.0/255.0.255.0", "from 0 to 32"},
		{"10.0.0.0/33", "from 0 to 32"},
		{"10.0.0.0/", "from 0 to 32"},
		{"10.0.0.0/08", "from 0 to 32"},
		{"10.0.0.0/-1", "from 0 to 32"},
		{"fd00::/129", "from 0 to 128"},
		{"fd00::/255.0.0.0", "from 0 to 128"},
		{"10/8", "all four numbers"},
		{"10", "all four numbers"},
		{"10.0.0.300/8", "from 0 to 255"},
		{"10.0.0/8", "four numbers"},
		{"010.0.0.1", "leading zeros"},
		{"fd00::1::2", "hexadecimal"},
		{"fe80::1%eth0", `leave out "%eth0"`},
		{"fe80::%eth0/64", `leave out "%eth0"`},
		{" 10.0.0.0/8", `remove the white space around "10.0.0.0/8"`},
		{"mail.example.com", "host names are not accepted"},
		{"internet", "neither IPv4 nor IPv6"},
	} {
		_, err := ParsePrefix(c.text)
		if err == nil {
			t.Errorf("ParsePrefix(%q) is accepted", c.text)
		} else if !strings.Contains(err.Error(), c.says) {
			t.Errorf("ParsePrefix(%q) says %q, want %q in it", c.text, err, c.says)
		}
	}
}

func TestFindings(t *testing.T) {
	at := func(line int) source.Pos { return source.Pos{File: "z.star", Line: line, Col: 1} }
	net10 := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	a := &Zone{Name: "a", Prefixes: net10, Pos: at(1)}
	b := &Zone{Name: "b", Prefixes: []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8")}, Pos: at(2)}
	table, found := NewTable([]*Zone{
		a, b,
		{Name: "a", Pos: at(3)},
		{Name: "c", Prefixes: slices.Repeat([]netip.Prefix{netip.MustParsePrefix("fd00::/16")}, 2), Pos: at(4)},
		{Name: "d", Parent: &Zone{Name: "elsewhere"}, Pos: at(5)},
	})
	want := []string{
		`z.star:2:1: error: network 10.0.0.0/8 of zone "b" belongs already to zone "a" at z.star:1:1 [zone-network-twice]`,
		`z.star:3:1: error: zone "a" is defined already at z.star:1:1 [zone-name-twice]`,
		`z.star:4:1: error: zone "c" lists network fd00::/16 twice [zone-network-twice]`,
		`z.star:5:1: error: zone "d": its parent "elsewhere" is not defined before it [zone-parent-unknown]`,
	}
	for i, f := range found {
		line, _, _ := strings.Cut(f.String(), "\n")
		if i >= len(want) || line != want[i] {
			t.Errorf("finding %d is %s", i, line)
		}
	}
	if len(found) != len(want) {
		t.Errorf("%d findings, want %d", len(found), len(want))
	}
	if table.ByName("a") != a || table.ByName("b") != b || table.Lookup(netip.MustParseAddr("10.1.1.1")) != a {
		t.Error("the rest of the table is not usable")
	}
}

func TestDepth(t *testing.T) {
	var zones []*Zone
	var parent *Zone
	for i := 1; i <= MaxDepth+3; i++ {
		parent = &Zone{Name: fmt.Sprintf("level%d", i), Parent: parent}
		zones = append(zones, parent)
		if parent.Depth() != i {
			t.Errorf("%s has depth %d", parent.Name, parent.Depth())
		}
	}
	if _, found := NewTable(zones[:MaxDepth]); len(found) > 0 {
		t.Errorf("%d levels: %v", MaxDepth, found)
	}
	_, found := NewTable(zones)
	if len(found) != 1 || found[0].ID != "zone-too-deep" || !strings.Contains(found[0].Message, "level32") {
		t.Errorf("%d levels: %v", len(zones), found)
	}
}

func TestWithin(t *testing.T) {
	intra := &Zone{Name: "intra"}
	it := &Zone{Name: "intra.it", Parent: intra}
	for _, c := range []struct {
		zone *Zone
		name string
		want bool
	}{
		{it, "intra.it", true}, {it, "intra", true}, {it, "intr", false},
		{intra, "intra.it", false}, {nil, "intra", false}, {nil, "", false},
	} {
		if got := c.zone.Within(c.name); got != c.want {
			t.Errorf("%q within %q is %v", c.zone, c.name, got)
		}
	}
}

func TestLookupIgnoresInterface(t *testing.T) {
	link := &Zone{Name: "link", Prefixes: []netip.Prefix{netip.MustParsePrefix("fe80::/10")}}
	table, _ := NewTable([]*Zone{link})
	if table.Lookup(netip.MustParseAddr("fe80::1%eth0")) != link {
		t.Error("the interface in an address hides its zone")
	}
	if table.Lookup(netip.Addr{}) != nil {
		t.Error("no address is in a zone")
	}
}

func TestNoTable(t *testing.T) {
	var none *Table
	if none.Lookup(netip.MustParseAddr("10.0.0.1")) != nil || none.ByName("a") != nil || none.All() != nil {
		t.Error("a nil table has zones")
	}
}

// manyZones has n zones of 16 networks each, every fourth a child of the one before it.
func manyZones(tb testing.TB, n int) *Table {
	tb.Helper()
	zones := []*Zone{{Name: "internet", Prefixes: []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0"), netip.MustParsePrefix("::/0")}}}
	for i := range n {
		z := &Zone{Name: fmt.Sprintf("zone%d", i)}
		for j := range byte(8) {
			high, low := byte(i>>8), byte(i)
			z.Prefixes = append(z.Prefixes,
				netip.PrefixFrom(netip.AddrFrom4([4]byte{10 + j, high, low, 0}), 24),
				netip.PrefixFrom(netip.AddrFrom16([16]byte{0xfd, j, high, low}), 64))
		}
		if i%4 != 0 {
			z.Parent = zones[len(zones)-1]
		}
		zones = append(zones, z)
	}
	table, found := NewTable(zones)
	if len(found) > 0 {
		tb.Fatal(found)
	}
	return table
}

var probes = []netip.Addr{
	netip.MustParseAddr("10.3.7.9"), netip.MustParseAddr("17.39.15.1"), netip.MustParseAddr("8.8.8.8"),
	netip.MustParseAddr("fd03:2010::1"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("::ffff:10.3.7.9"),
}

func TestLookupAllocatesNothing(t *testing.T) {
	table := manyZones(t, 1000)
	n := testing.AllocsPerRun(100, func() {
		for _, a := range probes {
			table.Lookup(a).Within("internet")
		}
	})
	if n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkLookup(b *testing.B) {
	table := manyZones(b, 10_000)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if table.Lookup(probes[i%len(probes)]) == nil {
			b.Fatal("no zone")
		}
	}
}
