package tproxy

import (
	"encoding/binary"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"

	"zorpgo/engine/rule"
)

// TestKernelAndProxyAgree sends packets through the rulesets of random policies and compares the rule that the kernel
// met with the one that the proxy would.
func TestKernelAndProxyAgree(t *testing.T) {
	elsewhere(t, func(t *testing.T) {
		wire := newWire(t)
		for seed := range uint64(40) {
			w := newWorld(seed)
			s := w.ruleset()
			set := rule.NewSet(s.Rules)
			nft(t, s.String(), "-f", "-")
			before := map[int]int{}
			for range 10 {
				f := w.flow()
				want := 0
				if r := set.Lookup(f); r != nil {
					want = r.ID
				}
				wire.send(t, f)
				after := met(t, s, before)
				if after[want] != before[want]+1 {
					t.Fatalf("seed %d: %+v: the proxy meets rule %d, the kernel's counters go from %v to %v\n%s", seed, f, want,
						before, after, numbered(s.String()))
				}
				before = after
			}
		}
	})
}

// met waits until one more packet has passed the rules, and is the counters then.
func met(t *testing.T, s *Ruleset, before map[int]int) map[int]int {
	t.Helper()
	for start := time.Now(); time.Since(start) < 30*time.Second; {
		if after := hits(t, s); !maps.Equal(before, after) {
			return after
		}
	}
	t.Fatal("the packet did not arrive")
	return nil
}

// wire is the far end of a link to this namespace, where packets of any source can be sent.
type wire struct {
	fd   int // a packet socket
	far  int // the index of the interface that it sends by
	near netlink.Link
}

func newWire(t *testing.T) *wire {
	here, err := netns.Get()
	check(t, err)
	far, err := netns.New() // and this thread is there
	check(t, err)
	t.Cleanup(func() { here.Close(); far.Close() })
	check(t, netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "far"}, PeerName: "near", PeerNamespace: netlink.NsFd(int(here))}))
	link, err := netlink.LinkByName("far")
	check(t, err)
	check(t, netlink.LinkSetUp(link))
	w := &wire{far: link.Attrs().Index}
	w.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	check(t, err)
	t.Cleanup(func() { unix.Close(w.fd) })

	check(t, netns.Set(here))
	w.near, err = netlink.LinkByName("near")
	check(t, err)
	check(t, netlink.LinkSetGroup(w.near, 7))
	for _, text := range []string{"10.0.0.1/32", "fd00::1/128"} {
		addr, err := netlink.ParseAddr(text)
		check(t, err)
		if addr.IP.To4() == nil {
			addr.Flags = unix.IFA_F_NODAD // else it is not there for a second
		}
		check(t, netlink.AddrAdd(w.near, addr))
	}
	check(t, netlink.LinkSetUp(w.near))
	waitUp(t, "near")
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func waitUp(t *testing.T, name string) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range 5000 {
		if link, err := netlink.LinkByName(name); err != nil || link.Attrs().OperState == netlink.OperUp {
			check(t, err)
			return
		}
		<-tick.C
	}
	t.Fatalf("%s is not up", name)
}

// send puts the first packet of f on the wire.
func (w *wire) send(t *testing.T, f *rule.Flow) {
	t.Helper()
	packet, kind := packet4, uint16(unix.ETH_P_IP)
	if f.Src.Is6() {
		packet, kind = packet6, unix.ETH_P_IPV6
	}
	to := &unix.SockaddrLinklayer{Protocol: kind<<8 | kind>>8, Ifindex: w.far, Halen: 6}
	copy(to.Addr[:], w.near.Attrs().HardwareAddr)
	check(t, unix.Sendto(w.fd, packet(f), 0, to))
}

func packet4(f *rule.Flow) []byte {
	b := make([]byte, 20)
	b[0], b[8], b[9] = 0x45, 64, byte(f.Proto)
	src, dst := f.Src.As4(), f.Dst.As4()
	copy(b[12:], src[:])
	copy(b[16:], dst[:])
	payload := segment(f)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)+len(payload)))
	binary.BigEndian.PutUint16(b[10:], checksum(b))
	return append(b, payload...)
}

func packet6(f *rule.Flow) []byte {
	payload := segment(f)
	b := make([]byte, 40)
	b[0], b[6], b[7] = 0x60, byte(f.Proto), 64
	binary.BigEndian.PutUint16(b[4:], uint16(len(payload)))
	src, dst := f.Src.As16(), f.Dst.As16()
	copy(b[8:], src[:])
	copy(b[24:], dst[:])
	return append(b, payload...)
}

// segment is a TCP SYN or an empty UDP datagram.
func segment(f *rule.Flow) []byte {
	b := make([]byte, 8)
	if f.Proto == rule.ProtoTCP {
		b = make([]byte, 20)
		b[12], b[13] = 0x50, 0x02
	} else {
		b[5] = 8
	}
	binary.BigEndian.PutUint16(b, f.SrcPort)
	binary.BigEndian.PutUint16(b[2:], f.DstPort)
	// The checksum is that of the pseudo header and the segment (RFC 9293 §3.1).
	pseudo := slices.Concat(f.Src.AsSlice(), f.Dst.AsSlice(), []byte{0, byte(f.Proto), 0, byte(len(b))})
	at := 6
	if f.Proto == rule.ProtoTCP {
		at = 16
	}
	binary.BigEndian.PutUint16(b[at:], checksum(slices.Concat(pseudo, b)))
	return b
}

func checksum(b []byte) uint16 {
	var sum uint32
	for i := 0; i+1 < len(b); i += 2 {
		sum += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for sum>>16 > 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
