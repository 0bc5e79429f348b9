package smtp

import (
	"errors"
	"net/netip"
	"testing"

	"zorpgo/engine/proxy/dialog"
	"zorpgo/engine/zone"
)

type hookFunc func(v *View) (Action, error)

func (f *hookFunc) Decide(v *View) (Action, error) { return (*f)(v) }

func hook(f func(v *View) (Action, error)) Entry {
	h := hookFunc(f)
	return Entry{Action: Policy, Hook: &h}
}

const hello = `s< 220 m
c< 220 m
c> EHLO c
s> EHLO c
s<"250-m\r\n250 PIPELINING\r\n"
c< 250-m
c< 250 PIPELINING
`

const sender = `c> MAIL FROM:<a@x.example>
s> MAIL From:<a@x.example>
s< 250 sender ok
c< 250 sender ok
`

func TestHooks(t *testing.T) {
	mail := func(f func(v *View) (Action, error)) func(*Settings) {
		return func(s *Settings) { s.Request["MAIL"] = hook(f) }
	}
	answer := func(key ResponseKey, f func(v *View) (Action, error)) func(*Settings) {
		return func(s *Settings) { s.Response[key] = hook(f) }
	}
	for _, c := range []struct {
		name   string
		policy func(*Settings)
		dialog string
	}{
		{"sees the normalised parameter and all that was accepted before", func(s *Settings) {
			s.Request["RCPT"] = hook(func(v *View) (Action, error) {
				if v.RequestCmd == "RCPT" && v.Sender == "a@x.example" && v.Recipients == "b@y.example" && v.Protocol == "ESMTP" {
					v.ErrorCode, v.ErrorInfo = "452", "one is enough"
					return Reject, nil
				}
				if v.RequestParam != "To:<b@y.example>" {
					return Abort, nil
				}
				return Accept, nil
			})
		}, hello + `c> MAIL FROM:<a@x.example>
c& rcpt to:  <b@y.example>
c& RCPT TO:<c@y.example>
s> MAIL From:<a@x.example>
s< 250 ok
c< 250 ok
s> RCPT To:<b@y.example>
s< 250 ok
c< 250 ok
c< 452 one is enough
`},
		{"reject without words", mail(func(v *View) (Action, error) { return Reject, nil }),
			hello + "c> MAIL FROM:<a@x.example>\nc< 500 Invalid command\n"},
		{"reject and close", mail(func(v *View) (Action, error) { v.ErrorAbort = true; return Reject, nil }),
			hello + "c> MAIL FROM:<a@x.example>\nc< 500 Invalid command\nc closed\ns closed\n"},
		{"abort", mail(func(v *View) (Action, error) { return Abort, nil }),
			hello + "c> MAIL FROM:<a@x.example>\nc< 421 Service not available, closing transmission channel.\nc closed\ns closed\n"},
		{"a failing hook refuses for now", mail(func(v *View) (Action, error) { return Accept, errors.New("broken") }),
			hello + "c> MAIL FROM:<a@x.example>\nc< 451 Policy could not decide, come back later\nc> NOOP\ns> NOOP\n"},
		{"so does one that answers nonsense", mail(func(v *View) (Action, error) { return 77, nil }),
			hello + "c> MAIL FROM:<a@x.example>\nc< 451 Policy could not decide, come back later\n"},
		{"and one that would make a success of a refusal", mail(func(v *View) (Action, error) { v.ErrorCode = "250"; return Reject, nil }),
			hello + "c> MAIL FROM:<a@x.example>\nc< 451 Policy could not decide, come back later\n"},
		{"and one that words two lines", mail(func(v *View) (Action, error) { v.ErrorInfo = "a\r\n250 b"; return Reject, nil }),
			hello + "c> MAIL FROM:<a@x.example>\nc< 451 Policy could not decide, come back later\n"},
		{"rewrite", mail(func(v *View) (Action, error) { v.RequestParam = "FROM:<b@x.example>"; return Accept, nil }),
			hello + "c> MAIL FROM:<a@x.example>\ns> MAIL From:<b@x.example>\ns< 250 ok\nc< 250 ok\n"},
		{"rewrite with a line break", mail(func(v *View) (Action, error) {
			v.RequestParam = "FROM:<b@x.example>\r\nRCPT TO:<e@z.example>"
			return Accept, nil
		}), hello + "c> MAIL FROM:<a@x.example>\nc< 451 Policy could not decide, come back later\n"},
		{"rewrite into mail data", mail(func(v *View) (Action, error) { v.RequestCmd = "DATA"; return Accept, nil }),
			hello + "c> MAIL FROM:<a@x.example>\nc< 451 Policy could not decide, come back later\n"},
		{"table entries with words", func(s *Settings) {
			s.Request["NOOP"] = Entry{Action: Reject, Code: "450", Text: "not now"}
			s.Request["HELP"] = Entry{Action: Accept}
			s.Response[ResponseKey{"HELP", "2"}] = Entry{Action: Accept}
			s.Response[ResponseKey{"MAIL", "553"}] = Entry{Action: Reject, Code: "451", Text: "wait"}
			s.Response[ResponseKey{"RSET", "250"}] = Entry{Action: Abort}
		}, hello + `c> NOOP
c< 450 not now
c> HELP
s> HELP
s< 214 no help
c< 214 no help
c> MAIL FROM:<a@x.example>
s> MAIL From:<a@x.example>
s< 553 never
c< 451 wait
c> RSET
s> RSET
s< 250 ok
c< 421 Service not available, closing transmission channel.
c closed
s closed
`},
		{"a refused recipient that the server took poisons the transaction", func(s *Settings) {
			s.Response[ResponseKey{"RCPT", "250"}] = Entry{Action: Reject, Code: "550", Text: "no"}
		}, hello + sender + `c> RCPT TO:<b@y.example>
s> RCPT To:<b@y.example>
s< 250 ok
c< 550 no
c> RCPT TO:<c@y.example>
s> RCPT To:<c@y.example>
s< 251 will forward
c< 251 will forward
c> DATA
c< 554 Transaction failed
s> RSET
s< 250 ok
c> MAIL FROM:<a@x.example>
s> MAIL From:<a@x.example>
`},
		{"a refused sender that the server took is undone", func(s *Settings) {
			s.Response[ResponseKey{"MAIL", "250"}] = Entry{Action: Reject, Code: "550", Text: "no"}
		}, hello + `c> MAIL FROM:<a@x.example>
s> MAIL From:<a@x.example>
s< 250 ok
c< 550 no
s> RSET
c> RCPT TO:<b@y.example>
s< 250 reset
c< 503 Invalid command in this state
`},
		{"a hook rewords a reply within its class", answer(ResponseKey{"MAIL", "250"}, func(v *View) (Action, error) {
			if v.RequestCmd != "MAIL" || v.ResponseCode != "250" || v.ResponseParam != "sender ok" || !v.IsReply {
				return Abort, nil
			}
			v.ResponseParam = "fine"
			return Accept, nil
		}), hello + "c> MAIL FROM:<a@x.example>\ns> MAIL From:<a@x.example>\ns< 250 sender ok\nc< 250 fine\n"},
		{"and never into a success", answer(ResponseKey{"MAIL", "550"}, func(v *View) (Action, error) {
			v.ResponseCode = "250"
			return Accept, nil
		}), hello + "c> MAIL FROM:<a@x.example>\ns> MAIL From:<a@x.example>\ns< 550 no\nc< 451 Policy could not decide, come back later\n"},
		{"a delivered message stays delivered", answer(ResponseKey{"DATA", "250"}, func(v *View) (Action, error) {
			return Abort, errors.New("broken")
		}), hello + sender + `c> RCPT TO:<b@y.example>
s> RCPT To:<b@y.example>
s< 250 ok
c< 250 ok
c> DATA
s> DATA
s< 354 go
c< 354 go
c> .
s> .
s< 250 taken
c< 250 taken
`},
		{"a refused greeting", answer(ResponseKey{"Null", "220"}, func(v *View) (Action, error) {
			v.ErrorCode, v.ErrorInfo = "554", "not you"
			return Reject, nil
		}), "s< 220 m\nc< 554 not you\nc closed\ns closed\n"},
		{"refused 354", func(s *Settings) {
			s.Response[ResponseKey{"DATA", "354"}] = Entry{Action: Reject, Code: "554", Text: "no data"}
		},
			hello + sender + `c> RCPT TO:<b@y.example>
s> RCPT To:<b@y.example>
s< 250 ok
c< 250 ok
c> DATA
s> DATA
s< 354 go
c< 554 no data
s closed
c closed
`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := smtpProxy()
			c.policy(s)
			if err := dialog.Play(newMachine(t, s), c.dialog); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestRelayCheck(t *testing.T) {
	dmz := &zone.Zone{Name: "dmz"}
	mta := &zone.Zone{Name: "mta", Parent: dmz}
	for _, c := range []struct {
		relay Relay
		zone  *zone.Zone
		rcpt  string
		ok    bool
	}{
		{Relay{}, nil, "a@b.example", true},
		{Relay{Check: true}, nil, "a@b.example", false},
		{Relay{Check: true}, nil, "postmaster", true},
		{Relay{Check: true, Zones: []string{"*"}}, nil, "a@b.example", true},
		{Relay{Check: true, Zones: []string{"dmz"}}, mta, "a@b.example", true},
		{Relay{Check: true, Zones: []string{"mta"}}, dmz, "a@b.example", false},
		{Relay{Check: true, Domains: []string{"b.example"}}, nil, "a@B.Example", true},
		{Relay{Check: true, Domains: []string{"b.example"}}, nil, "a@x.b.example", false},
		{Relay{Check: true, Domains: []string{".b.example"}}, nil, "a@x.b.example", true},
		{Relay{Check: true, Domains: []string{".b.example"}}, nil, "a@b.example", false},
		{Relay{Check: true, Domains: []string{".example.com"}}, nil, "a@example.com.example.com", true},
		{Relay{Check: true, Domains: []string{"b\u00fccher.example"}}, nil, "a@xn--bcher-kva.example", true},
		{Relay{Check: true, Domains: []string{"xn--bcher-kva.example"}}, nil, "a@B\u00dcCHER.example", true},
		{Relay{Check: true, Domains: []string{".xn--bcher-kva.example"}}, nil, "a@x.b\u00fccher.example", true},
		{Relay{Check: true, Domains: []string{".example"}}, nil, "a@xexample", false},
		{Relay{Check: true, Domains: []string{"b.example"}}, nil, `"c@b.example"@y.example`, false},
	} {
		s := smtpProxy()
		s.Relay = c.relay
		on := newSession()
		on.Client, on.ClientZone = netip.MustParseAddrPort("192.0.2.1:1"), c.zone
		got, err := s.CheckRecipientAddress(&View{Session: on, Settings: s}, "To:<"+c.rcpt+">")
		if (got.Code == "") != c.ok || err != nil {
			t.Errorf("%+v, client zone %v, %s: %v, %v", c.relay, c.zone, c.rcpt, got, err)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Settings){
		"success made of a refusal": func(s *Settings) { s.Request["NOOP"] = Entry{Action: Reject, Code: "250"} },
		"two lines":                 func(s *Settings) { s.Request["NOOP"] = Entry{Action: Reject, Text: "a\r\nb"} },
		"no hook":                   func(s *Settings) { s.Response[ResponseKey{"NOOP", "2"}] = Entry{Action: Policy} },
		"no action":                 func(s *Settings) { s.Response[ResponseKey{"NOOP", "2"}] = Entry{Action: 9} },
		"unconnected code":          func(s *Settings) { s.UnconnectedResponseCode = 250 },
		"line shorter than command": func(s *Settings) { s.MaxLineLength = 100 },
	} {
		s := smtpProxy()
		spoil(s)
		if c, problems := Compile("X", s); len(problems) == 0 || c != nil {
			t.Errorf("%s: no problem", name)
		}
	}
}

// TestResponseLookup: Zorp's order. First hit wins: the code is shortened from the right, then the command is any.
func TestResponseLookup(t *testing.T) {
	s := DefaultSettings()
	for i, key := range []ResponseKey{{"MAIL", "250"}, {"MAIL", "25"}, {"MAIL", "2"}, {"MAIL", ""}, {"*", "450"}, {"", "45"}, {"*", "4"}, {"*", "*"}} {
		s.Response[key] = Entry{Action: Reject, Code: "500", Text: string(rune('0' + i))}
	}
	c, problems := Compile("X", s)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	for _, w := range []struct {
		verb string
		code int
		want string
	}{
		{"MAIL", 250, "0"}, {"MAIL", 251, "1"}, {"MAIL", 299, "2"}, {"MAIL", 450, "3"},
		{"RCPT", 450, "4"}, {"RCPT", 459, "5"}, {"RCPT", 421, "6"}, {"RCPT", 250, "7"}, {"Null", 220, "7"}, {"HELP", 450, "4"},
	} {
		if e, ok := c.reply(verbOf([]byte(w.verb)), []byte(w.verb), w.code); !ok || e.Text != w.want {
			t.Errorf("%s %d: entry %q, want %s", w.verb, w.code, e.Text, w.want)
		}
		if e, ok := c.reply(verbOther, []byte(w.verb), w.code); !ok || e.Text != w.want {
			t.Errorf("%s %d by name: entry %q, want %s", w.verb, w.code, e.Text, w.want)
		}
	}
}
