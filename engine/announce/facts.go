package announce

import (
	"crypto/tls"
	"strings"

	"github.com/pires/go-proxyproto"
	"github.com/pires/go-proxyproto/tlvparse"
)

// notVerified is what a header says of a client without a certificate that was verified; 0 says that there is one.
const notVerified = 1

// facts are what version 2 tells of a client's TLS (section 2.2 of the protocol): the protocol and the name that it asked
// for, version, cipher suite, and the common name of its certificate. Of a certificate that is there, policy has judged.
func facts(state *tls.ConnectionState) (list []proxyproto.TLV) {
	add := func(to []proxyproto.TLV, kind proxyproto.PP2Type, value string) []proxyproto.TLV {
		if value == "" || len(value) > longest {
			return to
		}
		return append(to, proxyproto.TLV{Type: kind, Value: []byte(value)})
	}
	list = add(list, proxyproto.PP2_TYPE_ALPN, state.NegotiatedProtocol)
	list = add(list, proxyproto.PP2_TYPE_AUTHORITY, state.ServerName)
	ssl := tlvparse.PP2SSL{Client: tlvparse.PP2_BITFIELD_CLIENT_SSL, Verify: notVerified}
	ssl.TLV = add(ssl.TLV, proxyproto.PP2_SUBTYPE_SSL_VERSION, strings.Replace(tls.VersionName(state.Version), "TLS ", "TLSv", 1))
	ssl.TLV = add(ssl.TLV, proxyproto.PP2_SUBTYPE_SSL_CIPHER, tls.CipherSuiteName(state.CipherSuite))
	if len(state.PeerCertificates) > 0 {
		ssl.Client |= tlvparse.PP2_BITFIELD_CLIENT_CERT_SESS
		if !state.DidResume {
			ssl.Client |= tlvparse.PP2_BITFIELD_CLIENT_CERT_CONN
		}
		if len(state.VerifiedChains) > 0 {
			ssl.Verify = 0
		}
		ssl.TLV = add(ssl.TLV, proxyproto.PP2_SUBTYPE_SSL_CN, state.PeerCertificates[0].Subject.CommonName)
	}
	if value, err := ssl.Marshal(); err == nil {
		list = append(list, value)
	}
	return list
}

// longest is how long one value may be, so that readers with small buffers take the header.
const longest = 255
