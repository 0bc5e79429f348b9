package announce

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/pires/go-proxyproto"
	"github.com/pires/go-proxyproto/tlvparse"
)

// source is a connection whose bytes arrive in pieces of some size.
type source struct {
	left  []byte
	piece int
}

func (s *source) Peek(b []byte) (int, error) {
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	return copy(b, s.left[:min(s.piece, len(s.left))]), nil
}

func (s *source) Read(b []byte) (int, error) {
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	n := copy(b, s.left)
	s.left = s.left[n:]
	return n, nil
}

const signature = "\r\n\r\n\x00\r\nQUIT\n"

var fromSpec = signature + "\x21\x11\x00\x0c\x7f\x00\x00\x02\x7f\x2a\x2a\x2a\xc2\x95\x04\x01"

// version2 is a header from its command, family and what follows the length.
func version2(command, family byte, rest string) string {
	b := append([]byte(signature), command, family)
	return string(binary.BigEndian.AppendUint16(b, uint16(len(rest)))) + rest
}

// summed puts the checksum of a header into its value, the last one.
func summed(header string, change uint32) string {
	b := []byte(header)
	sum := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) + change
	return string(binary.BigEndian.AppendUint32(b[:len(b)-4], sum))
}

const addresses4 = "\x7f\x00\x00\x02\x7f\x2a\x2a\x2a\xc2\x95\x04\x01"

var addresses6 = "\x20\x01\x0d\xb8" + strings.Repeat("\x00", 11) + "\x01" + "\xfd" + strings.Repeat("\x00", 14) + "\x02" + "\xc2\x95\x00\x19"

func TestRead(t *testing.T) {
	zero := "\x03\x00\x04\x00\x00\x00\x00"
	for name, c := range map[string]struct{ text, want string }{
		"version 1":                {"PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n", "192.0.2.1:40000 to 192.0.2.2:25"},
		"of IPv6":                  {"PROXY TCP6 2001:db8::1 2001:db8::2 40000 25\r\n", "[2001:db8::1]:40000 to [2001:db8::2]:25"},
		"mapped":                   {"PROXY TCP6 ::ffff:192.0.2.1 2001:db8::2 40000 25\r\n", "192.0.2.1:40000 to [2001:db8::2]:25"},
		"the longest":              {"PROXY UNKNOWN " + strings.Repeat("f", 91) + "\r\n", "its own"},
		"PRX-04 UNKNOWN":           {"PROXY UNKNOWN\r\n", "its own"},
		"PRX-04 UNKNOWN, more":     {"PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 25\r\n", "its own"},
		"PRX-04 LOCAL":             {version2(0x20, 0, ""), "its own"},
		"PRX-04 LOCAL, addresses":  {version2(0x20, 0x11, addresses4), "its own"},
		"PRX-06":                   {fromSpec, "127.0.0.2:49813 to 127.42.42.42:1025"},
		"version 2 of IPv6":        {version2(0x21, 0x21, addresses6), "[2001:db8::1]:49813 to [fd00::2]:25"},
		"PRX-05 unknown values":    {version2(0x21, 0x11, addresses4+"\xe0\x00\x01x\x04\x00\x00\x30\x00\x02ns"), "127.0.0.2:49813 to 127.42.42.42:1025"},
		"PRX-07 with its checksum": {summed(version2(0x21, 0x11, addresses4+zero), 0), "127.0.0.2:49813 to 127.42.42.42:1025"},
		"PRX-07 another checksum":  {summed(version2(0x21, 0x11, addresses4+zero), 1), errChecksum.Error()},
		"PRX-07 two checksums":     {summed(version2(0x21, 0x11, addresses4+zero+zero), 0), errChecksum.Error()},
		"PRX-07 a short checksum":  {version2(0x21, 0x11, addresses4+"\x03\x00\x02\x00\x00"), errChecksum.Error()},

		"PRX-02":                      {"EHLO x\r\n", ErrNone.Error()},
		"PRX-02 a similar word":       {"PROXYX TCP4 192.0.2.1 192.0.2.2 1 25\r\n", ErrNone.Error()},
		"PRX-02 a part":               {"PROX", io.ErrUnexpectedEOF.Error()},
		"nothing":                     {"", io.EOF.Error()},
		"PRX-03 256":                  {"PROXY TCP4 256.1.1.1 1.1.1.1 1 25\r\n", "malformed"},
		"PRX-03 octal":                {"PROXY TCP4 010.0.0.1 1.1.1.1 1 25\r\n", "malformed"},
		"PRX-03 three parts":          {"PROXY TCP4 10.0.1 1.1.1.1 1 25\r\n", "malformed"},
		"PRX-03 other family":         {"PROXY TCP6 1.2.3.4 1.1.1.1 1 25\r\n", "malformed"},
		"PRX-03 other family, 2":      {"PROXY TCP4 2001:db8::1 1.1.1.1 1 25\r\n", "malformed"},
		"PRX-03 interface":            {"PROXY TCP6 fe80::1%lo fe80::2 1 25\r\n", "malformed"},
		"PRX-03 port 70000":           {"PROXY TCP4 192.0.2.1 192.0.2.2 70000 25\r\n", "malformed"},
		"PRX-03 port 025":             {"PROXY TCP4 192.0.2.1 192.0.2.2 1 025\r\n", "malformed"},
		"PRX-03 port +1":              {"PROXY TCP4 192.0.2.1 192.0.2.2 +1 25\r\n", "malformed"},
		"PRX-03 two blanks":           {"PROXY TCP4  192.0.2.1 192.0.2.2 1 25\r\n", "malformed"},
		"PRX-03 blank at the end":     {"PROXY TCP4 192.0.2.1 192.0.2.2 1 25 \r\n", "malformed"},
		"PRX-03 a tab":                {"PROXY TCP4\t192.0.2.1 192.0.2.2 1 25\r\n", "malformed"},
		"PRX-03 small letters":        {"PROXY tcp4 192.0.2.1 192.0.2.2 1 25\r\n", "malformed"},
		"PRX-03 LF":                   {"PROXY TCP4 192.0.2.1 192.0.2.2 1 25\n", "malformed"},
		"PRX-03 108 bytes":            {"PROXY UNKNOWN " + strings.Repeat("f", 94), ErrTooLong.Error()},
		"PRX-03 108 bytes with CRLF":  {"PROXY UNKNOWN " + strings.Repeat("f", 92) + "\r\n", ErrTooLong.Error()},
		"PRX-03 nobody":               {"PROXY TCP4 0.0.0.0 192.0.2.2 1 25\r\n", errClient.Error()},
		"PRX-03 everybody":            {"PROXY TCP6 ff02::1 2001:db8::2 1 25\r\n", errClient.Error()},
		"PRX-05 version":              {version2(0x31, 0x11, addresses4), "malformed"},
		"PRX-05 command":              {version2(0x22, 0x11, addresses4), "malformed"},
		"PRX-05 family":               {version2(0x21, 0x41, addresses4), "malformed"},
		"PRX-05 protocol":             {version2(0x21, 0x13, addresses4), "malformed"},
		"PRX-05 of no family":         {version2(0x21, 0x00, ""), "malformed"},
		"PRX-05 UDP":                  {version2(0x21, 0x12, addresses4), errFamily.Error()},
		"PRX-05 a path":               {version2(0x21, 0x31, strings.Repeat("/", 216)), errFamily.Error()},
		"PRX-05 short":                {version2(0x21, 0x11, addresses4[:11]), "malformed"},
		"PRX-05 short of IPv6":        {version2(0x21, 0x21, addresses6[:35]), "malformed"},
		"PRX-05 half a value":         {version2(0x21, 0x11, addresses4+"\xe0\x00"), errTrailing.Error()},
		"PRX-05 a value that is long": {version2(0x21, 0x11, addresses4+"\xe0\x00\x09x"), errTrailing.Error()},
		"PRX-05 65535":                {signature + "\x21\x11\xff\xff" + addresses4, ErrTooLong.Error()},
		"PRX-05 not all of it":        {fromSpec[:27], io.ErrUnexpectedEOF.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			for _, piece := range []int{1, 7, 16, 1 << 20} {
				const behind = "EHLO x\r\n"
				s := &source{left: []byte(c.text), piece: piece}
				good := !strings.Contains(c.want, "PROXY") && !strings.Contains(c.want, "malformed") && !strings.Contains(c.want, "EOF")
				if good {
					s.left = append(s.left, behind...)
				}
				h, err := Read(s)
				if got := said(h, err); got != c.want && !(c.want == "malformed" && strings.Contains(got, c.want)) {
					t.Errorf("in pieces of %d: got %s, want %s", piece, got, c.want)
				}
				if good && string(s.left) != behind {
					t.Errorf("in pieces of %d: %q is left behind the header", piece, s.left)
				}
			}
		})
	}
}

func said(h Header, err error) string {
	switch {
	case err != nil:
		return err.Error()
	case h.Own:
		return "its own"
	}
	return h.Client.String() + " to " + h.Dest.String()
}

func TestReadFails(t *testing.T) {
	lost := errors.New("lost")
	_, err := Read(struct {
		io.Reader
		peeker
	}{iotest.ErrReader(lost), func(b []byte) (int, error) { return copy(b, "PROXY "), nil }})
	if !errors.Is(err, lost) {
		t.Errorf("got %v", err)
	}
}

type peeker func([]byte) (int, error)

func (p peeker) Peek(b []byte) (int, error) { return p(b) }

func TestFormat(t *testing.T) {
	for _, h := range []Header{
		{Own: true},
		{Client: netip.MustParseAddrPort("192.0.2.1:40000"), Dest: netip.MustParseAddrPort("192.0.2.2:25")},
		{Client: netip.MustParseAddrPort("[2001:db8::1]:40000"), Dest: netip.MustParseAddrPort("[2001:db8::2]:25")},
		{Client: netip.MustParseAddrPort("[2001:db8::1]:40000"), Dest: netip.MustParseAddrPort("192.0.2.2:25")},
	} {
		again(t, h)
	}
}

// TestFacts: what is told of a client's TLS, read by the library.
func TestFacts(t *testing.T) {
	certificate := &x509.Certificate{Subject: pkix.Name{CommonName: "mx.partner.example"}}
	state := &tls.ConnectionState{Version: tls.VersionTLS13, CipherSuite: tls.TLS_AES_128_GCM_SHA256, ServerName: "mail.example.com",
		NegotiatedProtocol: "smtp", PeerCertificates: []*x509.Certificate{certificate}, VerifiedChains: [][]*x509.Certificate{{certificate}}}
	h := Header{Client: netip.MustParseAddrPort("192.0.2.1:40000"), Dest: netip.MustParseAddrPort("192.0.2.2:465"), TLS: state}
	read, err := proxyproto.Read(bufio.NewReader(bytes.NewReader(h.Format(2))))
	if err != nil {
		t.Fatal(err)
	}
	values, err := read.TLVs()
	if err != nil || len(values) != 3 || string(values[0].Value) != "smtp" || string(values[1].Value) != "mail.example.com" {
		t.Fatalf("%v, %v", values, err)
	}
	ssl, ok := tlvparse.FindSSL(values)
	version, _ := ssl.SSLVersion()
	cipher, _ := ssl.SSLCipher()
	name, _ := ssl.ClientCN()
	if !ok || !ssl.ClientSSL() || !ssl.ClientCertConn() || !ssl.ClientCertSess() || !ssl.Verified() ||
		version != "TLSv1.3" || cipher != "TLS_AES_128_GCM_SHA256" || name != "mx.partner.example" {
		t.Errorf("%+v: %s, %s, %s", ssl, version, cipher, name)
	}
	state.PeerCertificates, state.VerifiedChains = nil, nil
	read, _ = proxyproto.Read(bufio.NewReader(bytes.NewReader(h.Format(2))))
	values, _ = read.TLVs()
	if ssl, _ := tlvparse.FindSSL(values); ssl.Verified() || ssl.ClientCertSess() {
		t.Errorf("without a certificate: %+v", ssl)
	}
	if got, err := Read(&source{left: h.Format(2), piece: 7}); err != nil || got.Client != h.Client || got.Dest != h.Dest {
		t.Errorf("%+v, %v", got, err)
	}
	if text := string(h.Format(1)); text != "PROXY TCP4 192.0.2.1 192.0.2.2 40000 465\r\n" {
		t.Errorf("version 1: %q", text)
	}
}

// again writes h and reads it.
func again(t *testing.T, h Header) {
	t.Helper()
	for version := 1; version <= 2; version++ {
		s := &source{left: h.Format(version), piece: 5}
		if got, err := Read(s); err != nil || got != h || len(s.left) > 0 {
			t.Errorf("version %d: %+v came back as %+v, %v; %q is left", version, h, got, err, s.left)
		}
	}
}

// FuzzProxyHeader: whatever comes first, nothing behind a header is taken, and what is taken for one can be said again.
func FuzzProxyHeader(f *testing.F) {
	for _, seed := range []string{
		"PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\nEHLO x\r\n", "PROXY TCP6 ::1 ::2 0 65535\r\n", "PROXY UNKNOWN\r\n",
		fromSpec, version2(0x20, 0, ""), version2(0x21, 0x21, addresses6+"\x04\x00\x00"), summed(version2(0x21, 0x11, addresses4+"\x03\x00\x04\x00\x00\x00\x00"), 0),
		"EHLO x\r\n", "PROXY TCP4 1.1.1.1 1.1.1.1 1 1\r\nPROXY TCP4 2.2.2.2 2.2.2.2 1 1\r\n",
	} {
		f.Add([]byte(seed), byte(1))
	}
	f.Fuzz(func(t *testing.T, text []byte, piece byte) {
		s := &source{left: bytes.Clone(text), piece: int(piece) + 1}
		h, err := Read(s)
		took := text[:len(text)-len(s.left)]
		if len(took) > maxHeader || bytes.HasPrefix(took, []byte("P")) && len(took) > maxVersion1 {
			t.Fatalf("%d bytes were taken", len(took))
		}
		if err != nil {
			return
		}
		whole := &source{left: bytes.Clone(took), piece: len(took)}
		if alone, err := Read(whole); err != nil || alone != h || len(whole.left) > 0 {
			t.Fatalf("%q alone is %+v, %v, with more behind it %+v", took, alone, err, h)
		}
		again(t, h)
	})
}
