package builtins_test

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"zorpgo/builtins"
	"zorpgo/engine/proxy"
	"zorpgo/engine/proxy/dialog"
	"zorpgo/engine/session"
)

const plainPolicy = `from Zorp.Smtp import *

Zone("dmz", addrs=["172.16.40.0/24"])

def default_instance():
    Service("smtp", proxy_class=SmtpProxy, router=DirectedRouter(SockAddrInet("172.16.20.254", 25)))
    Rule(service="smtp", dst_port=25, dst_subnet="172.16.40.1")
`

// TestDialogs plays testdata/smtp under real policies. A file of an archive that ends in .star is the policy of the
// dialogs after it; it serves the client 172.16.40.10 as service "smtp".
func TestDialogs(t *testing.T) {
	files, _ := filepath.Glob("../testdata/smtp/*.txtar")
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		policy := plainPolicy
		for _, f := range archive.Files {
			if strings.HasSuffix(f.Name, ".star") {
				policy = string(f.Data)
				continue
			}
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar")+"/"+f.Name, func(t *testing.T) {
				if err := dialog.Play(protocolUnder(t, policy), string(f.Data)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// protocolUnder is the protocol of one session of service "smtp" under a policy.
func protocolUnder(t *testing.T, policy string) proxy.Protocol {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	read := func(name string) ([]byte, error) {
		if name != "policy.star" {
			return nil, os.ErrNotExist
		}
		return []byte(policy), nil
	}
	config, found, err := builtins.Load(builtins.Options{ReadFile: read, Log: log}, "policy.star")
	if err != nil || config == nil {
		t.Fatalf("%v\n%v", err, found)
	}
	client := netip.MustParseAddrPort("172.16.40.10:40000")
	s := &session.Session{ID: "svc/test/smtp:0", Client: client, ClientZone: config.Zones.Lookup(client.Addr()), Log: log}
	p, err := config.Services["smtp"].Class.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}
