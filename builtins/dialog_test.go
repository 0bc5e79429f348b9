package builtins_test

import (
	"context"
	"log/slog"
	"net/netip"
	"path/filepath"
	"strings"
	"testing"
	"time"

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
				if err := play(t, protocolUnder(t, policy), string(f.Data)); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// play plays a whole session: what the protocol does before and after the dialog too.
func play(t *testing.T, p proxy.Protocol, script string) error {
	t.Helper()
	connect, err := p.(proxy.Starter).Start()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if !connect {
		script = "s unreachable\n" + script
	}
	return dialog.Play(p, script)
}

// protocolUnder is the protocol of one session of service "smtp" under a policy.
func protocolUnder(t *testing.T, policy string) proxy.Protocol {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	opts := options(map[string]string{"policy.star": policy, "/etc/mailname": "mx.example.com\n"})
	opts.Log = log
	opts.Now = func() time.Time { return time.Date(2024, 2, 9, 8, 5, 1, 0, time.FixedZone("", 2*60*60)) }
	opts.LookupAddr = func(context.Context, string) ([]string, error) { return []string{"client.example.com."}, nil }
	config, found, err := builtins.Load(opts, "policy.star")
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
