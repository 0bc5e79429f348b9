package rehearse

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
)

// somebody is the address of hosts that a rehearsal does not know (RFC 5737 §3).
var somebody = netip.MustParseAddr("192.0.2.25")

const domain = ".rehearsal.example"

// Resolve stands for the resolver: nobody is asked. A name that LookupAddr gives has its address, every other one an
// address for documentation, which no block list means.
func Resolve(_ context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	if label, ok := strings.CutSuffix(strings.TrimSuffix(host, "."), domain); ok {
		for _, dots := range []string{".", ":"} {
			if a, err := netip.ParseAddr(strings.ReplaceAll(label, "-", dots)); err == nil {
				return []netip.Addr{a}, nil
			}
		}
	}
	return []netip.Addr{somebody}, nil
}

// LookupAddr stands for the resolver: every address has a name.
func LookupAddr(_ context.Context, addr string) ([]string, error) {
	a, err := netip.ParseAddr(addr)
	if err != nil {
		return nil, &net.DNSError{Err: "no such host", Name: addr, IsNotFound: true}
	}
	return []string{strings.NewReplacer(".", "-", ":", "-").Replace(a.StringExpanded()) + domain + "."}, nil
}

// DialMail stands for a mail server that is asked for recipients: it knows all of them.
func DialMail(context.Context, netip.Addr, netip.AddrPort) (net.Conn, error) {
	near, far := net.Pipe()
	go agree(far) // ends when near is closed
	return near, nil
}

func agree(conn net.Conn) {
	defer conn.Close()
	fmt.Fprint(conn, "220 mail"+domain+"\r\n")
	for lines := bufio.NewScanner(conn); lines.Scan(); {
		reply := "250 ok"
		if strings.EqualFold(lines.Text(), "QUIT") {
			reply = "221 bye"
		}
		fmt.Fprint(conn, reply+"\r\n")
	}
}
