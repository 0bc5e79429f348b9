package nat

import (
	"errors"
	"net/netip"
	"strings"
	"sync"
	"testing"
)

var (
	client = netip.MustParseAddrPort("10.0.0.9:51515")
	server = netip.MustParseAddrPort("192.0.2.1:25")
)

func prefixes(texts ...string) (list []netip.Prefix) {
	for _, text := range texts {
		list = append(list, netip.MustParsePrefix(text))
	}
	return list
}

func TestMappingErrors(t *testing.T) {
	_, pair := NewMapping(prefixes("10.0.0.0/8", "0.0.0.0/0"))
	_, family := NewMapping(prefixes("10.0.0.0/8", "0.0.0.0/0", "fd00::/64"))
	_, triple := NewShift(prefixes("10.0.0.0/8", "0.0.0.0/0", "10.0.0.0/8"))
	_, sizes := NewShift(prefixes("10.0.0.0/8", "11.0.0.0/9"))
	_, families := NewShift(prefixes("10.0.0.0/8", "fd00::/8"))
	_, mask := NewNAT64(71)
	_, four := NewNAT46(client.Addr(), netip.IPv6Unspecified(), 96)
	_, suffix := NewNAT46(netip.MustParseAddr("64:ff9b::"), netip.MustParseAddr("ff::1"), 96)
	for want, err := range map[string]error{
		"not 2": pair, "other address family": family, "two networks": triple, "different sizes": sizes,
		"different address families": families, "write 32, 40": mask, "are IPv6": four, "first 32 bits": suffix,
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// A mapping between families translates only the side that its new network can stand for.
func TestMappingBetweenFamilies(t *testing.T) {
	m, err := NewMapping(prefixes("10.0.0.0/8", "fd00::/16", "fd01::/16"))
	if err != nil {
		t.Fatal(err)
	}
	g := &General{Mappings: []Mapping{m}}
	p := Pair{client, netip.MustParseAddrPort("[fd00::1]:25")}
	if got, ok, err := g.Translate(p, Destination); got.String() != "[fd01::1]:25" || !ok || err != nil {
		t.Errorf("%s, %t, %v", got, ok, err)
	}
	if got, ok, err := g.Translate(p, Source); ok || err != nil {
		t.Errorf("%s, %t, %v", got, ok, err)
	}
}

// An IPv4 address may come as an IPv6 socket has it.
func TestMappedAddresses(t *testing.T) {
	m, _ := NewMapping(prefixes("10.0.0.0/8", "0.0.0.0/0", "20.0.0.0/8"))
	p := Pair{netip.MustParseAddrPort("[::ffff:10.0.0.9]:5"), server}
	for _, n := range []NAT{
		&General{Mappings: []Mapping{m}},
		&Hash{To: map[netip.Addr]netip.Addr{client.Addr(): netip.MustParseAddr("20.0.0.9")}},
		&OneToOne{Shifts: []Shift{{m.Src, m.To}}},
		&Static{netip.MustParseAddrPort("[::ffff:20.0.0.9]:0")},
	} {
		if got, ok, err := n.Translate(p, Source); got.Addr().String() != "20.0.0.9" || !ok || err != nil {
			t.Errorf("%T: %s, %t, %v", n, got, ok, err)
		}
	}
}

func TestMissingSide(t *testing.T) {
	for _, n := range []NAT{&General{}, &Hash{}, &OneToOne{}, ForgeClient{}, &NAT64{}, &NAT46{}} {
		if got, ok, err := n.Translate(Pair{Dst: server}, Source); ok || err == nil || errors.Is(err, ErrRefused) {
			t.Errorf("%T: %s, %t, %v", n, got, ok, err)
		}
	}
	if got, ok, err := (ForgeClient{}).Translate(Pair{client, server}, Destination); ok || err != nil {
		t.Errorf("%s, %t, %v", got, ok, err)
	}
}

// Byte 8 is zero whatever the prefix has there, unless it is of the prefix itself.
func TestByteEight(t *testing.T) {
	prefix, p := netip.MustParseAddr("2001:db8:1:2:ff03:4:5:6"), Pair{Src: netip.MustParseAddrPort("192.0.2.33:0")}
	for mask, want := range map[int]string{64: "2001:db8:1:2:c0:2:2100:0", 48: "2001:db8:1:c000:2:2100::", 96: "2001:db8:1:2:ff03:4:c000:221"} {
		n, err := NewNAT46(prefix, netip.IPv6Unspecified(), mask)
		if err != nil {
			t.Fatal(err)
		}
		if got, _, _ := n.Translate(p, Source); got.Addr().String() != want {
			t.Errorf("/%d: %s, want %s", mask, got.Addr(), want)
		}
	}
}

// counting is a Random whose choices are 0, 1, 2 ...
func counting() *Policy {
	n := 0
	to := make([]netip.AddrPort, 256)
	for i := range to {
		to[i] = netip.AddrPortFrom(netip.AddrFrom4([4]byte{203, 0, 113, byte(i)}), 4000)
	}
	return &Policy{Cacheable: true, NAT: &Random{To: to, Pick: func(of int) int { n++; return (n - 1) % of }}}
}

func TestChoiceSticks(t *testing.T) {
	p := counting()
	ask := func(src string, m Mode) string {
		got, _, _ := p.Translate(Pair{netip.MustParseAddrPort(src), server}, m)
		return got.String()
	}
	for _, c := range []struct {
		src  string
		mode Mode
		want string
	}{
		{"10.0.0.1:1", Source, "203.0.113.0:4000"},
		{"10.0.0.2:1", Source, "203.0.113.1:4000"},
		{"10.0.0.1:2", Source, "203.0.113.0:4000"},          // ports count nothing, and the class's own port stays
		{"[::ffff:10.0.0.1]:2", Source, "203.0.113.0:4000"}, // nor does the form
		{"10.0.0.1:1", Destination, "203.0.113.2:4000"},     // the mode does
	} {
		if got := ask(c.src, c.mode); got != c.want {
			t.Errorf("%s as %s: %s, want %s", c.src, c.mode, got, c.want)
		}
	}
	p.Cacheable = false
	if a, b := ask("10.0.0.1:1", Source), ask("10.0.0.1:1", Source); a == b {
		t.Errorf("%s is remembered", a)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	p := counting()
	ask := func(i int) netip.AddrPort {
		got, _, _ := p.Translate(Pair{netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 0), server}, Source)
		return got
	}
	first := ask(0)
	for i := range 5 * generation {
		ask(i)
		if i%(generation/2) == 0 && ask(0) != first {
			t.Fatalf("what is asked for often is forgotten at %d", i)
		}
	}
	if n := len(p.young) + len(p.old); n > 2*generation {
		t.Errorf("%d choices are remembered", n)
	}
}

func TestPolicyIsShared(t *testing.T) {
	p := &Policy{Cacheable: true, NAT: &Random{To: []netip.AddrPort{client, server}}}
	var all sync.WaitGroup
	got := make([]netip.AddrPort, 20)
	for i := range got {
		all.Go(func() { got[i], _, _ = p.Translate(Pair{client, server}, Source) })
	}
	all.Wait()
	for _, a := range got {
		if a != got[0] {
			t.Errorf("%v", got)
		}
	}
}
