package smtp

import (
	"crypto/tls"
	"strings"
	"testing"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/dialog"
)

var modes = map[string]encryption.Mode{
	"Plain": encryption.Plain, "Implicit": encryption.Implicit, "StartTLS": encryption.StartTLS,
	"StartTLSRequired": encryption.StartTLSRequired, "Forward": encryption.Forward,
}

// encrypted is what the first line of a file of dialogs says: the modes of both sides, and what else its policy has.
func encrypted(t testing.TB, line string) (*Settings, *encryption.Policy) {
	s, p := smtpProxy(), &encryption.Policy{Name: "test"}
	line, request, _ := strings.Cut(strings.TrimSpace(line), " request=")
	for _, field := range strings.Fields(line) {
		name, value, _ := strings.Cut(field, "=")
		mode, known := modes[value]
		switch {
		case name == "client" && known:
			p.Client = encryption.ClientSide{Mode: mode, Config: &tls.Config{}}
		case name == "server" && known:
			p.Server.Mode = mode
		case name == "extensions":
			s.Extensions[value] = Accept
		case name == "auth":
			s.PermitAuthWithoutTLS = value == "clear"
		case name == "xclient":
			s.XClientToServer = true
		case name == "passthrough":
			s.TLSPassthrough = true
		default:
			t.Fatal(field)
		}
	}
	if part := strings.SplitN(request, ":", 4); len(part) == 4 {
		s.Request[part[0]] = Entry{Action: Reject, Code: part[2], Text: part[3]}
	}
	return s, p
}

// newEncrypted is a machine under such a policy.
func newEncrypted(t testing.TB, line string) proxy.Protocol {
	t.Helper()
	s, p := encrypted(t, line)
	m := newMachine(t, s)
	m.(*Machine).session.Encryption = p
	return m
}

// TestEncryptedDialogs plays testdata/starttls*.
func TestEncryptedDialogs(t *testing.T) {
	count := 0
	for _, d := range transcripts(t) {
		if d.modes == "" {
			continue
		}
		count++
		t.Run(d.name, func(t *testing.T) {
			if err := dialog.Play(d.machine(t), d.text); err != nil {
				t.Error(err)
			}
		})
	}
	if count < 60 {
		t.Errorf("%d dialogs", count)
	}
}
