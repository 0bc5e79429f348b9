package smtp

import (
	"context"
	"errors"
	"net/netip"
	"strings"
	"testing"

	"zorpgo/engine/proxy/dialog"
)

// TestNamesForXCLIENT is CMD-04: whoever looks after the DNS of an address cannot put words into a command, nor have a
// name told that is not the client's.
func TestNamesForXCLIENT(t *testing.T) {
	client := netip.MustParseAddr("172.16.40.10")
	for _, c := range []struct {
		name, told string
		addresses  []netip.Addr
		err        error
	}{
		{"client.example.com.", "client.example.com", []netip.Addr{netip.MustParseAddr("192.0.2.1"), client}, nil},
		{"client.example.com.", "client.example.com", []netip.Addr{netip.AddrFrom16(client.As16())}, nil},
		{"x\r\nRCPT TO:<evil@z.example>", unavailable, []netip.Addr{client}, nil},
		{"a b", unavailable, []netip.Addr{client}, nil},
		{"a+b.example", unavailable, []netip.Addr{client}, nil},
		{"a=b", unavailable, []netip.Addr{client}, nil},
		{"bücher.example", unavailable, []netip.Addr{client}, nil},
		{strings.Repeat("a", 64) + "." + strings.Repeat("b.", 120) + "example", unavailable, []netip.Addr{client}, nil},
		{"", unavailable, []netip.Addr{client}, nil},
		{"bank.example", unavailable, []netip.Addr{netip.MustParseAddr("192.0.2.1")}, nil},
		{"bank.example", unavailable, []netip.Addr{client}, errors.New("no answer")},
	} {
		s := smtpProxy()
		s.XClientToServer, s.Trace.ResolveHost = true, true
		s.Trace.LookupAddr = func(context.Context, string) ([]string, error) { return []string{c.name}, nil }
		s.Trace.LookupHost = func(context.Context, string) ([]netip.Addr, error) { return c.addresses, c.err }
		err := dialog.Play(newMachine(t, s), `
s< 220 m
c< 220 m
c> EHLO c
s> EHLO c
s<"250-m\r\n250 XCLIENT NAME ADDR\r\n"
s> XCLIENT NAME=`+c.told+` ADDR=172.16.40.10
s< 220 m
s> EHLO c
s< 250 m
c< 250 m
`)
		if err != nil {
			t.Errorf("%q: %v", c.name, err)
		}
	}
}

func TestLinesForXCLIENT(t *testing.T) {
	m := newMachine(t, smtpProxy()).(*Machine)
	m.helo = []byte(strings.Repeat("h", 210))
	m.introduction().login = strings.Repeat("+", 80)
	lines := m.clientLines(verbXCLIENT, "HELO LOGIN addr NAME OTHER PORT")
	want := []string{
		"XCLIENT HELO=" + string(m.helo) + " LOGIN=" + strings.Repeat("+2B", 80) + " ADDR=172.16.40.10 NAME=[UNAVAILABLE]",
		"XCLIENT PORT=40000",
	}
	if strings.Join(lines, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	for _, line := range lines {
		if len(line)+2 > maxCommand {
			t.Errorf("%d octets in a line", len(line)+2)
		}
	}
}

func FuzzClientAttributes(f *testing.F) {
	for _, seed := range []string{"ADDR=192.0.2.1 PORT=25", "NAME=a+0D+0Ab", "HELO=+2B+3D", "ADDR=IPV6:2001:db8::1 addr=x", "=", "NAME=[UNAVAILABLE]", ""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, param []byte) {
		values, ok := clientAttributes(param, xclientTakes)
		if !ok {
			return
		}
		var again []string
		for name, value := range values {
			if controlFault([]byte(value)) != lineOK || strings.ContainsAny(value, " \x7f") {
				t.Fatalf("%s is %q", name, value)
			}
			again = append(again, name+"="+xtext(value))
		}
		same, ok := clientAttributes([]byte(strings.Join(again, " ")), xclientTakes)
		for name, value := range values {
			if !ok || same[name] != value {
				t.Fatalf("%s came back as %q, not %q", name, same[name], value)
			}
		}
	})
}
