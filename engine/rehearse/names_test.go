package rehearse_test

import (
	"testing"
	"time"

	"zorpgo/engine/match"
	"zorpgo/engine/rehearse"
)

// What a rehearsal says of names agrees with what it says of addresses.
func TestNamesAgree(t *testing.T) {
	for _, addr := range []string{"172.16.40.10", "fd00::10"} {
		names, err := rehearse.LookupAddr(t.Context(), addr)
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		back, err := rehearse.Resolve(t.Context(), names[0])
		if err != nil || len(back) != 1 || back[0].String() != addr {
			t.Errorf("%s is %s, which is %v (%v)", addr, names[0], back, err)
		}
	}
	for host, want := range map[string]string{"mail.example.com": "192.0.2.25", "10.0.0.1": "10.0.0.1", "x.rehearsal.example": "192.0.2.25"} {
		if got, err := rehearse.Resolve(t.Context(), host); err != nil || got[0].String() != want {
			t.Errorf("%s: %v, %v", host, got, err)
		}
	}
	if _, err := rehearse.LookupAddr(t.Context(), "mail.example.com"); err == nil {
		t.Error("a name is taken for an address")
	}
}

// Matchers that look something up have an answer in a rehearsal, and let mail pass.
func TestMatchersAreRehearsed(t *testing.T) {
	for name, m := range map[string]match.Matcher{
		"block list": match.NewDNS([]string{"%s.list.example"}, rehearse.Resolve),
		"recipients": match.NewInvalidRecipient(match.Callout{Server: "mail.example.com", Port: 25, Keep: time.Minute, Resolve: rehearse.Resolve, Dial: rehearse.DialMail,
			Hello: func() (string, error) { return "fw.example.com", nil }}),
	} {
		if hit, err := m.Match(t.Context(), "bob@example.com"); hit || err != nil {
			t.Errorf("%s: %v, %v", name, hit, err)
		}
	}
}
