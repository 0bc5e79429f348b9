package encryption

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/netip"
	"time"
)

// Options are those of TLS itself.
type Options struct {
	MinVersion, MaxVersion uint16        // 0: TLS 1.2, and the highest
	Ciphers                []uint16      // of TLS 1.2 and below; nil: the good ones
	Lifetime               time.Duration // of sessions that can be resumed; 0: none can
}

// Client is what a policy says of encryption towards clients.
type Client struct {
	Certificates *Choice
	Verifier     *Verifier // nil: clients are not asked for a certificate
	Options      Options
}

// Server is what a policy says of encryption towards servers.
type Server struct {
	Certificate *Certificate // that servers are shown if they ask; nil: none
	Verifier    *Verifier    // nil: whoever answers is taken for the server
	Options     Options
}

func (o *Options) config(now func() time.Time) *tls.Config {
	// Small records first serve browsers; of mail they would make many writes.
	c := &tls.Config{DynamicRecordSizingDisabled: true, MinVersion: max(o.MinVersion, tls.VersionTLS10), MaxVersion: o.MaxVersion, CipherSuites: o.Ciphers, Time: now}
	if o.MinVersion == 0 {
		c.MinVersion = tls.VersionTLS12
	}
	return c
}

// NewClientSide makes the side of what a policy says; files are its clock.
func NewClientSide(m Mode, c Client, files *Files) ClientSide {
	config := c.Options.config(files.now)
	config.GetCertificate = c.Certificates.choose
	tickets := newTickets(c.Options.Lifetime, files.now)
	tickets.into(config)
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) { return forProtocols(config, hello), nil }
	if v := c.Verifier; v != nil {
		v.files = files
		config.ClientAuth = tls.RequestClientCert
		if v.Required {
			config.ClientAuth = tls.RequireAnyClientCert
		}
		config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
			own := v.forClient(config, hello.Conn)
			own.NextProtos = offered(hello)
			return own, nil
		}
	}
	return ClientSide{Mode: m, Config: config, Client: c, tickets: tickets}
}

// forProtocols is config for a client that says what it wants to speak; nil, which is config itself, for any other.
func forProtocols(config *tls.Config, hello *tls.ClientHelloInfo) *tls.Config {
	names := offered(hello)
	if names == nil {
		return nil
	}
	own := config.Clone()
	own.GetConfigForClient, own.NextProtos = nil, names
	return own
}

// forClient is config for one client.
func (v *Verifier) forClient(config *tls.Config, conn net.Conn) *tls.Config {
	own := config.Clone()
	own.GetConfigForClient = nil
	if v.Hints != nil {
		own.ClientCAs = v.Hints.pool()
	}
	peer := ""
	if at, err := netip.ParseAddrPort(conn.RemoteAddr().String()); err == nil {
		peer = at.Addr().Unmap().String()
	}
	own.VerifyConnection = func(state tls.ConnectionState) error { return v.verify(peer, &state, x509.ExtKeyUsageClientAuth) }
	return own
}

// NewServerSide is NewClientSide towards servers.
func NewServerSide(m Mode, s Server, files *Files) ServerSide {
	config := s.Options.config(files.now)
	config.InsecureSkipVerify = true // VerifyConnection does it, of sessions that are resumed as well
	if s.Options.Lifetime > 0 {
		config.ClientSessionCache = &resumable{lifetime: s.Options.Lifetime, now: files.now}
	}
	if s.Certificate != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return s.Certificate.current(), nil }
	}
	v := s.Verifier
	if v != nil {
		v.files = files
		if net.ParseIP(v.Name) == nil {
			config.ServerName = v.Name
		}
	}
	return ServerSide{Mode: m, Server: s, Config: func(to netip.AddrPort) (*tls.Config, error) {
		if v == nil {
			return config, nil
		}
		own := config.Clone()
		peer := netip.AddrPortFrom(to.Addr().Unmap(), to.Port()).String()
		own.VerifyConnection = func(state tls.ConnectionState) error { return v.verify(peer, &state, x509.ExtKeyUsageServerAuth) }
		return own, nil
	}}
}

// Continue has clients that began sessions under old resume them under p, which is old as it is loaded again. It is to be
// called before p is in use.
func (p *Policy) Continue(old *Policy) {
	if p.Client.tickets != nil && old.Client.tickets != nil {
		p.Client.tickets.keys = old.Client.tickets.keys
	}
}
