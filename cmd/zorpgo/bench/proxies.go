package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// proxy is one row of the table.
type proxy struct {
	name  string
	adds  bool                                       // it adds trace information to messages
	lacks func() string                              // what it needs here and is not there; nil: nothing
	can   func(s security) bool                      // whether it speaks so; nil: it does
	args  func(at *place) (args []string, err error) // how it is started; nil: there is no proxy
	blind bool                                       // it passes what clients and origin say, encrypted or not
}

// speaks reports whether it has a row in workloads of such security.
func (p *proxy) speaks(s security) bool { return p.can == nil || p.can(s) }

// origin is how the origin must speak behind it.
func (p *proxy) origin(s security) layer {
	if p.blind {
		return s.client
	}
	return s.server
}

const copierName = "copier"

// proxies are the rows of the table, and the peers that are not installed, with the reason.
func (o *options) proxies() (rows []*proxy, absent []string, err error) {
	binary, err := filepath.Abs(o.zorpgo)
	if err != nil {
		return nil, nil, err
	}
	if _, err := os.Stat(binary); err != nil {
		return nil, nil, fmt.Errorf("--zorpgo: %w (make build makes it)", err)
	}
	rows = []*proxy{{name: "direct", blind: true}, {name: copierName, args: copierArgs, blind: true}, o.own(binary)}
	for _, name := range o.peers {
		if name != "none" && !slices.ContainsFunc(peers, func(p *proxy) bool { return p.name == name }) {
			return nil, nil, fmt.Errorf("--peers: there is no %s; write some of haproxy, nginx, postfix, or none", name)
		}
	}
	for _, p := range peers {
		named := slices.Contains(o.peers, p.name)
		why := p.lacks()
		switch {
		case len(o.peers) > 0 && !named:
		case named && why != "":
			return nil, nil, fmt.Errorf("--peers %s: %s", p.name, why)
		case why != "":
			absent = append(absent, p.name+": "+why)
		default:
			rows = append(rows, p)
		}
	}
	return rows, absent, nil
}

func copierArgs(at *place) ([]string, error) {
	self, err := os.Executable()
	return []string{self, "copier", at.listen.String(), at.origin.String()}, err
}

const zorpgoName = "zorpgo"

// own is the proxy of this repository, with the plainest policy for a workload.
func (o *options) own(binary string) *proxy {
	return &proxy{name: zorpgoName, args: func(at *place) ([]string, error) {
		file := filepath.Join(at.dir, "policy.star")
		return []string{binary, "run", "--pprof=" + strconv.FormatBool(o.profiles != ""), file}, fill(file, at, zorpgoPolicy+zorpgoEncryption[at.security.sides()])
	}}
}

const zorpgoPolicy = `from Zorp.Core import *
from Zorp.Smtp import *
from Zorp.Encryption import *

Zone("clients", addrs=["HOST/32"])

def default_instance():
    Service("bench", proxy_class=SmtpProxy, router=DirectedRouter(dest_addr=SockAddrInet("HOST", ORIGIN_PORT)), encryption_policy="bench")
    Rule(service="bench", dst_port=LISTEN_PORT, dst_subnet=("HOST",), src_zone="clients")
`

// sides is what a security asks of a proxy that knows both sides.
func (s security) sides() security { return security{client: s.client, server: s.server} }

// zorpgoEncryption is the policy "bench", by what each side speaks.
var zorpgoEncryption = map[security]string{
	{}:                                   `EncryptionPolicy("bench", NoneEncryption())`,
	{client: startTLS}:                   `EncryptionPolicy("bench", ClientOnlyStartTLSEncryption(` + ownCertificate + `))`,
	{client: implicit}:                   `EncryptionPolicy("bench", ClientOnlyEncryption(` + ownCertificate + `))`,
	{server: implicit}:                   `EncryptionPolicy("bench", ServerOnlyEncryption(` + originVerified + `))`,
	{client: implicit, server: implicit}: `EncryptionPolicy("bench", TwoSidedEncryption(` + ownCertificate + `, ` + originVerified + `))`,
}

const (
	ownCertificate = `StaticCertificate(Certificate.fromFile("CERT", PrivateKey.fromFile("KEY")))`
	originVerified = `server_verify=ServerCertificateVerifier(verify_ca_directory="CERT", server_name="` + originName + `")`
)

// fill writes a configuration; the words in capitals stand for what is known only now.
func fill(file string, at *place, text string) error {
	words := strings.NewReplacer("HOST", loopback, "DIR", at.dir, "LISTEN_PORT", fmt.Sprint(at.listen.port),
		"ORIGIN_PORT", fmt.Sprint(at.origin.port), "SPARE_PORT", fmt.Sprint(at.spare.port),
		"CERT", at.identity.cert, "KEY", at.identity.key, "BOTH", at.identity.both)
	return os.WriteFile(file, []byte(words.Replace(text)), 0o644)
}
