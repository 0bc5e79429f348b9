package builtins_test

import (
	"context"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
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
	return protocolOf(t, map[string]string{"policy.star": policy, "/etc/mailname": "mx.example.com\n"}, "172.16.40.10", "policy.star")
}

// protocolOf is the protocol of one session of the only service of the policy in files, or of that called smtp.
func protocolOf(t *testing.T, texts map[string]string, client string, files ...string) proxy.Protocol {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	opts := options(texts)
	opts.Log = log
	opts.Now = func() time.Time { return time.Date(2024, 2, 9, 8, 5, 1, 0, time.FixedZone("", 2*60*60)) }
	opts.LookupAddr = func(context.Context, string) ([]string, error) { return []string{"client.example.com."}, nil }
	config, found, err := builtins.Load(opts, files...)
	if err != nil || config == nil {
		t.Fatalf("%v\n%v", err, found)
	}
	from := netip.AddrPortFrom(netip.MustParseAddr(client), 40000)
	name := "smtp"
	for only := range config.Services {
		if len(config.Services) == 1 {
			name = only
		}
	}
	s := &session.Session{ID: "svc/test/" + name + ":0", Client: from, ClientZone: config.Zones.Lookup(from.Addr()), Zones: config.Zones, Log: log, Started: dialog.Start}
	s.Encryption = config.Services[name].Encryption
	p, err := config.Services[name].Class.New(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSampleDialogs plays the dialogs that stand beside sample policies. Where the first line is "client ADDRESS" it is
// the client's.
func TestSampleDialogs(t *testing.T) {
	files, _ := filepath.Glob("../policies/*/dialogs.txtar")
	if len(files) == 0 {
		t.Fatal("no sample has dialogs")
	}
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		texts, names := sample(t, filepath.Dir(file))
		for _, f := range archive.Files {
			t.Run(filepath.Base(filepath.Dir(file))+"/"+f.Name, func(t *testing.T) {
				client, script := "172.16.40.10", string(f.Data)
				if rest, ok := strings.CutPrefix(script, "client "); ok {
					client, script, _ = strings.Cut(rest, "\n")
				}
				if err := play(t, protocolOf(t, texts, client, names...), script); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// sample reads the policy in a folder: what it declares zones in comes first.
func sample(t *testing.T, folder string) (texts map[string]string, names []string) {
	t.Helper()
	texts = map[string]string{}
	files, _ := filepath.Glob(filepath.Join(folder, "*.*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(file)
		texts[name] = string(text)
		if name == "zones.star" {
			names = slices.Insert(names, 0, name)
		} else if strings.HasSuffix(name, ".star") {
			names = append(names, name)
		}
	}
	return texts, names
}
