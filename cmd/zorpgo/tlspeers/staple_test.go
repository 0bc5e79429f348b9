package tlspeers

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ocsp"

	"zorpgo/engine/encryption/certtest"
)

// TestOpenSSLStaple: what the authority says of a certificate, in the file beside it, is shown to a client that asks, and
// so is what it says later; a file that turns bad or goes is not, and the certificate stays.
func TestOpenSSLStaple(t *testing.T) {
	t.Parallel()
	s := newStand(t)
	s.Origin()
	authority := s.authority.Below("intermediate authority")
	front := authority.Make(certtest.Wanted{Names: []string{front}})
	file, _ := s.issued("front", front)
	beside := file + ".ocsp"
	s.serve(starttls, smtps)
	s.staples(t, nothingStapled)
	for _, days := range []int{1, 30, 7} {
		answer := s.answer(authority, file, &front, days)
		must(t, os.WriteFile(beside, answer, 0o600))
		s.staples(t, "Next Update: "+ends(t, answer), "OCSP Response Status: successful", "Cert Status: good")
	}
	must(t, os.WriteFile(beside, []byte("rubbish"), 0o600))
	s.staples(t, nothingStapled)
	must(t, os.WriteFile(beside, s.answer(authority, file, &front, 1), 0o600))
	s.staples(t, "OCSP Response Status: successful", "Cert Status: good")
	must(t, os.Remove(beside))
	s.staples(t, nothingStapled)
}

const nothingStapled = "OCSP response: no response sent"

// ends is until when an answer is good, as openssl writes it.
func ends(t *testing.T, answer []byte) string {
	t.Helper()
	r, err := ocsp.ParseResponse(answer, nil)
	must(t, err)
	return r.NextUpdate.UTC().Format("Jan _2 15:04:05 2006 GMT")
}

// staples waits until clients are told so, which takes as long as zorpgo does not look at its files.
func (s *stand) staples(t *testing.T, want ...string) {
	t.Helper()
	for _, h := range hows {
		said, ok := "", false
		for end := time.Now().Add(30 * time.Second); !ok && time.Now().Before(end); {
			_, said = s.quits(h, "-status")
			ok = strings.Contains(said, want[0])
		}
		says(t, said, append(want, "Verify return code: 0 (ok)", "221 ")...)
	}
}

// answer is what openssl says for the authority of a certificate in a file, good for some days.
func (s *stand) answer(a *certtest.Authority, file string, of *certtest.Issued, days int) []byte {
	s.t.Helper()
	dir := s.t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		must(s.t, os.WriteFile(path, []byte(text), 0o600))
		return path
	}
	key, err := x509.MarshalPKCS8PrivateKey(a.Key)
	must(s.t, err)
	by, signer := write("authority.pem", string(a.PEM)), write("authority.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
	serial := fmt.Sprintf("%X", of.Cert.SerialNumber)
	if len(serial)%2 > 0 {
		serial = "0" + serial
	}
	index := write("index.txt", fmt.Sprintf("V\t%s\t\t%s\tunknown\t/CN=%s\n", of.Cert.NotAfter.UTC().Format("060102150405Z"), serial, front))
	write("index.txt.attr", "unique_subject = no\n")
	request, response := filepath.Join(dir, "request.der"), filepath.Join(dir, "response.der")
	for _, args := range [][]string{
		{"-issuer", by, "-cert", file, "-no_nonce", "-reqout", request},
		{"-index", index, "-CA", by, "-rsigner", by, "-rkey", signer, "-reqin", request, "-ndays", fmt.Sprint(days), "-respout", response},
	} {
		if out, err := exec.Command("openssl", append([]string{"ocsp"}, args...)...).CombinedOutput(); err != nil {
			s.t.Fatalf("openssl ocsp: %v: %s", err, out)
		}
	}
	der, err := os.ReadFile(response)
	must(s.t, err)
	return der
}
