package certtest

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing/fstest"
	"time"
)

// Open opens the files that examples of the documentation name. All are in /etc/zorpgo; a relative name is of that folder.
func Open(name string) (fs.File, error) {
	path := strings.TrimPrefix(name, "/")
	if !filepath.IsAbs(name) {
		path = folder + filepath.Base(name)
	}
	f, err := etc().Open(path)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOENT}
	}
	return f, nil
}

// Pair is one of the certificates there, such as mail.
func Pair(name string) tls.Certificate {
	pair, err := tls.X509KeyPair(etc()[folder+name+".pem"].Data, etc()[folder+name+".key"].Data)
	if err != nil {
		panic(err)
	}
	return pair
}

// Roots are the authorities there.
func Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(etc()["etc/zorpgo/ca/root.pem"].Data)
	return pool
}

// Beside opens the files of this host, and beside them those that sample policies name.
func Beside(name string) (fs.File, error) {
	if f, err := os.Open(name); err == nil {
		return f, nil
	}
	return Open(filepath.Base(name))
}

// WriteTo writes the files that sample policies name into a directory.
func WriteTo(dir string) error {
	for name, f := range etc() {
		if base := strings.TrimPrefix(name, folder); filepath.Ext(base) != ".crl" && !strings.Contains(base, "/") {
			if err := os.WriteFile(filepath.Join(dir, base), f.Data, f.Mode); err != nil {
				return err
			}
		}
	}
	return nil
}

const folder = "etc/zorpgo/"

// etc has a good certificate, mail.pem, with its key, the authority that issued it in the directory ca, and certificates
// that something is wrong with.
var etc = sync.OnceValue(func() fstest.MapFS {
	t, day, now := program{}, 24*time.Hour, time.Now()
	root := Root(t, "authority of examples")
	below := root.Below("intermediate authority of examples")
	names := []string{"mail.example.com"}
	files := fstest.MapFS{}
	put := func(name, text string, mode fs.FileMode) {
		files[folder+name] = &fstest.MapFile{Data: []byte(text), Mode: mode, ModTime: now}
	}
	pair := func(name string, i Issued, mode fs.FileMode) {
		put(name+".pem", i.PEM, 0o644)
		put(name+".key", i.KeyPEM(t), mode)
	}
	pair("mail", below.Make(Wanted{Names: names}), 0o600)
	pair("other", below.Make(Wanted{Names: names}), 0o600)
	pair("readable", below.Make(Wanted{Names: names}), 0o644)
	pair("expired", below.Make(Wanted{Names: names, From: time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC)}), 0o600)
	pair("early", below.Make(Wanted{Names: names, From: time.Date(2124, 1, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2125, 1, 1, 0, 0, 0, 0, time.UTC)}), 0o600)
	pair("soon", below.Make(Wanted{Names: names, Until: now.Add(12*day + day/2)}), 0o600)
	pair("weak", below.Make(Wanted{Names: names, RSA: 1024}), 0o600)
	made := SelfSigned(t, Wanted{Names: []string{"old authority"}, RSA: 2048, Authority: true})
	old := &Authority{Cert: made.Cert, Key: made.Key, t: t}
	pair("sha1", old.Make(Wanted{Names: names, SHA1: true}), 0o600)
	leaf := below.Make(Wanted{Names: names})
	leaf.PEM = pemOf(leaf.TLS.Certificate[:1]) + string(Root(t, "another authority").PEM)
	pair("incomplete", leaf, 0o600)
	put("ca.pem", string(root.PEM), 0o644)
	put("partners.pem", string(root.PEM), 0o644)
	put("ca/root.pem", string(root.PEM), 0o644)
	put("crl/root.crl", root.Revoke(now.Add(7*day)), 0o644)
	return files
})

// program stands for a test where there is none: that certificates cannot be made is a bug.
type program struct{}

func (program) Helper()           {}
func (program) Fatal(args ...any) { panic(fmt.Sprint(args...)) }
