package smtp

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"slices"
	"strings"
	"testing"

	"zorpgo/engine/proxy"
)

// secure is the handshake of a tape.
func (x *tape) secure(m *Machine, have *[2][]byte) {
	side := x.side
	x.securing = false
	if len(have[side]) > 0 {
		x.hung[side] = true
		m.Secured(x, side, proxy.ErrInjected)
		return
	}
	x.clear[side] = [2]int{x.out[proxy.Client].Len(), x.out[proxy.Server].Len()}
	if side == proxy.Client {
		m.session.ClientTLS = &tls.ConnectionState{}
	} else {
		m.session.ServerTLS = &tls.ConnectionState{}
	}
	m.Secured(x, side, nil)
}

// fuzzModes are the modes that are fuzzed.
var fuzzModes = []string{"client=StartTLS", "client=StartTLSRequired", "server=StartTLS", "server=StartTLSRequired",
	"client=StartTLS server=StartTLS", "client=StartTLSRequired server=StartTLSRequired", "client=StartTLS server=Forward"}

// FuzzEncryptedSession is FuzzSession with STARTTLS, whose handshakes are left out. What must not go in clear does not.
func FuzzEncryptedSession(f *testing.F) {
	for _, d := range transcripts(f) {
		if mode := slices.Index(fuzzModes, strings.TrimSpace(d.modes)); mode >= 0 {
			client, server, cuts := d.said()
			f.Add(client, server, cuts, uint8(mode))
		}
	}
	f.Fuzz(func(t *testing.T, client, server, cuts []byte, mode uint8) {
		modes := fuzzModes[int(mode)%len(fuzzModes)]
		x, p := &tape{}, newEncrypted(t, modes)
		m := p.(*Machine)
		m.session.Log = slog.New(slog.DiscardHandler)
		x.run(p, [2][]byte{client, server}, cuts)
		toServer, toClient := x.out[proxy.Server].Bytes(), x.out[proxy.Client].Bytes()
		if !proper(toServer) || !proper(toClient) {
			t.Fatalf("to the server %q\nto the client %q", toServer, toClient)
		}
		clear := toServer
		if m.session.ServerTLS != nil {
			clear = toServer[:x.clear[proxy.Server][proxy.Server]]
		}
		if verb := tooMuch(clear); strings.Contains(modes, "server=StartTLSRequired") && verb != "" {
			t.Fatalf("%s: the server was sent %s in clear: %q", modes, verb, clear)
		}
		before := toServer
		if m.session.ClientTLS != nil {
			before = toServer[:x.clear[proxy.Client][proxy.Server]]
		}
		if verb := tooMuch(before); strings.Contains(modes, "client=StartTLSRequired") && verb != "" {
			t.Fatalf("%s: the client could say %s in clear: %q", modes, verb, before)
		}
		if said, heard := successes(server), successes(toClient)-bytes.Count(toClient, []byte(answerReady.code+" ")); heard > said {
			t.Fatalf("%s: the server said %d times 2xx, the client heard it %d times\nserver %q\nto client %q", modes, said, heard, server, toClient)
		}
	})
}

// tooMuch is a verb in sent that has to wait for TLS.
func tooMuch(sent []byte) string {
	for line := range bytes.SplitSeq(bytes.TrimSuffix(sent, crlf), crlf) {
		switch verb := string(firstWord(line)); verb {
		case "", "EHLO", "HELO", "NOOP", "RSET", "QUIT", "STARTTLS":
		default:
			return verb
		}
	}
	return ""
}
