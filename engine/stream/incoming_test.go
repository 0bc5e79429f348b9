package stream

import (
	"net"
	"net/netip"
	"testing"
)

func TestIncoming(t *testing.T) {
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		t.Skip(err)
	}
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, err := Listen(t.Context(), netip.MustParseAddrPort(at))
		if err != nil {
			t.Logf("no %s: %v", at, err)
			continue
		}
		defer l.Close()
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		server, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer server.Close()
		if got, err := Incoming(server); got != lo.Index || err != nil {
			t.Errorf("%s: interface %d, %v; want %d", at, got, err, lo.Index)
		}
	}
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	if _, err := Incoming(a); err == nil {
		t.Error("a pipe has an interface")
	}
}
