package service

import (
	"context"
	"fmt"
	"net"
	"time"

	"zorpgo/engine/encryption"
	"zorpgo/engine/proxy"
)

// Encrypts is the encryption policy of the sessions of v, as far as it is known before them; nil: none.
func (v *Service) Encrypts() *encryption.Policy {
	if v.Encryption != nil {
		return v.Encryption
	}
	if class, ok := v.Class.(proxy.Encrypted); ok {
		return class.Encryption()
	}
	return nil
}

// CheckEncryption says what is wrong with the encryption policy of v and its class together; nil: nothing.
func (v *Service) CheckEncryption() error { return checkEncryption(v.Encrypts(), v.Class) }

func checkEncryption(p *encryption.Policy, class proxy.Class) error {
	if p == nil {
		return nil
	}
	starts, ok := class.(proxy.StartsTLS)
	switch late := lateMode(p.Client.Mode) || lateMode(p.Server.Mode); {
	case late && !(ok && starts.StartsTLS()):
		return fmt.Errorf("encryption policy %q begins TLS with STARTTLS, which class %s does not speak: use a policy that begins with TLS", p.Name, class.Name())
	case p.Client.Mode == encryption.Forward:
		return fmt.Errorf("encryption policy %q forwards STARTTLS on its client side: only the server side can", p.Name)
	case p.Server.Mode == encryption.Forward && !lateMode(p.Client.Mode):
		return fmt.Errorf("encryption policy %q forwards STARTTLS to the server, but its client side does not offer it", p.Name)
	case p.Client.Mode != encryption.Plain && p.Client.Config == nil:
		return fmt.Errorf("encryption policy %q has TLS on its client side, but no certificate", p.Name)
	case p.Server.Mode != encryption.Plain && p.Server.Config == nil:
		return fmt.Errorf("encryption policy %q has TLS on its server side, but does not say what is verified", p.Name)
	}
	return nil
}

// encryptClient does the handshake of a client that begins with it, before anything is said to it; not ok: the session
// is over.
func (r *run) encryptClient(ctx context.Context) (client net.Conn, ok bool) {
	p := r.session.Encryption
	if p == nil || r.session.PlayedTLS || p.Client.Mode != encryption.Implicit {
		return r.client, true
	}
	conn, err := p.Client.Accept(ctx, r.client, r.session.ALPN...)
	if err == nil {
		r.session.Mu.Lock()
		defer r.session.Mu.Unlock()
		r.session.Encrypted("client", conn)
		return conn, true
	}
	r.session.NotEncrypted("client", err)
	if r.client.SetDeadline(time.Now().Add(farewellTime)) == nil {
		hear(r.client)
	}
	r.client.Close()
	return nil, false
}

// lateMode: TLS begins after the first byte.
func lateMode(m encryption.Mode) bool { return m != encryption.Plain && m != encryption.Implicit }
