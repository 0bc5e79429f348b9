package smtp

import (
	"context"
	"crypto/tls"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"zorpgo/engine/proxy/dialog"
	"zorpgo/engine/session"
)

// traced is a View of a session of client at a time that does not pass.
func traced(client, helo string, trace Trace) *View {
	s := newSession()
	s.Client = netip.AddrPortFrom(netip.MustParseAddr(client), 4000)
	trace.Now = func() time.Time {
		return time.Date(2024, 2, 9, 8, 5, 1, 0, time.FixedZone("", -(3*60+30)*60))
	}
	return &View{Session: s, Settings: &Settings{Trace: trace}, HeloString: helo, Protocol: "ESMTP"}
}

const traceEnd = "id svc/test/smtp.0;\r\n\tFri, 09 Feb 2024 08:05:01 -0330"

func TestTraceLine(t *testing.T) {
	found := func(names ...string) Trace {
		return Trace{DomainName: "fw.example", ResolveHost: true, LookupAddr: func(ctx context.Context, addr string) ([]string, error) {
			if _, limited := ctx.Deadline(); !limited || addr != "192.0.2.1" {
				return nil, errors.New("no deadline, or another address")
			}
			return names, nil
		}}
	}
	long := strings.Repeat("a", 63) + ".example"
	for _, c := range []struct {
		name string
		view *View
		want string // all before traceEnd
	}{
		{"IPv4", traced("192.0.2.1", "c.example", Trace{}), "from c.example ([192.0.2.1])\r\n\tby unknown with ESMTP "},
		{"IPv4 in IPv6", traced("::ffff:192.0.2.1", "c.example", Trace{}), "from c.example ([192.0.2.1])\r\n\tby unknown with ESMTP "},
		{"IPv6", traced("2001:db8::1", "c.example", Trace{Detected: "mx.example"}), "from c.example ([IPv6:2001:db8::1])\r\n\tby mx.example with ESMTP "},
		{"IPv6 of a link", traced("fe80::1%eth0", "c.example", Trace{}), "from c.example ([IPv6:fe80::1])\r\n\tby unknown with ESMTP "},
		{"domain_name counts more", traced("192.0.2.1", "c", Trace{DomainName: "fw.example", Detected: "mx.example"}), "from c ([192.0.2.1])\r\n\tby fw.example with ESMTP "},
		{"literals pass", traced("192.0.2.1", "[IPv6:2001:db8::1]", Trace{}), "from [IPv6:2001:db8::1] ([192.0.2.1])\r\n\tby unknown with ESMTP "},
		{"what only looks like one", traced("192.0.2.1", "[192.0.2.1] (", Trace{}), "from ?192.0.2.1??? ([192.0.2.1])\r\n\tby unknown with ESMTP "},
		{"no way out of the line", traced("192.0.2.1", "a\r\nX-Evil: b", Trace{}), "from a??X-Evil??b ([192.0.2.1])\r\n\tby unknown with ESMTP "},
		{"no way into a comment or clause", traced("192.0.2.1", `x (by "evil"); \é_`, Trace{}), "from x??by??evil??????_ ([192.0.2.1])\r\n\tby unknown with ESMTP "},
		{"cut in a character", traced("192.0.2.1", strings.Repeat("a", 254)+"é", Trace{}), "from " + strings.Repeat("a", 254) + "?\r\n\t([192.0.2.1])\r\n\tby unknown with ESMTP "},
		{"no name", traced("192.0.2.1", "", Trace{}), "from unknown ([192.0.2.1])\r\n\tby unknown with ESMTP "},
		{"resolved", traced("192.0.2.1", "c", found("mail.example.", "other.example.")), "from c (mail.example [192.0.2.1])\r\n\tby fw.example with ESMTP "},
		{"resolved to no host name", traced("192.0.2.1", "c", found("evil) by example.")), "from c ([192.0.2.1])\r\n\tby fw.example with ESMTP "},
		{"not resolved", traced("192.0.2.9", "c", found("mail.example.")), "from c ([192.0.2.9])\r\n\tby fw.example with ESMTP "},
		{"folded", traced("192.0.2.1", long, found(long)), "from " + long + "\r\n\t(" + long + " [192.0.2.1])\r\n\tby fw.example with ESMTP "},
		{"folded by itself", traced("192.0.2.1", "c", Trace{DomainName: long}), "from c ([192.0.2.1])\r\n\tby " + long + "\r\n\twith ESMTP "},
	} {
		if got := c.view.TraceLine(); got != c.want+traceEnd {
			t.Errorf("%s:\ngot  %q\nwant %q", c.name, got, c.want+traceEnd)
		} else if _, err := receivedLine(got, false); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

func TestTraceProtocol(t *testing.T) {
	for want, v := range map[string]View{
		"SMTP": {Protocol: "SMTP", LoggedIn: true}, "ESMTP": {Protocol: "ESMTP"}, "ESMTPA": {Protocol: "ESMTP", LoggedIn: true},
		"UTF8SMTP": {Protocol: "ESMTP", UTF8: true}, "UTF8SMTPA": {Protocol: "ESMTP", UTF8: true, LoggedIn: true},
	} {
		v.Session = &session.Session{}
		if got := v.with(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if want == "SMTP" {
			continue // no name for it (RFC 3848)
		}
		v.Session.ClientTLS = &tls.ConnectionState{}
		want = strings.TrimSuffix(want, "A") + "S" + want[len(strings.TrimSuffix(want, "A")):]
		if got := v.with(); got != want {
			t.Errorf("under TLS: got %s, want %s", got, want)
		}
	}
}

func TestReceivedLine(t *testing.T) {
	for text, want := range map[string]string{
		"from a":                            "Received: from a\r\n",
		"Received: from a\r\n\tby b":        "Received: from a\r\n\tby b\r\n",
		"received:from a\n by b\n":          "Received: from a\r\n by b\r\n",
		"from a\r\nX-Evil: b":               "",
		"from a\r\n\r\nbody":                "",
		"from a\r\n \r\n b":                 "",
		"from a\rb":                         "",
		"from a\x00":                        "",
		"":                                  "",
		"from \u00e9":                       "",
		"from " + strings.Repeat("a", 1000): "",
	} {
		line, err := receivedLine(text, false)
		if string(line) != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", text, line, err, want)
		}
	}
	if line, err := receivedLine("from \u00e9", true); err != nil {
		t.Errorf("SMTPUTF8: %q, %v", line, err)
	}
}

func TestOwnNameIsChecked(t *testing.T) {
	for name, ok := range map[string]bool{"fw.example": true, "[192.0.2.1]": true, "fw example": false, "a;b": false, "\u00e9.example": false} {
		s := smtpProxy()
		s.Trace.DomainName = name
		if _, problems := Compile("c", s); (len(problems) == 0) != ok || !ok && !strings.HasPrefix(problems[0].Error(), "domain_name: ") {
			t.Errorf("%q: %v", name, problems)
		}
	}
}

const delivery = hello + sender + `c> RCPT TO:<b@y.example>
s> RCPT To:<b@y.example>
s< 250 ok
c< 250 ok
c> DATA
s> DATA
s< 354 go
c< 354 go
`

// The built-in wording needs no function of a policy; one that fails leaves the line out, the message goes on.
func TestReceived(t *testing.T) {
	rest := "c>\"Subject: x\\r\\n\\r\\nhi\\r\\n.\\r\\n\"\ns>\"Subject: x\\r\\n\\r\\nhi\\r\\n.\\r\\n\"\ns< 250 kept\nc< 250 kept\n"
	for name, c := range map[string]struct {
		received func(v *View) (string, error)
		want     string
	}{
		"built in": {nil, `s>"Received: from c ([172.16.40.10])\r\n\tby unknown with ESMTP id svc/test/smtp.0;\r\n\tThu, 01 Jan 1970 00:00:00 +0000\r\n"` + "\n"},
		"its own":  {func(v *View) (string, error) { return "from " + v.HeloString, nil }, "s> Received: from c\n"},
		"fails":    {func(*View) (string, error) { return "from c", errors.New("broken") }, ""},
		"no field": {func(*View) (string, error) { return "a\r\n\r\nb", nil }, ""},
	} {
		s := smtpProxy()
		s.AddReceivedHeader, s.Received = true, c.received
		s.Trace.Now = func() time.Time { return time.Unix(0, 0).UTC() }
		if err := dialog.Play(newMachine(t, s), delivery+c.want+rest); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzTraceLine: whatever a client and the DNS call themselves, the line is one field of three clauses and one comment.
func FuzzTraceLine(f *testing.F) {
	f.Add("c.example", "c.example.")
	f.Add("a);(b\r\n", "x) by y")
	f.Add("[192.0.2.1]", "[192.0.2.1]")
	f.Fuzz(func(t *testing.T, helo, name string) {
		v := traced("192.0.2.1", helo, Trace{ResolveHost: true, LookupAddr: func(context.Context, string) ([]string, error) { return []string{name}, nil }})
		line, err := receivedLine(v.TraceLine(), false)
		if err != nil {
			t.Fatal(err)
		}
		text := string(line)
		if strings.Count(text, "(") != 1 || strings.Count(text, ")") != 1 || strings.Count(text, ";") != 1 || strings.Count(text, "\tby unknown with ESMTP id ") != 1 {
			t.Errorf("%q", text)
		}
		if len(helo) < 60 && len(name) < 60 {
			for part := range strings.SplitSeq(text, "\r\n") {
				if len(part) > traceColumn {
					t.Errorf("%q is longer than %d", part, traceColumn)
				}
			}
		}
	})
}
