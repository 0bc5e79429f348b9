// Package tlspeers proves zorpgo's TLS against the TLS of others: OpenSSL, GnuTLS, swaks, Postfix on both sides, and the
// scanners sslscan and testssl.sh. Its tests alone use it; they need what lab needs, and those programs.
package tlspeers

import "os/exec"

// Missing says what this machine lacks of them; "" if nothing.
func Missing() string {
	for _, program := range []string{"openssl", "gnutls-cli", "swaks", "sslscan", "testssl"} {
		if _, err := exec.LookPath(program); err != nil {
			return program + " is missing (as root on Debian, make deps installs it)"
		}
	}
	return ""
}
