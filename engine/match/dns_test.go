package match

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// zonefile is a DNS by a table; other zonefile there are not.
type zonefile map[string]string

func (n zonefile) resolve(_ context.Context, host string) (list []netip.Addr, err error) {
	text, ok := n[host]
	switch {
	case !ok:
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	case text == "fails":
		return nil, errors.New("server misbehaving")
	}
	for a := range strings.FieldsSeq(text) {
		list = append(list, netip.MustParseAddr(a))
	}
	return list, nil
}

func TestDNS(t *testing.T) {
	table := zonefile{
		"a.example": "192.0.2.1 2001:db8::1", "b.example": "192.0.2.2", "bad.example": "fails",
		"2.0.0.127.list.example.": "127.0.0.2", "9.2.0.192.list.example.": "127.0.0.4",
		"8.2.0.192.list.example.": "192.0.2.80", "7.2.0.192.list.example.": "127.255.255.254",
		"1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.list.example.": "127.0.0.2",
		"spam.example.list.example.": "127.0.1.2", "xn--bcher-kva.example.list.example.": "127.0.1.2",
	}
	for _, c := range []struct {
		hosts, text string
		want        byte // t, f or e
	}{
		{"a.example", "192.0.2.1", 't'}, {"a.example", "2001:db8::1", 't'}, {"a.example", "::ffff:192.0.2.1", 't'},
		{"a.example", "192.0.2.2", 'f'}, {"a.example b.example", "192.0.2.2", 't'}, {"none.example", "192.0.2.2", 'f'},
		{"bad.example", "192.0.2.1", 'e'}, {"bad.example a.example", "192.0.2.1", 't'}, {"a.example bad.example", "192.0.2.9", 'e'},
		{"a.example", "a.example", 'f'}, {"a.example", "", 'f'}, {"a.example", "x@192.0.2.1", 'f'},
		{"%s.list.example", "127.0.0.2", 't'}, {"%s.list.example", "192.0.2.9", 't'}, {"%s.list.example", "192.0.2.10", 'f'},
		{"%s.list.example", "192.0.2.8", 'f'}, {"%s.list.example", "192.0.2.7", 'e'}, {"%s.list.example", "2001:db8::1", 't'},
		{"%s.list.example", "a@[192.0.2.9]", 't'}, {"%s.list.example", "a@[IPv6:2001:db8::1]", 't'},
		{"%s.list.example", "a@SPAM.example", 't'}, {"%s.list.example", "spam.example.", 't'}, {"%s.list.example", "a@b\u00fccher.example", 't'},
		{"%s.list.example", "a@good.example", 'f'}, {"%s.list.example", "", 'f'}, {"%s.list.example", `"a b"`, 'f'}, {"%s.list.example", "a@x/y", 'f'},
		{"%s.list.example", strings.Repeat("a.", 120) + "example", 'f'},
	} {
		hit, err := NewDNS(strings.Fields(c.hosts), table.resolve).Match(t.Context(), c.text)
		got := byte('f')
		if err != nil {
			got = 'e'
		} else if hit {
			got = 't'
		}
		if got != c.want {
			t.Errorf("%s has %q: %c (%v), want %c", c.hosts, c.text, got, err, c.want)
		}
	}
}

// TestAskServer asks a real server over UDP; the name is not completed by that of this host.
func TestAskServer(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	asked := make(chan string, 100)
	go answer(conn, asked) // ends when conn is closed
	m := NewDNS([]string{"a.example"}, AskServer(conn.LocalAddr().(*net.UDPAddr).AddrPort()))
	asks(t, m, "192.0.2.1", true)
	asks(t, m, "192.0.2.2", false)
	asks(t, NewDNS([]string{"%s.list.example"}, AskServer(conn.LocalAddr().(*net.UDPAddr).AddrPort())), "192.0.2.2", false)
	conn.Close()
	for len(asked) > 0 {
		if name := <-asked; name != "a.example." && name != "2.2.0.192.list.example." {
			t.Error("asked for", name)
		}
	}
}

// answer knows a.example.
func answer(conn net.PacketConn, asked chan<- string) {
	buf := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:n]) != nil || len(m.Questions) != 1 {
			continue
		}
		q := m.Questions[0]
		asked <- q.Name.String()
		reply := dnsmessage.Message{Header: dnsmessage.Header{ID: m.ID, Response: true, RecursionAvailable: true}, Questions: m.Questions}
		switch {
		case q.Name.String() != "a.example.":
			reply.RCode = dnsmessage.RCodeNameError
		case q.Type == dnsmessage.TypeA:
			reply.Answers = []dnsmessage.Resource{{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: dnsmessage.ClassINET, TTL: 60},
				Body: &dnsmessage.AResource{A: [4]byte{192, 0, 2, 1}}}}
		}
		if out, err := reply.Pack(); err == nil {
			_, _ = conn.WriteTo(out, from)
		}
	}
}
