package encryption

import (
	"crypto/tls"
	"testing"
	"time"

	"zorpgo/engine/encryption/certtest"
)

// A session is resumed under the policy as it is loaded again, not for another name, not for long, not once its
// certificate is revoked.
func TestResumption(t *testing.T) {
	a := certtest.Root(t, "root")
	good := a.Make(certtest.Wanted{Names: []string{"client.example"}})
	s, files := newStand(t)
	list := s.file("list.crl", a.Revoke(time.Now().AddDate(0, 0, 7)))
	load := func() *Policy {
		v := &Verifier{Required: true, Trusted: true, Depth: 4}
		var err error
		if v.Authorities, err = NewAuthorities(files, s.file("root.pem", string(a.PEM))); err != nil {
			t.Fatal(err)
		}
		if v.Revocations, err = NewRevocations(files, list); err != nil {
			t.Fatal(err)
		}
		c := s.certificate(files, "mail", a.Make(certtest.Wanted{Names: []string{"mail.example.com", "mx.example.com"}}))
		return &Policy{Name: "tls", Client: NewClientSide(StartTLS, Client{Certificates: &Choice{Default: c}, Verifier: v,
			Options: Options{Lifetime: 300 * time.Second}}, files)}
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		first, client := load(), trusting(a)
		client.MaxVersion, client.Certificates = version, []tls.Certificate{good.TLS}
		client.ClientSessionCache = tls.NewLRUClientSessionCache(0)
		resumes := func(why string, p *Policy, want bool) {
			t.Helper()
			state, server, err := meet(t, &p.Client, client)
			if err != nil || state.DidResume != want || len(server.PeerCertificates) != 1 {
				t.Errorf("%x: %s: resumed: %t, %d certificates, %v", version, why, state.DidResume, len(server.PeerCertificates), err)
			}
		}
		resumes("the first", first, false)
		resumes("the second", first, true)
		second := load()
		second.Continue(first)
		resumes("after a reload", second, true)
		resumes("without the keys of before", load(), false)
		resumes("again", second, false) // the client forgot it
		s.pass(301 * time.Second)
		resumes("after its time", second, false)
		resumes("in time", second, true)

		s.file("list.crl", a.Revoke(time.Now().AddDate(0, 0, 7), good.Cert))
		s.pass(2 * time.Second)
		_, _, err := meet(t, &second.Client, client)
		says(t, err, "it is revoked")
		s.file("list.crl", a.Revoke(time.Now().AddDate(0, 0, 7)))
		s.pass(2 * time.Second)
	}
}

func TestNoResumptionForAnotherName(t *testing.T) {
	_, files := newStand(t)
	tickets := newTickets(time.Minute, files.now)
	state := tls.ConnectionState{Version: tls.VersionTLS13, ServerName: "mail.example.com"}
	made := sessionState(t)
	ticket, err := tickets.wrap(state, made)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mail.example.com", "other.example.com", ""} {
		got, err := tickets.unwrap(ticket, tls.ConnectionState{Version: tls.VersionTLS13, ServerName: name})
		if err != nil || (got != nil) != (name == state.ServerName) {
			t.Errorf("%q: %v, %v", name, got != nil, err)
		}
	}
}

// sessionState is that of a session that was made.
func sessionState(t *testing.T) (made *tls.SessionState) {
	a := certtest.Root(t, "root")
	i := a.Make(certtest.Wanted{Names: []string{"mail.example.com"}})
	side := ClientSide{Config: &tls.Config{Certificates: []tls.Certificate{i.TLS}, WrapSession: func(_ tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		made = s
		return []byte("ticket"), nil
	}}}
	client := trusting(a)
	client.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	if _, _, err := meet(t, &side, client); err != nil || made == nil {
		t.Fatal(err)
	}
	return made
}
