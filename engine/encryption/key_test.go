package encryption

import (
	"encoding/pem"
	"testing"
)

func TestKeyForms(t *testing.T) {
	for _, c := range []struct{ name, file, passphrase, want string }{
		{"PKCS #8", "plain.pem", "", ""},
		{"PBES2, AES-256", "pbes2-aes256.pem", "secret", ""},
		{"PBES2, AES-128, SHA-1", "pbes2-aes128-sha1.pem", "secret", ""},
		{"PBES2, triple DES", "pbes2-des3.pem", "secret", ""},
		{"PBES2 without a passphrase", "pbes2-aes256.pem", "", "no passphrase is given"},
		{"PBES2 with another passphrase", "pbes2-aes256.pem", "wrong", "the passphrase is wrong"},
		{"PBES1", "pbes1.pem", "secret", "write it again with openssl pkcs8 -topk8"},
		{"scrypt", "scrypt.pem", "secret", "write it again with openssl pkcs8 -topk8"},
		{"the old form", "old.pem", "secret", ""},
		{"the old form without a passphrase", "old.pem", "", "no passphrase is given"},
		{"the old form with another passphrase", "old.pem", "wrong", "passphrase is wrong"},
		{"EC, with parameters before it", "ec.pem", "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := Key{Source: Source{File: "testdata/" + c.file}, Passphrase: c.passphrase}
			says(t, k.Check(&Files{}), c.want)
		})
	}
	says(t, (&Key{Source: Source{Text: "nothing"}}).Check(&Files{}), "there is no private key in it")
	says(t, (&Key{Source: Source{File: "testdata/none.pem"}}).Check(&Files{}), "testdata/none.pem cannot be opened: no such file or directory")
	damaged := pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")})
	says(t, (&Key{Source: Source{Text: string(damaged)}, Passphrase: "x"}).Check(&Files{}), "damaged")
}
